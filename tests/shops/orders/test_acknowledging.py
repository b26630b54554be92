"""What shops' systems say of their orders, carried out as staff would do it."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from marketplace.foundation.models import AuditEntry, MailMessage
from shops import drops, stock
from shops.channels.base import Acknowledgement, Answer, LineAnswer, Receipt
from shops.channels.conformance import NOON
from shops.models import Allocation, DeskAction, Shop, ShopOrder, ShopOrderLine
from shops.orders import acknowledging, fulfilment, sayings
from shops.orders.sayings import Said, Saying
from tests import factories
from tests.shops.channels.dropping import set_up
from tests.shops.channels.test_editx import item, order_of, response

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(minutes=6)


@pytest.fixture
def shop(settings, tmp_path) -> Shop:
    settings.VAR_DIR = tmp_path
    made = factories.shop()
    set_up(made, "editx", "in", answers="out")
    return made


@pytest.fixture
def out(tmp_path) -> Path:
    path = tmp_path / "orders" / "out"
    path.mkdir(parents=True)
    return path


def counts(order: ShopOrder) -> list[tuple[int, int]]:
    return [(line.accepted, line.declined) for line in order.lines.all()]


def says(order: ShopOrder, *answers: LineAnswer, key: str = "k", **more: object) -> Acknowledgement:
    return Acknowledgement(order.number, more.pop("receipt", Receipt()), key, answers, **more)


def sellable(line: ShopOrderLine) -> int:
    record = stock.read([line.stock_record_id])[line.stock_record_id]
    return record.num_in_stock - (record.num_allocated or 0)


def test_what_it_accepts_and_declines_is_done_and_the_rest_asks_a_person(shop, out):
    order = order_of(shop, 2, 3, 2)
    first, second, third = order.lines.all()
    (out / "1.xml").write_bytes(
        response(
            order,
            item(first, Shipping=2),
            item(second, 9782070368228, Shipping=1, Canceled=2),
            item(third, 9782070408504, Backordered=2),
        )
    )
    assert acknowledging.read_acknowledgements(NOON) == 1
    assert counts(order) == [(2, 0), (1, 2), (0, 0)]
    second.refresh_from_db()
    # The copies that it says are not there are withheld from sale, as if staff had said so.
    assert (second.decline_reason, sellable(second)) == ("sold", 9 - 3)
    order.refresh_from_db()
    assert order.status == ShopOrder.Status.NEW
    [mail] = MailMessage.objects.filter(kind="shop_answer_question")
    assert (f"{order.number} – Titre 2" in mail.text, "Titre 1" in mail.text) == (True, False)
    done = (
        AuditEntry.objects.filter(subject_id=str(order.pk), shop=shop).order_by("pk").values_list("action", flat=True)
    )
    assert [action for action in done if action.startswith("shop_order")] == [
        "shop_order.accept",
        "shop_order.decline",
        "shop_order.accept",
        "shop_order.acknowledge",
        "shop_order.back_order",
    ]


def test_what_a_person_has_to_answer_stands_on_its_line_until_it_says_otherwise(shop):
    order = order_of(shop, 2, 3)
    first, second = order.lines.all()
    other = LineAnswer(first.pk, Answer.SUBSTITUTED, note="new edition", article="9782070368228")
    later = LineAnswer(second.pk, Answer.BACK_ORDERED, 1, units=2, on=NOON.date() + timedelta(days=9))
    acknowledging.take(shop, says(order, other, later), now=NOON, unread=[])
    name = sayings.of(order.lines.all()[0]).by
    assert [sayings.of(line) for line in order.lines.all()] == [
        Said(name, NOON, (Saying(Answer.SUBSTITUTED, 2, "new edition", "9782070368228"),)),
        Said(name, NOON, (Saying(Answer.BACK_ORDERED, 2, on=NOON.date() + timedelta(days=9)),)),
    ]
    assert counts(order) == [(0, 0), (1, 0)]
    taken = [LineAnswer(line.pk, Answer.ACCEPTED, line.quantity) for line in (first, second)]
    acknowledging.take(shop, says(order, *taken, key="k2"), now=LATER, unread=[])
    assert [sayings.of(line) for line in order.lines.all()] == [None, None]
    assert counts(order) == [(2, 0), (3, 0)]


def test_message_is_taken_once_and_asked_for_only_now_and_then(shop, out):
    order = order_of(shop, 3)
    (out / "1.xml").write_bytes(response(order, item(order.lines.get(), Shipping=1, Canceled=1, Backordered=1)))
    turns = [acknowledging.read_acknowledgements(now) for now in (NOON, NOON + timedelta(seconds=30), LATER)]
    assert turns == [1, 0, 1]
    assert counts(order) == [(1, 1)]
    assert MailMessage.objects.filter(kind="shop_answer_question").count() == 1


def test_same_word_in_another_message_takes_nothing_back(shop):
    """A file that comes again under another name."""
    order = order_of(shop, 3)
    answer = LineAnswer(order.lines.get().pk, Answer.CHANGED, 2, 1, "sold")
    for key in ("a", "b"):
        assert acknowledging.take(shop, says(order, answer, key=key), now=NOON, unread=[])
    assert counts(order) == [(2, 1)]
    assert not MailMessage.objects.filter(kind="shop_answer_question").exists()


def test_word_against_what_staff_answered_asks_a_person(shop):
    order = order_of(shop, 3)
    fulfilment.accept_all(order, by="test", now=NOON)
    declined = LineAnswer(order.lines.get().pk, Answer.DECLINED, 0, 3, "sold")
    acknowledging.take(shop, says(order, declined), now=NOON, unread=[])
    assert counts(order) == [(3, 0)]
    assert "Titre 0" in MailMessage.objects.get(kind="shop_answer_question").text


def test_whole_order_answered_is_accepted_and_its_reader_told(shop):
    order = order_of(shop, 1)
    acknowledging.take(shop, says(order, LineAnswer(order.lines.get().pk, Answer.ACCEPTED, 1)), now=NOON, unread=[])
    order.refresh_from_db()
    assert (order.status, order.answered_at) == ("accepted", NOON)
    assert MailMessage.objects.filter(kind="shop_order_accepted").count() == 1


def test_booked_order_is_in_the_shops_number_from_then_on(shop):
    order = order_of(shop, 2)
    acknowledging.take(shop, says(order, receipt=Receipt("B1", is_booked=True)), now=NOON, unread=[])
    [allocation] = Allocation.objects.filter(stock_record_id=order.lines.get().stock_record_id)
    assert allocation.reflected_at is not None


def test_unknown_orders_of_it_or_of_others_are_told_once_and_change_nothing(shop, out):
    theirs = order_of(factories.shop(), 1)
    (out / "1.xml").write_bytes(response(theirs, item(theirs.lines.get(), Shipping=1)))
    (out / "2.xml").write_bytes(b"<html/>")
    for now in (NOON, LATER):
        acknowledging.read_acknowledgements(now)
    [mail] = MailMessage.objects.filter(kind="shop_answer_question")
    assert (theirs.number in mail.text, "2.xml" in mail.text, counts(theirs)) == (True, True, [(0, 0)])
    assert AuditEntry.objects.filter(action="shop.answer_unread", shop=shop).count() == 2


def test_staff_who_are_answering_are_waited_for(shop, out):
    order = order_of(shop, 1)
    (out / "1.xml").write_bytes(response(order, item(order.lines.get(), Canceled=1)))
    pressed = DeskAction.objects.create(
        shop_order=order, shop=shop, deed="accept", version=order.version, once="x" * 20, due_at=NOON, made_at=NOON
    )
    acknowledging.read_acknowledgements(NOON)
    assert counts(order) == [(0, 0)]
    pressed.delete()
    acknowledging.read_acknowledgements(LATER)
    assert counts(order) == [(0, 1)]


def test_system_that_fails_is_asked_less_often_and_its_shop_told_once(shop):
    drops.note(shop, "answers", "davs://127.0.0.1:1/out/")
    now, asked = NOON, []
    for _ in range(8):
        for _ in range(200):
            shop.refresh_from_db()
            if acknowledging._is_due(shop, now):
                break
            now += timedelta(minutes=1)
        acknowledging.read_acknowledgements(now)
        asked.append(now)
    pauses = [(after - before) // timedelta(minutes=1) for before, after in pairwise(asked)]
    assert pauses == [10, 20, 40, 60, 60, 60, 60]
    assert MailMessage.objects.filter(kind="shop_answer_question").count() == 1


def test_what_may_not_be_done_asks_a_person_and_stops_no_other_message(shop):
    order = order_of(shop, 1)
    line = order.lines.get()
    bad = LineAnswer(line.pk, Answer.DECLINED, 0, 1, "no such reason")
    assert acknowledging.take(shop, says(order, bad), now=NOON, unread=[])
    assert (counts(order), MailMessage.objects.filter(kind="shop_answer_question").count()) == ([(0, 0)], 1)


def test_two_processes_that_see_the_same_shop_due_ask_once(shop, out):
    order = order_of(shop, 1)
    (out / "1.xml").write_bytes(response(order, item(order.lines.get(), Shipping=1)))
    first, second = Shop.objects.get(pk=shop.pk), Shop.objects.get(pk=shop.pk)
    assert [acknowledging._claim(one, NOON) is not None for one in (first, second)] == [True, False]


def test_without_the_key_a_message_would_ask_again_and_again(shop):
    """Negative control."""
    order = order_of(shop, 1)
    later = LineAnswer(order.lines.get().pk, Answer.BACK_ORDERED)
    for key in ("k", "k", "other"):
        acknowledging.take(shop, says(order, later, key=key), now=NOON, unread=[])
    assert MailMessage.objects.filter(kind="shop_answer_question").count() == 2


def test_articles_are_locked_in_the_order_of_their_keys_whatever_stands_first_in_the_message(shop, monkeypatch):
    """As everywhere: in another one it and a checkout of both would wait for each other."""
    order = order_of(shop, 1, 1)
    first, second = order.lines.all()
    locked, asked = stock.locked, []
    monkeypatch.setattr(stock, "locked", lambda ids, *, now: (asked.append([*ids]), locked(asked[-1], now=now))[1])
    answers = (LineAnswer(line.pk, Answer.DECLINED, declined=1) for line in (second, first))
    assert acknowledging.take(shop, says(order, *answers), now=NOON, unread=[])
    assert counts(order) == [(0, 1), (0, 1)]
    assert sorted(asked[0]) == sorted([first.stock_record_id, second.stock_record_id])
