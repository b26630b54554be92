"""Stock as the French trade's systems give it to pass Culture: reference, copies available, price.

Source: pass-culture-api and pass-culture-main (the shape of its pull). GET LOCATION?limit=…&after=LAST_REF
&modifiedSince=… answers {"stocks": [{"ref": "9782070368228", "available": 3, "price": 12.30}]}; an empty list or
body is the end. A file holds one such answer. The reference is an EAN-13; there are no titles.

Options: `prices_in` ("euros", the default, or "cents": vendors differ), `user` (Basic, with the feed's
password). In the mode `delta` it is asked only for what changed since the last reading began.
"""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from catalog_sync import cleaning
from catalog_sync.adapters.base import DELTA, FULL, STOCK_LANE, ChunkWriter, FileAdapter
from catalog_sync.adapters.spreadsheet import stamp_notes
from catalog_sync.identifiers import identify
from catalog_sync.prices import Priced, read_price
from catalog_sync.reading.fetching import LocalFile, unreachable
from catalog_sync.reading.json_records import JsonEnding, JsonPiece, describe_json, split_json
from catalog_sync.reading.json_text import as_text
from catalog_sync.reading.stamps import CLOCK_TOLERANCE, as_of
from catalog_sync.reasons import Reason, feed_error, reason
from catalog_sync.records import CatalogRecord, Chunk, Condition, Cursor, Issue, Lane, PriceKind, Refused, raw_text
from marketplace.foundation import http
from marketplace.foundation.money import exponent

STOCKS = ("stocks",)
PAGE_SIZE = 1000
MOST_PAGES = 5000
LARGEST_PAGE = 8 * 1024 * 1024  # bytes


class PassCulture(FileAdapter):
    kind = "pass_culture"
    capabilities = frozenset({FULL, DELTA, STOCK_LANE})

    @property
    def is_one_file(self) -> bool:
        return urlsplit(self.feed.location).scheme not in ("http", "https")

    def fetch(self, lane: Lane, since: Cursor | None) -> Iterator[Chunk]:
        return super().fetch(lane, since) if self.is_one_file else self._pages(lane, since)

    def read(self, file: LocalFile, lane: Lane, since: Cursor | None) -> Iterator[Chunk]:
        writer = ChunkWriter(as_of(file.stamp, file.received_at, file.lateness), stamp_notes(file))
        ending = JsonEnding()
        for piece in self._pieces(file.path, ending):
            self._take(piece, piece.number, writer, lane)
            if writer.is_full():
                yield writer.take()
        yield self.last_chunk(writer, whole=ending.closed)

    def _pages(self, lane: Lane, since: Cursor | None) -> Iterator[Chunk]:
        """Page after page until an empty one. All of it counts as of the moment before the first request."""
        started = datetime.now(UTC)
        delta = self.feed.mode == DELTA and since is not None and bool(since.value)
        asked = {"modifiedSince": since.value} if delta and since is not None else {}
        writer, met, after, position = ChunkWriter(started, []), {""}, "", 0
        with tempfile.TemporaryDirectory(prefix="feed-") as folder:
            for _ in range(MOST_PAGES):
                page = Path(folder) / "page"
                self._fetch_page({"limit": str(PAGE_SIZE), "after": after, **asked}, page)
                last, before = "", position
                for piece in self._page(page):
                    position += 1
                    last = as_text(piece.value.get("ref")).strip() or last
                    self._take(piece, position, writer, lane)
                    if writer.is_full():
                        yield writer.take()
                if position == before:
                    cursor = Cursor(lane, f"{started - CLOCK_TOLERANCE:%Y-%m-%dT%H:%M:%SZ}")
                    if delta and not position:
                        yield writer.take(cursor=cursor)
                    else:
                        yield self.last_chunk(writer, whole=True, cursor=cursor, lists_all=not delta)
                    return
                if last in met:
                    raise feed_error("paging_stuck", permanent=False, after=last or "?")
                met.add(last)
                after = last
        raise feed_error("paging_endless", permanent=False, pages=MOST_PAGES)

    def _fetch_page(self, parameters: dict[str, str], page: Path) -> None:
        parts = urlsplit(self.feed.location)
        stated = {name: value for name, value in parameters.items() if value}
        query = urlencode({**dict(parse_qsl(parts.query)), **stated})
        user = str(self.feed.options.get("user", ""))
        auth = (user, self.feed.password) if user else None
        try:
            http.fetch_to_file(urlunsplit(parts._replace(query=query)), page, auth=auth, max_bytes=LARGEST_PAGE)
        except http.HttpError as problem:
            raise unreachable(self.feed.location, problem) from problem

    def _page(self, page: Path) -> Iterator[JsonPiece]:
        """The articles of one answer. Raises `FeedError` for one that is cut: the next page could not be asked for."""
        if not page.stat().st_size:
            return
        ending = JsonEnding()
        yield from self._pieces(page, ending)
        if not ending.closed:
            raise feed_error("file_damaged", permanent=False, detail="JSON")

    def _pieces(self, path: Path, ending: JsonEnding) -> Iterator[JsonPiece]:
        """The articles; an answer without a list of them, such as a message of error, is refused as another kind."""
        decoding = describe_json(path, self.feed.encoding, "{stocks: […]}")
        for piece in split_json(path, decoding, STOCKS, ending):
            if not piece.in_list and piece.problem is None:
                found = ", ".join(list(piece.value)[:5]) or "{}"
                raise feed_error("file_wrong_kind", permanent=True, found=found, expected="{stocks: […]}")
            yield piece

    def _take(self, piece: JsonPiece, position: int, writer: ChunkWriter, lane: Lane) -> None:
        ref = cleaning.sku(as_text(piece.value.get("ref")))
        gtin, wrong = identify(ref)
        why_not = piece.problem or (None if ref else reason("sku_missing"))
        if why_not is None and gtin is None and lane is Lane.CATALOGUE:
            why_not = wrong or reason("title_missing")
        if why_not is not None:
            writer.refused.append(Refused(raw_text(piece.text), why_not, position, ref))
            return
        price = self._price(piece.value.get("price"))
        quantity = cleaning.quantity(as_text(piece.value.get("available")))
        writer.records.append(
            CatalogRecord(
                sku=ref,
                gtin=gtin,
                title="",
                price=price.price,
                currency=price.currency,
                price_kind=PriceKind.RETAIL,
                quantity=quantity.value,
                contains_our_orders=self.contains_our_orders,
                availability=cleaning.availability_of(None, quantity.value),
                condition=Condition.NEW,
                as_of=writer.as_of,
                speaks_for=self.speaks_for(lane),
            )
        )
        reasons: tuple[Reason | None, ...] = (wrong, quantity.reason)
        if lane is Lane.CATALOGUE:
            reasons = (*reasons, price.reason)
        writer.issues.extend(Issue(ref, why, position) for why in reasons if why is not None)

    def _price(self, stated: Any) -> Priced:
        currency, text = self.feed.currency, as_text(stated)
        if self.feed.options.get("prices_in") == "cents" and text.strip().isdecimal() and len(text) <= 15:
            text = f"{Decimal(text).scaleb(-exponent(currency)):f}"
        elif self.feed.options.get("prices_in") == "cents" and text.strip():
            return Priced(None, currency, reason("price_not_understood", value=text))
        return read_price(text, currency, ".")
