"""A title with all that is known of it, by one statement that is compiled once: its text is the same for every title,
and making it took longer than the answer."""

from __future__ import annotations

from django.db import connection
from oscar.apps.catalogue.models import Product

from marketplace.catalogue.models import ProductFacts
from marketplace.cms.models import Pick
from marketplace.cms.picking import picks_along, picks_of
from marketplace.foundation.prepared import Prepared

_HIGHEST_KEY = 2**63 - 1
_PRODUCT = [field.attname for field in Product._meta.concrete_fields]
_FACTS = [field.attname for field in ProductFacts._meta.concrete_fields]
_TITLE = Prepared(
    lambda product_ids: (
        Product.objects.filter(pk__in=product_ids, is_public=True)
        .annotate(picks=picks_along("facts__gtin"))
        .values_list(*_PRODUCT, *(f"facts__{name}" for name in _FACTS), "picks")
    )
)


def title(product_id: int) -> tuple[Product, ProductFacts | None, list[Pick]] | None:
    """The title that readers may see; its facts are its `facts`, too. One query."""
    rows = _TITLE.rows([product_id]) if product_id <= _HIGHEST_KEY else []
    if not rows:
        return None
    *columns, picks = rows[0]
    known = columns[len(_PRODUCT) :]
    product = Product.from_db(connection.alias, _PRODUCT, columns[: len(_PRODUCT)])
    facts = ProductFacts.from_db(connection.alias, _FACTS, known) if any(known) else None
    both = Product._meta.get_field("facts")
    both.set_cached_value(product, facts)
    if facts is not None:
        both.field.set_cached_value(facts, product)
    return product, facts, picks_of(picks)
