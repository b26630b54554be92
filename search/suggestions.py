"""What the search box suggests while a reader types: titles, authors, series, shops, each kind under its name.

Titles, authors and series come from the index; shops from the directory, which every page has anyway."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from search import directory, names, queries
from search.engines import matching, suggesting
from search.engines.base import SearchError, Suggestion

MOST, MOST_SHOPS = 8, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    text: str
    address: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    label: str
    options: Sequence[Option]


def groups(typed: str) -> list[Group]:
    """At most `MOST` titles, authors and series, and `MOST_SHOPS` shops; no empty group. Without the index: shops."""
    try:
        found = queries.suggest(typed, MOST)
    except SearchError:
        found = []
    by_kind = {kind: [_option(one) for one in found if one.kind == kind] for kind in ("title", "author", "series")}
    labels = {"title": _("Titles"), "author": _("Authors"), "series": _("Series"), "shop": _("Shops")}
    by_kind["shop"] = [Option(text=card.name, address=card.address, detail=card.city) for card in shops(typed)]
    return [Group(label=labels[kind], options=options) for kind, options in by_kind.items() if options]


def shops(typed: str) -> list[directory.ShopCard]:
    """The shops whose name has the words typed, the last of them begun; with typos where none has them as they are."""
    taken = matching.take_apart(typed)
    if not taken.words:
        return []
    for typos in (False, True):
        cards = directory.active().values()
        if found := [card for card in cards if suggesting.fits(card.name, taken, typos=typos)]:
            return found[:MOST_SHOPS]
    return []


def _option(found: Suggestion) -> Option:
    if found.product_id is not None:
        return Option(text=found.text, address=f"/catalogue/_{found.product_id}/")
    page = names.address(found.kind, found.text)
    return Option(text=found.text, address=page or f"{reverse('search:search')}?{urlencode({'q': found.text})}")
