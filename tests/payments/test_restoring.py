"""After a restore from a backup row ids are given again, to other readers, while Stripe still has the objects and the
answers of the lost rows: neither is taken for the other."""

from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace.payments import accounts, gateway, gift_card_sales, incidents, sweeping
from marketplace.payments.models import GiftCardPurchase, LedgerEntry, MoneyCall, Payment
from shops.models import Shop, ShopOrder
from tests import factories
from tests.payments import paying
from tests.payments.test_gift_card_sales import bought

pytestmark = pytest.mark.django_db
State = Payment.State
WEEK = timedelta(days=7)
DAY = timedelta(days=1)


def restored(payment: Payment, **columns) -> Payment:
    """What came after the backup is lost, then its ids are given again. Checkout and order stand for those that are
    made anew with the same ids and numbers."""
    for lost in (LedgerEntry.objects.all(), MoneyCall.objects.all(), Payment.objects.filter(pk=payment.pk)):
        lost._raw_delete("default")
    ShopOrder.objects.update(booked_at=None)
    kept = {"checkout_id": payment.checkout_id, "currency": payment.currency, "amount_minor": payment.amount_minor}
    return Payment.objects.create(pk=payment.pk, expires_at=payment.expires_at, **kept, **columns)


def told() -> list[str]:
    return sorted(incident.text.split(" ")[0] for incident in incidents.running())


def test_page_that_another_reader_paid_is_not_this_readers():
    now, made = timezone.now(), paying.checkout()
    lost = paying.opened(made)
    paying.pay(lost)
    payment = restored(lost)
    assert (payment.pk, payment.reference == lost.reference) == (lost.pk, False)
    assert paying.sessions.refresh(payment, now=now).state == State.NEW  # nor is it found when it is looked for
    payment = paying.opened(made)
    assert payment.session_id not in ("", lost.session_id)
    sweeping.sweep(now)
    assert paying.sessions.refresh(payment, now=now).state == State.OPEN
    assert f"session {lost.session_id} of a checkout that is not here" in incidents.running()[0].text


def test_reference_that_comes_again_mixes_two_readers_up():
    """Negative control."""
    made = paying.checkout()
    lost = paying.opened(made)
    paying.pay(lost)
    payment = restored(lost, reference=lost.reference)
    assert paying.sessions.refresh(payment, now=timezone.now()).state == State.AUTHORISED


def test_money_moves_for_the_new_rows_and_that_of_the_lost_ones_is_told():
    now, made = timezone.now(), paying.checkout()

    def life(payment: Payment) -> dict[str, str]:
        """One line declined after the capture, both shops paid: what Stripe made, by our keys."""
        paying.work(now)
        paying.answer(payment, 0, 1, 0)
        paying.work(now)
        paying.handed_over(payment, now)
        paying.work(now + WEEK)
        return dict(MoneyCall.objects.exclude(done_at=None).values_list("key", "stripe_id"))

    lost = paying.placed(now, made=made)
    paying.answer(lost, 0, 0, 0)
    before = life(lost)
    payment = restored(lost)
    paying.answer(payment, 0, 0, 0)
    paying.pay(paying.opened(made))
    paying.sessions.refresh(payment, now=now)
    after = life(payment)
    assert (len(before), before.keys(), set(before.values()) & set(after.values())) == (4, after.keys(), set())
    payment.refresh_from_db()
    [refund] = gateway.list_refunds(intent_id=payment.intent_id)
    group = paying.sessions.transfer_group(payment)
    transferred = [transfer.id for transfer in gateway.list_transfers(transfer_group=group)]
    assert {refund.id, *transferred} < set(after.values())
    sweeping.sweep(now + DAY)
    assert told() == ["Refund", "Stripe", "Transfer", "Transfer"]
    of_the_lost = " ".join(incident.text for incident in incidents.running())
    assert [stripe_id in of_the_lost for key, stripe_id in before.items() if "capture" not in key] == [True] * 3
    assert not any(stripe_id in of_the_lost for stripe_id in after.values())


def test_gift_card_that_another_reader_bought_is_not_this_readers():
    now, lost = timezone.now(), bought(once="lost")
    kept = {"amount_minor": 2500, "currency": "CAD", "language": "fr", "buyer_email": "b@example.org"}
    GiftCardPurchase.objects.filter(pk=lost.pk).delete()
    kept |= {"created_at": lost.created_at, "expires_at": lost.expires_at, "seed": "s", "once": "new"}
    purchase = GiftCardPurchase.objects.create(pk=lost.pk, **kept)
    urls = {"success_url": "http://testserver/ok/", "cancel_url": "http://testserver/back/"}
    purchase = gift_card_sales.open_session(purchase, now=now, **urls)
    sweeping.sweep(now)
    purchase.refresh_from_db()
    assert gift_card_sales.key_of(purchase) != gift_card_sales.key_of(lost)  # nor does the old link open it
    assert (purchase.state, purchase.session_id in ("", lost.session_id)) == ("open", False)
    assert f"session {lost.session_id} of a gift card that is not here" in incidents.running()[0].text


def test_account_that_another_shop_made_is_not_this_shops():
    now, lost = timezone.now(), factories.shop("Lost", country="CA")
    accounts.connect(lost, now=now)
    Shop.objects.filter(pk=lost.pk).update(slug="another", stripe_account="", stripe_account_ready=False)
    account = lost.stripe_account
    shop = accounts.connect(Shop.objects.get(pk=lost.pk), now=now)
    assert shop.stripe_account not in ("", account)
