"""Commission of what is paid at the counter."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from marketplace.checkout import tax
from marketplace.checkout.models import TaxRate
from marketplace.payments import counter_sales, membership
from marketplace.payments.models import CounterSale, LedgerEntry, MoneyIncident
from shops import reservations
from shops.models import Shop
from tests import factories


def sold(shop: Shop, days_ago: int = 0) -> None:
    row = factories.reservation(factories.stock_record(shop, price="20.00"))
    reservations.sell(row, by="staff", now=timezone.now() - timedelta(days=days_ago))


def test_sale_of_a_day_without_a_known_tax_holds_up_no_other(db):
    """Tax is that of the day of sale: rates filled in later do not say what was due before."""
    now = timezone.now()
    factories.network(tax_registered=True)
    unknown, known = factories.shop("A", country="CA", postcode="S7K 1A1"), factories.shop("B")
    sold(unknown, days_ago=2)
    sold(known)
    assert counter_sales.book_counter_sales(now) == 1
    assert (CounterSale.objects.get().shop, MoneyIncident.objects.get().shop) == (known, unknown)
    TaxRate.objects.create(place="CA-SK", category="service", code="GST", rate_milli=5000, since=now.date(), source="x")
    tax.forget()
    sold(unknown)
    assert [counter_sales.book_counter_sales(now) for _ in range(2)] == [1, 0]
    assert list(CounterSale.objects.order_by("pk").values_list("shop__name", flat=True)) == ["B", "A"]
    TaxRate.objects.update(since=now.date() - timedelta(days=9))
    tax.forget()
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
