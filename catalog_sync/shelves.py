"""Where a shop's articles stand in it, as its own lists say."""

from __future__ import annotations

from collections.abc import Collection

from catalog_sync.models import SourceRecord

_OWN = "sender"  # scheme of a shop's own categories: in many lists the shelf is called that


def places(shop_id: int, skus: Collection[str]) -> dict[str, str]:
    """{article number: the shelf}; where no list names one, the shop's own category. One query."""
    if not skus:
        return {}
    rows = SourceRecord.objects.filter(feed__shop=shop_id, sku__in=skus).order_by("as_of", "feed_id")
    named: dict[str, str] = {}
    others: dict[str, str] = {}
    for sku, shelf, subjects in rows.values_list("sku", "facts__shelf", "facts__subjects"):
        if shelf:
            named[sku] = str(shelf)
        if own := next((text for scheme, _code, text in subjects or () if scheme == _OWN and text), ""):
            others[sku] = str(own)
    return others | named
