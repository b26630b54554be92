"""Units held, promised and given back: the only place that changes Oscar's `num_allocated` (DESIGN §5).

Every change locks stock records in order of their key before it looks at allocations, so that two of them never wait
for each other. `num_allocated` is at all times the sum of a record's open allocations.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import chain
from typing import NamedTuple

from django.db import transaction
from django.db.models import Case, F, IntegerField, Q, Value, When
from django.db.models.functions import Coalesce
from oscar.apps.partner.models import StockRecord

from marketplace.catalogue import changes
from marketplace.foundation import prepared
from shops import incidents
from shops.models import Allocation, ShopOrderLine
from shops.sellable import annotate_sellable, buffer, effective_as_of, is_listed, limit, sellable_units, sells

__all__ = [
    "HoldEndedError",
    "Shortage",
    "StockError",
    "annotate_sellable",
    "contained_units",
    "count",
    "effective_as_of",
    "end",
    "hold",
    "locked",
    "promise",
    "put_back",
    "read",
    "release_hold",
    "release_line",
    "sellable_now",
    "sellable_units",
    "set_apart",
    "take",
    "take_from",
]

_BATCH = 500
_ALLOCATED = Coalesce("num_allocated", 0)


class StockError(Exception):
    """A change of stock that contradicts what is stored; nothing was changed."""


class HoldEndedError(StockError):
    """The hold that was to become an order's is not there any more, or not as a whole."""


class Shortage(NamedTuple):
    stock_record_id: int
    wanted: int
    sellable: int


class _Short(Exception):
    def __init__(self, shortages: list[Shortage]):
        self.shortages = shortages


def hold(wanted: Sequence[tuple[int, int]], *, key: str, now: datetime, at_desk: bool = False) -> list[Shortage]:
    """Keep units for a checkout, all or nothing; `wanted` is (stock record id, units). Returns what is short, in which
    case nothing is kept. What the key holds already is not held twice; StockError where it holds something else.
    `at_desk`: the shop's own people keep them for an order that is open (`sellable.units_at_desk`)."""
    units = _in_key_order(wanted)
    try:
        with transaction.atomic():
            short = _hold(units, key, now, at_desk)
            if short:
                raise _Short(short)
    except _Short as refused:
        return refused.shortages
    return []


def release_hold(key: str, *, now: datetime, by: Allocation.End = Allocation.End.EXPIRED) -> int:
    """End what a checkout holds, once its payment session is known to be over and unpaid. Returns units."""
    held = Allocation.objects.filter(hold_key=key, cause=Allocation.Cause.HOLD, ended_at=None)
    with locked(held.values_list("stock_record_id", flat=True), now=now):
        return end(held.select_for_update(), by=by, now=now)


# Written out: the ORM takes longer to put this together than the database to write a whole order's lines.
_PROMISE = """
UPDATE shops_allocation SET cause = %s, line_id = CASE stock_record_id {pairs} END
WHERE hold_key = %s AND cause = %s AND ended_at IS NULL AND stock_record_id IN ({records})
"""


def promise(key: str, lines: Mapping[int, int], *, now: datetime) -> None:
    """A hold becomes the lines' allocation; the counter stays. `lines` is {stock record id: shop order line id} and
    names everything the key holds. HoldEndedError (within `prepared.together` as its block ends) where some of it is
    gone, and then nothing may be kept."""
    pairs = " ".join(["WHEN %s THEN %s"] * len(lines))
    records = ", ".join(["%s"] * len(lines))

    def look(moved: prepared.Answer) -> None:
        if moved.count != len(lines):
            raise HoldEndedError(f"Of {len(lines)} articles {key} holds {moved.count}.")

    prepared.ask(
        _PROMISE.format(pairs=pairs, records=records),
        [Allocation.Cause.LINE, *chain.from_iterable(lines.items()), key, Allocation.Cause.HOLD, *lines],
        then=look,
    )


def take(line: ShopOrderLine, units: int, *, now: datetime) -> bool:
    """Promise units of the line's stock record to it without a hold before. False where there are not enough."""
    if line.stock_record_id is None:
        return False
    with transaction.atomic():
        record = read([line.stock_record_id])[line.stock_record_id]
        if not _take_guarded(record, units, now):
            return False
        Allocation.objects.create(
            stock_record=record, units=units, cause=Allocation.Cause.LINE, line=line, created_at=now
        )
        _mark_sold_out([record.pk], now)
    return True


def release_line(line: ShopOrderLine, units: int, *, answered: bool, now: datetime) -> int:
    """The shop says that it can no longer hand over `units` of a line, which it had accepted before (`answered`) or had
    not. Call it before the line's counts change. Returns how many units became free: what the shop's number has taken
    off already comes back with its next number, so that lowers nothing."""
    if line.stock_record_id is None:
        return 0
    with locked([line.stock_record_id], now=now):
        return end(_leaving(line, units, answered), by=Allocation.End.RELEASED, now=now)


def set_apart(line: ShopOrderLine, units: int, *, key: str, answered: bool, now: datetime) -> int:
    """The reader takes back `units` of a line that its shop has been told of: our wish ends nothing. They stay promised
    under `key`, apart from the line, until the shop says that they are back (`put_back`) or its number contains them.
    Call it like `release_line`. Returns how many are set apart; what was absorbed comes back with its next number."""
    if line.stock_record_id is None:
        return 0
    with locked([line.stock_record_id], now=now):
        rows = _leaving(line, units, answered)
        Allocation.objects.filter(pk__in=[row.pk for row in rows]).update(
            cause=Allocation.Cause.CANCELLED, hold_key=key
        )
        return sum(row.units for row in rows)


def put_back(key: str, *, now: datetime) -> int:
    """The shop says that what was set apart under `key` is on its shelf again. Returns units."""
    apart = Allocation.objects.filter(hold_key=key, cause=Allocation.Cause.CANCELLED, ended_at=None)
    with locked(apart.values_list("stock_record_id", flat=True), now=now):
        return end(apart.select_for_update(), by=Allocation.End.RELEASED, now=now)


def _leaving(line: ShopOrderLine, units: int, answered: bool) -> list[Allocation]:
    """The open allocations with which `units` leave a line whose stock record is locked: first those that the shop's
    number contains beyond what stays with the line."""
    rows = list(Allocation.objects.filter(line=line).select_for_update().order_by("pk"))
    staying = line.handed_over if answered else line.accepted
    from_contained = min(units, max(0, contained_units(line, rows) - staying))
    still_open = [row for row in rows if row.ended_at is None and row.cause == Allocation.Cause.LINE]
    reflected = [row for row in still_open if row.reflected_at is not None]
    others = [row for row in still_open if row.reflected_at is None]
    return take_from(reflected, from_contained) + take_from(others, units - from_contained)


def contained_units(line: ShopOrderLine, rows: Iterable[Allocation]) -> int:
    """Of the units that a line still has, how many the shop's number contains or will; `rows` are all its allocations.
    A declined unit was released or set apart, or had been absorbed and is no longer counted."""
    left = sum(row.units for row in rows if _has_left(row))
    reflected = sum(row.units for row in rows if row.reflected_at and not _has_left(row))
    return reflected - (line.declined - left)


def _has_left(row: Allocation) -> bool:
    return row.ended_by == Allocation.End.RELEASED or row.cause == Allocation.Cause.CANCELLED


def take_from(rows: Sequence[Allocation], units: int) -> list[Allocation]:
    """Open allocations worth `units` out of `rows`, earliest first; the last one is divided where need be."""
    taken: list[Allocation] = []
    for row in rows:
        if units <= 0:
            break
        part = row if row.units <= units else _divide(row, units)
        taken.append(part)
        units -= part.units
    return taken


def end(allocations: Iterable[Allocation], *, by: Allocation.End, now: datetime) -> int:
    """End open allocations whose stock records are locked; the counters follow. Returns units.

    Compare-and-set: where one has ended meanwhile nothing at all is changed (StockError)."""
    rows = list(allocations)
    if not rows:
        return 0
    with transaction.atomic():
        won = Allocation.objects.filter(pk__in=[row.pk for row in rows], ended_at=None).update(
            ended_at=now, ended_by=by
        )
        if won != len(rows):
            raise StockError(f"{len(rows) - won} of {len(rows)} allocations had ended already.")
        freed: Counter[int] = Counter()
        for row in rows:
            freed[row.stock_record_id] -= row.units
        count(freed)
    return sum(row.units for row in rows)


def count(deltas: Mapping[int, int]) -> None:
    """Add to the counters of locked stock records: {stock record id: units}."""
    ids = sorted(deltas)
    for start in range(0, len(ids), _BATCH):
        batch = ids[start : start + _BATCH]
        delta = Case(*(When(pk=pk, then=Value(deltas[pk])) for pk in batch), output_field=IntegerField())
        StockRecord.objects.filter(pk__in=batch).update(num_allocated=_ALLOCATED + delta)


@contextmanager
def locked(record_ids: Iterable[int], *, now: datetime) -> Iterator[dict[int, StockRecord]]:
    """A transaction that has these stock records to itself and gets them as `read` gives them. At its end titles are
    marked that are sellable now and were not, or the reverse, and incidents are opened and closed."""
    with transaction.atomic():
        ids = sorted(set(record_ids))
        if ids:
            # Of the rows alone, then read anew: joined rows would be as old as the start of a statement that waited.
            rows = StockRecord.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True)
            list(rows.values_list("pk", flat=True))
        before = read(ids)
        yield before
        after = read(ids)
        changes.mark(
            record.product_id
            for pk, record in after.items()
            if bool(sellable_now(record, now=now)) != bool(sellable_now(before[pk], now=now))
        )
        incidents.review(after.values(), now=now)


def read(record_ids: Iterable[int]) -> dict[int, StockRecord]:
    """Stock records by id, with terms, partner and shop. One query."""
    ids = list(record_ids)
    if not ids:
        return {}
    return StockRecord.objects.select_related("partner__shop", "terms").in_bulk(ids)


def sellable_now(record: StockRecord, *, now: datetime) -> int:
    """`sellable_units` of a record from `read`."""
    return sellable_units(record, shop=record.partner.shop, terms=getattr(record, "terms", None), now=now)


def _in_key_order(wanted: Sequence[tuple[int, int]]) -> dict[int, int]:
    """Units by record, the one order in which records are locked: in any other PostgreSQL deadlocks."""
    units: Counter[int] = Counter()
    for record_id, number in wanted:
        if number <= 0:
            raise ValueError(f"Nobody can hold {number} units of stock record {record_id}.")
        units[record_id] += number
    return dict(sorted(units.items()))


def _hold(units: Mapping[int, int], key: str, now: datetime, at_desk: bool) -> list[Shortage]:
    kept = Allocation.objects.filter(hold_key=key, cause=Allocation.Cause.HOLD, ended_at=None)
    held = dict(kept.values_list("stock_record_id", "units"))
    if held == units:
        return []
    if held:
        raise StockError(f"{key} holds something else already: release that first.")
    records = read(units)
    refused = [
        pk for pk, number in units.items() if pk not in records or not _take_guarded(records[pk], number, now, at_desk)
    ]
    if refused:
        left = read(refused)
        return [Shortage(pk, units[pk], sellable_now(left[pk], now=now) if pk in left else 0) for pk in refused]
    Allocation.objects.bulk_create(
        Allocation(stock_record_id=pk, units=number, cause=Allocation.Cause.HOLD, hold_key=key, created_at=now)
        for pk, number in units.items()
    )
    _mark_sold_out(units, now)
    return []


def _take_guarded(record: StockRecord, units: int, now: datetime, at_desk: bool = False) -> bool:
    """The guarded statement: it counts the units if they are there at that very moment. The row stays locked."""
    shop, terms = record.partner.shop, getattr(record, "terms", None)
    if not (is_listed(terms) if at_desk else sells(shop=shop, terms=terms, now=now)):
        return False
    if record.num_in_stock is None:
        room = Q(num_in_stock=None, allocated__lte=limit(record, shop=shop, terms=terms) - units)
    else:
        room = Q(num_in_stock__gte=F("allocated") + buffer(shop=shop, terms=terms) + units)
    guarded = StockRecord.objects.alias(allocated=_ALLOCATED).filter(room, pk=record.pk)
    return guarded.update(num_allocated=_ALLOCATED + units) == 1


def _mark_sold_out(record_ids: Iterable[int], now: datetime) -> None:
    """After units were taken: titles whose last sellable copy that was."""
    changes.mark(record.product_id for record in read(record_ids).values() if not sellable_now(record, now=now))


def _divide(row: Allocation, units: int) -> Allocation:
    """Part of an open allocation as an allocation of its own."""
    part = Allocation(
        stock_record_id=row.stock_record_id,
        units=units,
        cause=row.cause,
        hold_key=row.hold_key,
        line_id=row.line_id,
        created_at=row.created_at,
        reflected_at=row.reflected_at,
    )
    row.units -= units
    row.save(update_fields=["units"])
    part.save()
    return part
