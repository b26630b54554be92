"""What was pressed at the desk can be undone for half a minute, and says so when it could not be done."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from marketplace.foundation.models import MailMessage
from shops.models import DeskAction, ShopMember
from shops.orders import fulfilment, held
from shops.portal import pressing
from tests import factories
from tests.shops.portal.conftest import Stall, signed_in
from tests.shops.portal.test_order_views import address, counts, seen, status, worked


def of_shop(of: Stall, name: str) -> str:
    return reverse(f"portal:{name}", args=[of.shop.slug])


def pressed(of: Stall, name: str = "accept-all") -> DeskAction:
    of.client.post(address(of, name), seen(of))
    return DeskAction.objects.latest("pk")


def queue_of(of: Stall) -> dict[str, list]:
    return {group.key: group.rows for group in of.client.get(of_shop(of, "desk")).context["groups"]}


def test_order_shows_what_will_be_and_the_seconds_left(ours):
    action = pressed(ours)
    page = ours.client.get(address(ours, "order"))
    assert (page.context["order"].status, page.context["undo"].pk) == ("accepted", action.pk)
    assert 0 < page.context["undo"].seconds <= 30
    assert f'form="desk-undo" name="action" value="{action.pk}"' in page.content.decode()


def test_queue_shows_it_where_it_will_be(ours):
    pressed(ours)
    groups = queue_of(ours)
    assert (groups["new"], [row.number for row in groups["accepted"]]) == ([], [ours.order.number])
    assert groups["accepted"][0].undo.seconds > 0
    worked()
    assert queue_of(ours)["accepted"][0].undo is None


def test_undo_leads_back_to_the_open_order(ours):
    action = pressed(ours)
    sent = {"action": action.pk, "from": ours.order.number}
    assert ours.client.post(of_shop(ours, "desk-undo"), sent).url == address(ours, "order")
    assert (status(ours), MailMessage.objects.count()) == ("new", 0)
    action = pressed(ours)
    assert ours.client.post(of_shop(ours, "desk-undo"), {"action": action.pk}).url == of_shop(ours, "desk")


def test_undo_that_is_too_late_says_so(ours):
    action = pressed(ours)
    worked()
    answer = ours.client.post(of_shop(ours, "desk-undo"), {"action": action.pk}, follow=True)
    assert "message warning" in answer.content.decode()
    assert status(ours) == "accepted"


def test_next_thing_can_be_pressed_before_and_after_the_first_is_done(ours):
    pressed(ours)
    before = seen(ours) | {"after": ours.client.get(address(ours, "order")).context["after"]}
    worked()
    assert ours.client.post(address(ours, "pack"), before).status_code == 302
    assert status(ours) == "packed"


def test_page_from_before_an_undo_is_too_old(ours):
    action = pressed(ours)
    old = seen(ours) | {"after": action.pk}
    held.undo(action, by=ours.staff, now=timezone.now())
    pressed(ours)
    assert ours.client.post(address(ours, "pack"), old).status_code == 409


def test_what_could_not_be_done_stands_on_the_desk_until_it_is_seen(ours):
    action = pressed(ours)
    fulfilment.cancel(ours.order.lines.first(), 1, by="reader 1", now=timezone.now())
    worked()
    page = ours.client.get(of_shop(ours, "desk"))
    (back,) = page.context["back"]
    assert (back.number, back.who) == (ours.order.number, ours.staff.email)
    assert back.problem in page.content.decode().replace("&#x27;", "'")
    assert ours.client.post(of_shop(ours, "desk-seen"), {"action": action.pk}).url == address(ours, "order")
    assert ours.client.get(of_shop(ours, "desk")).context["back"] == []


def test_what_was_queued_without_a_line_comes_back_too(ours):
    old = seen(ours)
    fulfilment.accept_all(ours.order, by=ours.staff, now=timezone.now() - timedelta(minutes=5))
    answers = [ours.client.post(address(ours, "accept-all"), old | {"queued": "1"}) for _ in range(2)]
    known = [(answer.status_code, answer.has_header("Halles-Desk")) for answer in answers]
    assert known == [(409, True), (302, False)]  # the second time it is known
    (back,) = ours.client.get(of_shop(ours, "desk")).context["back"]
    assert ours.staff.email in back.problem


def test_what_was_pressed_before_the_reader_cancelled_is_not_shown_as_done(ours):
    """It will come back: of two copies accepted one is the reader's no more."""
    line = ours.order.lines.order_by("pk").first()
    ours.client.post(address(ours, "accept", line.pk), seen(ours) | {"units": "2"})
    fulfilment.cancel(line, 1, by="reader 1", now=timezone.now())
    page = ours.client.get(address(ours, "order"))
    shown = page.context["rows"][0]
    assert (shown.line.accepted, shown.line.open_units, page.context["order"].version) == (0, 1, 1)
    assert queue_of(ours)["new"][0].version == 1
    answer = ours.client.post(address(ours, "accept", line.pk), seen(ours) | {"units": "1"})
    assert (answer.status_code, DeskAction.objects.count()) == (409, 1)  # it would come back with the first
    worked()
    answer = ours.client.post(address(ours, "accept", line.pk), seen(ours) | {"units": "1"})
    assert (answer.status_code, counts(ours)) == (302, [(1, 1, 0, 0), (0, 0, 0, 0)])


def test_forms_of_one_page_are_presses_of_their_own(ours):
    """They carry the same token."""
    page, (first, second) = seen(ours), ours.order.lines.order_by("pk")
    ours.client.post(address(ours, "accept", first.pk), page | {"units": "2"})
    sent = page | {"version": "1", "units": "1", "reason": "damaged", "queued": "1"}
    assert ours.client.post(address(ours, "decline", second.pk), sent).status_code == 302
    assert list(DeskAction.objects.order_by("pk").values_list("deed", "line")) == [
        ("accept", first.pk),
        ("decline", second.pk),
    ]
    again = ours.client.post(address(ours, "accept", first.pk), page | {"units": "2"})
    assert (again.status_code, DeskAction.objects.count()) == (302, 2)


def test_second_form_of_a_page_whose_first_was_not_known_to_arrive_is_refused_in_words(ours):
    page, (first, second) = seen(ours) | {"queued": "1"}, ours.order.lines.order_by("pk")
    ours.client.post(address(ours, "accept", first.pk), page | {"units": "2"})
    answer = ours.client.post(address(ours, "decline", second.pk), page | {"units": "1", "reason": "damaged"})
    assert answer.status_code == 409
    (back,) = ours.client.get(of_shop(ours, "desk")).context["back"]
    assert ours.staff.email in back.problem


def test_longest_token_fits(ours):
    line = ours.order.lines.order_by("pk").first()
    sent = seen(ours) | {"once": "x" * 40, "units": "1"}
    assert ours.client.post(address(ours, "accept", line.pk), sent).status_code == 302
    assert len(pressing.once_of("x" * 40, DeskAction.Deed.HAND_OVER, 2**63 - 1)) == 60


def test_other_shops_and_who_may_only_look_undo_nothing(ours, theirs):
    action = pressed(ours)
    reader = factories.member(ours.shop, role=ShopMember.Role.READER).user
    for name in ("desk-undo", "desk-seen"):
        assert signed_in(reader).post(of_shop(ours, name), {"action": action.pk}).status_code == 403
        assert theirs.client.post(of_shop(theirs, name), {"action": action.pk}).status_code == 404
        assert ours.client.post(of_shop(ours, name), {"action": "x"}).status_code == 404
    assert status(ours) == "accepted"
