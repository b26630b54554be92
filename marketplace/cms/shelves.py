"""Shelves as pages show them. The titles of all of a page's shelves are read together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.translation import get_language

from marketplace.catalogue.models import OtherGtin, ProductFacts
from search import directory, listings, queries
from search.directory import ShopCard
from search.engines.base import Query, SearchError, Sort
from search.forms import Choices
from search.reader import Reader
from search.rows import Row, rows
from search.views import plain_search

NEWEST_SHOWN = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownShelf:
    """`shop`: who chose its books, where a shop did. `address`: of the page with all of it, or ""."""

    title: str
    intro: str
    rows: Sequence[Row]
    shop: ShopCard | None = None
    address: str = ""


def shown_shelves(
    blocks: Iterable[Any], reader: Reader, gtins: Collection[int] = ()
) -> tuple[list[ShownShelf], dict[int, Row]]:
    """The shelves of a page's blocks in their order, and by their GTIN the rows of further titles that it shows. Three
    queries whatever the number of books, and one question to the search for each shelf of what came last."""
    values = [(block.block_type, block.value) for block in blocks]
    wanted = {int(isbn) for kind, value in values if kind == "shelf" for isbn in value["isbns"]} | set(gtins)
    keys = _products(wanted)
    last = [_newest(value, reader) if kind == "newest" else [] for kind, value in values]
    every = dict.fromkeys([*keys.values(), *(key for found in last for key in found)])
    by_key = {row.product.pk: row for row in rows(list(every), reader)} if every else {}
    found = {gtin: by_key[key] for gtin, key in keys.items() if key in by_key}
    return [_shelf(kind, value, found, by_key, ids) for (kind, value), ids in zip(values, last, strict=True)], found


def in_language(french: str, english: str) -> str:
    """The one in the reader's language, or the other where that is empty."""
    return english or french if (get_language() or "").startswith("en") else french or english


def _shelf(kind: str, value: Any, found: dict[int, Row], by_key: dict[int, Row], ids: Sequence[int]) -> ShownShelf:
    chosen = kind == "shelf"
    titles = [found.get(int(isbn)) for isbn in value["isbns"]] if chosen else [by_key.get(key) for key in ids]
    card = directory.by_slug(value["shop"]) if value["shop"] else None
    return ShownShelf(
        title=in_language(value["title_fr"], value["title_en"]),
        intro=in_language(value["intro_fr"], value["intro_en"]),
        rows=[row for row in titles if row],
        shop=card if chosen else None,
        address="" if chosen else _address(card, value["subject"]),
    )


def _address(card: ShopCard | None, subject: str) -> str:
    if card:
        return listings.in_shop(card).address
    return listings.subject_address(subject) if subject else listings.arrivals().address


def _newest(value: Any, reader: Reader) -> Sequence[int]:
    """What came last of what is there now; from SQL while the search is down. Nothing of a shop that is not on sale."""
    card = directory.by_slug(value["shop"]) if value["shop"] else None
    if value["shop"] and card is None:
        return []
    asked = Query(
        within=frozenset({card.pk}) if card else None,
        under=value["subject"] or "",
        available=True,
        sort=Sort.ARRIVAL,
        page_size=NEWEST_SHOWN,
    )
    try:
        return queries.search(asked).ids
    except SearchError:
        subject = listings.subject(value["subject"]) if value["subject"] else None
        where = (listings.in_shop(card).where if card else Q()) & (subject.where if subject else Q())
        return plain_search(Choices(), where, listings.LAST_FIRST).ids[:NEWEST_SHOWN]


def _products(gtins: set[int]) -> dict[int, int]:
    """The titles by their GTIN, also by one that they took over."""
    if not gtins:
        return {}
    known = ProductFacts.objects.filter(gtin__in=gtins).values_list("gtin", "product_id")
    found = {gtin: key for gtin, key in known if gtin is not None}
    if lacking := gtins - found.keys():  # a title that was joined with another
        found |= dict(OtherGtin.objects.filter(gtin__in=lacking).values_list("gtin", "product_id"))
    return found
