"""Reports say what the order lines say, however often they are summed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from marketplace.payments import captures, commission, refunds, sales
from marketplace.payments.models import DailySales
from marketplace.payments.refunds import Wanted
from shops.models import ShopOrder, ShopOrderLine
from tests import factories
from tests.payments import paying

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def sold():
    """A: 3 copies of F in February, one declined; 1 of X in March. B: 1 without facts in February, 1 declined whole."""
    one, two = factories.shop("A"), factories.shop("B")
    february, march = datetime(2026, 2, 28, 23, 59, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)
    fiction = factories.stock_record(one, factories.product(subject_codes=["FBA"]), price="10.01")
    comics = factories.stock_record(one, factories.product(subject_codes=["XA"]))
    other = factories.stock_record(two)
    parts = [
        factories.shop_order(one, (fiction, 3), created_at=february),
        factories.shop_order(one, (comics, 1), created_at=march),
        factories.shop_order(two, (other, 1), (factories.stock_record(two), 1), created_at=february),
    ]
    for part in parts:
        commission.frozen(list(part.lines.all()))
    parts[0].lines.update(declined=1, tax_rate_milli=5500, tax_minor=157)
    ShopOrderLine.objects.filter(pk=parts[2].lines.last().pk).update(declined=1)


def found(by: str, **which: object) -> list[tuple]:
    rows = sales.report(by, date(2026, 1, 1), date(2026, 12, 31), currency="CAD", **which)
    return [(row.group, row.lines, row.units, row.goods_minor, row.tax_minor, row.commission_minor) for row in rows]


def test_sums_are_those_of_the_lines_by_each_group(sold):
    assert sales.sum_sales(NOW) == 3
    # 3003 less ⌊3003/3⌋; tax 157 less ⌊157/3⌋; commission 240 less 80
    february, march = (1, 2, 2002, 105, 160), (1, 1, 2000, 0, 160)
    assert found("shop") == [("A", 2, 3, 4002, 105, 320), ("B", 1, 1, 2000, 0, 160)]
    assert found("subject") == [("", 1, 1, 2000, 0, 160), ("FB", *february), ("XA", *march)]
    assert found("tax") == [(0, 2, 2, 4000, 0, 320), (5500, *february)]
    assert [row[:2] for row in found("month")] == [(date(2026, 2, 1), 2), (date(2026, 3, 1), 1)]
    assert found("day", subject="F") == [(date(2026, 2, 28), *february)]


def test_sums_are_made_anew_each_hour_and_stay_the_same(sold):
    steps = [sales.sum_sales(NOW + timedelta(minutes=minutes)) for minutes in (0, 59, 61)]
    assert steps == [3, 0, 3]
    before = found("shop")
    ShopOrderLine.objects.update(declined=0)
    sales.sum_sales(NOW + timedelta(hours=3))
    assert (before != found("shop"), found("shop")[1][1], DailySales.objects.count()) == (True, 2, 3)


def test_what_changes_while_a_day_is_summed_is_summed_next(sold, monkeypatch):
    later, real = NOW + timedelta(days=100), sales._sums
    part = ShopOrder.objects.get(shop__name="B")

    def sums(first, last):
        rows = real(first, last)
        if part.created_at.date() == last and part.lines.first().declined == 0:
            part.lines.update(declined=1)  # a decline that is committed between reading and writing
            sales.changed([part.created_at])
        return rows

    monkeypatch.setattr(sales, "_sums", sums)
    sales.sum_sales(later)
    assert [row[0] for row in found("shop")] == ["A", "B"]
    assert sales.sum_sales(later + timedelta(minutes=5)) > 0
    assert [row[0] for row in found("shop")] == ["A"]


def test_sums_read_before_another_process_began_are_not_written_over_its_own(sold, monkeypatch):
    real, day = sales._sums, date(2026, 2, 28)

    def other_is_quicker(first, last):
        rows = real(first, last)
        monkeypatch.setattr(sales, "_sums", real)
        ShopOrderLine.objects.update(declined=1, quantity=4)
        sales.refresh(day, day, now=NOW)
        return rows

    monkeypatch.setattr(sales, "_sums", other_is_quicker)
    sales.refresh(day, day, now=NOW)
    assert [row[:3] for row in found("shop")] == [("A", 1, 3), ("B", 2, 6)]


def test_day_is_summed_anew_however_old_when_something_of_it_changes():
    later = datetime.now(UTC)
    then = later - timedelta(days=100)
    payment = paying.captured(later)
    ShopOrder.objects.update(created_at=then)
    sales.sum_sales(later)
    part = paying.parts_of(payment)[0]
    line = part.lines.first()
    paying.answer(payment, 0, 1, 0)  # 12.50 of A is cancelled long after
    captures.settle_answers(later)
    for number, wanted in enumerate(
        (Wanted("line", part, line, units=1), Wanted("other", part, amount_minor=100), Wanted("other", amount_minor=7))
    ):
        refunds.ask(payment, wanted, reason="x", by=None, once=str(number), now=later)
    sales.sum_sales(later)
    rows = sales.report("shop", then.date(), later.date(), currency="CAD")
    assert [(row.group[-1], row.total_minor, row.given_back_minor) for row in rows] == [
        ("A", 2400, 1050 + 100), ("B", 2490, 0)
    ]  # fmt: skip
