"""What checkout tests share: two shops, a basket over both, a checkout that is ready to pay."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from oscar.apps.basket.models import Basket

from marketplace.checkout import checkouts, freezing
from marketplace.checkout.models import Checkout
from marketplace.payments.models import Payment
from shops.models import DeliveryOption
from tests import factories

ADDRESS = {
    "line1": "12, rue des Halles",
    "line2": "",
    "city": "Montréal",
    "region": "QC",
    "postcode": "H2X 1Y4",
    "country": "CA",
}


def shop_with_delivery(name: str = "", **columns):
    """A shop with a free pick-up and post at 4.20 in Canada."""
    made = factories.shop(name, **columns)
    pickup = factories.delivery_option(made, position=0)
    post = factories.delivery_option(
        made, DeliveryOption.Kind.POST, name_fr="Poste", name_en="Post", price_minor=420, countries=["CA"], position=1
    )
    return made, pickup, post


def two_shop_basket(owner=None, units: int = 3) -> Basket:
    """Three lines from two shops: 2 × 12.90 and 8.00 from A, 20.00 from B (the same title as A's first)."""
    a, *_ = shop_with_delivery("Librairie A")
    b, *_ = shop_with_delivery("Librairie B")
    title = factories.product("L'Étranger", is_book=True)
    mug = factories.product("Mug", is_book=False)
    return factories.basket(
        (factories.stock_record(a, title, price="12.90", units=units), 2),
        (factories.stock_record(a, mug, price="8.00", units=units), 1),
        (factories.stock_record(b, title, price="20.00", units=units), 1),
        owner=owner,
    )


def ready(basket: Basket, *, post: bool = True, user=None, now=None) -> Checkout:
    """A checkout whose every decision is made: A's part by post (or collected), B's collected."""
    now = now or timezone.now()
    checkout = checkouts.start(basket, user, language="en", now=now)
    checkouts.set_person(checkout, email="lea@example.org", name="Léa Roy")
    plan = checkouts.plan_of(checkout, now=now)
    checkouts.collect_everything(checkout, plan)
    if post:
        checkouts.set_address(checkout, ADDRESS)
        checkouts.choose_delivery(checkout, {plan.parcels[0].shop.pk: plan.parcels[0].options[1].pk})
    return checkout


def frozen(basket: Basket, **options) -> Checkout:
    """Frozen, its stock held, its payment open; without a payment page."""
    now = options.get("now") or timezone.now()
    checkout = ready(basket, **options)
    seen = freezing.shown(checkouts.plan_of(checkout, now=now), 0)
    assert freezing.freeze_and_hold(checkout, seen=seen, now=now) is None
    Payment.objects.create(
        checkout=checkout,
        state=Payment.State.OPEN,
        currency=checkout.currency,
        amount_minor=checkout.total_minor,
        session_id=f"cs_{checkout.pk}",
        session_url=f"https://pay.example.org/{checkout.pk}",
    )
    return checkout


def paid(basket: Basket, **options) -> Checkout:
    checkout = frozen(basket, **options)
    pay(checkout)
    return checkout


def pay(checkout: Checkout) -> None:
    """As the events step records it."""
    now = timezone.now()
    Payment.objects.filter(checkout=checkout).update(
        state=Payment.State.AUTHORISED, intent_id="pi_1", paid_at=now, capture_before=now + timedelta(days=7)
    )
    Checkout.objects.filter(pk=checkout.pk).update(state=Checkout.State.PAID, due_at=now)
    checkout.refresh_from_db()
