"""Commission of what is paid at the counter."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from marketplace.payments import commission_tax, counter_sales, membership
from marketplace.payments.models import CounterSale, LedgerEntry, MoneyIncident
from shops import reservations
from shops.models import Shop
from tests import factories


def sold(shop: Shop, days_ago: int = 0) -> None:
    row = factories.reservation(factories.stock_record(shop, price="20.00"))
    reservations.sell(row, by="staff", now=timezone.now() - timedelta(days=days_ago))


def test_sale_of_a_day_without_a_known_tax_holds_up_no_other(db, monkeypatch):
    """Tax is that of the day of sale: rates known from today on do not say what was due before."""
    now = timezone.now()

    def rule(shop, network, minor, on):
        if shop.name == "A" and on < since:
            raise commission_tax.TaxUnknownError("no row")
        return [("CA", minor // 10)]

    monkeypatch.setattr(commission_tax, "_rules", [rule])
    since = now.date()
    late, good = factories.shop("A"), factories.shop("B")
    for shop, days_ago in ((late, 2), (good, 2), (late, 0)):
        sold(shop, days_ago)
    assert [counter_sales.book_counter_sales(now) for _ in range(2)] == [2, 0]
    assert list(CounterSale.objects.order_by("pk").values_list("shop__name", flat=True)) == ["B", "A"]
    assert MoneyIncident.objects.get().shop == late
    since = now.date() - timedelta(days=9)  # filled in: the one that waited follows
    assert counter_sales.book_counter_sales(now) == 1


def test_one_that_fails_is_told_and_the_next_is_booked(db, monkeypatch):
    first, second = factories.shop("A"), factories.shop("B")
    sold(first)
    sold(second)
    right = counter_sales.commission.at_counter

    def failing(shop, *args, **about):
        if shop.pk == first.pk:
            raise ValueError("no rule")
        return right(shop, *args, **about)

    monkeypatch.setattr(counter_sales.commission, "at_counter", failing)
    assert [counter_sales.book_counter_sales(timezone.now()) for _ in range(2)] == [1, 0]
    assert MoneyIncident.objects.filter(key__startswith="book_counter_sales:").count() == 1


def test_commission_at_the_counter_is_use_of_the_network(db):
    now = timezone.now()
    shop = factories.shop()
    sold(shop)
    counter_sales.book_counter_sales(now)
    kept = LedgerEntry.objects.get(kind="counter").amount_minor
    assert membership.use_of(now.year, currency="CAD") == {shop.pk: kept}
    assert membership.use_of(now.year - 1, currency="CAD") == {}
