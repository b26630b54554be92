"""A shop of another Halles, or of anything that speaks our interface for programs (docs/api.md), as readers see it
there: its titles by the search, a page after the other, and who has them, fifty at a time.

The location is the shop's page there, `https://site/shops/slug/`; the feed's password is a key that the other network
gives for `read:search` and `read:availability`. Both lanes read the same: what a shop has is not told without its
titles. Copies come as one, few or many: the least that is meant counts.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from django.conf import settings

from catalog_sync import cleaning
from catalog_sync.adapters.base import FULL, STOCK_LANE, Adapter, ChunkWriter
from catalog_sync.identifiers import identify
from catalog_sync.reading.fetching import unreachable
from catalog_sync.reading.stamps import read_stamp
from catalog_sync.reasons import feed_error, reason
from catalog_sync.records import (
    STOCK_FIELDS,
    Availability,
    CatalogRecord,
    Chunk,
    Condition,
    Cursor,
    Form,
    Lane,
    PriceKind,
    Refused,
    raw_text,
)
from marketplace.foundation import http

PAGE, MOST_PAGES = 50, 220  # a list there ends after 10,000 titles
MOST_WAITS, LONGEST_WAIT_SECONDS = 5, 60  # the other side counts calls by the minute
COPIES = {"last": 1, "few": 2, "many": 6}
_SLUG = re.compile(r"^(?P<before>(?:/[\w.~-]+)*)/shops/(?P<slug>[\w-]{1,60})/?$")
Row = dict[str, Any]


class Halles(Adapter):
    kind = "halles"
    capabilities = frozenset({FULL, STOCK_LANE})
    position_word = "title"

    def fetch(self, lane: Lane, since: Cursor | None) -> Iterator[Chunk]:
        base, slug = self._place()
        self.began = datetime.now(UTC)
        writer, cursor, seen, hidden, total = ChunkWriter(self.began, []), "", 0, 0, 0
        for number in range(MOST_PAGES):
            query = {"shop": slug, "sort": "title", "limit": PAGE} | ({"cursor": cursor} if cursor else {})
            page = self._get(f"{base}search?{urlencode(query)}")
            titles, total = _rows(page, "results"), _whole(page.get("total"))
            if page.get("plain") is True:
                raise feed_error(
                    "file_unreachable", permanent=False, location=self.feed.location, detail="plain search"
                )
            offers, left_out = self._offers(base, slug, titles)
            for title in titles:
                seen += 1
                hidden += _whole(title.get("id")) in left_out
                self._take(title, offers.get(_whole(title.get("id")), []), seen, writer, lane)
            # Titles without a number cost a call each: whoever listens is not left without a word for long.
            if writer.is_full() or (number % 10 == 9 and not writer.is_empty()):
                yield writer.take()
            cursor = str(page.get("next") or "")
            if not cursor or not titles:
                break
        whole = not cursor and seen == total and not hidden
        if not seen:
            raise feed_error("file_without_articles", permanent=False)
        if not whole:
            writer.notes.append(reason("delta_only"))
        yield writer.take(complete=whole)

    def _place(self) -> tuple[str, str]:
        """The beginning of the interface's addresses, and the shop's name in them."""
        parts = urlsplit(self.feed.location)
        found = _SLUG.match(parts.path)
        if parts.scheme not in ("http", "https") or not parts.netloc or not found:
            raise feed_error("halles_address_wrong", permanent=True)
        return urlunsplit((parts.scheme, parts.netloc, f"{found['before']}/api/v1/", "", "")), found["slug"]

    def _offers(self, base: str, slug: str, titles: Sequence[Row]) -> tuple[dict[int, list[Row]], set[int]]:
        """The shop's offers by title, and the titles of which more offers are left out while none of its is told."""
        gtins = [str(title["gtin"]) for title in titles if title.get("gtin")]
        told = _rows(self._post(f"{base}availability", {"gtins": gtins}), "results") if gtins else []
        for title in titles:
            if not title.get("gtin"):
                told.append(self._get(f"{base}products/id/{_whole(title.get('id'))}/availability"))
        found: dict[int, list[Row]] = {}
        left_out = set()
        for one in told:
            mine = [offer for offer in _rows(one, "offers") if offer.get("shop") == slug]
            found[_whole(one.get("id"))] = mine
            if not mine and _whole(one.get("left_out")):
                left_out.add(_whole(one.get("id")))
        return found, left_out

    def _take(self, title: Row, offers: Sequence[Row], position: int, writer: ChunkWriter, lane: Lane) -> None:
        number, name = _whole(title.get("id")), cleaning.title(_text(title, "title"))
        gtin = identify(_text(title, "gtin")).gtin
        if not number or not (name or gtin):
            writer.refused.append(Refused(raw_text(json.dumps(title)), reason("title_missing"), position))
            return
        facts = _facts(title)
        taken: Counter[str] = Counter()
        for offer in offers:
            kind = _text(offer, "condition")
            taken[kind] += 1
            writer.add(
                CatalogRecord(
                    sku=_sku(number, kind, taken[kind]),
                    gtin=gtin,
                    title=name,
                    **self._offer(offer),
                    speaks_for=STOCK_FIELDS if lane is Lane.STOCK else (),
                    **facts,
                )
            )

    def _offer(self, offer: Row) -> dict[str, Any]:
        availability, condition = _text(offer, "availability"), _text(offer, "condition")
        price, stamp = offer.get("price_minor"), read_stamp(_text(offer, "as_of"), "UTC")
        currency = _text(offer, "currency")
        days = offer.get("days")
        return {
            "price": price if type(price) is int and price > 0 else None,
            "currency": currency if len(currency) == 3 else self.feed.currency,
            "price_kind": PriceKind.RETAIL,
            "quantity": COPIES.get(_text(offer, "copies")),
            "contains_our_orders": self.contains_our_orders,
            "availability": availability if availability in Availability.ALL else Availability.UNKNOWN,
            "condition": condition if condition in Condition.ALL else Condition.ACCEPTABLE,
            "as_of": min(stamp, self.began) if stamp else self.began,
            "signed": offer.get("signed") is True,
            "first_edition": offer.get("first_edition") is True,
            "note": cleaning.note(_text(offer, "note")),
            "days": days if type(days) is int and 0 <= days < 1000 else None,
            "available_from": cleaning.partial_date(_text(offer, "available_on")),
        }

    def _get(self, url: str) -> Row:
        return self._asked(lambda: http.get_json(url, headers=self._headers()))

    def _post(self, url: str, body: Row) -> Row:
        headers = self._headers() | {"Content-Type": "application/json"}
        return self._asked(lambda: http.post(url, json.dumps(body).encode(), headers=headers).json())

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.feed.password}"} if self.feed.password else {}

    def _asked(self, call: Callable[[], object]) -> Row:
        """An object, asked for again where the other side says when. Raises `FeedError`."""
        for waited in range(MOST_WAITS + 1):
            try:
                answer = call()
            except http.HttpError as problem:
                is_short = problem.status == 429 and problem.later_seconds <= LONGEST_WAIT_SECONDS
                if not is_short or waited == MOST_WAITS:
                    raise unreachable(self.feed.location, problem) from problem
                time.sleep(0 if settings.TESTING else max(problem.later_seconds, 1))
                continue
            if not isinstance(answer, dict):
                raise feed_error("file_damaged", permanent=False, detail="JSON")
            return answer
        raise AssertionError("unreachable")


def _sku(number: int, condition: str, count: int) -> str:
    """Of one offer of a title: a shop may have it new and used, and used in several copies."""
    parts = [str(number)]
    if condition != Condition.NEW:
        parts.append(condition)
    if count > 1:
        parts.append(str(count))
    return "-".join(parts)[:100]


def _facts(title: Row) -> dict[str, Any]:
    form, cover = _text(title, "form"), cleaning.web_address(_text(title, "cover"))
    people = [(_line(one, "name"), _line(one, "role") or "author") for one in _rows(title, "contributors")]
    subjects = title.get("subjects")
    codes = [code for code in subjects if isinstance(code, str)] if isinstance(subjects, list) else []
    return {
        "subtitle": _line(title, "subtitle"),
        "contributors": tuple((name, role) for name, role in people if name),
        "publisher": _line(title, "publisher"),
        "subjects": tuple(("thema", cleaning.one_line(code)[:20], "") for code in codes if code.strip()),
        "language": cleaning.language(_text(title, "language")).value or "",
        "form": form if form in Form.ALL else "",
        "publication_date": cleaning.partial_date(_text(title, "publication_date")),
        "cover": cover,
        "series": _line(title, "series"),
        "series_number": _line(title, "series_number")[:40],
    }


def _rows(value: Row, name: str) -> list[Row]:
    found = value.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _text(value: Row, name: str) -> str:
    found = value.get(name)
    return found if isinstance(found, str) else ""


def _line(value: Row, name: str) -> str:
    return cleaning.one_line(_text(value, name))[:255]


def _whole(value: Any) -> int:
    return value if type(value) is int and value >= 0 else 0
