"""The people of a shop: asked, changed, taken off; one owner stays; another shop's people are out of reach."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.urls import reverse
from django.utils import timezone

from marketplace.foundation.models import AuditEntry, MailMessage
from shops import team
from shops.models import Invitation, ShopMember
from tests import factories
from tests.shops.portal.conftest import signed_in
from tests.shops.racing import at_once

ASKED = {"email": "Zoe@example.org", "role": "staff", "language": "en"}


@pytest.fixture
def owned(ours):
    ShopMember.objects.filter(shop=ours.shop).update(role=ShopMember.Role.OWNER)
    return ours


def where(stall, name: str = "team", *rest: object) -> str:
    return reverse(f"portal:{name}", args=[stall.shop.slug, *rest])


def confirmed(email: str = "zoe@example.org"):
    person = factories.user(email)
    EmailAddress.objects.create(user=person, email=email, verified=True, primary=True)
    return person


def link(stall, **said: str) -> str:
    stall.client.post(where(stall, "invite"), ASKED | said)
    return "/portal/" + MailMessage.objects.latest("pk").text.split("/portal/")[1].split()[0]


def roles(stall) -> set[tuple[str, str]]:
    return set(stall.shop.members.values_list("user__email", "role"))


def done() -> list[str]:
    rows = AuditEntry.objects.filter(action__startswith="member.").order_by("pk")
    return list(rows.values_list("action", flat=True))


def test_invited_person_accepts_once(owned):
    address = link(owned)
    letter = MailMessage.objects.get()
    assert (letter.to, letter.language, letter.kind) == ("zoe@example.org", "en", "shop_invitation")
    assert signed_in(None).get(address).status_code == 302
    zoe = confirmed()
    client = signed_in(zoe)
    assert (client.get(address).status_code, roles(owned)) == (200, {(owned.staff.email, "owner")})
    assert client.post(address).url == where(owned, "desk")
    assert roles(owned) == {(owned.staff.email, "owner"), ("zoe@example.org", "staff")}
    assert client.post(address).status_code == 404
    assert done() == ["member.invite", "member.join"]


def test_link_opens_for_the_confirmed_address_alone(owned):
    address = link(owned)
    person = factories.user("zoe@example.org")
    EmailAddress.objects.create(user=person, email=person.email, verified=False)
    for stranger in (person, confirmed("max@example.org")):
        assert signed_in(stranger).post(address).status_code == 403
    assert signed_in(confirmed("other@example.org")).post(address[:-3] + "xx/").status_code == 404
    assert len(roles(owned)) == 1


@pytest.mark.parametrize("how", ["old", "taken back", "asked anew", "inviter gone"])
def test_ended_invitation_opens_nothing(how, owned):
    address, row = link(owned), Invitation.objects.get()
    if how == "old":
        Invitation.objects.update(ends_at=timezone.now() - timedelta(seconds=1))
    elif how == "taken back":
        owned.client.post(where(owned, "uninvite", row.pk))
    elif how == "asked anew":
        assert link(owned) != address
    else:
        other = factories.member(owned.shop, role="owner")
        mine = ShopMember.objects.get(user=owned.staff)
        assert signed_in(other.user).post(where(owned, "member-remove", mine.pk)).status_code == 302
    assert signed_in(confirmed()).post(address).status_code == 404
    assert not ShopMember.objects.filter(user__email="zoe@example.org").exists()


def test_member_is_not_asked_again_and_keeps_the_role(owned):
    address = link(owned)
    zoe = confirmed()
    factories.member(owned.shop, zoe, "accounts")
    page = owned.client.post(where(owned, "invite"), ASKED)
    assert (page.status_code, list(page.context["form"].errors)) == (422, ["email"])
    signed_in(zoe).post(address)
    assert (zoe.email, "accounts") in roles(owned)


def test_last_owner_stays(owned):
    mine = ShopMember.objects.get(user=owned.staff)
    owned.client.post(where(owned, "member-role", mine.pk), {"role": "staff"})
    owned.client.post(where(owned, "member-remove", mine.pk))
    assert roles(owned) == {(owned.staff.email, "owner")}
    factories.member(owned.shop, factories.user(is_active=False), "owner")  # who cannot sign in decides nothing
    owned.client.post(where(owned, "member-remove", mine.pk))
    assert (owned.staff.email, "owner") in roles(owned)


def test_owner_changes_roles_and_takes_people_off(owned):
    other = factories.member(owned.shop)
    owned.client.post(where(owned, "member-role", other.pk), {"role": "owner"})
    assert (other.user.email, "owner") in roles(owned)
    assert owned.client.post(where(owned, "member-role", other.pk), {"role": "king"}).status_code == 422
    mine = ShopMember.objects.get(user=owned.staff)
    assert owned.client.post(where(owned, "member-remove", mine.pk)).url == reverse("portal:door")
    assert roles(owned) == {(other.user.email, "owner")}
    assert owned.client.get(where(owned)).status_code == 404
    assert done() == ["member.role", "member.remove"]


def test_who_is_no_owner_any_more_asks_nobody(owned):
    """Or they would come back by an address of their own."""
    address, other = link(owned, role="owner"), factories.member(owned.shop, role="owner")
    mine = ShopMember.objects.get(user=owned.staff)
    signed_in(other.user).post(where(owned, "member-role", mine.pk), {"role": "staff"})
    assert (signed_in(confirmed()).post(address).status_code, len(roles(owned))) == (404, 2)


def test_staff_see_the_team_and_change_nothing(ours):
    other, page = factories.member(ours.shop), ours.client.get(where(ours))
    assert (page.status_code, other.user.email in page.content.decode(), "<select" in page.content.decode()) == (
        200,
        True,
        False,
    )
    for name, rest in (("invite", []), ("member-role", [other.pk]), ("member-remove", [other.pk])):
        assert ours.client.post(where(ours, name, *rest), ASKED).status_code == 403
    assert (Invitation.objects.count(), ours.shop.members.count()) == (0, 2)


def test_another_shops_people_are_out_of_reach(owned, theirs):
    stranger = ShopMember.objects.get(shop=theirs.shop)
    asked = team.invite(theirs.shop, "a@example.org", "staff", language="fr", by=theirs.staff, now=timezone.now())
    owned.client.post(where(owned, "member-role", stranger.pk), {"role": "owner"})
    owned.client.post(where(owned, "member-remove", stranger.pk))
    owned.client.post(where(owned, "uninvite", asked.pk))
    asked.refresh_from_db()
    assert (roles(theirs), asked.ended_at) == ({(theirs.staff.email, "staff")}, None)
    assert "a@example.org" not in owned.client.get(where(owned)).content.decode()


@pytest.mark.usefixtures("committed_db")
def test_two_owners_who_take_one_another_off_leave_one():
    shop = factories.shop()
    rows = [factories.member(shop, role="owner") for _ in range(2)]
    found = at_once(lambda n: team.remove(shop, rows[1 - n].pk, by=rows[n].user, now=timezone.now()), 2)
    assert (shop.members.count(), sorted(str(one) for one in found)) == (1, ["None", "not_owner"])
