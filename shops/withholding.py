"""Units that are not where the shop's number says: kept back until its till is right, or for 7 days (DESIGN §5).

Withholding never raises a number, and is no number itself: a count of the shelf is not what the shop's feed counts.

What its shop takes out of an order in its own system is in that system's number again, and its reader's still until a
person answers the line: so long it is kept back too, under a key of its own. Nobody's word about a shelf, no number and
no week ends that; an answer does, or that it is in the order again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet, Sum
from oscar.apps.partner.models import StockRecord

from marketplace.foundation import audit
from shops import absorbing, sellable, stock
from shops.models import Allocation, Cancellation, ShopOrderLine
from shops.models_stock import TAKEN_OUT

LONGEST = timedelta(days=7)
_BATCH = 200
_OPEN = {"cause": Allocation.Cause.NOT_FOUND, "ended_at": None}


def withhold(
    record: StockRecord, units: int, *, now: datetime, by: object, reflected_at: datetime | None = None
) -> None:
    """Keep back units that staff did not find. `reflected_at` where they know that the till has them off already."""
    if units <= 0:
        return
    with stock.locked([record.pk], now=now) as records:
        _keep_back(records[record.pk], units, by=by, created_at=now, reflected_at=reflected_at)


def _keep_back(locked: StockRecord, units: int, *, by: object, **columns: object) -> None:
    Allocation.objects.create(stock_record=locked, units=units, cause=Allocation.Cause.NOT_FOUND, **columns)
    stock.count({locked.pk: units})
    audit.record("stock.withhold", locked, by=by, shop_id=locked.partner.shop.pk, units=units)


def withhold_to_shelf(record: StockRecord, left: int, *, now: datetime, by: object) -> int:
    """ "Only `left` on the shelf", those set aside for orders included: keep back what the shop's number has beyond
    that. Returns units kept back now."""
    with stock.locked([record.pk], now=now) as records:
        stored = records[record.pk]
        if stored.num_in_stock is None:
            return 0
        not_found = Allocation.objects.filter(stock_record=record, **_OPEN).exclude(hold_key__startswith=TAKEN_OUT)
        withheld = not_found.aggregate(units=Sum("units"))["units"] or 0
        units = stored.num_in_stock + _set_aside(stored) + _coming_back(stored) - left - withheld
        withhold(record, units, now=now, by=by)
        return max(0, units)


def till_is_right(record: StockRecord, *, now: datetime, by: object) -> int:
    """Staff say that their system shows the right number from now on: the next number read contains what was withheld.
    Returns units concerned."""
    with stock.locked([record.pk], now=now) as records:
        found = Allocation.objects.filter(stock_record=record, reflected_at=None, hold_key="", **_OPEN)
        rows = list(found.select_for_update())
        if not rows:
            return 0
        Allocation.objects.filter(pk__in=[row.pk for row in rows]).update(reflected_at=now)
        absorbing.end_contained([record.pk], now=now)
        units = sum(row.units for row in rows)
        audit.record("stock.till_right", record, by=by, shop_id=records[record.pk].partner.shop.pk, units=units)
        return units


def end_withheld(now: datetime) -> int:
    """Step: what nobody spoke of again for 7 days is believed to be there. Returns how many records were concerned."""
    old = Allocation.objects.filter(reflected_at=None, hold_key="", created_at__lte=now - LONGEST, **_OPEN)
    ids = sorted(set(old.order_by("stock_record_id").values_list("stock_record_id", flat=True)[:_BATCH]))
    for record_id in ids:
        with stock.locked([record_id], now=now) as records:
            units = stock.end(
                old.filter(stock_record_id=record_id).select_for_update(), by=Allocation.End.RELEASED, now=now
            )
            shop_id = records[record_id].partner.shop.pk
            audit.record("stock.withheld_ended", records[record_id], shop_id=shop_id, units=units)
    return len(ids)


def keep_taken_out(line: ShopOrderLine, units: int, *, reflected_at: datetime, by: object, now: datetime) -> None:
    """So many units of a line, in all, are not in the shop's order any more, in its own system: what its number
    contained of them is kept back. What is in the order again is in the number from `reflected_at` on."""
    if line.stock_record_id is None or not (units or _kept(line).exists()):
        return
    with stock.locked([line.stock_record_id], now=now) as records:
        kept = list(_kept(line).select_for_update().order_by("pk"))
        contained = stock.contained_units(line, Allocation.objects.filter(line=line)) - line.handed_over
        more = min(units, max(0, contained)) - sum(row.units for row in kept)
        if more > 0:
            its_own = {"hold_key": _key(line), "created_at": now}
            _keep_back(records[line.stock_record_id], more, by=by, **its_own)
        _contain(stock.take_from(kept, -more), reflected_at)


def answered(line: ShopOrderLine, units: int, *, now: datetime) -> None:
    """So many units leave a line: of those that its shop had taken out its number is right."""
    if line.stock_record_id is not None and _kept(line).exists():
        with stock.locked([line.stock_record_id], now=now):
            kept = list(_kept(line).select_for_update().order_by("pk"))
            stock.end(stock.take_from(kept, units), by=Allocation.End.RELEASED, now=now)


def handed_over(line: ShopOrderLine, *, reflected_at: datetime, now: datetime) -> None:
    """More has left the shop than its order there had: its number contains that from `reflected_at` on."""
    if line.stock_record_id is not None and _kept(line).exists():
        with stock.locked([line.stock_record_id], now=now):
            kept = list(_kept(line).select_for_update().order_by("pk"))
            gone = sum(row.units for row in kept) - (line.left_units - line.handed_over)
            _contain(stock.take_from(kept, gone), reflected_at)


def _kept(line: ShopOrderLine) -> QuerySet[Allocation]:
    return Allocation.objects.filter(hold_key=_key(line), **_OPEN)


def _key(line: ShopOrderLine) -> str:
    return f"{TAKEN_OUT}{line.pk}"


def _contain(rows: Iterable[Allocation], reflected_at: datetime) -> None:
    keys = [row.pk for row in rows]
    Allocation.objects.filter(pk__in=keys).update(reflected_at=reflected_at, hold_key="")


def _set_aside(record: StockRecord) -> int:
    """Copies still on the shelf that the shop's number has taken off already: of lines that were accepted, where
    acceptance reserves, and of those that its system has booked, answered or not, but what it took out of them again.
    What was handed over was taken off first."""
    open_ = Allocation.objects.filter(stock_record=record, hold_key__startswith=TAKEN_OUT, **_OPEN)
    taken_out: Counter[str] = Counter()
    for key, units in open_.values_list("hold_key", "units"):
        taken_out[key] += units
    lines = ShopOrderLine.objects.filter(stock_record=record, quantity__gt=F("declined") + F("handed_over"))
    total = 0
    for line in lines.prefetch_related("allocations"):
        contained = _absorbed(line) - taken_out[_key(line)]
        total += max(0, min(line.left_units, contained) - line.handed_over)
    return total


def _coming_back(record: StockRecord) -> int:
    """Copies that readers took back, or did not come for, and that the shop's number had taken off already and has off
    still: it has them again from when they were put back on, and its booking lag."""
    shop = record.partner.shop
    rows = Cancellation.objects.filter(line__stock_record=record)
    if as_of := sellable.effective_as_of(getattr(record, "terms", None), shop):
        since = as_of - timedelta(minutes=shop.booking_lag_minutes)
        rows = rows.filter(Q(put_back_at=None) | Q(put_back_at__gt=since))
    units = Counter[int]()
    for line_id, taken in rows.values_list("line_id", "units"):
        units[line_id] += taken
    lines = ShopOrderLine.objects.filter(pk__in=units).prefetch_related("allocations")
    return sum(max(0, min(units[line.pk], _absorbed(line) - line.left_units)) for line in lines)


def _absorbed(line: ShopOrderLine) -> int:
    """Of its units, those that the shop's number has taken off; its allocations are prefetched."""
    return sum(row.units for row in line.allocations.all() if row.ended_by == Allocation.End.ABSORBED)
