"""Shop A: 2 units at 12.00 with delivery 3.00 in 24.00 of all; one at 12.50 with delivery 2.00. Shop B: 3 in 24.90."""

from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace.foundation.models import MailMessage
from marketplace.payments import calls, debts, events, invariants, ledger, refunds
from marketplace.payments.fake_stripe import banks, hosted
from marketplace.payments.fake_stripe.database import DatabaseStore
from marketplace.payments.ledger_corrections import BANK, GOODWILL
from marketplace.payments.models import MoneyCall, Payment, RefundRequest
from marketplace.payments.refunds import Wanted
from tests import factories
from tests.payments import paying

pytestmark = pytest.mark.django_db
Kind, Bearer = RefundRequest.Kind, RefundRequest.Bearer
WEEK = timedelta(days=7)


def ask(payment, wanted, once="1", **how) -> RefundRequest:
    how = {"reason": "damp", "by": None, "now": timezone.now() - timedelta(minutes=5)} | how
    return refunds.ask(payment, wanted, once=once, **how)


def broken() -> dict:
    return {name: texts for name, test in invariants.INVARIANTS.items() if (texts := test())}


def balances(*accounts: str) -> list[int]:
    return [ledger.balance(account, currency="CAD") for account in accounts]


def paid_shops(now) -> tuple[Payment, list]:
    payment = paying.captured(now)
    paying.handed_over(payment, now)
    paying.work(now + WEEK)
    return payment, paying.parts_of(payment)


def test_line_is_refunded_without_its_delivery_and_the_reader_is_told():
    now = timezone.now()
    payment = paying.captured(now)
    part = paying.parts_of(payment)[0]
    line = part.lines.first()
    request = ask(payment, Wanted(Kind.LINE, part, line, units=1))
    assert ask(payment, Wanted(Kind.LINE, part, line, units=1)) == request  # the form sent twice
    paying.work(now)
    payment.refresh_from_db()
    mail = MailMessage.objects.get(kind="refund_made")
    assert (request.amount_minor, payment.refunded_minor, mail.to) == (1050, 1050, "reader@example.org")
    assert refunds.left(part).lines[0] == refunds.LeftOfLine(line, 1, 1050)
    assert broken() == {}


def test_refunds_end_where_everything_is_given_back():
    now = timezone.now()
    payment = paying.captured(now)
    part, other = paying.parts_of(payment)
    first, second = part.lines.all()
    ask(payment, Wanted(Kind.LINE, part, first, units=2), "a")
    ask(payment, Wanted(Kind.DELIVERY, part), "b")
    ask(payment, Wanted(Kind.OTHER, part, amount_minor=1000), "c")
    for wanted in (Wanted(Kind.LINE, part, first, units=1), Wanted(Kind.OTHER, part, amount_minor=51)):
        with pytest.raises(refunds.RefundError):
            ask(payment, wanted, "d")
    assert refunds.left(part).total_minor == 50
    ask(payment, Wanted(Kind.LINE, part, second, units=1), "e")  # of which 50 are left
    with pytest.raises(refunds.RefundError):
        ask(payment, Wanted(Kind.OTHER, amount_minor=2491), "f")
    ask(payment, Wanted(Kind.OTHER, other, amount_minor=2490), "g")
    paying.work(now)
    payment.refresh_from_db()
    assert (payment.refunded_minor, broken()) == (payment.captured_minor, {})


def test_nothing_is_refunded_before_the_capture():
    payment = paying.placed()
    with pytest.raises(refunds.RefundError):
        ask(payment, Wanted(Kind.OTHER, amount_minor=100))


def test_line_given_back_and_then_declined_goes_back_once():
    now = timezone.now()
    payment = paying.captured(now)
    part = paying.parts_of(payment)[0]
    ask(payment, Wanted(Kind.LINE, part, part.lines.first(), units=2))
    paying.answer(payment, 2, 0, 0)
    paying.work(now)
    payment.refresh_from_db()
    assert (payment.refunded_minor, broken()) == (2400, {})


def test_refund_before_the_transfer_makes_it_smaller():
    now = timezone.now()
    payment = paying.captured(now)
    paying.handed_over(payment, now)
    part = paying.parts_of(payment)[0]
    ask(payment, Wanted(Kind.OTHER, part, amount_minor=1825))  # half of 36.50
    paying.work(now + WEEK)
    transfer = part.money_calls.get(kind="transfer")
    # commission 8 % of 30.00 is 2.40, half of it goes back
    assert (transfer.amount_minor, transfer.commission_minor) == (3650 - 1825 - 120, 120)
    assert (balances(ledger.ORDERS), broken()) == ([0], {})


def test_refund_after_the_transfer_reverses_the_shops_share():
    now = timezone.now()
    payment, (part, _) = paid_shops(now)
    before = paying.at_stripe(part.shop)
    request = ask(payment, Wanted(Kind.OTHER, part, amount_minor=1825))
    paying.work(now + WEEK)
    assert (request.share_minor, request.commission_minor) == (1705, 120)
    assert paying.at_stripe(part.shop) == before - 1705
    assert balances(ledger.ORDERS, ledger.shop_account(part.shop_id)) == [0, 0]
    assert broken() == {}


def test_what_an_empty_balance_refuses_is_kept_back_from_the_next_transfers():
    now = timezone.now()
    payment, (part, _) = paid_shops(now)
    shop = part.shop
    hosted.pay_out(DatabaseStore(), shop.stripe_account, paying.at_stripe(shop), "CAD", int(now.timestamp()))
    ask(payment, Wanted(Kind.OTHER, part, amount_minor=3650))
    paying.work(now + WEEK)
    assert MoneyCall.objects.get(kind="reversal").refused_at is not None
    assert debts.debt(shop.pk, currency="CAD") == 3650 - 240
    (owed,) = debts.debts()
    assert (owed.shop, owed.amount_minor, broken()) == (shop, 3410, {})
    transfers = []
    for _ in range(3):  # each earns 34.10 as well: the first is kept back whole
        later = paying.captured(now)
        for each in paying.parts_of(later):
            if each.number.endswith("A"):
                type(each).objects.filter(pk=each.pk).update(shop=shop)
        paying.handed_over(later, now, "A")
        paying.work(now + WEEK)
        transfers.append(paying.parts_of(later)[0].money_calls.get(kind="transfer"))
    assert [(call.amount_minor, call.netted_minor) for call in transfers] == [(0, 3410), (3410, 0), (3410, 0)]
    assert (debts.debts(), broken()) == ([], {})


def test_network_bears_what_it_gives_of_its_own():
    now = timezone.now()
    payment, (part, _) = paid_shops(now)
    ask(payment, Wanted(Kind.OTHER, part, amount_minor=500), borne_by=Bearer.NETWORK)
    ask(payment, Wanted(Kind.OTHER, amount_minor=300), "2")
    paying.work(now + WEEK)
    assert (balances(GOODWILL, ledger.ORDERS), MoneyCall.objects.filter(kind="reversal").count()) == ([800, 0], 0)
    assert broken() == {}


def test_goodwill_for_what_is_declined_afterwards_was_none():
    """B's three copies in 24.90: the network gives 20.00 of its own, then B finds only one."""
    now = timezone.now()
    payment = paying.captured(now)
    paying.captured(now)  # 61.40, so that the network's balance reaches
    part = paying.parts_of(payment)[1]
    ask(payment, Wanted(Kind.OTHER, part, amount_minor=2000), borne_by=Bearer.NETWORK)
    paying.work(now)
    paying.answer(payment, 0, 0, 2)
    paying.work(now)
    paying.handed_over(payment, now)
    paying.work(now + WEEK)
    payment.refresh_from_db()
    call = part.money_calls.get(kind="transfer")
    kept = 182 - 182 * 2 // 3
    assert (payment.refunded_minor, call.amount_minor, call.commission_minor) == (2490, 830 - kept, kept)
    assert (balances(GOODWILL, ledger.ORDERS), broken()) == ([830, -6140], {})


def test_goodwill_on_the_whole_payment_ends_where_all_is_declined():
    now = timezone.now()
    payment = paying.captured(now)
    ask(payment, Wanted(Kind.OTHER, amount_minor=3000))
    paying.work(now)
    for declined in ((2, 1, 0), (2, 1, 3)):
        paying.answer(payment, *declined)
        paying.work(now)
    payment.refresh_from_db()
    assert (payment.refunded_minor, balances(GOODWILL, ledger.ORDERS), broken()) == (6140, [0, 0], {})


def test_transfer_that_its_charge_cannot_bear_is_paid_from_the_balance():
    now = timezone.now()
    payment = paying.captured(now)
    paying.captured(now)  # so that the network's balance reaches
    paying.handed_over(payment, now)
    ask(payment, Wanted(Kind.OTHER, amount_minor=2000))
    paying.work(now + WEEK)
    from_balance = MoneyCall.objects.filter(kind="transfer").order_by("pk").values_list("from_balance", flat=True)
    assert (list(from_balance), balances(ledger.ORDERS, GOODWILL)[1]) == ([False, True], 2000)
    assert (MoneyCall.objects.filter(done_at=None).count(), broken()) == (0, {})


@pytest.mark.parametrize("way", ["again", "elsewhere"])
def test_refund_that_the_bank_sends_back_is_owed_again(way):
    now = timezone.now()
    payment = paying.captured(now)
    operator = factories.operator()
    ask(payment, Wanted(Kind.OTHER, amount_minor=700))
    paying.work(now)
    refund = MoneyCall.objects.get(kind="refund")
    banks.fail_refund(DatabaseStore(), refund.stripe_id, int(now.timestamp()))
    paying.work(now)
    payment.refresh_from_db()
    assert (payment.refunded_minor, refunds.failed(), broken()) == (0, [refund], {})
    with pytest.raises(refunds.RefundError):  # what is owed is not free to be given to anybody again
        ask(payment, Wanted(Kind.OTHER, amount_minor=payment.captured_minor), "2")
    if way == "again":
        refunds.try_again(refund, by=operator, now=now)
        assert refunds.try_again(refund, by=operator, now=now) is None
        paying.work(now)
        assert balances(BANK) == [0]
    else:
        refunds.paid_elsewhere(refund, by=operator, how="transfer of 2 March", now=now)
        assert balances(BANK) == [-700]
    payment.refresh_from_db()
    assert (payment.refunded_minor, refunds.failed(), broken()) == (700, [], {})


def test_refund_that_fails_before_it_is_recorded_waits_for_that():
    now = timezone.now()
    payment = paying.captured(now)
    ask(payment, Wanted(Kind.OTHER, amount_minor=700))
    paying.fault("drop_after")
    calls.move_money(now)
    (made,) = refunds.gateway.list_refunds(intent_id=payment.intent_id)
    banks.fail_refund(DatabaseStore(), made.id, int(now.timestamp()))
    events.deliver_fake_events(now)
    events.apply_events(now)
    assert MoneyCall.objects.get(kind="refund").failed_at is None
    later = now + timedelta(minutes=5)
    paying.work(later)
    paying.work(later + timedelta(minutes=5))
    assert (MoneyCall.objects.get(kind="refund").failed_at is not None, broken()) == (True, {})


def test_call_of_unknown_outcome_is_a_persons_after_a_day():
    now = timezone.now()
    payment = paying.captured(now)
    ask(payment, Wanted(Kind.OTHER, amount_minor=700))
    paying.fault("drop_before")
    calls.move_money(now)
    calls.move_money(now + timedelta(hours=25))
    call = MoneyCall.objects.get(kind="refund")
    assert (call.parked_at is not None, call.idempotency_key) == (True, f"{payment.reference}:{call.key}")
    calls.leases.unpark([call], now=now + timedelta(hours=26))
    calls.move_money(now + timedelta(hours=26))
    call.refresh_from_db()
    assert (call.done_at is not None, broken()) == (True, {})
    assert call.idempotency_key == f"{payment.reference}:{call.key}:1"


def test_known_failures_of_a_day_are_tried_again():
    now = timezone.now()
    payment = paying.captured(now)
    ask(payment, Wanted(Kind.OTHER, amount_minor=700))
    paying.fault("unreachable")
    calls.move_money(now)
    calls.move_money(now + timedelta(hours=25))
    assert MoneyCall.objects.get(kind="refund").done_at is not None


def test_invariants_see_a_refund_that_nobody_bears(monkeypatch):
    """Negative control: the ledger without the shop's share."""
    monkeypatch.setattr(refunds.ledger_corrections, "record_borne", lambda *_, **__: None)
    now = timezone.now()
    payment, (part, _) = paid_shops(now)
    ask(payment, Wanted(Kind.OTHER, part, amount_minor=100))
    paying.work(now + WEEK)
    lost = ["no order's money is spent twice", "of a finished order no money is left over"]
    assert sorted(broken()) == ["every refund by a person is borne", *lost]


def test_transfers_keep_a_debt_back_once(monkeypatch):
    """Negative control: without netting a shop is paid in full while it owes."""
    now = timezone.now()
    payment, (part, _) = paid_shops(now)
    hosted.pay_out(DatabaseStore(), part.shop.stripe_account, paying.at_stripe(part.shop), "CAD", 1_780_000_000)
    ask(payment, Wanted(Kind.OTHER, part, amount_minor=3650))
    paying.work(now + WEEK)
    monkeypatch.setattr(debts, "debt", lambda *_, **__: 0)
    later = paying.captured(now)
    mine = paying.parts_of(later)[0]
    type(mine).objects.filter(pk=mine.pk).update(shop=part.shop)
    paying.handed_over(later, now, "A")
    paying.work(now + WEEK)
    assert ledger.balance(ledger.shop_account(part.shop_id), currency="CAD") == 3410
