"""Numbers and prices that a shop's own program pushes, a few thousand rows at a time, between its lists.

A push is a row that a step applies through the same stations as a list: it speaks only for what it names, absorbs and
is ordered by its `as_of` as any number is (DESIGN §5), so that one sent twice or out of order is harmless.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from catalog_sync import cleaning, sync
from catalog_sync.canonical_json import Defaults, from_json
from catalog_sync.doors.locations import Reading
from catalog_sync.hashing import DIRTY
from catalog_sync.identifiers import identify
from catalog_sync.models import TYPED, Feed, Push, SourceRecord, SyncRun
from catalog_sync.prices import read_price
from catalog_sync.records import STOCK_FIELDS, CatalogRecord, Chunk, Condition, PriceKind
from catalog_sync.runs import AlreadyRunningError
from marketplace.foundation import leases

logger = logging.getLogger("halles.sync")

MOST_ROWS = 5000
HIGHEST_QUANTITY = 1_000_000
_KEYS = {"sku", "gtin", "quantity", "price"}
_HALF = re.compile("[\ud800-\udfff]")  # of a character: JSON can say it, no database can keep it
_PRICE_FIELDS = ("price", "currency", "price_kind")


class PushError(Exception):
    """The push is not taken; the message says why."""


class KeyTakenError(PushError):
    """Its key was used for other rows before."""


class WrongRow(NamedTuple):
    row: int  # from 1
    problem: str


def accept(feed: Feed, *, key: str, as_of: datetime, rows: Sequence[Any], now: datetime) -> tuple[Push, list[WrongRow]]:
    """Keep the good rows of a push; the others are told. `as_of`: when the shop's program read its numbers. The same
    key with the same rows is the same push. Raises `PushError`."""
    if as_of.tzinfo is None or as_of > now:
        raise PushError(_("“as_of” is when your system read the numbers: a time with its zone, not in the future."))
    if len(rows) > MOST_ROWS:
        raise PushError(_("At most %(most)s rows at once. Send the rest in another push.") % {"most": MOST_ROWS})
    digest = hashlib.sha256(json.dumps([as_of.isoformat(), rows], sort_keys=True, default=str).encode()).hexdigest()
    good, wrong = _checked(feed, rows)
    with transaction.atomic():
        push, made = Push.objects.get_or_create(
            feed=feed,
            key=key,
            defaults={
                "digest": digest,
                "as_of": as_of,
                "received_at": now,
                "due_at": now if good else None,
                "rows": good,
            },
        )
    if not made and push.digest != digest:
        raise KeyTakenError(_("This key was used for other rows before. Use a new one for every push."))
    return push, wrong


def apply_pushes(now: datetime) -> int:
    """The step: apply what was pushed, feed by feed in the order of arrival. Returns how many."""
    done = 0
    for push in leases.claim(Push, now=now, limit=20, lease_seconds=600, group="feed_id"):
        try:
            if push.feed.kind == TYPED:
                _compare_again(push)
            run = sync.run(push.feed, now=now, pushed=_reading(push))
        except AlreadyRunningError:
            leases.finish(push, due_at=now, attempts=0)
            continue
        except Exception as error:
            logger.exception("A push of the feed %s could not be applied", push.feed.name)
            leases.postpone(push, error=repr(error), now=now)
            continue  # what others pushed is leased already
        is_done = run.state == SyncRun.State.DONE and not run.quarantined
        leases.finish(push, due_at=None, run=run, **({"rows": []} if is_done else {}))
        done += 1
    return done


def _compare_again(push: Push) -> None:
    """What a person typed again as it was counts as well: the number is younger, which a list of changes does not tell
    by itself."""
    skus = [row[0] if isinstance(row, list) else row.get("sku") for row in push.rows]
    said = SourceRecord.objects.filter(feed=push.feed, sku__in=skus)
    with transaction.atomic():
        list(said.select_for_update().order_by("sku").values_list("sku"))  # as whoever applies a push locks them
        said.update(offer_hash=DIRTY)


def reading_of(run: SyncRun) -> Reading | None:
    """What a run read, where that was a push: approved, it is read again."""
    push = Push.objects.filter(run=run).select_related("feed__shop").first()
    return _reading(push) if push else None


def _reading(push: Push) -> Reading:
    own = [row for row in push.rows if isinstance(row, dict)]
    records, gone = [*_records(push), *_own_records(push, own)], [row["gone"] for row in own if "gone" in row]
    chunk = Chunk(records, [], [], gone, push.as_of, False, None, ())
    return Reading(lambda _: iter([chunk]), push.digest)


def _records(push: Push) -> Iterator[CatalogRecord]:
    contains = push.feed.stock_kind == "available"
    for sku, quantity, says_quantity, price, says_price in (row for row in push.rows if isinstance(row, list)):
        yield CatalogRecord(
            sku=sku,
            gtin=None,
            title="",
            price=price,
            currency=push.feed.currency,
            price_kind=PriceKind.RETAIL,
            quantity=quantity,
            contains_our_orders=contains,
            availability=cleaning.availability_of(None, quantity),
            condition=Condition.NEW,
            as_of=push.as_of,
            speaks_for=(STOCK_FIELDS if says_quantity else ()) + (_PRICE_FIELDS if says_price else ()),
        )


def _own_records(push: Push, rows: Iterable[dict[str, Any]]) -> Iterator[CatalogRecord]:
    defaults = Defaults(push.feed.currency, push.feed.stock_kind == "available")
    for values in rows:
        record = from_json(values, defaults, push.as_of).record if "gone" not in values else None
        if record is not None:
            yield record


def _checked(feed: Feed, rows: Iterable[Any]) -> tuple[list[list[Any]], list[WrongRow]]:
    """([SKU, quantity, whether it is said, price, whether it is said], …) and what is wrong with the others."""
    numbered = list(enumerate(rows, 1))
    known = _skus_by_gtin(feed, [row.get("gtin") for _number, row in numbered if isinstance(row, dict)])
    good, wrong = [], []
    for number, row in numbered:
        try:
            good.append(_row(feed, row, known))
        except PushError as error:
            wrong.append(WrongRow(number, str(error)))
    return good, wrong


def _row(feed: Feed, row: Any, known: dict[int, list[str]]) -> list[Any]:
    if not isinstance(row, dict) or not row.keys() <= _KEYS:
        raise PushError(_("A row is an object with sku or gtin, and quantity or price or both; nothing else."))
    if not {"quantity", "price"} & row.keys():
        raise PushError(_("Neither a quantity nor a price."))
    quantity = row.get("quantity")
    if quantity is not None and (type(quantity) is not int or not 0 <= quantity <= HIGHEST_QUANTITY):
        raise PushError(_("“quantity” is a whole number from 0 on, or null where it is not known."))
    return [_sku(row, known), quantity, "quantity" in row, _price(feed, row), "price" in row]


def _price(feed: Feed, row: dict[str, Any]) -> int | None:
    price = row.get("price")
    if price is None:
        return None
    found = read_price(price, feed.currency, ".") if isinstance(price, str) else None
    if found is None or found.price is None or found.currency != feed.currency:
        raise PushError(_('“price” is a text like "12.90" in %(currency)s, or null.') % {"currency": feed.currency})
    return found.price


def _sku(row: dict[str, Any], known: dict[int, list[str]]) -> str:
    sku = row.get("sku")
    if isinstance(sku, str) and cleaning.sku(sku) and not _HALF.search(sku):
        return cleaning.sku(sku)
    if sku is not None:
        raise PushError(_("“sku” is the article's number as a text."))
    gtin, problem = identify(str(row.get("gtin") or ""))
    if gtin is None:
        raise PushError(problem.words() if problem else _("Neither an article number nor an ISBN or EAN."))
    found = known.get(gtin, [])
    if len(found) != 1:
        raise PushError(
            _("Several of your articles have this ISBN or EAN: give the article number.")
            if found
            else _("Your catalogue has no article with this ISBN or EAN.")
        )
    return found[0]


def _skus_by_gtin(feed: Feed, given: Sequence[Any]) -> dict[int, list[str]]:
    """{GTIN: the feed's articles that have it}. One query."""
    gtins = {gtin for text in given if text and (gtin := identify(str(text))[0]) is not None}
    found: dict[int, list[str]] = {}
    rows = SourceRecord.objects.filter(feed=feed, gtin__in=gtins, retired_at=None)
    for gtin, sku in rows.values_list("gtin", "sku") if gtins else ():
        assert gtin is not None  # as asked for
        found.setdefault(gtin, []).append(sku)
    return found
