"""An adapter that asks a shop's system page after page, and what all of these have in common.

A subclass says in `read` what the system says; here it becomes records, cursors and the end of a reading. A cursor is a
moment by the system's own clock, which may be days off; what changed a while before it is asked for again, for changes
become visible only once they are stored, and stamps may have no fractions of a second. The same moment by our clock
stands beside it: it tells whether the system's was set back since. How old a number is goes by our clock alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from catalog_sync import cleaning
from catalog_sync.adapters.base import DELTA, FULL, STOCK_LANE, TAKES_ORDERS, Adapter, ChunkWriter
from catalog_sync.identifiers import identify
from catalog_sync.prices import Priced, read_price
from catalog_sync.reasons import FeedError, Reason, feed_error, reason
from catalog_sync.records import (
    STOCK_FIELDS,
    CatalogRecord,
    Chunk,
    Condition,
    Cursor,
    Issue,
    Lane,
    PriceKind,
    Refused,
    raw_text,
)
from marketplace.foundation.money import exponent
from shops.systems import SYSTEMS, access, clocks
from shops.systems.access import Access
from shops.systems.calling import SystemCallError, refuse_prices, understood

OVERLAP = timedelta(minutes=5)  # longer than a change takes from its stamp until others see it


@dataclass(frozen=True)
class Stated:
    """One article as a system states it. None and empty: it does not say. `price`: in whole units of `currency` (empty:
    that of the client's options, or of the feed), as readers are to see it, or else with the taxes of it in per cent:
    `tax_rate` comes on top, `included_rate` is in it. `is_gone`: it is not sold any more.
    `key`: by which the system tells it from another article of the same number; needed where there may be such.
    `refused`: a reason why it cannot be sold, whatever it is; of these are told `sku` and `title`."""

    sku: str
    gtin: str = ""
    title: str = ""
    price: Decimal | None = None
    currency: str = ""
    tax_rate: Decimal | None = None
    included_rate: Decimal | None = None
    quantity: float | Decimal | None = None
    availability: str | None = None
    is_gone: bool = False
    facts: dict[str, Any] = field(default_factory=dict)  # further fields of CatalogRecord
    raw: Any = ""
    key: object = ""
    refused: str = ""


class SystemAdapter(Adapter):
    """A subclass sets `kind`, and writes `read`."""

    capabilities = frozenset({FULL, DELTA, STOCK_LANE, TAKES_ORDERS})
    whole_lanes: frozenset[Lane] = frozenset()  # in which nothing tells what changed: read whole each time
    position_word = "article"
    # Where the system counts its changes: `read` finds here how far the last reading came, and leaves how far it came.
    reached = ""
    # That all of it is read: where so much changed that this is fewer calls, `read` says so before its first page.
    is_whole = False

    # subclass implementation
    def read(self, client: Any, lane: Lane, changed_since: datetime | None) -> Iterator[Iterable[Stated]]:
        """The pages of one lane: all that is sold (what is gone is passed over), or with `changed_since` (by the
        system's clock) what changed from then on, what is not sold any more among it. Whether the system says what it
        should is looked at before the first page (`client.check_context`, which leaves in `client.with_tax` whether
        prices, which are read as they were entered, are with tax now). Raises SystemCallError."""
        raise NotImplementedError

    # Subclasses shouldn't need to override:
    def fetch(self, lane: Lane, since: Cursor | None) -> Iterator[Chunk]:
        try:
            client = self.client()
            with understood(client.caller.system, client.caller.secrets, but=FeedError):
                yield from self._chunks(client, lane, since)
        except SystemCallError as error:
            raise as_feed_error(error) from error

    def client(self) -> Any:
        entered = Access(self.feed.kind, self.feed.location, self.feed.options, self.feed.secrets)
        return SYSTEMS[self.feed.kind].client_for(entered)

    def _chunks(self, client: Any, lane: Lane, since: Cursor | None) -> Iterator[Chunk]:
        """All of it counts as of the moment before the first request. Where an article is gone of which another with
        its number is sold still, nothing tells how that one stands: all is read the next time."""
        started = datetime.now(UTC)
        self.currency = str(getattr(client, "options", {}).get("currency") or self.feed.currency)
        then = moments_of(since) if self.feed.mode == DELTA and lane not in self.whole_lanes else None
        self.is_whole = then is None
        self.reached = since.value.partition(" ")[2] if since is not None and then is not None else ""
        writer, position, met = ChunkWriter(started, []), 0, dict[str, tuple[Stated, int]]()
        refused, has_twin = set[int](), False
        for page in self._pages(client, lane, then):
            if lane is Lane.CATALOGUE:
                refuse_prices(client.caller.system, getattr(client, "with_tax", None), shown=self.feed.tax_included)
            articles = [each for each in page if not (self.is_whole and each.is_gone)]
            sold = Counter[str]() if self.is_whole else access.sold(client, [each.sku for each in articles])
            for stated in articles:
                position += 1
                number = cleaning.sku(stated.sku)
                first, at = met.setdefault(number, (_slim(stated), position)) if number else (stated, position)
                if first.is_gone and not stated.is_gone:  # put away, and another made with its number
                    first, at = met[number] = (_slim(stated), position)
                has_twin |= stated.is_gone and sold[stated.sku] > 0
                shared = sold[stated.sku] > 1 and not stated.is_gone
                if shared or (first.key != stated.key and not (first.is_gone or stated.is_gone)):
                    for place, each in {at: first, position: stated}.items():
                        if place not in refused:
                            refused.add(place)
                            _refuse(each, "sku_shared", place, writer)
                elif at == position:  # a page that slid on under us gives some of the last one again
                    self._take(stated, position, writer, lane)
            if writer.is_full():
                yield writer.take()
        if self.is_whole and not position:
            raise feed_error("file_without_articles", permanent=False)
        cursor = "" if has_twin else self._cursor(client.caller.began, started)
        yield writer.take(complete=self.is_whole, cursor=Cursor(lane, cursor))

    def _pages(self, client: Any, lane: Lane, then: Moments | None) -> Iterator[Iterable[Stated]]:
        if then is None:
            yield from self.read(client, lane, None)
            return
        yield from self.read(client, lane, then.there - OVERLAP)
        earliest = None if self.is_whole else clocks.set_back(client.caller, then.there, then.here)
        if earliest is not None:
            yield from self.read(client, lane, earliest - OVERLAP)

    def _cursor(self, began: datetime | None, started: datetime) -> str:
        """Of a system that does not tell its time the stamps say nothing to us: all of it is read each time."""
        if began is None and not self.reached:
            return ""
        return f"{_written(began or started)}/{_written(started)} {self.reached}".rstrip()

    def _take(self, stated: Stated, position: int, writer: ChunkWriter, lane: Lane) -> None:
        sku = cleaning.sku(stated.sku)
        if stated.is_gone and sku:
            writer.withdraw(sku)
            return
        if stated.refused and sku:
            _refuse(stated, stated.refused, position, writer)
            return
        gtin, wrong = identify(stated.gtin)
        title = cleaning.title(stated.title)
        why_not = None if sku else reason("sku_missing")
        if why_not is None and not title and gtin is None and lane is Lane.CATALOGUE:
            why_not = wrong or reason("title_missing")
        if why_not is not None:
            writer.refused.append(Refused(raw_text(str(stated.raw or stated)), why_not, position, sku))
            return
        price, (units, odd) = self._price(stated), _units(stated.quantity)
        writer.add(
            CatalogRecord(
                sku=sku,
                gtin=gtin,
                title=title,
                price=price.price,
                currency=price.currency,
                price_kind=PriceKind.RETAIL,
                quantity=units,
                contains_our_orders=self.contains_our_orders,
                availability=cleaning.availability_of(stated.availability, units),
                condition=Condition.NEW,
                as_of=writer.as_of,
                speaks_for=STOCK_FIELDS if lane is Lane.STOCK else (),
                **stated.facts,
            )
        )
        whys: tuple[Reason | None, ...] = (wrong, odd)
        whys = (*whys, price.reason) if lane is Lane.CATALOGUE else (odd,)
        writer.issues.extend(Issue(sku, why, position) for why in whys if why is not None)

    def _price(self, stated: Stated) -> Priced:
        currency, amount = stated.currency or self.currency, stated.price
        if amount is None:
            return Priced(None, currency, reason("price_missing"))
        shows_tax = self.feed.tax_included
        if rate := stated.tax_rate if shows_tax else stated.included_rate:
            part = 1 + rate / 100
            amount = amount * part if shows_tax else amount / part
            amount = amount.quantize(_smallest(currency), rounding=ROUND_HALF_UP)
        return read_price(f"{amount:f}", currency, ".")


def summed(taxes: Iterable[tuple[Decimal, bool]]) -> tuple[Decimal, Decimal]:
    """`tax_rate` and `included_rate` of an article: the rates, each with whether prices have it in them."""
    on_top, included = Decimal(0), Decimal(0)
    for rate, is_included in taxes:
        if is_included:
            included += rate
        else:
            on_top += rate
    return on_top, included


def _smallest(currency: str) -> Decimal:
    """The smallest amount of it: a cent, a yen, a thousandth of a dinar."""
    return Decimal(1).scaleb(-exponent(currency))


def _slim(stated: Stated) -> Stated:
    """What is needed to refuse it later: of a hundred thousand articles nothing else may stay in memory."""
    return replace(stated, raw="", facts={})


def _refuse(stated: Stated, code: str, position: int, writer: ChunkWriter) -> None:
    """It is withdrawn, too: of a row that is only refused what was known before would be sold still."""
    sku = cleaning.sku(stated.sku)
    writer.withdraw(sku)
    why = reason(code, sku=sku, title=stated.title or stated.gtin)
    writer.refused.append(Refused(raw_text(str(stated.raw or stated)), why, position, sku))


def _units(stated: float | Decimal | None) -> tuple[int | None, Reason | None]:
    """Whole copies that can be sold; of a number below zero none."""
    if stated is None:
        return None, None
    if stated < 0:
        return 0, reason("quantity_negative", value=f"{stated:g}")
    return int(stated), None


class Moments(NamedTuple):
    """When a reading began: by the system's clock, and by ours."""

    there: datetime
    here: datetime


def moments_of(since: Cursor | None) -> Moments | None:
    """Of the last reading; None: everything is to be asked for."""
    if since is None or not since.value:
        return None
    there, _slash, here = since.value.partition(" ")[0].partition("/")
    try:
        return Moments(*(datetime.fromisoformat(each).astimezone(UTC) for each in (there, here)))
    except ValueError:
        return None


def _written(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def as_feed_error(error: SystemCallError) -> FeedError:
    found = feed_error(str(error.trouble), permanent=error.permanent, **error.values)
    found.later_seconds = error.later_seconds
    return found
