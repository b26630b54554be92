"""What to fetch from the shelves, for print."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from shops.models import ShopOrder, ShopOrderLine


@dataclass(frozen=True)
class PickRow:
    """So many copies of one article for one shop order."""

    title: str
    condition: str
    gtin: int | None
    sku: str
    units: int
    number: str
    age_years: int = 0  # whoever hands it over looks


def pick_list(*shop_orders: ShopOrder) -> list[PickRow]:
    """Copies not yet packed or declined, by title as on a shelf, then by shop order. One query."""
    lines = ShopOrderLine.objects.filter(shop_order__in=shop_orders).select_related("shop_order")
    rows = [
        PickRow(
            title=line.title,
            condition=line.condition_label,
            gtin=line.gtin,
            sku=line.sku,
            units=line.left_units - line.packed,
            number=line.shop_order.number,
            age_years=line.age_years,
        )
        for line in lines
    ]
    return sorted((row for row in rows if row.units > 0), key=lambda row: (_shelf_key(row.title), row.number))


def _shelf_key(title: str) -> str:
    """ "Été" stands beside "Etat"."""
    plain = unicodedata.normalize("NFKD", title)
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).casefold()
