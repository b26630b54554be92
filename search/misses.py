"""What is looked for and lies in no shop near: demand that a shop there could meet. Of nobody in particular: folded
words that may be a title, the square of about ten kilometres, the day, how often; no hour, no account, no address.

A search writes nothing. What it missed is kept in the process's memory, and written after an answer has left, half a
minute later; whether a shop near has the title is asked then, for all of them at once."""

from __future__ import annotations

import hashlib
import logging
import re
import secrets
import threading
import time as clock
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from django.core.signals import request_finished
from django.db import DatabaseError, connection
from django.db.models import Max, Sum
from django.utils import timezone
from oscar.apps.catalogue.models import Product
from oscar.apps.partner.models import StockRecord

from marketplace.catalogue.models import ProductFacts
from marketplace.foundation.addresses import hash_of
from marketplace.foundation.places import distance_km
from search import directory, text
from search.engines.base import Page
from search.forms import Choices
from search.reader import Reader
from shops import stock
from shops.models import SearchMiss, Shop

KEPT = timedelta(days=90)
FEWEST = 3
"""Times that something was looked for before a shop is told; whoever asks again on the same day counts once."""
NEAR_KM = 20
_SHOWN = 30
_WRITTEN_EVERY = 30.0  # seconds
_MOST_KEPT = 2000
_MOST_OF_ONE = 40  # things that one caller looks for in vain in a day: who writes more is a program
_MOST_TOLD_APART = 100_000  # (caller, thing) of a day: 10 MB
_MOST_TITLES = 3  # who finds more looks around
_LONGEST = 100
_PLACE_SWITCHES = {"near", "mine", "open", "today", "pickup", "order"}
# An address, a telephone, a card, a web page: whatever that is, it is no title.
_NO_TITLE = re.compile(r"[@/\\<>{}=]|\d[\d\s.-]{5,}\d|www\.")

logger = logging.getLogger("halles.search")


class _Miss(NamedTuple):
    query: str
    latitude_tenths: int
    longitude_tenths: int
    found: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What was looked for near a shop. `product`: the title, where it is known."""

    query: str
    times: int
    product: Product | None


_lock = threading.Lock()
_kept: Counter[_Miss] = Counter()
_since = 0.0
# Who asked what today, so that a reload counts nothing: hashes with a salt that ends with the process, never written.
_SALT = secrets.token_bytes(16)
_asked: dict[bytes, set[bytes]] = {}
_asked_on: date | None = None
_told_apart = 0


def note(chosen: Choices, page: Page, reader: Reader, *, address: str) -> None:
    """A search of whoever is at `address` was answered by `page`. Asks the database nothing."""
    global _since
    query = _title_of(chosen)
    place = _position(reader)
    if not query or place is None or page.total > _MOST_TITLES:
        return
    miss = _Miss(query, round(place[0] * 10), round(place[1] * 10), tuple(sorted(page.ids)))
    with _lock:
        if not _kept:
            _since = clock.monotonic()
        if (miss in _kept or len(_kept) < _MOST_KEPT) and _is_first(address, miss, reader.now):
            _kept[miss] += 1


def _is_first(address: str, miss: _Miss, now: datetime) -> bool:
    """Whether it counts: once a day of each caller, and so many of one."""
    global _asked_on, _told_apart
    if (today := now.astimezone(UTC).date()) != _asked_on:
        _asked.clear()
        _asked_on, _told_apart = today, 0
    mine = _asked.setdefault(_hash(hash_of(address)), set())
    thing = _hash(repr(miss[:3]))
    if thing in mine or len(mine) >= _MOST_OF_ONE or _told_apart >= _MOST_TOLD_APART:
        return False
    mine.add(thing)
    _told_apart += 1
    return True


def _hash(said: str) -> bytes:
    return hashlib.blake2b(said.encode(), key=_SALT, digest_size=8).digest()


def _title_of(chosen: Choices) -> str:
    """What is looked for where it may be a title, folded; empty where the reader narrowed it by more than a place."""
    others = chosen.chosen or chosen.price or chosen.published or chosen.switches - _PLACE_SWITCHES
    if others or chosen.page != 1:
        return ""
    if gtin := text.isbn_query(chosen.text):
        return str(gtin)
    words = text.tokens(chosen.text)
    said = " ".join(words)
    if _NO_TITLE.search(chosen.text) or len(said) > _LONGEST or len(words) > 12:
        return ""
    return said if any(len(word) > 2 and not word.isdigit() for word in words) else ""


def _position(reader: Reader) -> tuple[float, float] | None:
    if reader.place:
        return reader.place.latitude, reader.place.longitude
    return reader.shop.position if reader.shop else None


def flush(now: datetime) -> int:
    """Write what was missed; what a shop near has is no miss. Returns how many rows."""
    with _lock:
        misses = dict(_kept)
        _kept.clear()
    if not misses:
        return 0
    had = _who_has({pk for miss in misses for pk in miss.found}, now)
    day = now.astimezone(UTC).date()
    rows: Counter[tuple[str, date, int, int, int]] = Counter()
    for miss, times in misses.items():
        centre = miss.latitude_tenths / 10, miss.longitude_tenths / 10
        near = {pk for pk in miss.found if any(distance_km(centre, where) <= NEAR_KM for where in had.get(pk, ()))}
        if not near:
            title = miss.found[0] if len(miss.found) == 1 else 0
            rows[(miss.query, day, miss.latitude_tenths, miss.longitude_tenths, title)] += times
    with connection.cursor() as cursor:  # in one order, so that two processes never wait for each other
        cursor.executemany(_ADD, sorted((*row, times) for row, times in rows.items()))
    return len(rows)


_ADD = """
INSERT INTO shops_searchmiss (query, day, latitude_tenths, longitude_tenths, product_id, times)
VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (query, day, latitude_tenths, longitude_tenths, product_id)
DO UPDATE SET times = shops_searchmiss.times + excluded.times
"""


def _who_has(product_ids: set[int], now: datetime) -> dict[int, list[tuple[float, float]]]:
    """Of each title, where the shops are that can sell it now."""
    found: dict[int, list[tuple[float, float]]] = {}
    if product_ids:
        records = stock.annotate_sellable(StockRecord.objects.filter(product_id__in=product_ids), now=now)
        cards = directory.active()
        for product_id, shop_id in records.filter(sellable__gt=0).values_list("product_id", "partner__shop"):
            if (card := cards.get(shop_id)) and card.position:
                found.setdefault(product_id, []).append(card.position)
    return found


def asked_near(shop: Shop, *, now: datetime) -> list[Asked]:
    """What was looked for within some `NEAR_KM` kilometres of the shop, at least `FEWEST` times, and it has not now;
    most often first."""
    if shop.latitude is None or shop.longitude is None:
        return []
    # A square of the earth's surface: a degree of latitude is 111 km, one of longitude less by what its circle is.
    high = NEAR_KM / 111
    wide = high * distance_km((0, 0), (0, 1)) / max(distance_km((shop.latitude, 0), (shop.latitude, 1)), 1)
    around = SearchMiss.objects.filter(
        latitude_tenths__range=(round((shop.latitude - high) * 10), round((shop.latitude + high) * 10)),
        longitude_tenths__range=(round((shop.longitude - wide) * 10), round((shop.longitude + wide) * 10)),
        day__gt=(now - KEPT).date(),
    )
    sums = around.order_by().values("query").annotate(n=Sum("times"), title=Max("product_id")).filter(n__gte=FEWEST)
    rows = list(sums.order_by("-n", "query").values_list("query", "n", "title")[: 2 * _SHOWN])
    titles = _titles(rows)
    mine = stock.annotate_sellable(
        StockRecord.objects.filter(partner_id=shop.partner_id, product__in=titles.values()), now=now
    )
    has = set(mine.filter(sellable__gt=0).values_list("product_id", flat=True))
    asked = [Asked(query, times, titles.get(query)) for query, times, _ in rows]
    return [one for one in asked if one.product is None or one.product.pk not in has][:_SHOWN]


def _titles(rows: list[tuple[str, int, int]]) -> dict[str, Product]:
    """By what was looked for."""
    numbers = {int(query): query for query, _, _ in rows if text.isbn_query(query)}
    by_gtin = ProductFacts.objects.filter(gtin__in=numbers).values_list("gtin", "product_id")
    ids = {query: title for query, _, title in rows if title} | {numbers[gtin]: pk for gtin, pk in by_gtin if gtin}
    products = Product.objects.filter(pk__in=ids.values(), is_public=True).in_bulk()
    return {query: products[pk] for query, pk in ids.items() if pk in products}


def prune(now: datetime) -> int:
    """Step: what is older than `KEPT` goes."""
    return SearchMiss.objects.filter(day__lte=(now - KEPT).date()).delete()[0]


def forget() -> None:
    """Tests begin with an empty memory."""
    with _lock:
        _kept.clear()
        _asked.clear()


def after_an_answer(**_: object) -> None:
    """The signal `request_finished`: what was missed is written, where it has waited long enough."""
    if _kept and clock.monotonic() - _since > _WRITTEN_EVERY:
        try:
            flush(timezone.now())
        except DatabaseError:  # a figure less; the next reader is answered all the same
            logger.warning("What was searched in vain could not be written.", exc_info=True)


request_finished.connect(after_an_answer, dispatch_uid="search.misses")
