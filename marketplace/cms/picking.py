"""Which titles someone of a shop stands for, told to the search and to the page of a title."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Func, JSONField, OuterRef, Subquery
from django.db.models.functions import JSONObject

from marketplace.catalogue import changes
from marketplace.catalogue.models import ProductFacts
from marketplace.cms.models import Pick
from shops.models import Shop

_ALONG = ("pk", "signed", "text_fr", "text_en", "picked_at")


def follow_picks(now: datetime) -> int:
    """Step: titles whose pick came, went, or was there before the title. Returns how many changed."""
    wanted = set(Pick.objects.filter(live=True, shop__status=Shop.Status.ACTIVE).values_list("gtin", flat=True))
    picked = dict(ProductFacts.objects.filter(picked=True).values_list("product_id", "gtin"))
    gone = [product_id for product_id, gtin in picked.items() if gtin not in wanted]
    new = ProductFacts.objects.filter(gtin__in=wanted, picked=False).values_list("product_id", flat=True)
    come = list(new)
    if not gone and not come:
        return 0
    with transaction.atomic():
        ProductFacts.objects.filter(product_id__in=come).update(picked=True)
        ProductFacts.objects.filter(product_id__in=gone).update(picked=False)
        changes.mark(come + gone)
    return len(come) + len(gone)


def picks_along(gtin: str) -> Subquery:
    """The live picks of a number, of shops that are shown, as one column of another query (`picks_of` reads it): a
    title's page has one query less for them. `gtin`: where that query has the number."""
    columns = JSONObject(**{name: F(name) for name in _ALONG})
    together = "JSONB_AGG" if connection.vendor == "postgresql" else "JSON_GROUP_ARRAY"
    rows = Pick.objects.filter(gtin=OuterRef(gtin), live=True, shop__status=Shop.Status.ACTIVE).order_by()
    return Subquery(rows.values(rows=Func(columns, function=together, output_field=JSONField())))


def picks_of(column: list[dict[str, Any]] | None) -> list[Pick]:
    """The newest first, as `Pick` has them."""
    return [Pick(**row) for row in sorted(column or (), key=lambda row: (row["picked_at"], row["pk"]), reverse=True)]
