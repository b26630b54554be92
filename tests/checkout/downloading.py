"""What tests of downloads share: articles that deliver themselves, bought, paid and placed."""

from __future__ import annotations

from django.utils import timezone
from oscar.apps.basket.models import Basket

from marketplace.checkout import checkouts, freezing, placing
from marketplace.checkout import invariants as of_checkout
from marketplace.checkout.models import Checkout
from marketplace.payments.models import Payment
from shops import invariants as of_shops
from shops.downloads import handing_out
from tests import factories
from tests.checkout.buying import ADDRESS, pay, shop_with_delivery


def broken() -> dict[str, list[str]]:
    checks = {**of_checkout.INVARIANTS, **of_shops.INVARIANTS}
    return {name: found for name, check in checks.items() if (found := check())}


def e_book(shop, content: str = "Il était une fois", kind: str = "file"):
    """A download of no number on a shelf, 10.00."""
    record = factories.stock_record(
        shop, factories.product(form="ebook", is_book=True), units=None, price="10.00", availability="digital"
    )
    factories.download(record, content, kind=kind)
    return record


def mixed_basket() -> Basket:
    """A paper book at 20.00 and a file from A, two licence codes from B."""
    a, *_ = shop_with_delivery("Librairie A")
    b = factories.shop("Librairie B")  # which delivers nothing
    paper = factories.stock_record(a, factories.product("Ru", is_book=True))
    return factories.basket((paper, 1), (e_book(a), 1), (e_book(b, "K-1\nK-2\nK-3", "codes"), 2))


def ready(basket: Basket, *, agreed: bool = True, shop_id: int | None = None) -> Checkout:
    now = timezone.now()
    checkout = checkouts.start(basket, None, language="en", now=now, shop_id=shop_id)
    checkouts.set_person(checkout, email="lea@example.org", name="Léa Roy")
    checkouts.set_address(checkout, ADDRESS)
    checkouts.collect_everything(checkout, checkouts.plan_of(checkout, now=now))
    if agreed:
        checkouts.agree_to_download(checkout, now=now)
    return checkout


def freeze(checkout: Checkout) -> freezing.Refusal | None:
    now = timezone.now()
    seen = checkouts.plan_of(checkout, now=now).fingerprint()
    return freezing.freeze_and_hold(checkout, seen=seen, now=now)


def paid(basket: Basket, *, shop_id: int | None = None) -> Checkout:
    checkout = ready(basket, shop_id=shop_id)
    assert freeze(checkout) is None
    amounts = {"currency": checkout.currency, "amount_minor": checkout.total_minor}
    Payment.objects.create(checkout=checkout, state=Payment.State.OPEN, session_id=f"cs_{checkout.pk}", **amounts)
    pay(checkout)
    return checkout


def placed(basket: Basket, *, shop_id: int | None = None) -> Checkout:
    checkout = paid(basket, shop_id=shop_id)
    placing.place(checkout.pk, now=timezone.now())
    handing_out.hand_out(timezone.now())
    checkout.refresh_from_db()
    return checkout
