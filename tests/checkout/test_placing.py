"""Paid becomes one order, exactly once, in one transaction."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from oscar.apps.basket.models import Basket
from oscar.apps.order.models import Line, Order

from marketplace.checkout import checkouts, ending, invariants, placing
from marketplace.checkout.models import Checkout
from marketplace.foundation import network
from marketplace.foundation.mail import written
from marketplace.foundation.models import AuditEntry, MailMessage
from marketplace.payments.models import MoneyCall, Payment
from shops import stock
from shops.models import Allocation, ShopOrder, ShopOrderLine, Transmission
from shops.orders import answer_times
from tests import factories
from tests.checkout.buying import frozen, paid, pay, shop_with_delivery, two_shop_basket


def broken() -> dict[str, list[str]]:
    return {name: found for name, check in invariants.INVARIANTS.items() if (found := check())}


def test_order_is_what_was_frozen(db):
    reader = factories.user()
    checkout = paid(two_shop_basket(reader), user=reader)
    order = placing.place(checkout.pk, now=timezone.now())
    checkout.refresh_from_db()
    assert (checkout.state, checkout.order, checkout.due_at) == ("placed", order, None)
    assert (order.number, order.user, order.guest_email) == (str(100000 + checkout.pk), reader, "")
    assert int(order.total_incl_tax * 100) == checkout.total_minor
    assert int((order.total_incl_tax - order.total_excl_tax) * 100) == checkout.tax_minor
    assert [(line.partner_name, line.title, line.quantity) for line in order.lines.all()] == [
        ("Librairie A", "L'Étranger", 2),
        ("Librairie A", "Mug", 1),
        ("Librairie B", "L'Étranger", 1),
    ]
    assert (order.shipping_address.line1, order.shipping_address.postcode) == ("12, rue des Halles", "H2X 1Y4")
    assert broken() == {}


def test_two_shops_are_priced_each_by_their_own_record(db):
    """The wrong-shop price, through basket and order."""
    order = placing.place(paid(two_shop_basket()).pk, now=timezone.now())
    same_title = order.lines.filter(title="L'Étranger")
    assert [(line.partner_name, str(line.unit_price_excl_tax)) for line in same_title] == [
        ("Librairie A", "12.90"),
        ("Librairie B", "20.00"),
    ]


def test_shop_orders_transmissions_allocations_audit_and_mail(db):
    checkout = paid(two_shop_basket())
    order = placing.place(checkout.pk, now=timezone.now())
    a, b = ShopOrder.objects.order_by("pk")
    assert (a.number, b.number) == (f"{order.number}-A", f"{order.number}-B")
    assert a.total_minor + b.total_minor == checkout.total_minor
    assert (a.delivery_kind, a.pickup_code, b.delivery_kind, len(b.pickup_code)) == ("post", "", "pickup", 6)
    assert set(Transmission.objects.values_list("shop_order_id", flat=True)) == {a.pk, b.pk}
    assert set(Allocation.objects.values_list("cause", "units", "line__title", "ended_at")) == {
        ("line", 2, "L'Étranger", None),
        ("line", 1, "Mug", None),
        ("line", 1, "L'Étranger", None),
    }
    assert AuditEntry.objects.filter(action="order.place", subject_id=str(order.pk)).count() == 1
    mail = written(MailMessage.objects.get(kind="order_placed"))
    assert (mail.to, order.number in mail.subject, f"/orders/{order.number}/" in mail.text) == (
        "lea@example.org", True, True,
    )  # fmt: skip
    assert Basket.objects.get().status == Basket.SUBMITTED


def test_place_again_gives_the_same_order(db):
    checkout = paid(two_shop_basket())
    first = placing.place(checkout.pk, now=timezone.now())
    assert placing.place(checkout.pk, now=timezone.now()) == first
    assert placing.place_paid(timezone.now()) == 0
    assert (Order.objects.count(), ShopOrder.objects.count(), MailMessage.objects.count()) == (1, 2, 1)


def test_unpaid_is_not_placed(db):
    checkout = frozen(two_shop_basket())
    assert placing.place(checkout.pk, now=timezone.now()) is None
    assert placing.place(0, now=timezone.now()) is None
    assert (placing.place_paid(timezone.now()), Order.objects.count()) == (0, 0)


def test_two_workers_place_one_order(committed_db):
    checkout = paid(two_shop_basket())
    placed: list[object] = []

    def work() -> None:
        try:
            placed.append(placing.place(checkout.pk, now=timezone.now()))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [order.number for order in placed] == [str(100000 + checkout.pk)] * 4
    assert (Order.objects.count(), Line.objects.count(), ShopOrderLine.objects.count()) == (1, 3, 3)


def test_nothing_is_kept_when_placing_fails(db, monkeypatch):
    """The last statement before the commit breaks; the checkout stays paid and is tried again."""
    checkout = paid(two_shop_basket())

    def fail(*args, **kwargs):
        raise RuntimeError("no mail")

    with monkeypatch.context() as patched:
        patched.setattr("marketplace.foundation.mail.post_about", fail)
        assert placing.place_paid(timezone.now()) == 0
    checkout.refresh_from_db()
    assert (checkout.state, checkout.last_error, Order.objects.count()) == ("paid", "RuntimeError: no mail", 0)
    assert placing.place_paid(timezone.now() + timedelta(minutes=1)) == 1
    assert broken() == {}


@pytest.mark.parametrize("lines", [3, 30])
def test_placing_takes_the_same_queries_for_any_number_of_lines(db, lines):
    shops = [shop_with_delivery()[0] for _ in range(2)]
    basket = factories.basket(*((factories.stock_record(shops[i % 2]), 1) for i in range(lines)))
    checkout = paid(basket)
    network.current()
    answer_times.hours_of(shops, now=timezone.now())
    with CaptureQueriesContext(connection) as queries:
        placing.place(checkout.pk, now=timezone.now())
    statements = [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]
    assert len(statements) == 16, "\n".join(sql[:120] for sql in statements)


def expire(checkout):
    """The hold ended although the payment came: its session was thought to be over."""
    Payment.objects.filter(checkout=checkout).update(state=Payment.State.EXPIRED)
    assert ending.end(checkout, now=timezone.now())


def test_late_payment_is_placed_when_the_copies_are_still_there(db):
    checkout = frozen(two_shop_basket())
    expire(checkout)
    pay(checkout)
    assert placing.place_paid(timezone.now()) == 1
    assert Order.objects.count() == 1
    assert Allocation.objects.filter(cause="line", ended_at=None).count() == 3
    assert broken() == {}


def test_late_payment_is_given_back_when_a_copy_is_gone(db):
    checkout = frozen(two_shop_basket(units=2))
    expire(checkout)
    record = checkout.parcels.first().lines.first().stock_record
    assert stock.hold([(record.pk, 1)], key="checkout:other", now=timezone.now()) == []
    pay(checkout)
    assert placing.place_paid(timezone.now()) == 1
    checkout.refresh_from_db()
    assert (checkout.state, checkout.order, Order.objects.count()) == ("refunded", None, 0)
    call = MoneyCall.objects.get()
    assert (call.kind, call.amount_minor, call.due_at is not None) == ("cancel", checkout.total_minor, True)
    assert checkouts.units_held(checkout) == {}
    mail = MailMessage.objects.get()
    assert (mail.kind, mail.to) == ("payment_returned", "lea@example.org")


def test_what_the_reader_added_while_paying_stays_in_the_basket(db):
    basket = two_shop_basket(units=9)
    checkout = paid(basket)
    first, second, third = basket.lines.order_by("pk")
    basket.lines.filter(pk=first.pk).update(quantity=5)
    extra = factories.stock_record(checkout.parcels.first().shop)
    added = basket.lines.create(
        line_reference="x", product=extra.product, stockrecord=extra, quantity=1, price_currency="CAD"
    )
    placing.place(checkout.pk, now=timezone.now())
    basket.refresh_from_db()
    assert basket.status == Basket.OPEN
    assert dict(basket.lines.values_list("pk", "quantity")) == {first.pk: 3, added.pk: 1}
    assert {second.pk, third.pk}.isdisjoint(basket.lines.values_list("pk", flat=True))


def test_what_was_bought_leaves_the_basket_that_a_sign_in_took_it_to(db):
    basket = two_shop_basket()
    checkout = paid(basket)
    mine = Basket.objects.create(owner=factories.user())
    mine.merge(basket, add_quantities=False)
    assert mine.lines.count() == 3
    placing.place(checkout.pk, now=timezone.now())
    assert mine.lines.count() == 0


@pytest.mark.parametrize(
    ("agreed", "paid_ago", "kept"),
    [
        ({"agrees_other_shop": True}, 0, 48),
        ({"agrees_other_shop": False}, 0, 24),  # no other shop is asked: the first has its time
        ({"agrees_other_shop": True}, 5 * 24 + 1, 24),  # it could not be placed for days
    ],
)
def test_time_is_kept_for_another_shop_only_where_one_may_be_asked(db, agreed, paid_ago, kept):
    checkout, now = paid(two_shop_basket()), timezone.now()
    Checkout.objects.filter(pk=checkout.pk).update(**agreed)
    ends = now + timedelta(days=7) - timedelta(hours=paid_ago)
    Payment.objects.update(capture_before=ends)
    placing.place(checkout.pk, now=now)
    shop_order = ShopOrder.objects.first()
    assert shop_order.waits_until == ends - timedelta(hours=kept)
    assert shop_order.answer_due_at - now >= timedelta(hours=20)


def test_step_leaves_others_alone_when_one_cannot_be_placed(db):
    broken_one, good = paid(two_shop_basket()), paid(two_shop_basket())
    broken_one.parcels.update(total_minor=1)
    assert placing.place_paid(timezone.now()) == 1
    assert Checkout.objects.get(pk=good.pk).state == "placed"
    assert Checkout.objects.get(pk=broken_one.pk).last_error.startswith("SplitError")
