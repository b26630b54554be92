"""What stands beside a title: its neighbours in the series, and more by the same people. One query for both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from oscar.apps.catalogue.models import Product

from marketplace.catalogue.models import ProductFacts
from marketplace.foundation.prepared import Prepared
from search.engines.fields import volume_order

SHOWN = 12
_READ = 100  # of either; a longer series has a page
_OF_PRODUCT = ("id", "title", "slug")
# As the model has them one after another: `from_db` wants them so.
_OF_FACTS = ("product_id", "contributors_text", "publisher", "series", "series_number", "form", "cover")
# Two limited reads by an index each: one condition with OR would read all of an author with thousands of titles.
_EITHER = " UNION ALL ".join(
    f"SELECT product_id FROM (SELECT product_id FROM titles_productfacts WHERE {column} = %s AND {column} <> ''"  # noqa: S608
    f" ORDER BY product_id LIMIT {_READ}) AS same_{column}"
    for column in ("series", "contributors_text")
)


def _rows(product_ids: Sequence[int], series: str, contributors: str) -> QuerySet[Any, Any]:
    either = RawSQL(_EITHER, (series, contributors))  # noqa: S611  (a constant; the values are parameters)
    rows = ProductFacts.objects.filter(product__is_public=True, pk__in=either).exclude(pk__in=product_ids)
    return rows.order_by("product_id").values_list(*_OF_FACTS, *(f"product__{name}" for name in _OF_PRODUCT))


_BESIDE = Prepared(_rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """`series` has the volumes around this one in their order, without it; `before` and `after` are the next ones."""

    series: Sequence[ProductFacts] = ()
    before: ProductFacts | None = None
    after: ProductFacts | None = None
    by_same: Sequence[ProductFacts] = ()

    @property
    def all(self) -> list[ProductFacts]:
        return [*self.series, *self.by_same]


def beside(product: Product, facts: ProductFacts) -> Beside:
    if not facts.series and not facts.contributors_text:
        return Beside()
    found = [_facts(row) for row in _BESIDE.rows([product.pk], facts.series, facts.contributors_text)]
    volumes = [other for other in found if facts.series and other.series == facts.series]
    others = [other for other in found if not facts.series or other.series != facts.series]
    volumes.sort(key=_order)
    here = sum(_order(other) < (volume_order(facts.series_number), product.title) for other in volumes)
    numbered = bool(facts.series_number)
    first = max(0, min(here - SHOWN // 2, len(volumes) - SHOWN))
    return Beside(
        series=volumes[first : first + SHOWN],
        before=volumes[here - 1] if numbered and here else None,
        after=volumes[here] if numbered and here < len(volumes) else None,
        by_same=others[:SHOWN],
    )


def _facts(row: tuple[Any, ...]) -> ProductFacts:
    facts = ProductFacts.from_db(connection.alias, _OF_FACTS, row[: len(_OF_FACTS)])
    facts.product = Product.from_db(connection.alias, _OF_PRODUCT, row[len(_OF_FACTS) :])
    return facts


def _order(facts: ProductFacts) -> tuple[int, str]:
    return volume_order(facts.series_number), facts.product.title
