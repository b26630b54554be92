"""At "pay": nothing changed since the reader looked, every amount frozen, every copy held, or nothing at all."""

from __future__ import annotations

import threading
from datetime import date

from django.db import connection
from django.utils import timezone

from marketplace.checkout import checkouts, delivery, ending, freezing, invariants
from marketplace.checkout.models import Checkout, CheckoutLine
from marketplace.payments.models import BankAccount
from shops.models import Allocation, Shop
from tests import factories
from tests.checkout.buying import frozen, ready, shop_with_delivery, two_shop_basket


def freeze(checkout, seen=None):
    now = timezone.now()
    return freezing.freeze_and_hold(checkout, seen=seen or checkouts.plan_of(checkout, now=now).fingerprint(), now=now)


def test_freeze_writes_every_amount_and_holds_every_copy(db):
    basket = two_shop_basket()
    checkout = ready(basket)
    plan = checkouts.plan_of(checkout, now=timezone.now())
    assert freeze(checkout) is None
    checkout.refresh_from_db()
    assert (checkout.state, checkout.total_minor, checkout.tax_minor) == ("paying", plan.total_minor, plan.tax_minor)
    lines = CheckoutLine.objects.order_by("pk")
    assert [(line.quantity, line.net_minor, line.tax_minor, line.total_minor) for line in lines] == [
        (line.quantity, line.net_minor, line.tax_minor, line.total_minor) for line in plan.lines
    ]
    assert {(line.discount_minor, line.discount_borne_by) for line in lines} == {(0, "shop")}
    assert checkouts.units_held(checkout) == {line.record.pk: line.quantity for line in plan.lines}
    assert checkout.due_at == checkout.expires_at > timezone.now()
    assert [found for check in invariants.INVARIANTS.values() for found in check()] == []


def test_freeze_again_changes_nothing(db):
    checkout = frozen(two_shop_basket())
    assert freezing.freeze_and_hold(checkout, seen="another", now=timezone.now()) is None
    assert (Allocation.objects.count(), CheckoutLine.objects.count()) == (3, 3)


def test_changed_price_is_told_before_paying(db):
    basket = two_shop_basket()
    checkout = ready(basket)
    seen = checkouts.plan_of(checkout, now=timezone.now()).fingerprint()
    record = basket.lines.first().stockrecord
    record.price += 1
    record.save()
    assert freeze(checkout, seen).reason == "changed"
    assert (Checkout.objects.get().state, Allocation.objects.count()) == ("open", 0)
    assert freeze(checkout) is None


def test_shop_that_cannot_be_paid_is_told_before_paying(db, client):
    checkout = ready(two_shop_basket())
    shop = Shop.objects.get(name="Librairie B")
    Shop.objects.filter(pk=shop.pk).update(stripe_account_ready=False)
    refusal = freeze(checkout)
    assert (refusal.reason, list(refusal.shops), Allocation.objects.count()) == ("unpayable", [shop], 0)
    page = client.get(f"/checkout/{checkout.token}/pay/", headers={"Accept-Language": "en"}).content.decode()
    assert "Librairie B cannot be paid online just now" in page
    BankAccount.objects.create(shop=shop, holder="B", iban="x", changed_at=timezone.now())
    assert checkouts.unpayable(checkouts.plan_of(checkout, now=timezone.now())) == []  # by bank
    BankAccount.objects.all().delete()
    Shop.objects.filter(pk=shop.pk).update(stripe_account_ready=True)
    assert freeze(checkout) is None


def test_quantity_that_the_shop_no_longer_has_is_told_before_paying(db):
    basket = two_shop_basket()
    checkout = ready(basket)
    seen = checkouts.plan_of(checkout, now=timezone.now()).fingerprint()
    record = basket.lines.first().stockrecord
    record.num_in_stock = 1
    record.save()
    refusal = freeze(checkout, seen)
    assert (refusal.reason, [(line.quantity, line.sellable) for line in refusal.short]) == ("short", [(2, 1)])
    assert Allocation.objects.count() == 0


def test_incomplete_empty_and_ended_are_refused(db):
    checkout = checkouts.start(two_shop_basket(), None, language="fr", now=timezone.now())
    assert freeze(checkout).reason == "incomplete"
    empty = checkouts.start(factories.basket(), None, language="fr", now=timezone.now())
    assert freeze(empty).reason == "empty"
    Checkout.objects.update(state=Checkout.State.ENDED)
    assert freeze(checkout).reason == "ended"


def test_one_basket_is_never_paid_twice_at_once(db):
    basket = two_shop_basket()
    first = ready(basket)
    second = Checkout.objects.get(pk=first.pk)
    second.pk, second.token = None, "other"
    second.save()
    checkouts.collect_everything(second, checkouts.plan_of(second, now=timezone.now()))
    assert freeze(first) is None
    assert freeze(second).reason == "ended"


def test_own_hold_is_not_a_shortage(db):
    """The last copy is held by this checkout: its plan still shows it as there."""
    shop, *_ = shop_with_delivery()
    checkout = frozen(factories.basket((factories.stock_record(shop, units=1), 1)), post=False)
    assert checkouts.plan_of(checkout, now=timezone.now()).short == []


def test_last_copy_goes_to_one_of_two_readers(committed_db):
    shop, *_ = shop_with_delivery()
    record = factories.stock_record(shop, units=1)
    checkouts_ready = [ready(factories.basket((record, 1)), post=False) for _ in range(2)]
    seen = [checkouts.plan_of(checkout, now=timezone.now()).fingerprint() for checkout in checkouts_ready]
    results: list[object] = []

    def buy(position: int) -> None:
        try:
            results.append(freeze(checkouts_ready[position], seen[position]))
        finally:
            connection.close()

    threads = [threading.Thread(target=buy, args=(position,)) for position in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(refusal.reason if refusal else "frozen" for refusal in results) == ["frozen", "short"]
    record.refresh_from_db()
    assert record.num_allocated == 1


def courier_basket(capacity: int = 1):
    """A basket of one shop whose courier has one slot a day, and what chooses its first one."""
    shop, *_ = shop_with_delivery()
    option = factories.delivery_option(shop, "courier", countries=["CA"], price_minor=500)
    for weekday in range(7):
        factories.slot(option, weekday=weekday, capacity=capacity)
    record = factories.stock_record(shop, units=3)
    return option, [factories.basket((record, 1)) for _ in range(2)]


def by_courier(basket, option):
    """A checkout that is ready to pay, in the last slot that can be chosen."""
    checkout = ready(basket)
    parcel = checkouts.plan_of(checkout, now=timezone.now()).parcels[0]
    last = delivery.choosable(next(one for one in parcel.options if one.pk == option.pk), parcel.shop, parcel.trip)[-1]
    checkouts.choose_delivery(checkout, {parcel.shop.pk: option.pk}, {parcel.shop.pk: (last.slot_id, last.day)})
    return checkout, last


def test_slot_lives_as_long_as_the_stock_that_is_held_with_it(db):
    option, (first, second) = courier_basket()
    checkout, slot = by_courier(first, option)
    rival, _ = by_courier(second, option)
    assert freeze(checkout) is None
    parcel = checkout.parcels.get()
    assert (parcel.slot_id, parcel.slot_day, parcel.expected_from) == (slot.slot_id, slot.day, slot.begins)
    # What the cheapest way of sending it would have cost: the shop has a post, too.
    assert (parcel.delivery_minor, parcel.weight_grams, parcel.standard_delivery_minor) == (500, 600, 420)
    assert freeze(rival).reason == "full"
    assert Allocation.objects.filter(ended_at=None).count() == 1  # the rival's copy is free again
    assert ending.end(checkout, now=timezone.now())
    assert freeze(rival) is None
    assert [found for check in invariants.INVARIANTS.values() for found in check()] == []


def test_slot_that_is_not_chosen_leaves_a_decision_open(db):
    option, (basket, _) = courier_basket()
    checkout, _ = by_courier(basket, option)
    checkouts.choose_delivery(checkout, {option.shop_id: option.pk})
    assert freeze(checkout).reason == "incomplete"
    another = factories.slot(factories.delivery_option(factories.shop(), "courier"), weekday=0)
    checkouts.choose_delivery(checkout, {option.shop_id: option.pk}, {option.shop_id: (another.pk, date(2026, 12, 7))})
    assert freeze(checkout).reason == "incomplete"
