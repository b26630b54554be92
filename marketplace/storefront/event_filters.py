"""The agenda as its address says it: a list or a month, of one shop, within some kilometres of a place. A value that
cannot be is left out."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from marketplace.storefront.shop_filters import Chip, near_chips, near_of
from search import availability, directory
from search.availability import Place
from search.directory import ShopCard

MOST_PAGES = 50
FIRST_YEAR, LAST_YEAR = 2000, 2100
_MONTH = re.compile(r"(\d{4})-(\d{2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class EventChoices:
    """`month`: the first of a month, for the month's page; None for the list. `near`: a place as typed."""

    month: date | None = None
    shop: ShopCard | None = None
    near: str = ""
    km: int | None = None
    page: int = 1

    def parameters(self, **changes: Any) -> str:
        """The address's parameters (without "?") with some of them changed; another choice begins at the first page."""
        changed = replace(self, **({"page": 1} | changes))
        values = {
            "month": f"{changed.month:%Y-%m}" if changed.month else "",
            "shop": changed.shop.slug if changed.shop else "",
            "near": changed.near,
            "km": changed.km,
            "page": changed.page if changed.page > 1 else "",
        }
        return urlencode({name: value for name, value in values.items() if value})

    def shop_ids(self, place: Place | None) -> frozenset[int]:
        """The shops whose events fit; those without a position are never within a distance."""
        if self.shop:
            return frozenset({self.shop.pk})
        if self.km is not None and place is not None:
            return availability.near(place, self.km)
        return frozenset(directory.active())


def choices(parameters: QueryDict) -> EventChoices:
    page = parameters.get("page", "")
    near, km = near_of(parameters)
    return EventChoices(
        month=_month(parameters.get("month", "")),
        shop=directory.by_slug(parameters.get("shop", "")),
        near=near,
        km=km,
        page=int(page) if page in map(str, range(1, MOST_PAGES + 1)) else 1,
    )


def chips(chosen: EventChoices) -> list[Chip]:
    """What is chosen, each with the address without it."""
    found = []
    if chosen.shop:
        found.append(Chip(label=chosen.shop.name, parameters=chosen.parameters(shop=None)))
    return found + near_chips(chosen.near, chosen.km, chosen.parameters)


def _month(said: str) -> date | None:
    found = _MONTH.fullmatch(said)
    if not found:
        return None
    year, month = int(found[1]), int(found[2])
    return date(year, month, 1) if FIRST_YEAR <= year < LAST_YEAR and 1 <= month <= 12 else None
