"""The money of what came back. Shop A: 2 copies at 10.50 with delivery 3.00, one at 10.50 with 2.00; B: 3 in 24.90."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from marketplace.foundation.models import MailMessage
from marketplace.payments import invariants, ledger, refunds, returns, worth
from marketplace.payments.fake_stripe import banks
from marketplace.payments.fake_stripe.database import DatabaseStore
from marketplace.payments.models import LedgerEntry, MoneyCall, Payment, RefundRequest
from marketplace.payments.refunds import Wanted
from shops.models import Return, ReturnRefund, ShopOrder
from shops.returns import moving
from shops.returns.asking import ReturnError
from tests import factories
from tests.payments import paying
from tests.shops.returns.sending_back import ask, check

pytestmark = pytest.mark.django_db
Kind = RefundRequest.Kind
WEEK = timedelta(days=7)


def part_of(payment: Payment, letter: str = "A") -> ShopOrder:
    parts = ShopOrder.objects.select_related("shop", "order__shipping_address", "delivery_option")
    return parts.get(order__checkout__payment=payment, number__endswith=letter)


def sold(now: datetime, *, country: str = "FR", paid_out: bool = False, **columns: object) -> tuple[Payment, ShopOrder]:
    """Handed over by A, whose readers have the law of `country`; with `paid_out` the shops have their money."""
    payment = paying.captured(now)
    paying.handed_over(payment, now)
    if paid_out:
        paying.work(now + WEEK)
    part = part_of(payment)
    ShopOrder.objects.filter(pk=part.pk).update(**columns)
    type(part.shop).objects.filter(pk=part.shop_id).update(country=country, return_days=30)
    return payment, part_of(payment)


def back(part: ShopOrder, *units: int, paid: tuple[int, ...] | None = None, now: datetime, **said: object) -> Return:
    """Asked for, arrived and looked at."""
    row = ask(part, *units, now=now, **said)
    if row.state == "asked":
        moving.agree(row, by="port", now=now)
    moving.arrive(row, by="port", now=now)
    check(row, *(paid or [count for count in units if count]), now=now)
    return row


def done(payment: Payment, row: Return, now: datetime) -> tuple[str, int, int]:
    """The step, the money; then the state of it, what it came to, what went back of the payment in all."""
    while returns.refund_returns(now):
        pass
    paying.work(now)
    assert {name: texts for name, test in invariants.INVARIANTS.items() if (texts := test())} == {}
    return (
        Return.objects.get(pk=row.pk).state,
        ReturnRefund.objects.get(of=row).amount_minor,
        Payment.objects.get(pk=payment.pk).refunded_minor,
    )


def test_one_copy_goes_back_without_the_delivery_and_once():
    now = timezone.now()
    payment, part = sold(now)
    row = back(part, 1, 0, now=now)
    assert done(payment, row, now) == ("refunded", 1050, 1050)
    assert returns.refund_returns(now + WEEK) == 0
    request = RefundRequest.objects.get()
    assert (request.kind, request.units, request.once) == ("line", 1, returns.once_of(row.lines.get()))
    assert row.number in MailMessage.objects.get(kind="refund_made").text


@pytest.mark.parametrize(
    ("columns", "delivery"),
    [
        ({}, 500),
        ({"delivery_minor": 500, "standard_delivery_minor": 500}, 500),
        ({"delivery_minor": 500, "standard_delivery_minor": 200}, 200),
        ({"delivery_minor": 500, "standard_delivery_minor": 0}, 0),
    ],
)
def test_whole_withdrawal_gives_the_standard_delivery_back(columns, delivery):
    now = timezone.now()
    payment, part = sold(now, **columns)
    assert done(payment, back(part, 2, 1, now=now), now) == ("refunded", 3150 + delivery, 3150 + delivery)


def test_last_of_several_withdrawals_makes_it_whole():
    now = timezone.now()
    payment, part = sold(now)
    assert done(payment, back(part, 2, 0, now=now), now)[1] == 2100
    assert done(payment, back(part, 0, 1, now=now, once="2"), now)[1] == 1050 + 500


def test_copy_that_came_and_is_not_paid_stays_with_nobody_one_that_did_not_come_does():
    now = timezone.now()
    payment, part = sold(now)
    assert done(payment, back(part, 2, 1, paid=(1, 1), now=now), now)[1] == 2100 + 500
    payment, part = sold(now)
    row = ask(part, 2, 1, now=now, once="2")
    moving.arrive(row, by="port", now=now)
    first, second = row.lines.order_by("pk")
    counts = {first.pk: moving.Checked(1, 0, 1), second.pk: moving.Checked(1, 0, 1)}
    moving.check(row, counts, note="one was not in it", by="port", now=now)
    assert done(payment, row, now)[1] == 2100


def test_shops_terms_give_the_goods_alone():
    now = timezone.now()
    payment, part = sold(now, country="CA")
    row = back(part, 2, 1, now=now)
    assert (row.basis, done(payment, row, now)) == ("terms", ("refunded", 3150, 3150))


LINE, AMOUNT = {"kind": Kind.LINE, "units": 1}, {"kind": Kind.OTHER, "amount_minor": 2100}


def by_hand(payment: Payment, part: ShopOrder, now: datetime, **wanted: object) -> None:
    line = part.lines.first() if wanted["kind"] == Kind.LINE else None
    refunds.ask(payment, Wanted(shop_order=part, line=line, **wanted), reason="sorry", by=None, once="h", now=now)


@pytest.mark.parametrize("wanted", [LINE, AMOUNT])
@pytest.mark.parametrize("first", [True, False])
def test_what_a_person_gave_back_since_it_was_asked_is_not_given_back_again(wanted, first):
    """Before it is looked at, or after: the row waits for an operator, who ends the return without money."""
    now = timezone.now()
    payment, part = sold(now)
    row = ask(part, 1, 0, now=now)
    if first:
        by_hand(payment, part, now, **wanted)
    moving.arrive(row, by="port", now=now)
    check(row, 1, now=now)
    if not first:
        by_hand(payment, part, now, **wanted)
    gone = RefundRequest.objects.get().amount_minor
    assert done(payment, row, now) == ("checked", 0, gone)
    assert ReturnRefund.objects.get().parked_at == now
    operator = factories.user()
    with pytest.raises(ReturnError):
        returns.end_paid_by_hand(row, reason=" ", by=operator, now=now)
    returns.end_paid_by_hand(row, reason="the same copy", by=operator, now=now)
    assert done(payment, row, now) == ("refunded", 0, gone)
    entry = moving.history(row).last()
    assert (entry.action, entry.reason, entry.actor) == ("return.paid_by_hand", "the same copy", operator)
    with pytest.raises(ReturnError):
        returns.end_paid_by_hand(row, reason="again", by=operator, now=now)


def test_copy_whose_return_ended_by_hand_cannot_be_sent_back_again():
    now = timezone.now()
    payment, part = sold(now)
    row = back(part, 2, 1, now=now)
    by_hand(payment, part, now, kind=Kind.OTHER, amount_minor=3150)
    done(payment, row, now)
    returns.end_paid_by_hand(row, reason="an amount", by=factories.user(), now=now)
    with pytest.raises(ReturnError):
        ask(part, 1, 0, now=now, once="2")


def test_refund_of_another_line_or_before_it_was_asked_does_not_stop_it():
    now = timezone.now()
    payment, part = sold(now)
    by_hand(payment, part, now - timedelta(minutes=1), **LINE)
    row = back(part, 0, 1, now=now)
    refunds.ask(payment, Wanted(Kind.LINE, part, part.lines.first(), units=1), reason="x", by=None, once="i", now=now)
    assert done(payment, row, now)[:2] == ("refunded", 1050 + 500)  # nothing of the part stays


def test_never_more_than_is_left_of_the_part():
    now = timezone.now()
    payment, part = sold(now)
    total = sum(line.total_minor for line in part.lines.all())
    by_hand(payment, part, now - timedelta(minutes=1), kind=Kind.OTHER, amount_minor=total - 700)
    assert done(payment, back(part, 2, 1, now=now), now) == ("refunded", 700, total)


def test_after_the_transfer_the_shops_share_and_the_commission_go_back():
    now = timezone.now()
    payment, part = sold(now, paid_out=True)
    row = back(part, 2, 1, now=now + WEEK)
    assert done(payment, row, now + WEEK)[1] == 3650
    sums = LedgerEntry.objects.filter(kind__in=["taken_back", "commission_back"]).values_list("kind", "amount_minor")
    by_kind: dict[str, int] = {}
    for kind, minor in sums:
        by_kind[kind] = by_kind.get(kind, 0) + minor
    assert by_kind == {"taken_back": 3410, "commission_back": 240}
    assert (paying.at_stripe(part.shop), ledger.balance(ledger.shop_account(part.shop_id), currency="CAD")) == (0, 0)
    assert worth.returned([part.pk])[part.pk].shop_minor == 3650


def test_nothing_is_given_back_before_the_card_is_charged():
    now = timezone.now()
    payment = paying.placed(now)
    paying.handed_over(payment, now)
    part_of(payment).lines.update(accepted=1, packed=1, handed_over=1)
    part = part_of(payment)
    type(part.shop).objects.filter(pk=part.shop_id).update(country="FR")
    row = back(part_of(payment), 1, 0, now=now)
    assert returns.refund_returns(now) == 0
    assert (Return.objects.get(pk=row.pk).state, RefundRequest.objects.count()) == ("checked", 0)
    waiting = ReturnRefund.objects.get()
    assert (waiting.due_at, waiting.parked_at, waiting.attempts) == (now + timedelta(hours=1), None, 0)
    paying.answer(payment, 0, 0, 0)
    paying.work(now)
    assert done(payment, row, now + timedelta(hours=1)) == ("refunded", 1050, 1050)


def test_disputed_payment_is_a_persons_matter():
    now = timezone.now()
    payment, part = sold(now)
    row = back(part, 1, 0, now=now)
    banks.dispute(DatabaseStore(), payment.charge_id, int(now.timestamp()), amount_minor=1000)
    paying.work(now)
    assert returns.refund_returns(now) == 0
    assert ReturnRefund.objects.get().parked_at == now
    assert (Return.objects.get(pk=row.pk).state, MoneyCall.objects.filter(kind="refund").count()) == ("checked", 0)


def test_disputed_payment_gives_no_delivery_back_either():
    now = timezone.now()
    payment, part = sold(now)
    for number, line in enumerate(part.lines.all()):  # before it was asked for: nothing but the delivery is left
        wanted = Wanted(Kind.LINE, part, line, units=line.quantity)
        refunds.ask(payment, wanted, reason="x", by=None, once=f"{number}", now=now - timedelta(minutes=1))
    back(part, 2, 1, now=now)
    banks.dispute(DatabaseStore(), payment.charge_id, int(now.timestamp()), amount_minor=500)
    paying.work(now)
    assert returns.refund_returns(now) == 0
    assert (ReturnRefund.objects.get().parked_at, RefundRequest.objects.filter(kind=Kind.DELIVERY).count()) == (now, 0)


@pytest.mark.parametrize(("given", "comes"), [(150, 50), (200, 0), (400, 0)])
def test_delivery_that_went_back_by_hand_counts(given, comes):
    now = timezone.now()
    payment, part = sold(now, delivery_minor=500, standard_delivery_minor=200)
    row = ask(part, 2, 1, now=now)
    by_hand(payment, part, now, kind=Kind.DELIVERY, amount_minor=given)
    moving.arrive(row, by="port", now=now)
    check(row, 2, 1, now=now)
    assert done(payment, row, now) == ("refunded", 3150 + comes, 3150 + given + comes)
