"""Dues, the yearly dividend, the solidarity pool."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import translation

from marketplace.payments import commission_tax, ledger, membership
from marketplace.payments.chart import UnknownAccountError
from marketplace.payments.models import DividendShare, Dues, LedgerEntry
from tests import factories

NOW = factories.NOON  # 2 March 2026


@pytest.fixture(autouse=True)
def english():
    """What is said is compared."""
    with translation.override("en"):
        yield


@pytest.mark.parametrize(
    ("day", "every", "expected"),
    [
        (date(2026, 1, 1), "month", date(2026, 2, 1)),
        (date(2026, 1, 31), "month", date(2026, 2, 28)),
        (date(2026, 11, 30), "quarter", date(2027, 2, 28)),
        (date(2026, 12, 1), "month", date(2027, 1, 1)),
        (date(2028, 2, 29), "year", date(2029, 2, 28)),
    ],
)
def test_after_is_the_same_day_of_the_next_period(day, every, expected):
    assert membership.after(day, every) == expected


def test_dues_are_charged_once_for_each_period_with_their_tax(db, monkeypatch):
    monkeypatch.setattr(commission_tax, "_rules", [lambda shop, network, minor, on: [("CA", minor // 20), ("X", 0)]])
    shop = factories.shop()
    Dues.objects.create(
        shop=shop, amount_minor=2000, currency="CAD", next_on=date(2026, 1, 1), ends_on=date(2026, 2, 1)
    )
    assert [membership.charge_dues(NOW) for _ in range(4)] == [1, 1, 0, 0]  # March begins after its end
    assert ledger.balances(currency="CAD") == {"dues": -4000, f"shop:{shop.pk}": 4200, "tax:CA": -200}
    assert Dues.objects.get().next_on == date(2026, 3, 1)


def kept(shop, minor: int, at) -> None:
    """The network kept so much of a sale of this shop."""
    part = factories.shop_order(shop, (factories.stock_record(shop), 1))
    common = {"amount_minor": minor, "currency": "CAD", "cause": "test", "now": at, "shop_order": part}
    ledger.post("commission", debit="orders", credit="commission", key=f"kept:{part.pk}", **common)


def test_dividend_is_shared_by_what_the_year_brought_and_only_once(db):
    one, two, three = (factories.shop() for _ in range(3))
    for shop, minor in ((one, 100), (one, 100), (two, 100), (three, 0)):
        kept(shop, minor, NOW - timedelta(days=100))
    kept(two, 9999, NOW)  # this year's
    shared = membership.declare_dividend(2025, 1000, currency="CAD", by=None, now=NOW)
    found = DividendShare.objects.order_by("pk").values_list("shop", "used_minor", "amount_minor")
    assert list(found) == [(one.pk, 200, 667), (two.pk, 100, 333)]
    assert (ledger.balance("dividends", currency="CAD"), shared.year) == (1000, 2025)
    for year, surplus, said in (
        (2025, 1000, "already"),
        (2026, 1, "not over"),
        (2024, 1, "nobody"),
        (2025, 0, "no surplus"),
    ):
        with pytest.raises(membership.DividendError, match=said):
            membership.declare_dividend(year, surplus, currency="CAD", by=None, now=NOW)


def test_pool_is_shared_to_the_last_cent_and_once_under_its_name(db):
    shops = [factories.shop() for _ in range(3)]
    order = factories.order()
    membership.put_into_pool(100, order_id=order.pk, currency="CAD", key="1", cause="e-book", now=NOW)
    assert [
        list(membership.share_pool(shops, currency="CAD", key=key, by=None, now=NOW, weights=weights).values())
        for key, weights in (("a", ()), ("a", ()), ("b", (1, 0, 0)))
    ] == [[34, 33, 33], [], [0, 0, 0]]
    assert ledger.balance("pool", currency="CAD") == 0


def test_nothing_is_posted_to_an_account_that_is_in_no_chart(db):
    for wrong in ("shop", "shop:", "tips", "orders:1"):
        with pytest.raises(UnknownAccountError):
            ledger.post("x", debit="stripe", credit=wrong, amount_minor=1, currency="CAD", key="x", cause="x", now=NOW)
    assert not LedgerEntry.objects.exists()
