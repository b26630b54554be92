"""Articles of a shop that it may offer in the place of another one: editions of the same work, or what is typed."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from django.db.models import Q
from django.utils.translation import gettext as _
from oscar.apps.partner.models import StockRecord

from marketplace.catalogue.models import ProductFacts
from search import text
from shops import sellable
from shops.models import Shop, ShopOrder, ShopOrderLine
from shops.orders import alternatives

MOST, MOST_WORDS = 12, 6


class Found(NamedTuple):
    record: StockRecord
    units: int
    is_edition: bool


def one(shop: Shop, record_id: int, *, beside: ShopOrder) -> StockRecord | None:
    """It, where it is the shop's and not in the order already."""
    return alternatives.articles(shop, beside=beside).filter(pk=record_id).first()


def gone() -> str:
    return _("That is not an article of your shop, or is in this order already.")


def found(shop: Shop, line: ShopOrderLine, typed: str, *, beside: ShopOrder) -> list[Found]:
    """Copies on the shelf: of what is typed (an ISBN, an article number, words of the title), or else of other editions
    of the line's work; the cheapest first. Two queries."""
    rows, editions = alternatives.articles(shop, beside=beside), _editions(line)
    rows = rows.filter(_fits(typed)) if typed else rows.filter(product__in=editions)
    rows = sellable.annotate_at_desk(rows).filter(at_desk__gt=0)
    listed = rows.order_by("price", "pk")[:MOST]
    return [Found(row, row.at_desk, row.product_id in editions) for row in listed]  # type: ignore[attr-defined]


def titles(shop: Shop, numbers: Collection[str]) -> dict[str, str]:
    """Of these numbers (ISBNs, article numbers) what the shop's own articles are called. One query, if any."""
    if not numbers:
        return {}
    gtins = {gtin: number for number in numbers if (gtin := text.isbn_query(number)) is not None}
    rows = StockRecord.objects.filter(partner=shop.partner_id)
    rows = rows.filter(Q(product__facts__gtin__in=gtins) | Q(partner_sku__in=numbers))
    found: dict[str, str] = {}
    for gtin, sku, title in rows.order_by("pk").values_list("product__facts__gtin", "partner_sku", "product__title"):
        found.setdefault(gtins.get(gtin, sku), title)
    return found


def _editions(line: ShopOrderLine) -> set[int]:
    """Titles of the same work: the same title too, in another condition."""
    if line.product_id is None:
        return set()
    work = getattr(getattr(line.product, "facts", None), "work_id", None)
    others = ProductFacts.objects.filter(work_id=work).values_list("product_id", flat=True) if work else ()
    return {line.product_id, *others}


def _fits(typed: str) -> Q:
    gtin = text.isbn_query(typed)
    if gtin is not None:
        return Q(product__facts__gtin=gtin) | Q(product__other_gtins__gtin=gtin)
    words = Q()
    for word in typed.split()[:MOST_WORDS]:
        words &= Q(product__title__icontains=word) | Q(product__facts__contributors_text__icontains=word)
    return words | Q(partner_sku__iexact=typed)
