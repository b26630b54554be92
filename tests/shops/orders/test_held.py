"""What is pressed at the desk leaves half a minute later, once, or comes back with who was quicker."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace.foundation.models import AuditEntry, MailMessage
from marketplace.models import User
from shops import invariants
from shops.models import Allocation, Cancellation, DeskAction, ShopOrder, ShopOrderLine, Transmission
from shops.orders import expiring, fulfilment, held, transitions
from shops.orders.changing import BeingHandedOverError, FulfilmentError
from shops.orders.held import Deed, Press
from shops.orders.projecting import MOVING, project
from shops.orders.transitions import TABLE, Actor
from tests import factories
from tests.shops.racing import at_once

NOW = timezone.now()
DUE = NOW + held.UNDO_FOR


@pytest.fixture
def staff(db: None) -> User:
    return factories.user("zoe@example.org")


@pytest.fixture
def placed(db: None) -> ShopOrder:
    shop = factories.shop()
    return factories.shop_order(shop, (factories.stock_record(shop, units=3), 2), (factories.stock_record(shop), 1))


def press(order: ShopOrder, deed: str, by: User, *, version: int = 0, once: str = "", at=NOW, **more) -> DeskAction:
    line, code = more.pop("line", None), more.pop("code", "")
    pressed = Press(Deed(deed), version, once or f"{deed} {version} {line}", line and line.pk, code=code, asked=more)
    return held.press(order, pressed, by=by, now=at)


def effects() -> tuple[int, int, list[str]]:
    """Letters, allocations that ended, deeds in the history."""
    ended = Allocation.objects.exclude(ended_at=None).count()
    return MailMessage.objects.count(), ended, list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))


def problems() -> list[str]:
    return list(DeskAction.objects.exclude(failed_at=None).order_by("pk").values_list("problem", flat=True))


def test_what_may_be_pressed_is_what_the_shop_may_do():
    declined_with_an_offer = {"offer"}
    assert {str(deed) for deed in MOVING} - declined_with_an_offer == {
        str(row.event) for row in TABLE if row.actor == Actor.SHOP
    }


def test_nothing_leaves_before_it_is_due_and_all_of_it_then(placed, staff):
    press(placed, "accept", staff)
    assert (held.do_desk_actions(DUE - timedelta(seconds=1)), effects()) == (0, (0, 0, []))
    assert held.do_desk_actions(DUE) == 1
    placed.refresh_from_db()
    assert (placed.status, placed.version, effects()) == ("accepted", 1, (1, 0, ["shop_order.accept"]))
    assert (AuditEntry.objects.get().actor, held.do_desk_actions(DUE)) == (staff, 0)


def test_undone_it_never_was(placed, staff):
    action = press(placed, "decline", staff, line=placed.lines.first(), units=1, reason="damaged")
    assert held.undo(action, by=staff, now=NOW) == 1
    assert (held.do_desk_actions(DUE), effects()) == (0, (0, 0, ["shop_order.undo"]))
    placed.refresh_from_db()
    assert (placed.status, placed.version) == ("new", 0)


def test_undoing_takes_what_was_pressed_on_top_with_it(placed, staff):
    first = press(placed, "accept", staff)
    press(placed, "pack", staff, version=1)
    assert (held.undo(first, by=staff, now=NOW), held.do_desk_actions(DUE)) == (2, 0)


def test_too_late_to_undo(placed, staff):
    action = press(placed, "accept", staff)
    held.do_desk_actions(DUE)
    with pytest.raises(FulfilmentError, match="Too late"):
        held.undo(action, by=staff, now=DUE)


def test_one_after_the_other_from_accept_to_hand_over(placed, staff):
    press(placed, "accept", staff)
    press(placed, "pack", staff, version=1)
    press(placed, "hand_over", staff, version=2, code=" k7m 3qx")
    while held.do_desk_actions(DUE):
        pass
    placed.refresh_from_db()
    assert (placed.status, placed.version, problems()) == ("handed_over", 3, [])


@pytest.mark.parametrize(
    ("deed", "more", "told"),
    [
        ("pack", {}, "Answer every line first"),
        ("hand_over", {"code": "AAAAAA"}, "Answer every line first"),
        ("accept", {"version": 1}, "Someone changed"),
        ("accept", {"first": True, "units": 3}, "Choose from 1 to 2 copies"),
        ("decline", {"first": True, "units": 1, "reason": "no_answer"}, "Say why"),
    ],
)
def test_what_may_not_be_is_said_at_once(deed, more, told, placed, staff):
    line = placed.lines.first() if more.pop("first", False) else None
    with pytest.raises(FulfilmentError, match=told):
        press(placed, deed, staff, line=line, **more)
    assert not DeskAction.objects.exists()


def test_wrong_code_is_said_at_once(placed, staff):
    press(placed, "accept", staff)
    with pytest.raises(FulfilmentError, match="not the pick-up code"):
        press(placed, "hand_over", staff, version=1, code="AAAAAA")


def test_press_that_nobody_carries_out_is_noticed(placed, staff):
    """Negative control of the invariant."""
    long_ago = NOW - timedelta(hours=2)
    press(placed, "accept", staff, at=long_ago)
    assert len(invariants.pressed_and_left()) == 1
    held.do_desk_actions(NOW)
    assert invariants.pressed_and_left() == []


def test_same_press_twice_is_one(placed, staff):
    assert press(placed, "accept", staff, once="x") == press(placed, "accept", staff, once="x", at=DUE)
    held.do_desk_actions(DUE)
    assert press(placed, "accept", staff, once="x", at=DUE).done_at == DUE  # sent again when the line is back


@pytest.mark.parametrize("other", [{"deed": "decline"}, {"line": 1}, {"units": 2}])
def test_other_press_with_the_same_token_is_refused_and_not_taken_for_the_first(other, placed, staff):
    lines = list(placed.lines.order_by("pk"))
    press(placed, "accept", staff, once="x", line=lines[0], units=1)
    deed = other.get("deed", "accept")
    more = {"reason": "damaged"} if deed == "decline" else {}
    with pytest.raises(FulfilmentError, match="Someone changed"):
        press(placed, deed, staff, once="x", line=lines[other.get("line", 0)], units=other.get("units", 1), **more)
    assert DeskAction.objects.count() == 1


def test_press_that_was_undone_is_not_said_to_be_made_when_it_comes_again(placed, staff):
    held.undo(press(placed, "accept", staff, once="x"), by=staff, now=NOW)
    with pytest.raises(FulfilmentError, match="Someone changed"):
        press(placed, "accept", staff, once="x")


def test_reader_who_was_quicker_is_named_and_the_rest_comes_back_too(placed, staff):
    press(placed, "accept", staff)
    press(placed, "decline", staff, version=1, line=placed.lines.last(), units=1, reason="damaged")
    fulfilment.cancel(placed.lines.first(), 1, by="reader 100012", now=NOW)
    letters = MailMessage.objects.count()
    while held.do_desk_actions(DUE):
        pass
    assert len(problems()) == 2
    assert all("the reader" in problem for problem in problems())
    assert MailMessage.objects.count() == letters


def test_colleague_whose_answer_waits_is_named(placed, staff):
    press(placed, "accept", factories.user("max@example.org"))
    with pytest.raises(FulfilmentError, match=r"max@example\.org"):
        press(placed, "accept", staff, once="other")


def test_waiting_answer_counts_for_the_deadline(placed, staff):
    ShopOrder.objects.update(answer_due_at=NOW + timedelta(seconds=10), watch_at=NOW)
    press(placed, "accept", staff)
    late = NOW + timedelta(seconds=20)
    expiring.follow_answers(late)
    assert not expiring.expire(ShopOrder.objects.get(), now=late)
    held.do_desk_actions(DUE)
    assert ShopOrder.objects.get().status == "accepted"


@pytest.mark.parametrize("deed", ["pack", "hand_over"])
@pytest.mark.parametrize("parked", [None, NOW])
def test_reader_takes_nothing_back_that_is_being_handed_over(deed, parked, placed, staff):
    fulfilment.accept_all(placed, by=staff, now=NOW)
    action = press(placed, deed, staff, version=1, code="K7M3QX")
    DeskAction.objects.filter(pk=action.pk).update(parked_at=parked)
    before, seen = effects(), ShopOrder.objects.get()
    with pytest.raises(BeingHandedOverError, match="in a minute"):
        fulfilment.cancel(seen.lines.first(), 1, by="reader", now=NOW)
    with pytest.raises(BeingHandedOverError, match="in a minute"):
        fulfilment.cancel_whole(seen, by="reader", now=NOW)
    assert (effects(), ShopOrder.objects.get().version) == (before, 1)
    held.undo(action, by=staff, now=NOW)
    assert fulfilment.cancel_whole(ShopOrder.objects.get(), by="reader", now=NOW)


def test_deadline_ends_nothing_that_is_out_of_the_door(placed, staff):
    ShopOrder.objects.update(answer_due_at=NOW)
    accepted = press(placed, "accept", staff)
    DeskAction.objects.filter(pk=accepted.pk).update(parked_at=NOW)
    gone = press(placed, "hand_over", staff, version=1, code="K7M3QX")
    assert not expiring.expire(ShopOrder.objects.get(), now=DUE)
    held.undo(gone, by=staff, now=NOW)
    assert expiring.expire(ShopOrder.objects.get(), now=DUE)  # an answer that is parked does not count by itself


def test_undone_answer_does_not_count(placed, staff):
    """Negative control."""
    ShopOrder.objects.update(answer_due_at=NOW)
    held.undo(press(placed, "accept", staff), by=staff, now=NOW)
    assert expiring.expire(ShopOrder.objects.get(), now=DUE)


def test_fault_of_ours_is_tried_again_and_holds_what_follows(placed, staff, monkeypatch: pytest.MonkeyPatch):
    press(placed, "accept", staff)
    press(placed, "pack", staff, version=1)
    with monkeypatch.context() as broken:
        broken.setattr(fulfilment, "accept_all", lambda *_, **__: 1 / 0)
        assert held.do_desk_actions(DUE) == 0
    assert (held.do_desk_actions(DUE), problems()) == (0, [])
    while held.do_desk_actions(DUE + timedelta(minutes=5)):
        pass
    assert ShopOrder.objects.get().status == "packed"


def test_what_came_without_a_line_and_is_refused_comes_back(placed, staff):
    pressed = Press(Deed.ACCEPT, 7, "queued")
    for _ in range(2):
        held.come_back(placed, pressed, "Someone changed it.", by=staff, now=NOW)
    assert problems() == ["Someone changed it."]


class TestProjection:
    """What the screen shows is what comes out."""

    @pytest.fixture(params=[True, False])
    def order(self, request, placed) -> Iterator[ShopOrder]:
        factories.payment(placed.order, checkout={"agrees_in_part": request.param})
        return placed

    def fields(self, lines) -> list[tuple[int, ...]]:
        names = ("accepted", "declined", "packed", "handed_over", "picked")
        return [tuple(getattr(line, name) for name in names) for line in lines]

    @pytest.mark.parametrize(
        "deeds",
        [
            ["accept"],
            ["accept 1", "decline 1", "accept"],
            ["accept", "decline 1", "pack"],
            ["accept", "pack", "hand_over"],
            ["accept", "pick", "decline 2"],
            ["accept", "pick", "hand_over"],
        ],
    )
    def test_is_what_comes_out(self, deeds, order, staff):
        first, moved = order.lines.first(), 0
        for deed in deeds:
            name, _, units = deed.partition(" ")
            line = first if units or name == "pick" else None
            more = {"units": int(units or 1), "reason": "other"} if line else {}
            code = "K7M3QX" if name == "hand_over" else ""
            try:
                press(order, name, staff, version=moved, line=line, once=f"{deed} {moved}", code=code, **more)
            except FulfilmentError:  # all of it is declined already
                continue
            moved += name in MOVING
        shown = project(order, order.lines.all(), held.pressed_on(order)[0])
        while held.do_desk_actions(DUE):
            pass
        real = ShopOrder.objects.get()
        assert problems() == []
        assert self.fields(shown.lines.values()) == self.fields(real.lines.all())
        assert (shown.order.status, shown.order.version) == (real.status, real.version)


def test_of_an_undo_and_its_time_at_once_exactly_one_wins(committed_db):
    shop, staff = factories.shop(), factories.user()
    for number in range(5):
        placed = factories.shop_order(shop, (factories.stock_record(shop), 1))
        action = press(placed, "accept", staff, once=f"{number}")

        def act(who: int, action=action) -> int:
            return held.undo(action, by=staff, now=DUE) if who else held.do_desk_actions(DUE)

        done, undone = at_once(act, 2)
        placed.refresh_from_db()
        if placed.status == "accepted":
            assert isinstance(undone, FulfilmentError)
        else:
            assert (undone, done, placed.version) == (1, 0, 0)
    assert invariants.counters_that_differ() == []


def test_guards_know_nothing_of_what_is_picked():
    line = ShopOrderLine(pk=1, quantity=1, accepted=1)
    assert (
        transitions.refusal(transitions.Event.PACK, ShopOrder(status="accepted"), {1: line}, transitions.Asked()) == ""
    )


def test_put_back_says_nothing_of_what_comes_back_after_it_was_looked_at(placed, staff):
    """Pressed in the cellar without a line, and sent once the reader has taken back another copy."""
    Transmission.objects.create(shop_order=placed, shop=placed.shop, channel="email", outcome="sent")
    for _ in range(2):
        line = ShopOrderLine.objects.select_related("shop_order").get(pk=placed.lines.first().pk)
        fulfilment.cancel(line, 1, by="reader", now=NOW)
    waiting = Cancellation.objects.filter(put_back_at=None)
    with pytest.raises(FulfilmentError, match="Someone changed"):
        press(placed, "put_back", staff, version=1)
    assert waiting.count() == 2
    press(placed, "accept", staff, version=2)
    press(placed, "put_back", staff, version=3)  # after what is pressed before it
    assert waiting.count() == 2
    while held.do_desk_actions(DUE):
        pass
    assert (waiting.count(), problems()) == (0, [])
