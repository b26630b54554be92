"""An operator sees what a shop's person or a reader sees: only to look unless granted, always on record, never more."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from oscar.apps.order.models import Order

from marketplace.foundation import audit, links
from marketplace.foundation.models import AuditEntry, OperatorRoles
from marketplace.models import User
from marketplace.operations import visiting
from marketplace.readers import addresses, support
from marketplace.readers.models import SupportDeed, SupportVisit
from shops.models import Shop, ShopMember, ShopOrder
from shops.orders import held
from tests import factories
from tests.shops.portal.conftest import Stall, signed_in, stall

EN = {"Accept-Language": "en"}


@pytest.fixture
def ours(db) -> Stall:
    return stall("Librairie du Port")


@pytest.fixture
def owner(ours) -> User:
    return factories.member(ours.shop, factories.user("owner@example.org"), ShopMember.Role.OWNER).user


def visit(board: Client, person: User, shop: Shop | None = None) -> SupportVisit:
    sent = {"email": person.email, "shop": shop.pk if shop else "", "reason": "They asked about a refund"}
    assert board.post("/board/support/begin/", sent).status_code == 302
    return SupportVisit.objects.latest("pk")


def accept_all(ours: Stall, client: Client) -> int:
    return client.post(f"/portal/{ours.shop.slug}/orders/{ours.order.number}/accept/", {"version": "0"}).status_code


def test_sees_the_portal_as_the_person_does_and_changes_nothing(board, operator, ours):
    desk = f"/portal/{ours.shop.slug}/"
    assert board.get(desk).status_code == 404
    row = visit(board, ours.staff, ours.shop)
    page = board.get(desk, headers=EN)
    assert (page.status_code, "visit-band" in page.content.decode()) == (200, True)
    assert "no-store" in page.headers["Cache-Control"]
    assert "desk-offline.js" not in page.content.decode(), "nothing of the shop is kept in the operator's browser"
    assert accept_all(ours, board) == 403
    assert ShopOrder.objects.get(pk=ours.order.pk).status == "new"
    assert list(SupportDeed.objects.values_list("visit", "allowed")) == [(row.pk, False)]
    trail = AuditEntry.objects.filter(action__startswith="support.").order_by("pk")
    assert list(trail.values_list("action", "actor", "shop")) == [
        ("support.begin", operator.pk, ours.shop.pk),
        ("support.act", operator.pk, ours.shop.pk),
    ]


def test_with_leave_acts_and_is_recorded_as_who_acted(board, operator, ours, owner):
    client = signed_in(owner)
    assert client.post(f"/portal/{ours.shop.slug}/support/grant/", {"hours": "24"}).status_code == 302
    visit(board, ours.staff, ours.shop)
    assert board.post(f"/portal/{ours.shop.slug}/pause/", {}).status_code == 302
    entry = AuditEntry.objects.get(action="shop.pause")
    assert (entry.actor, entry.actor_label) == (operator, f"operation@example.org ({ours.staff.email})")
    assert entry.facts["for_user"] == ours.staff.pk
    shown = client.get(f"/portal/{ours.shop.slug}/support/", headers=EN).content.decode()
    assert ("They asked about a refund" in shown, f"/portal/{ours.shop.slug}/pause/" in shown) == (True, True)
    client.post(f"/portal/{ours.shop.slug}/support/take-back/")
    assert board.post(f"/portal/{ours.shop.slug}/resume/", {}).status_code == 403


@pytest.mark.parametrize(
    ("room", "sent"),
    [
        ("money/stripe/", {}),
        ("team/invite/", {"email": "me@example.org"}),
        ("support/grant/", {"hours": "72"}),
        ("channel/secret/", {}),
        ("start/agree/", {}),
        ("feeds/main/keys/", {"label": "mine"}),
    ],
)
def test_some_things_nobody_does_in_anothers_place(board, ours, owner, room, sent):
    support.grant(owner, ours.shop, hours=24, now=timezone.now())
    visit(board, owner, ours.shop)
    before = AuditEntry.objects.exclude(action="support.act").count()
    assert board.post(f"/portal/{ours.shop.slug}/{room}", sent).status_code == 403
    assert AuditEntry.objects.exclude(action="support.act").count() == before
    assert SupportDeed.objects.get().allowed is False


def test_account_of_a_reader_and_nothing_beside_it(board, operator):
    reader = factories.user("lea@example.org")
    kept = addresses.keep(reader, dict.fromkeys(addresses.FIELDS, "") | {"line1": "1, rue du Port", "country": "CA"})
    visit(board, reader)
    assert "lea@example.org" in board.get("/account/", headers=EN).content.decode()
    assert board.get(f"/account/addresses/{kept.pk}/").status_code == 200
    assert board.post(f"/account/addresses/{kept.pk}/remove/").status_code == 403
    for own in ("/account/data/", "/account/sign-ins/", "/account/end/"):
        assert "lea@example.org" not in board.get(own).content.decode(), own
    assert b"visit-band" not in board.get("/board/").content
    support.grant(reader, None, hours=1, now=timezone.now())
    assert board.post(f"/account/addresses/{kept.pk}/remove/").status_code == 302
    shown = signed_in(reader).get("/account/support/", headers=EN).content.decode()
    assert "operation@example.org" in shown


def test_links_of_a_readers_orders_do_not_outlive_the_visit(board, ours):
    reader, order = factories.user("lea@example.org"), ours.order.order
    Order.objects.filter(pk=order.pk).update(user=reader)
    visit(board, reader)
    shown = board.get("/account/").content.decode()
    assert links.order_key(order.number) not in shown
    (link,) = set(re.findall(rf'/orders/{order.number}/[^/"]+/', shown))
    page = board.get(link)
    assert (page.status_code, links.order_key(order.number) in page.content.decode()) == (200, False)
    assert set(re.findall(rf'/orders/{order.number}/[^/"]+/', page.content.decode())) == {link}
    assert Client().get(link).status_code == 404, "it opens nothing for anybody else"
    row = SupportVisit.objects.latest("pk")
    board.post(f"/board/support/{row.pk}/end/")
    assert board.get(link).status_code == 404
    visit(board, reader)
    assert board.get(link).status_code == 404, "nor on another visit"


def test_links_of_a_readers_reservations_do_not_outlive_the_visit(board, ours):
    reader = factories.user("lea@example.org")
    kept = factories.reservation(factories.stock_record(ours.shop), user=reader)
    visit(board, reader)
    shown = board.get("/account/").content.decode()
    assert kept.token not in shown
    (link,) = set(re.findall(r'/reservations/[^/"]+/', shown))
    page = board.get(link)
    assert (page.status_code, kept.token in page.content.decode()) == (200, False)
    assert Client().get(link).status_code == 404, "it opens nothing for anybody else"
    board.post(f"/board/support/{SupportVisit.objects.latest('pk').pk}/end/")
    assert board.get(link).status_code == 404
    visit(board, reader)
    assert board.get(link).status_code == 404, "nor on another visit"
    assert kept.token in signed_in(reader).get("/account/").content.decode()


def test_visit_of_one_shop_opens_no_other(board, ours):
    other = stall("Mile End Pages")
    factories.member(other.shop, ours.staff)
    visit(board, ours.staff, ours.shop)
    assert board.get(f"/portal/{other.shop.slug}/").status_code == 404
    assert b"visit-band" not in board.get("/account/").content, "nor the person's own account"


@pytest.mark.parametrize("who", ["operator", "superuser", "stranger", "gone", "self"])
def test_of_whom_it_may_not_be(operator, ours, who):
    people = {
        "operator": factories.member(ours.shop, factories.operator()).user,
        "superuser": factories.member(ours.shop, factories.user(is_superuser=True)).user,
        "stranger": factories.user(),
        "gone": factories.member(ours.shop, factories.user(is_active=False)).user,
        "self": operator,
    }
    with pytest.raises(support.SupportError):
        support.begin(operator, people[who], ours.shop, reason="x", now=timezone.now())
    assert not SupportVisit.objects.exists()


@pytest.mark.parametrize("why", ["time", "ended", "left the shop", "became operator", "lost the role"])
def test_visit_is_over(board, operator, ours, why):
    row = visit(board, ours.staff, ours.shop)
    if why == "time":
        SupportVisit.objects.update(ends_at=timezone.now() - timedelta(seconds=1))
    elif why == "ended":
        assert board.post(f"/board/support/{row.pk}/end/").status_code == 302
    elif why == "left the shop":
        ShopMember.objects.filter(user=ours.staff).delete()
    elif why == "became operator":
        User.objects.filter(pk=ours.staff.pk).update(is_staff=True)
    else:
        OperatorRoles.objects.filter(user=operator).update(roles=["money"])
    assert board.get(f"/portal/{ours.shop.slug}/").status_code == 404


def test_leave_of_who_is_no_owner_any_more_does_not_count(ours, owner):
    now = timezone.now()
    with pytest.raises(support.SupportError):
        support.grant(ours.staff, ours.shop, hours=24, now=now)
    support.grant(owner, ours.shop, hours=24, now=now)
    assert support.granted_until(ours.staff, ours.shop, now=now) == now + timedelta(hours=24)
    ShopMember.objects.filter(user=owner).update(role=ShopMember.Role.STAFF)
    assert support.granted_until(ours.staff, ours.shop, now=now) is None


def test_session_key_of_another_operator_opens_nothing(board, ours):
    other = factories.operator("other@example.org")
    row = support.begin(other, ours.staff, ours.shop, reason="x", now=timezone.now())
    session = board.session
    session["support_visit"] = row.pk
    session.save()
    assert board.get(f"/portal/{ours.shop.slug}/").status_code == 404


def test_deed_that_is_carried_out_later_is_recorded_as_the_operators(ours, owner):
    operator = factories.operator("support@example.org")
    board, now = signed_in(operator), timezone.now()
    visit(board, owner, ours.shop)
    with audit.in_place(operator):
        held.press(ours.order, held.Press(held.Deed.ACCEPT, ours.order.version, "x"), by=owner, now=now)
    assert held.do_desk_actions(now + timedelta(minutes=1)) == 1
    done = AuditEntry.objects.get(action="shop_order.accept")
    assert (done.actor, done.actor_label) == (operator, "support@example.org (owner@example.org)")


@pytest.mark.django_db
def test_what_is_recorded_by_a_word_on_a_visit_is_the_operators_too():
    operator, shop = factories.operator("support@example.org"), factories.shop()
    with audit.in_place(operator):
        said = audit.record("reservation.give_up", shop, by="reader 12")
        by_itself = audit.record("shop.settle", shop)
    assert (said.actor, said.actor_label) == (operator, "support@example.org (reader 12)")
    assert (by_itself.actor, by_itself.actor_label) == (None, "system")


def test_what_gives_a_lasting_hold_on_a_shop_is_never_done_in_its_place():
    lasting = {"save-mail", "make-key", "revoke-key", "make-order-key", "revoke-order-key", "data-save", "data-export"}
    lasting |= {"system-connect", "system-orders", "system-end", "stock-connect", "stock-host-key", "confirm-host-key"}
    lasting |= {"save-address"}
    assert (
        lasting | {"renew-secret", "save-channel", "leaving-export", "invite", "member-role", "bring"} <= visiting.NEVER
    )
