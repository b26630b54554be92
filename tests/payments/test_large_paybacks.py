"""Above the network's limit a gift card goes back, and a refund counts as paid from the bank, once two agree."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace.foundation import network
from marketplace.foundation.models import AuditEntry, Network
from marketplace.models import User
from marketplace.payments import gift_card_sales, large_paybacks, refunds
from marketplace.payments.fake_stripe import banks
from marketplace.payments.fake_stripe.database import DatabaseStore
from marketplace.payments.gift_cards import GiftCardError
from marketplace.payments.models import GiftCard, GiftCardPurchase, MoneyCall, Payment, ProposedPayback, RefundRequest
from marketplace.payments.refunds import RefundError, Wanted
from tests import factories
from tests.payments import paying

pytestmark = pytest.mark.django_db
LIMIT = 1000


@pytest.fixture(autouse=True)
def _limit(db):
    network.current()
    Network.objects.update(refund_two_above_minor=LIMIT)
    network.forget()


@pytest.fixture
def two(db) -> tuple[User, User]:
    return tuple(factories.operator(f"{name}@example.org") for name in ("ada", "max"))


def bought(amount: int) -> GiftCardPurchase:
    now = timezone.now()
    how = {"buyer": ("Léa", "lea@example.org"), "once": f"x{amount}", "now": now, "language": "en"}
    urls = {"success_url": "http://testserver/", "cancel_url": "http://testserver/"}
    purchase = gift_card_sales.open_session(gift_card_sales.start(amount, **how), now=now, **urls)
    paying.pay(purchase)
    gift_card_sales.refresh(purchase, now=now)
    return GiftCardPurchase.objects.get(pk=purchase.pk)


def came_back(payment: Payment, amount: int) -> MoneyCall:
    """A refund that the reader's bank sent back."""
    now = timezone.now()
    asked = {"reason": "damp", "by": None, "once": f"r{amount}", "now": now}
    made = refunds.ask(payment, Wanted(RefundRequest.Kind.OTHER, amount_minor=amount), **asked)
    paying.work(now)
    call = MoneyCall.objects.get(kind="refund", request=made)
    banks.fail_refund(DatabaseStore(), call.stripe_id, int(now.timestamp()))
    paying.work(now)
    return call


def test_card_above_the_limit_waits_for_another(two):
    purchase = bought(LIMIT + 100)
    ask = {"by": two[0], "reason": "operator", "now": timezone.now()}
    asked = large_paybacks.pay_back_card(purchase, **ask)
    assert large_paybacks.pay_back_card(purchase, **ask) == asked, "asked once"
    assert GiftCard.objects.get().balance_minor == LIMIT + 100
    with pytest.raises(RefundError):
        large_paybacks.approve(asked, by=two[0], now=timezone.now())
    large_paybacks.approve(asked, by=two[1], now=timezone.now() + timedelta(days=20))  # it was asked for in time
    purchase.refresh_from_db()
    assert (purchase.state, purchase.refunded_by, GiftCard.objects.get().balance_minor) == ("refunding", two[0], 0)
    for late in (large_paybacks.approve, large_paybacks.refuse):
        with pytest.raises(RefundError):
            late(asked, by=two[1], now=timezone.now())
    trail = AuditEntry.objects.filter(action__startswith="payment.payback_").order_by("pk")
    assert list(trail.values_list("action", "actor")) == [
        ("payment.payback_ask", two[0].pk),
        ("payment.payback_approve", two[1].pk),
    ]


def test_card_up_to_the_limit_goes_back_at_once(two):
    purchase = bought(LIMIT)
    assert large_paybacks.pay_back_card(purchase, by=two[0], reason="operator", now=timezone.now()) is None
    with pytest.raises(GiftCardError):
        large_paybacks.pay_back_card(purchase, by=two[0], reason="operator", now=timezone.now())
    assert not ProposedPayback.objects.exists()


def test_card_that_was_used_meanwhile_does_not_go_back(two):
    purchase = bought(LIMIT + 100)
    asked = large_paybacks.pay_back_card(purchase, by=two[0], reason="operator", now=timezone.now())
    GiftCard.objects.update(balance_minor=5)
    with pytest.raises(GiftCardError):
        large_paybacks.approve(asked, by=two[1], now=timezone.now())
    assert large_paybacks.waiting() == [asked]
    large_paybacks.refuse(asked, by=two[0], now=timezone.now())
    assert large_paybacks.waiting() == []


def test_payment_from_the_bank_above_the_limit_in_all_is_said_by_two(two):
    payment = paying.captured(timezone.now() - timedelta(minutes=1))
    first, second = came_back(payment, 600), came_back(payment, 500)
    say = {"by": two[0], "how": "transfer of 2 March", "now": timezone.now()}
    assert large_paybacks.paid_from_bank(first, **say) is None
    asked = large_paybacks.paid_from_bank(second, **say)
    assert (asked.amount_minor, refunds.failed()) == (500, [second])
    with pytest.raises(RefundError):
        large_paybacks.paid_from_bank(first, **say)
    large_paybacks.approve(asked, by=two[1], now=timezone.now())
    assert refunds.failed() == []
    entry = AuditEntry.objects.filter(action="payment.refund_elsewhere").latest("pk")
    assert entry.actor == two[0]


def test_refund_that_was_tried_again_meanwhile_is_not_noted(two):
    payment = paying.captured(timezone.now() - timedelta(minutes=1))
    call = came_back(payment, LIMIT + 1)
    asked = large_paybacks.paid_from_bank(call, by=two[0], how="transfer", now=timezone.now())
    refunds.try_again(call, by=two[0], now=timezone.now())
    with pytest.raises(RefundError):
        large_paybacks.approve(asked, by=two[1], now=timezone.now())


def test_without_a_limit_one_is_enough(two):
    Network.objects.update(refund_two_above_minor=0)
    network.forget()
    call = came_back(paying.captured(timezone.now() - timedelta(minutes=1)), 1500)
    assert large_paybacks.paid_from_bank(call, by=two[0], how="transfer", now=timezone.now()) is None
