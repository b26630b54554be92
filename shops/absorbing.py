"""A shop's own number arrives: which one counts, and which of our units it contains (DESIGN §5).

`as_of` is the earliest moment at which a number can have been read, `reflected_at` the latest moment from which the
shop's number contains a unit; both on our clock. An allocation whose `reflected_at` is not after its record's `as_of`
ends: so a sync neither sells a copy twice nor loses one.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from oscar.apps.partner.models import StockRecord

from marketplace.catalogue import changes
from marketplace.foundation import bulk
from shops import stock
from shops.models import Allocation, Availability, Shop, ShopOrderLine, StockIncident, StockTerms
from shops.sellable import effective_as_of
from shops.systems import SYSTEMS

# What a number above zero says of a record that was sold out, or whose last number was undone.
_BACK = {Availability.TEMPORARILY_UNAVAILABLE, Availability.UNKNOWN}


def counts(number: int | None, as_of: datetime, *, stored: int | None, stored_as_of: datetime | None) -> bool:
    """Whether a number replaces the stored one: a younger one does; of equal age only a lower one."""
    if stored_as_of is None or as_of > stored_as_of:
        return True
    return as_of == stored_as_of and number is not None and (stored is None or number < stored)


def write_number(record: StockRecord, number: int | None, *, as_of: datetime, now: datetime) -> bool:
    """The shop's number for one record, None where it does not say one. False: it is older than what is stored and was
    ignored. Raises ValueError for an `as_of` in the future or a number below 0."""
    if as_of > now or (number is not None and number < 0):
        raise ValueError(f"A shop cannot have said {number} as of {as_of}: it is {now}.")
    with stock.locked([record.pk], now=now) as records:
        stored = records[record.pk]
        terms = _terms(stored)
        stored_as_of = effective_as_of(terms, stored.partner.shop)
        if not counts(number, as_of, stored=stored.num_in_stock, stored_as_of=stored_as_of):
            return False
        StockRecord.objects.filter(pk=record.pk).update(num_in_stock=number)
        values: dict[str, object] = {"as_of": as_of}
        if terms is not None and number and terms.availability in _BACK:
            values["availability"] = Availability.IN_STOCK
        StockTerms.objects.update_or_create(stock_record_id=record.pk, defaults=values)
        end_contained([record.pk], now=now)
    return True


def absorb(*, shop_id: int, as_of: datetime, now: datetime, stock_record_ids: Iterable[int] | None = None) -> int:
    """End what numbers read at `as_of` contain; incidents follow. Called in the transaction that wrote these numbers
    with their `as_of`: of a record whose stored age is less than the caller says, nothing ends. `stock_record_ids` are
    the records it wrote, and thereby locked; None means all of the shop's. Returns units."""
    ours = Allocation.objects.filter(ended_at=None, stock_record__partner__shop=shop_id)
    due = ours.filter(reflected_at__lte=as_of).values_list("stock_record_id", flat=True)
    promised = StockRecord.objects.filter(pk__in=ours.values("stock_record_id"))
    over = promised.filter(num_allocated__gt=F("num_in_stock")).values_list("pk", flat=True)
    incidents = StockIncident.objects.filter(stock_record__partner__shop=shop_id, closed_at=None)
    concerned = {*due, *over, *incidents.values_list("stock_record_id", flat=True)}
    if stock_record_ids is not None:
        concerned &= set(stock_record_ids)
    if not concerned:
        return 0
    with stock.locked(concerned, now=now):
        return end_contained(concerned, now=now)


def complete_run(
    shop_id: int, *, as_of: datetime, now: datetime, fresh_until: datetime | None = None, anew: bool = False
) -> int:
    """A complete run that was read from `as_of` on is applied whole: every record that follows runs is now at least as
    young, also those whose rows had not changed and were not written. They are sold until `fresh_until`; None: for the
    shop's `freshness_hours`. `anew`: records that did not follow before follow from now on, so that the age may go back
    to theirs. Returns units absorbed."""
    with transaction.atomic():
        shop = Shop.objects.select_for_update(no_key=True).get(pk=shop_id)
        youngest = as_of if anew else max(as_of, shop.complete_as_of or as_of)
        until = fresh_until or youngest + timedelta(hours=shop.freshness_hours)
        if (shop.complete_as_of, shop.fresh_until) != (youngest, until):
            Shop.objects.filter(pk=shop_id).update(complete_as_of=youngest, fresh_until=until)
        return absorb(shop_id=shop_id, as_of=as_of, now=now)


def distrust(stock_record_ids: Iterable[int]) -> int:
    """The run that wrote these numbers is undone. Their quantity is not put back, for what it absorbed stays absorbed;
    nothing is sold until the next number. The age stays, so that no older number comes back. Returns how many. One
    statement however many; the numbers themselves do not change, so that no incident opens or ends."""
    among, ids = bulk.among(sorted(set(stock_record_ids)))
    with transaction.atomic():
        products = bulk.rows((_LOCK if bulk.is_postgres() else _READ).format(among=among), ids)
        changes.mark(product_id for (product_id,) in products)
        return bulk.execute(_DISTRUST.format(among=among), ids)


_READ = "SELECT product_id FROM partner_stockrecord WHERE id {among} ORDER BY id"
_LOCK = f"{_READ} FOR NO KEY UPDATE"
_DISTRUST = """
INSERT INTO shops_stockterms (stock_record_id, condition, signed, first_edition, note, availability, days, available_on,
    as_of, follows_runs, buffer, open_limit, retired_at, price_kind)
SELECT k.id, 'new', false, false, '', 'unknown', NULL, NULL, s.complete_as_of, false, NULL, 1, NULL, 'retail'
FROM partner_stockrecord k JOIN shops_shop s ON s.partner_id = k.partner_id WHERE k.id {among}
ON CONFLICT (stock_record_id) DO UPDATE SET availability = 'unknown', follows_runs = false,
    as_of = CASE WHEN shops_stockterms.follows_runs AND excluded.as_of IS NOT NULL
        AND COALESCE(shops_stockterms.as_of < excluded.as_of, true) THEN excluded.as_of ELSE shops_stockterms.as_of END
"""


def reflection_time(shop: Shop, *, recorded_at: datetime, booked_at: datetime | None = None) -> datetime:
    """The latest moment from which the shop's number contains a line: when we recorded its word, plus its booking lag;
    or, if earlier, its own booking stamp (on its clock) plus clock tolerance and lag."""
    lag = timedelta(minutes=shop.booking_lag_minutes)
    if booked_at is None:
        return recorded_at + lag
    return min(recorded_at, booked_at + timedelta(minutes=settings.CLOCK_TOLERANCE_MINUTES)) + lag


def rung_up_lag(shop: Shop) -> timedelta:
    """The booking lag of what a person rings up. A system that books our orders itself, and therefore at once, knows of
    nothing else before somebody has told it: that may take a day (DESIGN §5)."""
    lag = timedelta(minutes=shop.booking_lag_minutes)
    return max(lag, timedelta(days=1)) if shop.channel in SYSTEMS else lag


def rung_up_time(shop: Shop, *, recorded_at: datetime) -> datetime:
    """`reflection_time` of what a person rings up."""
    return recorded_at + rung_up_lag(shop)


def reflect(line: ShopOrderLine, units: int, *, reflected_at: datetime, now: datetime) -> int:
    """Record that `units` of a line, in total, are in the shop's number from `reflected_at` on (saying it again changes
    nothing), and end at once what the stored number contains already. Returns units ended."""
    if line.stock_record_id is None:
        return 0
    with transaction.atomic():
        # The age of its complete runs must not move between recording and testing; shop before stock record.
        keepers = Shop.objects.select_for_update(no_key=True, of=("self",))
        keepers.get(partner__stockrecords=line.stock_record_id)
        with stock.locked([line.stock_record_id], now=now):
            rows = list(Allocation.objects.filter(line=line).select_for_update().order_by("pk"))
            missing = units - stock.contained_units(line, rows)
            ours = [row for row in rows if row.ended_at is None and row.cause == Allocation.Cause.LINE]
            unreflected = [row for row in ours if row.reflected_at is None]
            part = stock.take_from(unreflected, missing)
            Allocation.objects.filter(pk__in=[row.pk for row in part]).update(reflected_at=reflected_at)
            return end_contained([line.stock_record_id], now=now)


def reflect_hold(
    key: str, *, reflected_at: datetime, now: datetime, cause: Allocation.Cause = Allocation.Cause.HOLD
) -> int:
    """Record that what is held under `key` is in the shop's number from `reflected_at` on, where nothing earlier was
    recorded, and what it is from now on. Returns units that the stored number contains already."""
    held = Allocation.objects.filter(hold_key=key, cause=Allocation.Cause.HOLD, ended_at=None)
    record_ids = sorted(set(held.values_list("stock_record_id", flat=True)))
    with transaction.atomic():
        shops = Shop.objects.select_for_update(no_key=True).order_by("pk")
        list(shops.filter(partner_id__in=StockRecord.objects.filter(pk__in=record_ids).values("partner_id")))
        with stock.locked(record_ids, now=now):
            held.filter(reflected_at=None).update(reflected_at=reflected_at)
            held.update(cause=cause)
            return end_contained(record_ids, now=now)


def end_contained(stock_record_ids: Iterable[int], *, now: datetime) -> int:
    """The test itself, for locked records: ends the open allocations that their stored number contains."""
    records = stock.read(stock_record_ids)
    rows = Allocation.objects.filter(stock_record_id__in=records, ended_at=None, reflected_at__isnull=False)
    return stock.end(
        (row for row in rows.select_for_update() if _is_contained(row, records[row.stock_record_id])),
        by=Allocation.End.ABSORBED,
        now=now,
    )


def _is_contained(row: Allocation, record: StockRecord) -> bool:
    as_of = effective_as_of(_terms(record), record.partner.shop)
    return as_of is not None and row.reflected_at is not None and row.reflected_at <= as_of


def _terms(record: StockRecord) -> StockTerms | None:
    return getattr(record, "terms", None)
