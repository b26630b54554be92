"""The order is 61.40: shop A's lines of 24.00 and 12.50, shop B's of 24.90."""

from datetime import timedelta

import pytest
from django.core import mail as django_mail
from django.db.models import F
from django.utils import timezone
from django.utils.translation import override

from marketplace.foundation import mail
from marketplace.foundation.models import MailMessage
from marketplace.payments import debts, gift_cards, invariants, ledger, refunds
from marketplace.payments.gift_cards import GiftCardError, find, issue, redeem, shares
from marketplace.payments.models import GiftCard, GiftCardEntry, LedgerEntry, MoneyCall, Payment, RefundRequest
from marketplace.payments.refunds import Wanted
from shops.models import ShopOrder
from shops.orders import expiring, fulfilment
from tests import factories
from tests.payments import paying

pytestmark = pytest.mark.django_db


def broken() -> dict:
    return {name: texts for name, test in invariants.INVARIANTS.items() if (texts := test())}


def held_by(card: GiftCard) -> int:
    return GiftCard.objects.get(pk=card.pk).balance_minor


def moved(payment: Payment) -> tuple[str, int, int, int]:
    payment = Payment.objects.get(pk=payment.pk)
    return payment.state, payment.captured_minor, payment.refunded_minor, payment.other_back_minor


def test_code_is_kept_nowhere_and_the_form_sent_twice_makes_one_card():
    how = {"currency": "CAD", "paid_by": "bank", "by": None, "once": "form-1", "now": timezone.now()}
    card, code = issue(2000, recipient_email="lea@example.org", **how)
    assert issue(2000, recipient_email="lea@example.org", **how) == (card, code)
    assert (len(code), card.last_four, card.expires_at) == (19, code[-4:], None)
    assert find(code.lower().replace("-", " "), currency="CAD", now=timezone.now()) == card
    assert code not in str(GiftCard.objects.values().get())
    assert code in MailMessage.objects.get(kind="gift_card").text
    assert (ledger.balance(ledger.GIFT_CARDS, currency="CAD"), GiftCardEntry.objects.count()) == (-2000, 1)


@pytest.mark.parametrize(
    ("columns", "code", "reason"),
    [
        ({}, "AAAA-BBBB-CCCC-DDDD", "Nothing has this code"),
        ({"currency": "EUR"}, "", "This gift card is in another currency (EUR)."),
        ({"expires_at": timezone.now() - timedelta(days=1)}, "", "This gift card has ended."),
    ],
)
def test_card_that_cannot_pay_says_why(columns, code, reason):
    _, own = factories.gift_card_and_code(**columns)
    with override("en"), pytest.raises(GiftCardError) as refused:
        find(code or own, currency="CAD", now=timezone.now())
    assert str(refused.value).startswith(reason)


@pytest.mark.parametrize(
    ("cards", "total", "paying_minor"),
    [
        ([2000], 5000, [2000]),
        ([2000, 4000], 5000, [2000, 3000]),
        ([2000, 4000], 2000, [2000, 0]),
        ([2000, 2980], 5000, [2000, 2950]),  # 0.20 cannot be charged
        ([2000, 10], 2030, [1980, 0]),
        ([30], 60, [10]),
        ([], 5000, []),
    ],
)
def test_what_is_left_can_be_charged(cards, total, paying_minor):
    assert shares(cards, total) == paying_minor


def test_part_by_card_is_asked_for_and_a_decline_lowers_it_first():
    now, card = timezone.now(), factories.gift_card(2000)
    payment = paying.placed(now, card=card)
    assert (payment.amount_minor, payment.other_minor, held_by(card)) == (4140, 2000, 0)
    paying.answer(payment, 0, 1, 0)
    paying.work(now)
    assert moved(payment) == ("captured", 4140 - 1250, 0, 0)
    paying.answer(payment, 2, 1, 0)
    paying.work(now)  # 24.00 more: the 28.90 that were charged cover it
    assert moved(payment) == ("captured", 2890, 2400, 0)
    paying.answer(payment, 2, 1, 3)
    paying.work(now)
    assert (moved(payment), held_by(card)) == (("captured", 2890, 2890, 2000), 2000)
    assert ledger.balance(ledger.ORDERS, currency="CAD") == 0
    assert broken() == {}


def test_decline_of_all_that_was_to_be_charged_releases_it_and_the_card_pays_the_rest():
    now, card = timezone.now(), factories.gift_card(5000)
    paying.captured(now)  # another order, so that the network has money at Stripe
    payment = paying.placed(now, card=card)
    paying.answer(payment, 0, 1, 0)
    paying.work(now)
    assert (moved(payment), held_by(card)) == (("captured", 0, 0, 110), 110)
    paying.handed_over(payment, now)
    paying.work(now + timedelta(days=8))
    transfers = MoneyCall.objects.filter(kind="transfer", payment=payment).exclude(done_at=None)
    assert [(call.amount_minor, call.from_balance) for call in transfers.order_by("pk")] == [(2240, True), (2308, True)]
    assert broken() == {}


def test_cards_pay_all_of_it_without_the_payment_page():
    now, cards = timezone.now(), [factories.gift_card(6140)]
    payment = paying.placed(now, card=cards[0])
    assert (payment.state, payment.amount_minor, payment.session_id) == ("captured", 0, "")
    paying.answer(payment, 2, 1, 3)
    paying.work(now)
    assert (moved(payment), held_by(cards[0]), MoneyCall.objects.count()) == (("captured", 0, 0, 6140), 6140, 0)
    assert broken() == {}


def test_card_alone_gets_back_what_no_shop_answered():
    """No authorisation ends that would end the wait."""
    now, card = timezone.now(), factories.gift_card(6140)
    payment = paying.placed(now, card=card)
    answered, silent = ShopOrder.objects.order_by("pk")
    fulfilment.accept_all(answered, by="shop", now=now)
    ShopOrder.objects.update(watch_at=now)
    for hours in (24, 36, 48):
        expiring.follow_answers(now + timedelta(hours=hours))
    paying.work(now + timedelta(hours=48))
    assert (moved(payment)[0], held_by(card), broken()) == ("captured", silent.total_minor, {})


def test_refund_by_a_person_takes_the_charge_first_and_never_more_than_each_paid():
    now, card = timezone.now(), factories.gift_card(5000)
    payment = paying.placed(now, card=card)
    paying.answer(payment, 0, 0, 0)
    paying.work(now)
    part = paying.parts_of(payment)[0]
    how = {"reason": "damp", "by": None, "now": now}
    ask = refunds.ask(payment, Wanted(RefundRequest.Kind.OTHER, part, amount_minor=1825), once="1", **how)
    paying.work(now)
    assert (ask.other_minor, moved(payment), held_by(card)) == (685, ("captured", 1140, 1140, 685), 685)
    refunds.ask(payment, Wanted(RefundRequest.Kind.OTHER, part, amount_minor=1825), once="2", **how)
    paying.work(now)
    assert (moved(payment), held_by(card)) == (("captured", 1140, 1140, 2510), 2510)
    assert [mail.dedupe_key for mail in MailMessage.objects.filter(kind="refund_made")] != []
    paying.answer(payment, 2, 1, 3)
    paying.work(now)  # A's part was given back already
    assert (moved(payment)[3], held_by(card)) == (5000, 5000)
    assert broken() == {}


def test_card_used_last_gets_back_first_and_ends_no_more():
    now = timezone.now()
    made = paying.checkout(now)
    first, last = factories.gift_card(3000), factories.gift_card(3140, expires_at=now + timedelta(days=1))
    uses = [gift_cards.GiftCardUse.objects.create(checkout=made, card=card) for card in (first, last)]
    assert gift_cards.hold([(uses[0], 3000), (uses[1], 3140)], now=now)
    made.gift_minor = 6140
    made.save()
    payment = paying.placed(now, made=made)
    paying.answer(payment, 2, 1, 0)
    paying.work(now + timedelta(days=2))
    last.refresh_from_db()
    assert (held_by(first), last.balance_minor, last.expires_at) == (510, 3140, None)
    assert broken() == {}


def test_redeemed_at_the_counter_is_paid_with_the_next_transfer():
    now = timezone.now()
    payment = paying.captured(now)
    shop, (card, code) = paying.parts_of(payment)[0].shop, factories.gift_card_and_code(1500)
    clerk = factories.user()
    entry = redeem(code, 1000, shop=shop, by=clerk, once="till-1", now=now)
    assert redeem(code, 1000, shop=shop, by=clerk, once="till-1", now=now) == entry  # the form sent twice
    with override("en"), pytest.raises(GiftCardError, match="On this card"):
        redeem(code, 501, shop=shop, by=clerk, once="till-2", now=now)
    assert (held_by(card), debts.credit(shop.pk, currency="CAD")) == (500, 1000)
    paying.handed_over(payment, now, "A")
    paying.work(now + timedelta(days=8))
    call = MoneyCall.objects.get(kind="transfer")
    assert (call.amount_minor, call.credit_minor, paying.at_stripe(shop)) == (3410 + 1000, 1000, 4410)
    assert ledger.balance(ledger.shop_account(shop.pk), currency="CAD") == 0
    assert broken() == {}


@pytest.mark.parametrize("has_found_the_card", [False, True])
def test_second_press_that_came_a_moment_later_gets_the_answer_of_the_first(has_found_the_card, monkeypatch):
    """It looked for the first one's entry before there was any, and found nothing left where it went on."""
    (card, code), now = factories.gift_card_and_code(1000), timezone.now()
    how = {"shop": factories.shop(), "by": factories.user(), "now": now}
    first = []

    def find_while_the_first_is_quicker(*args, **named):
        monkeypatch.undo()
        found = find(*args, **named) if has_found_the_card else None
        first.append(redeem(code, 1000, once="till-1", **how))
        return found or find(*args, **named)

    monkeypatch.setattr(gift_cards, "find", find_while_the_first_is_quicker)
    assert [redeem(code, 1000, once="till-1", **how)] == first
    assert (held_by(card), card.entries.filter(kind="counter").count()) == (0, 1)
    with pytest.raises(GiftCardError):
        redeem(code, 1000, once="till-2", **how)


def test_shop_that_sells_its_last_card_twice_pressed_is_told_of_no_limit(monkeypatch):
    shop, now, real = factories.shop("A"), timezone.now(), gift_cards.gift_card_limits.within_limit
    how = {"currency": "CAD", "paid_by": "shop", "by": None, "shop": shop, "now": now, "once": "1"}

    def other_is_quicker(*of, **asked):
        monkeypatch.setattr(gift_cards.gift_card_limits, "within_limit", real)
        issue(50_000, **how)
        real(*of, **asked)

    monkeypatch.setattr(gift_cards.gift_card_limits, "within_limit", other_is_quicker)
    assert issue(50_000, **how)[0].issued_minor == 50_000
    assert ledger.balance(ledger.GIFT_CARDS, currency="CAD") == -50_000


def test_what_is_wrong_with_a_card_is_noticed():
    card = factories.gift_card(2000)
    GiftCard.objects.filter(pk=card.pk).update(balance_minor=F("balance_minor") + 1)
    assert set(broken()) == {"a gift card holds the sum of its entries", "the ledger owes what gift cards hold"}
    GiftCard.objects.filter(pk=card.pk).update(balance_minor=2000)
    LedgerEntry.objects.all().delete()
    assert set(broken()) == {"the ledger owes what gift cards hold"}
    payment = paying.placed(card=factories.gift_card(1000))
    Payment.objects.filter(pk=payment.pk).update(other_minor=999)
    assert "orders got what was paid otherwise" in broken()


def test_shop_sells_cards_on_credit_up_to_its_limit():
    shop, now = factories.shop("A"), timezone.now()
    how = {"currency": "CAD", "paid_by": "shop", "by": None, "shop": shop, "now": now}
    card, _ = issue(50_000, once="1", **how)
    for once in ("2", "3"):
        with override("en"), pytest.raises(GiftCardError, match=r"owes the network .*500.00, and may owe .*500.00"):
            issue(100, once=once, **how)
    assert issue(50_000, once="1", **how)[0] == card  # the form sent again
    assert MailMessage.objects.filter(kind="gift_cards_limit").count() == 1
    ledger.post(
        "earning", debit="orders", credit=ledger.shop_account(shop.pk), amount_minor=100, currency="CAD", key="e",
        cause="x", now=now,
    )  # fmt: skip
    issue(100, once="4", **how)
    assert -ledger.balance(ledger.GIFT_CARDS, currency="CAD") == 50_100


def test_code_leaves_the_outbox_with_its_mail():
    how = {"currency": "CAD", "paid_by": "bank", "by": None, "once": "form-1", "now": timezone.now()}
    _, code = issue(2000, recipient_email="lea@example.org", **how)
    assert (mail.send_mail(timezone.now()), code in django_mail.outbox[0].body) == (1, True)
    kept = MailMessage.objects.get(kind="gift_card")
    assert (kept.text, kept.html, kept.to) == ("", "", "lea@example.org")


def test_mail_of_a_refund_tells_card_and_voucher_apart():
    """Of 61.40 a card had 20.00; all but 1.40 goes back."""
    now = timezone.now()
    payment = paying.placed(now, card=factories.gift_card(2000))
    paying.answer(payment, 0, 0, 0)
    paying.work(now)
    wanted = Wanted("other", amount_minor=6000)
    request = refunds.ask(Payment.objects.get(pk=payment.pk), wanted, reason="x", by=None, once="1", now=now)
    paying.work(now)
    assert (request.other_parts, request.other_minor) == ({"gift_minor": 1860}, 1860)
    sent = MailMessage.objects.get(kind="refund_made")
    assert [part in sent.text for part in ("60,00", "41,40", "18,60")] == [True] * 3
