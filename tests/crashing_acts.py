"""What people do in the story that is told again after a crash: the reader, the shops, the bank. Each does what is
missing, as who loads the page anew, and says whether there was anything to do."""

from __future__ import annotations

from datetime import datetime

from marketplace.checkout import checkouts, freezing
from marketplace.checkout.models import Checkout
from marketplace.payments import disputes, evidence, gateway, gift_card_sales, refunds
from marketplace.payments.fake_stripe import banks
from marketplace.payments.fake_stripe.database import DatabaseStore
from marketplace.payments.fake_stripe.models import FakeStripeObject
from marketplace.payments.models import Dispute, Payment, RefundRequest
from shops.models import ShopOrder, ShopOrderLine
from shops.orders import fulfilment, held
from tests.journeys import market as story

URLS = {"success_url": "http://testserver/ok/", "cancel_url": "http://testserver/back/"}


def go_to_the_payment_page(now: datetime) -> bool:
    checkout = Checkout.objects.get()
    if checkout.state not in {Checkout.State.OPEN, Checkout.State.PAYING}:
        return False
    is_open = checkout.state == Checkout.State.OPEN
    seen = checkouts.plan_of(checkout, now=now).fingerprint() if is_open else ""
    paying = freezing.pay(checkout, seen=seen, now=now, **URLS)
    assert isinstance(paying, Payment), paying
    return True


def pay(now: datetime) -> bool:
    payment = Payment.objects.get()
    unpaid = gateway.retrieve_session(payment.session_id).status == "open"
    if unpaid:
        story.pay(payment)
    return unpaid


def buy_a_gift_card(now: datetime) -> bool:
    """Somebody gives one of 25.00, mailed at once; the form is sent again after a crash."""
    how = {"buyer": ("Léa", "lea@example.org"), "recipient": ("Ada", "ada@example.org"), "once": "story"}
    purchase = gift_card_sales.start(2500, language="fr", now=now, **how)
    purchase = gift_card_sales.open_session(purchase, now=now, **URLS)
    unpaid = gateway.retrieve_session(purchase.session_id).status == "open"
    if unpaid:
        story.pay(purchase)
    return unpaid


def answer(now: datetime) -> bool:
    """The port has everything, and presses it at its desk; Mile End has one of two, and says nothing of the other."""
    answered = False
    for part in ShopOrder.objects.filter(status=ShopOrder.Status.NEW).select_related("shop"):
        if part.shop.slug != "mile":
            clerk = part.shop.members.order_by("pk")[0].user
            held.press(part, held.Press(held.Deed.ACCEPT, 0, "port"), by=clerk, now=now)
            answered = True
            continue
        line = part.lines.get()
        line.shop_order = part
        if not line.accepted:
            fulfilment.accept(line, 1, by="mile", now=now)
            answered = True
    return answered


def find_one_missing(now: datetime) -> bool:
    """After the money was captured the port does not find one of its two."""
    assert Payment.objects.get().state == Payment.State.CAPTURED
    line = ShopOrderLine.objects.get(sku="P1")
    found = not line.declined
    if found:
        fulfilment.decline(line, 1, by="port", reason="not_found", now=now)
    return found


def hand_over(now: datetime) -> bool:
    accepted = list(ShopOrder.objects.filter(status=ShopOrder.Status.ACCEPTED).select_related("shop"))
    for part in accepted:
        fulfilment.pack(part, by=part.shop.slug, now=now)
        fulfilment.hand_over(part, by=part.shop.slug, now=now, code=part.pickup_code)
    return bool(accepted)


def give_back(now: datetime) -> bool:
    """Mile End was paid, and gives 5.00 back."""
    part = ShopOrder.objects.get(shop__slug="mile")
    wanted = refunds.Wanted(RefundRequest.Kind.OTHER, part, amount_minor=500)
    asked = RefundRequest.objects.count()
    refunds.ask(Payment.objects.get(), wanted, reason="late", by=None, once="story", now=now)
    return RefundRequest.objects.count() > asked


def have_the_bank_dispute(now: datetime) -> bool:
    disputed = FakeStripeObject.objects.filter(kind="dispute").exists()
    if not disputed:
        banks.dispute(DatabaseStore(), Payment.objects.get().charge_id, int(now.timestamp()), amount_minor=1000)
    return not disputed


def hand_the_evidence_in(now: datetime) -> bool:
    dispute = Dispute.objects.get()
    wanting = not (dispute.due_at or dispute.submitted_at)
    if wanting:
        disputes.hand_in(dispute, evidence.compose(dispute), by=None, now=now)
    return wanting
