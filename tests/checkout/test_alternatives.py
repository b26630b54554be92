"""What a shop offers instead: priced within what was agreed, held, taken or not, and then as if it had not been."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from marketplace.checkout import alternatives
from marketplace.checkout.alternative_plans import AlternativeError, What
from marketplace.foundation.models import AuditEntry, MailMessage
from marketplace.payments import captures
from marketplace.payments.models import Payment
from shops import stock
from shops.models import Allocation, Alternative, Rerouting, Shop, ShopOrder, ShopOrderLine
from shops.orders import fulfilment
from shops.orders.alternatives import Kind, Offered
from tests import factories
from tests.checkout.test_crashes import dies_at
from tests.checkout.test_rerouting import answer_all, broken, hand_over_all, mails, paid, placed, third, work

WITHIN = timedelta(hours=24)


def another(price: str = "6.00", units: int = 2):
    """Another article of shop A."""
    a = Shop.objects.get(name="Librairie A")
    return factories.stock_record(a, factories.product("Cup", is_book=False), price=price, units=units)


def offer(record=None, *, price: int = 600, on=None, title: str = "Mug", units: int = 1) -> Alternative:
    """A offers it in the place of the mug, as staff do at the desk."""
    now = timezone.now()
    line = ShopOrderLine.objects.get(title=title, shop_order__shop__name="Librairie A")
    order = line.shop_order
    what = What(line.pk, record, price, on)
    total = alternatives.priced(order, alternatives.parts_of(order, line, units), what, now=now).total_minor
    offered = Offered(
        kind=Kind.OTHER if record else Kind.LATER,
        unit_price_minor=price if record else line.unit_price_minor,
        total_minor=total,
        answer_by=alternatives.answer_by(order, WITHIN, now=now),
        record_id=record.pk if record else None,
        expected_on=on,
    )
    reason = "not_found" if record else "later"
    fulfilment.decline(line, units, by="shop", reason=reason, offered=offered, now=now)
    return Alternative.objects.get()


def later():
    return timezone.now().date() + timedelta(days=12)


def silence() -> None:
    """The time to answer passes."""
    Alternative.objects.update(answer_by=timezone.now())
    Rerouting.objects.update(due_at=timezone.now())
    work()


def held() -> list[tuple]:
    rows = Allocation.objects.filter(hold_key__startswith="alternative", ended_at=None)
    return sorted(rows.values_list("cause", "units"))


@pytest.mark.django_db
def test_taken_copy_is_a_new_part_that_the_shop_has_and_what_it_costs_less_is_not_charged():
    payment = placed(agrees_other_shop=False)
    mug = ShopOrderLine.objects.get(title="Mug")
    offered = offer(another())
    assert held() == [("hold", 1)]
    assert mails()[-1] == "shop_order_offer"
    assert captures.settle(payment.pk, now=timezone.now()) is False  # its money waits
    made = alternatives.take(offered, by="reader", now=timezone.now())
    line = made.lines.get()
    assert (made.shop, made.instead_of, made.status) == (mug.shop_order.shop, mug.shop_order, "accepted")
    assert (line.title, line.quantity, line.accepted, line.unit_price_minor) == ("Cup", 1, 1, 600)
    assert (line.delivery_minor, line.borne_minor) == (mug.delivery_minor, 0)
    assert (made.total_minor, line.total_minor) == (offered.total_minor, offered.total_minor)
    assert list(Allocation.objects.filter(line=line, ended_at=None).values_list("cause", "units")) == [("line", 1)]
    answer_all(), work()
    less = mug.total_minor - line.total_minor
    assert less > 0
    assert paid(payment) == payment.amount_minor - less
    hand_over_all()
    assert broken() == []
    deeds = AuditEntry.objects.filter(action__startswith="shop_order.offer").order_by("pk")
    assert list(deeds.values_list("action", flat=True)) == ["shop_order.offer", "shop_order.offer_take"]


@pytest.mark.django_db
def test_what_was_charged_already_is_given_back_down_to_the_cheaper_copy():
    payment = placed(agrees_other_shop=False)
    answer_all(), work()
    assert paid(payment) == payment.amount_minor
    mug = ShopOrderLine.objects.get(title="Mug")
    made = alternatives.take(offer(another()), by="reader", now=timezone.now())
    work()
    assert paid(payment) == payment.amount_minor - mug.total_minor + made.total_minor
    assert broken() == []


@pytest.mark.django_db
@pytest.mark.parametrize("answers", [True, False])
def test_not_taken_it_is_not_paid_and_the_copy_is_free(answers):
    payment = placed(agrees_other_shop=False)
    cup = another()
    offered = offer(cup)
    if answers:
        alternatives.refuse(offered, elsewhere=False, by="reader", now=timezone.now())
    else:
        silence()
    offered.refresh_from_db()
    assert offered.state == ("refused" if answers else "lapsed")
    assert held() == []
    assert stock.sellable_now(stock.read([cup.pk])[cup.pk], now=timezone.now()) == 2
    assert (Rerouting.objects.get().outcome, mails()[-1]) == ("nobody", "shop_order_declined")
    answer_all(), work()
    assert paid(payment) == payment.amount_minor - ShopOrderLine.objects.get(title="Mug").total_minor
    assert broken() == []


@pytest.mark.django_db
@pytest.mark.parametrize(("agreed", "asks"), [(True, False), (False, True)])
def test_not_taken_another_shop_is_looked_for_as_agreed_or_asked_now(agreed, asks):
    placed(agrees_other_shop=agreed)
    c = third("3.00")
    offered = offer(another())
    work()
    assert not ShopOrder.objects.filter(shop=c).exists()  # nobody is asked while the reader has the choice
    if asks:
        alternatives.refuse(offered, elsewhere=True, by="reader", now=timezone.now())
        work()
    else:
        silence()
    assert ShopOrder.objects.get(shop=c).lines.get().title == "Mug"
    answer_all(), work()
    assert broken() == []


@pytest.mark.django_db
@pytest.mark.parametrize("agreed", [True, False])
def test_silence_on_a_later_day_keeps_what_the_reader_agreed_to(agreed):
    payment = placed(agrees_later=agreed, agrees_other_shop=False)
    mug = ShopOrderLine.objects.get(title="Mug")
    offer(on=later())
    assert held() == []  # what comes later lies on no shelf
    silence()
    made = ShopOrder.objects.filter(instead_of__isnull=False).first()
    assert bool(made) == agreed
    answer_all(), work()
    if made:
        line = made.lines.get()
        assert (line.supply, line.expected_on, line.total_minor) == ("order", later(), mug.total_minor)
        assert paid(payment) == payment.amount_minor
    else:
        assert paid(payment) == payment.amount_minor - mug.total_minor
    assert broken() == []


@pytest.mark.django_db
@pytest.mark.parametrize("agreed", [True, False])
def test_taken_back_by_the_shop_it_goes_on_as_if_nothing_had_been_offered(agreed):
    payment, c = placed(agrees_other_shop=agreed), third("3.00")
    offered = offer(another())
    alternatives.withdraw(offered, by="shop", now=timezone.now())
    offered.refresh_from_db()
    assert (offered.state, held()) == ("recalled", [])
    with pytest.raises(AlternativeError):
        alternatives.take(offered, by="reader", now=timezone.now())
    work()
    assert ShopOrder.objects.filter(shop=c).exists() == agreed
    assert mails()[-1] == ("shop_order_rerouted" if agreed else "shop_order_declined")
    answer_all(), work()
    assert paid(payment) < payment.amount_minor
    assert broken() == []


@pytest.mark.django_db
def test_what_the_reader_answered_the_shop_cannot_take_back():
    placed(agrees_other_shop=False)
    offered = offer(another())
    with pytest.raises(AlternativeError):  # its time is over: the step decides
        alternatives.withdraw(offered, by="shop", now=offered.answer_by)
    alternatives.take(offered, by="reader", now=timezone.now())
    with pytest.raises(AlternativeError):
        alternatives.withdraw(offered, by="shop", now=timezone.now())
    assert broken() == []


@pytest.mark.django_db
def test_wanted_whole_all_of_it_waits_and_moves_together():
    payment = placed(agrees_in_part=False, agrees_other_shop=False)
    offered = offer(another())
    assert held() == [("hold", 1), ("hold", 2)]
    made = alternatives.take(offered, by="reader", now=timezone.now())
    assert sorted(made.lines.values_list("title", "quantity")) == [("Cup", 1), ("L'Étranger", 2)]
    answer_all(), work()
    was = ShopOrderLine.objects.get(title="Mug").total_minor
    assert paid(payment) == payment.amount_minor - was + made.lines.get(title="Cup").total_minor
    assert broken() == []


@pytest.mark.django_db
def test_wanted_whole_copies_of_the_same_line_that_go_with_it_are_in_what_is_said_and_taken():
    payment = placed(agrees_in_part=False, agrees_other_shop=False)
    offered = offer(on=later(), title="L'Étranger")  # one of two
    all_of_it = ShopOrder.objects.get(shop__name="Librairie A").total_minor
    assert (offered.units, offered.total_minor) == (2, all_of_it)
    made = alternatives.take(offered, by="reader", now=timezone.now())
    assert sorted(made.lines.values_list("title", "quantity")) == [("L'Étranger", 2), ("Mug", 1)]
    answer_all(), work()
    assert paid(payment) == payment.amount_minor
    assert broken() == []


@pytest.mark.django_db
def test_it_is_answered_once_and_in_time():
    placed(agrees_other_shop=False)
    offered = offer(another())
    with pytest.raises(AlternativeError):
        alternatives.take(offered, by="reader", now=offered.answer_by)
    alternatives.take(offered, by="reader", now=timezone.now())
    for answer in (alternatives.take, lambda *a, **k: alternatives.refuse(*a, elsewhere=False, **k)):
        with pytest.raises(AlternativeError):
            answer(offered, by="reader", now=timezone.now())
    assert ShopOrder.objects.filter(instead_of__isnull=False).count() == 1


@pytest.mark.django_db
def test_never_dearer_than_what_was_paid_nor_than_in_the_list():
    placed()
    for price, record in ((900, another("9.00")), (700, another("6.50"))):
        with pytest.raises(AlternativeError):
            offer(record, price=price)
    assert not Alternative.objects.exists()


@pytest.mark.django_db
def test_copy_that_is_gone_meanwhile_declines_nothing():
    placed()
    with pytest.raises(fulfilment.FulfilmentError):
        offer(another(units=0))
    assert ShopOrderLine.objects.get(title="Mug").declined == 0
    assert not MailMessage.objects.filter(kind="shop_order_offer").exists()


@pytest.mark.django_db
def test_the_payment_cannot_wait_for_an_answer_beyond_its_day_before_the_end():
    payment = placed()
    order = ShopOrderLine.objects.get(title="Mug").shop_order
    ends = captures.waits_until(payment)
    now = ends - timedelta(hours=5)
    assert alternatives.answer_by(order, WITHIN, now=now) == ends
    assert alternatives.refusal(order, now=now) == ""
    assert alternatives.refusal(order, now=ends - timedelta(hours=1))
    offer(another())
    Payment.objects.update(capture_before=timezone.now() + captures.MARGIN)
    work()  # captured, whatever nobody said
    assert (Alternative.objects.get().state, held()) == ("lapsed", [])


@pytest.mark.parametrize("failpoint", ["alternative.before_commit", "alternative.after_commit"])
@pytest.mark.usefixtures("committed_db")
def test_killed_while_the_reader_says_yes_it_is_taken_once_or_not_at_all(failpoint):
    payment = placed(agrees_other_shop=False)
    offered = offer(another())
    assert dies_at(failpoint, lambda: alternatives.take(offered, by="reader", now=timezone.now()))
    connections.close_all()
    if failpoint.endswith("before_commit"):
        assert (held(), ShopOrder.objects.count()) == ([("hold", 1)], 2)
        alternatives.take(offered, by="reader", now=timezone.now())
    assert ShopOrder.objects.filter(instead_of__isnull=False).count() == 1
    answer_all(), work()
    assert paid(payment) < payment.amount_minor
    assert broken() == []
