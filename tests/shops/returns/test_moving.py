"""A return's way: each change counts once, and tells who is to know."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace.foundation.models import MailMessage
from shops.models import Return, ReturnRefund, StockTerms
from shops.returns import moving, watching
from shops.returns.asking import ReturnError
from tests import factories
from tests.shops.returns.sending_back import ask, check, handed_over

pytestmark = pytest.mark.django_db
State = Return.State
DAY = timedelta(days=1)


def there(row: Return) -> Return:
    return Return.objects.get(pk=row.pk)


def test_way_of_a_withdrawal():
    now, part = timezone.now(), handed_over(2, to="FR")
    row = ask(part, 2, now=now)
    moving.send(row, tracking="Poste 123", by="reader 1", now=now + DAY)
    assert there(row).refund_by == now + 14 * DAY
    moving.arrive(row, by="port", now=now + 3 * DAY)
    check(row, 2, now=now + 4 * DAY)
    done = there(row)
    assert (done.state, done.refund_by, done.ended_at, done.watch_at) == ("checked", now + 14 * DAY, None, None)
    assert ReturnRefund.objects.get(of=row).due_at == now + 4 * DAY
    actions = list(moving.history(row).values_list("action", "actor_label"))
    assert actions == [
        ("return.ask", "reader 1"), ("return.send", "reader 1"), ("return.arrive", "port"), ("return.check", "port"),
    ]  # fmt: skip


def test_stock_number_is_not_touched():
    part = handed_over(2, to="FR")
    record = part.lines.get().stock_record
    before = (record.num_in_stock, record.num_allocated, StockTerms.objects.count())
    row = ask(part, 2)
    moving.arrive(row, by="port", now=timezone.now())
    check(row, 2)
    record.refresh_from_db()
    assert (record.num_in_stock, record.num_allocated, StockTerms.objects.count()) == before


def test_second_answer_is_told_of_the_first():
    row = ask(handed_over(1), 1, reason="faulty")
    stale, bob = there(row), factories.member(row.shop_order.shop).user
    moving.agree(row, by="ada@example.org", now=timezone.now())
    with pytest.raises(ReturnError, match="ada@"):
        moving.refuse(stale, note="no", by=bob, now=timezone.now())
    assert there(row).state == "agreed"
    for again in (moving.agree, moving.forward, moving.come_home):
        with pytest.raises(ReturnError):
            again(there(row), by="bob", now=timezone.now())


def test_withdrawal_is_refused_by_the_law_alone():
    now = timezone.now()
    row = ask(handed_over(1, to="FR"), 1)
    for how in ({"note": "no"}, {"note": " ", "excepted": "d"}):
        with pytest.raises(ReturnError):
            moving.refuse(there(row), by="port", now=now, **how)
    moving.refuse(there(row), note="cheese", excepted="d", by="port", now=now)
    assert (there(row).state, there(row).ended_at) == ("refused", now)
    said = MailMessage.objects.filter(kind="return_reader").last().text
    assert [word for word in ("2011/83/UE, article 16, point d", "cheese") if word not in said] == []


def test_what_never_came_is_closed_after_four_weeks():
    now = timezone.now()
    row = ask(handed_over(1, to="FR"), 1)
    with pytest.raises(ReturnError):
        moving.refuse(row, note="never came", by="port", now=now + 27 * DAY)
    moving.refuse(row, note="never came", by="port", now=now + 29 * DAY)
    assert there(row).state == "refused"


@pytest.mark.parametrize("to", ["FR", "CA"])
def test_what_is_said_to_be_sent_without_a_number_and_never_comes_is_closed_too(to):
    now, part = timezone.now(), handed_over(1, to=to)
    row = ask(part, 1, reason="changed" if to == "FR" else "faulty", now=now)
    if row.state == "asked":
        moving.agree(row, by="port", now=now)
    moving.send(there(row), by="reader 1", now=now + DAY)
    with pytest.raises(ReturnError):
        moving.refuse(there(row), note="never came", by="port", now=now + 28 * DAY)
    assert [watching.follow_returns(now + days * DAY) for days in (28, 29, 30)] == [0, 1, 0]
    stale = there(row)
    assert MailMessage.objects.get(dedupe_key__endswith="remind:sent").to == part.shop.email
    moving.send(there(row), tracking="Poste 1", by="reader 1", now=now + 30 * DAY)
    for known in (stale, there(row)):  # the number came a moment before
        with pytest.raises(ReturnError):
            moving.refuse(known, note="never came", by="port", now=now + 31 * DAY)
    moving.send(there(row), by="reader 1", now=now + 32 * DAY)
    moving.refuse(there(row), note="never came", by="port", now=now + 33 * DAY)
    assert (there(row).state, there(row).watch_at) == ("refused", None)


@pytest.mark.parametrize(
    ("found", "note", "passes"),
    [
        ({"good": 2, "worn": 0, "refunded": 2}, "", True),
        ({"good": 1, "worn": 1, "refunded": 1}, "torn", True),
        ({"good": 1, "worn": 1, "refunded": 1}, "", False),
        ({"good": 1, "worn": 0, "refunded": 2}, "", False),
        ({"good": 3, "worn": 0, "refunded": 2}, "", False),
        ({"good": 2, "worn": -1, "refunded": 0}, "x", False),
        (None, "x", False),
    ],
)
def test_counts_of_what_came_fit(found, note, passes):
    row = ask(handed_over(2, to="FR"), 2)
    moving.arrive(row, by="port", now=timezone.now())
    counts = {row.lines.get().pk: moving.Checked(**found)} if found else {}
    if passes:
        moving.check(row, counts, note=note, by="port", now=timezone.now())
    else:
        with pytest.raises(ReturnError):
            moving.check(row, counts, note=note, by="port", now=timezone.now())
    assert ReturnRefund.objects.filter(of=row).exists() is passes
    assert (there(row).state == "checked") is passes


def test_nothing_paid_is_a_refusal_with_its_reason():
    row = ask(handed_over(1, to="FR"), 1)
    moving.arrive(row, by="port", now=timezone.now())
    check(row, 0, worn=1, note="read in the bath")
    assert (there(row).state, ReturnRefund.objects.count()) == ("refused", 0)
    assert "read in the bath" in MailMessage.objects.filter(kind="return_reader").last().text


def test_reader_keeps_it_until_it_is_sent():
    now = timezone.now()
    row = ask(handed_over(1, to="FR"), 1)
    moving.send(row, by="reader 1", now=now)
    with pytest.raises(ReturnError):
        moving.call_off(there(row), by="reader 1", now=now)
    assert there(row).refund_by is None  # without a number there is no proof: the shop waits for the goods


def test_other_shop_receives_and_sends_on():
    now, other = timezone.now(), factories.shop("Mile End", receives_returns=True)
    part = handed_over(1, to="FR")
    row = ask(part, 1, goes_to=other)
    moving.arrive(row, note="like new", by="mile", now=now)
    assert MailMessage.objects.filter(kind="return_shop", to=part.shop.email).count() == 2
    check(row, 1)  # the money does not wait until it is home
    moving.forward(there(row), by="mile", now=now + DAY)
    moving.come_home(there(row), by="port", now=now + 2 * DAY)
    done = there(row)
    assert (done.state, done.place_note, done.forwarded_at, done.home_at) == (
        "checked", "like new", now + DAY, now + 2 * DAY,
    )  # fmt: skip
    with pytest.raises(ReturnError):
        moving.forward(there(row), by="mile", now=now)


def test_shop_is_reminded_once_of_its_answer_and_once_of_the_money():
    now = timezone.now()
    row = ask(handed_over(1), 1, reason="faulty", now=now)
    assert watching.follow_returns(now + DAY) == 0
    assert [watching.follow_returns(now + 2 * DAY) for _ in range(2)] == [1, 0]
    moving.agree(there(row), by="port", now=now + 3 * DAY)
    moving.arrive(there(row), by="port", now=now + 4 * DAY)
    assert [watching.follow_returns(now + days * DAY) for days in (13, 14, 15)] == [0, 1, 0]
    keys = MailMessage.objects.filter(dedupe_key__contains=":remind:").values_list("dedupe_key", flat=True)
    assert sorted(key.rpartition(":")[2] for key in keys) == ["arrived", "asked"]
