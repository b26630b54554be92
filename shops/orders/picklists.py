"""What to fetch from the shelves, for print."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from shops.models import ShopOrder, ShopOrderLine

_DIGITS = re.compile(r"([0-9]{1,9})")


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
    shelf: str = ""  # where it stands, if the shop has said so


Places = Callable[[Collection[str]], Mapping[str, str]]


def pick_list(*shop_orders: ShopOrder, places: Places | None = None) -> list[PickRow]:
    """Copies not yet packed or declined: shelf by shelf, on each by title, then by shop order; what stands nobody knows
    where comes last. `places`: the shelves of articles, by their numbers. One query, and that of `places`."""
    lines = list(ShopOrderLine.objects.filter(shop_order__in=shop_orders).select_related("shop_order"))
    shelves = places({line.sku for line in lines}) if places else {}
    rows = [
        PickRow(
            title=line.title,
            condition=line.condition_label,
            gtin=line.gtin,
            sku=line.sku,
            units=line.left_units - line.packed,
            number=line.shop_order.number,
            age_years=line.age_years,
            shelf=shelves.get(line.sku, ""),
        )
        for line in lines
    ]
    return sorted((row for row in rows if row.units > 0), key=_walk)


def _walk(row: PickRow) -> tuple[object, ...]:
    return not row.shelf, _natural(row.shelf), _shelf_key(row.title), row.number


def _natural(place: str) -> list[tuple[int, int, str]]:
    """A2 comes before A10."""
    parts = _DIGITS.split(_shelf_key(place))
    return [(1, 0, part) if not part.isdecimal() else (0, int(part), "") for part in parts if part]


def _shelf_key(title: str) -> str:
    """ "Été" stands beside "Etat"."""
    plain = unicodedata.normalize("NFKD", title)
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).casefold()
