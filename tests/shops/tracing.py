"""Plays an event trace as stock-scenarios are written ("1@12", "sold A", "declined A") through the real functions.

Beside what Halles believes it keeps the truth: copies on the shelf and units of orders that will leave it. Times are
hours after midnight of day 1; a shop's number arrives when it is mentioned, "1@8" after "0@12" arrives late.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from oscar.apps.partner.models import StockRecord

from shops import absorbing, stock, withholding
from shops.models import Allocation, Shop, ShopOrder, ShopOrderLine, StockIncident
from tests import factories

DAY_1 = datetime(2026, 3, 2, tzinfo=UTC)
TOLERANCE_HOURS = 0.25
YEARS = 24 * 3650


def hours(after: float) -> datetime:
    return DAY_1 + timedelta(hours=after)


class Trace:
    """One stock record of one shop. `sellable` and `allocated` are what Halles believes, `free` is true."""

    def __init__(self, units: int, *, lag: float = 0, **columns: object):
        columns = {"complete_as_of": None, "booking_lag_minutes": round(lag * 60), "freshness_hours": YEARS} | columns
        self.shop: Shop = factories.shop(**columns)
        self.clock = 0.0
        self.record: StockRecord = factories.stock_record(self.shop, units=units, as_of=hours(0))
        self.lines: dict[str, ShopOrderLine] = {}
        self.shelf, self.outstanding = units, 0

    # What Halles believes, and what is true
    @property
    def now(self) -> datetime:
        return hours(self.clock)

    @property
    def sellable(self) -> int:
        return stock.sellable_now(stock.read([self.record.pk])[self.record.pk], now=self.now)

    @property
    def allocated(self) -> int:
        return StockRecord.objects.get(pk=self.record.pk).num_allocated or 0

    @property
    def open_incidents(self) -> int:
        return StockIncident.objects.filter(stock_record=self.record, closed_at=None).count()

    @property
    def free(self) -> int:
        return self.shelf - self.outstanding

    # Events
    def sold(self, name: str = "A", units: int = 1) -> None:
        """Held, then placed."""
        assert stock.hold([(self.record.pk, units)], key=name, now=self.now) == []
        placed = factories.order()
        made = ShopOrder.objects.create(
            order=placed, shop=self.shop, number=f"{placed.number}-A", delivery_kind="pickup", currency="CAD",
            delivery_option=factories.delivery_option(self.shop), goods_minor=0, delivery_minor=0, tax_minor=0,
            total_minor=0, created_at=self.now, answer_due_at=self.now,
        )  # fmt: skip
        self.lines[name] = ShopOrderLine.objects.create(
            shop_order=made, order_line=factories.order_line(placed, self.record, units), stock_record=self.record,
            title="t", sku="s", quantity=units, unit_price_minor=0, goods_minor=0, total_minor=0,
        )  # fmt: skip
        stock.promise(name, {self.record.pk: self.lines[name].pk}, now=self.now)
        self.outstanding += units

    def reflected(self, name: str, at: float, stamp: float | None = None) -> None:
        """The shop's word on a whole line, recorded at `at`; with its own booking stamp where it gives one."""
        self._pass(at)
        booked_at = None if stamp is None else hours(stamp)
        reflected_at = absorbing.reflection_time(self.shop, recorded_at=self.now, booked_at=booked_at)
        line = self.lines[name]
        absorbing.reflect(line, line.quantity - line.declined, reflected_at=reflected_at, now=self.now)

    def number(self, units: int, as_of: float) -> None:
        self._pass(as_of)
        absorbing.write_number(self.record, units, as_of=hours(as_of), now=self.now)

    def day_number(self, units: int, day: int) -> None:
        """A number labelled with a bare date: it may have been read when that day began, on the shop's clock."""
        as_of = (day - 1) * 24 - TOLERANCE_HOURS
        self._pass(as_of)
        absorbing.write_number(self.record, units, as_of=hours(as_of), now=self.now)

    def complete(self, at: float) -> None:
        """A complete run in which this row is as it was."""
        self._pass(at)
        absorbing.complete_run(self.shop.pk, as_of=hours(at), now=self.now)

    def declined(self, name: str, units: int = 1, *, answered: bool = False) -> None:
        line = self.lines[name]
        stock.release_line(line, units, answered=answered, now=self.now)
        line.declined += units
        line.save()
        self.outstanding -= units

    def not_found(self, name: str, units: int = 1) -> None:
        self.declined(name, units)
        withholding.withhold(self.record, units, now=self.now, by="staff")

    def till_right(self, at: float) -> None:
        self._pass(at)
        withholding.till_is_right(self.record, now=self.now, by="staff")

    def till_sale(self) -> None:
        """Someone buys a copy at the counter; its number follows when it is mentioned."""
        self.shelf -= 1

    def buffer(self, units: int) -> None:
        Shop.objects.filter(pk=self.shop.pk).update(buffer=units)

    def play(self, event: str) -> None:
        """One event in words; those it does not know are silence: time passes and nothing is said."""
        for pattern, act in _WORDS:
            found = re.fullmatch(pattern, event)
            if found:
                act(self, *found.groups())
                return
        raise ValueError(f"No such event: {event!r}.")

    def _pass(self, at: float) -> None:
        self.clock = max(self.clock, at)


def _number(text: str | None, default: float = 1) -> float:
    return default if text is None else float(text)


_TIME = r"@(\d+(?:\.\d+)?)"
_WORDS = [
    (r"sold (\w)(?: (\d+))?", lambda t, name, units: t.sold(name, int(_number(units)))),
    (rf"(?:handed over|reflected) (\w) {_TIME}", lambda t, name, at: t.reflected(name, float(at))),
    (
        rf"reflected (\w) {_TIME} stamp (\d+(?:\.\d+)?)",
        lambda t, name, at, stamp: t.reflected(name, float(at), float(stamp)),
    ),
    (rf"(\d+){_TIME}", lambda t, units, as_of: t.number(int(units), float(as_of))),
    (r"day (\d+): (\d+)", lambda t, day, units: t.day_number(int(units), int(day))),
    (rf"complete {_TIME}", lambda t, at: t.complete(float(at))),
    (rf"delta without it {_TIME}", lambda t, at: t._pass(float(at))),
    (r"push times out|look-up finds it", lambda t: None),
    (r"(?:declined|never pushed) (\w)(?: (\d+))?", lambda t, name, units: t.declined(name, int(_number(units)))),
    (r"not found (\w)", lambda t, name: t.not_found(name)),
    (rf"till right {_TIME}", lambda t, at: t.till_right(float(at))),
    (r"buffer (\d+)", lambda t, units: t.buffer(int(units))),
]


def undo(trace: Trace) -> None:
    """Undoing the run that wrote the record's number."""
    absorbing.distrust([trace.record.pk])


def open_units(trace: Trace) -> int:
    rows = Allocation.objects.filter(stock_record=trace.record, ended_at=None)
    return sum(row.units for row in rows)
