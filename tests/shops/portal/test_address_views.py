"""An owner says where the shop is and how it is reached; readers, mail and the map follow."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog_sync.models import PriceRule, PriceTask
from marketplace.foundation.models import AuditEntry, MailMessage
from search import availability, directory
from search.availability import Place
from shops.models import Shop, ShopMember
from shops.onboarding import address_forms, addresses
from tests import factories
from tests.shops.portal.conftest import signed_in

LYON = Place(latitude=45.75, longitude=4.83, label="Lyon")


@pytest.fixture
def owner(ours):
    return signed_in(factories.member(ours.shop, role=ShopMember.Role.OWNER).user)


def at(stall, end: str = "") -> str:
    return f"/portal/{stall.shop.slug}/address/{end}"


def said(stall, **changes: object) -> dict[str, object]:
    """What the form shows, with changes."""
    shop = Shop.objects.get(pk=stall.shop.pk)
    shown = {name: getattr(shop, name) for name in (*addresses.FIELDS, *addresses.POSITION)}
    shown |= {"phone": shop.phone or "+1 514 555 0100"}
    return {name: "" if value is None else value for name, value in (shown | changes).items()}


def now_of(stall) -> Shop:
    return Shop.objects.get(pk=stall.shop.pk)


def told(page) -> list[str]:
    return [str(message) for message in page.context["messages"]]


@pytest.mark.parametrize(("status", "legal"), [(Shop.Status.DRAFT, ""), (Shop.Status.ACTIVE, "Librarie du Port")])
def test_name_that_nothing_was_sold_under_is_no_legal_name(ours, owner, status, legal):
    """A slip in the name of a shop that is not on sale yet would stand on all its invoices."""
    Shop.objects.filter(pk=ours.shop.pk).update(status=status, name="Librarie du Port", legal_name="")
    owner.post(at(ours, "save/"), said(ours, name="Librairie du Port"))
    assert (now_of(ours).name, now_of(ours).legal_name) == ("Librairie du Port", legal)


def test_owner_changes_it_and_readers_see_it(ours, owner):
    assert directory.active()[ours.shop.pk].name == ours.shop.name
    change = said(ours, name="Au Large", line1="2, quai", city="Laval", postcode="H7A 1A1", language="en")
    page = owner.post(at(ours, "save/"), change, follow=True)
    shop, card = now_of(ours), directory.active()[ours.shop.pk]
    assert (card.name, card.line1, card.city, shop.language) == ("Au Large", "2, quai", "Laval", "en")
    assert shop.partner.name == "Au Large"
    assert card.position == pytest.approx((45.57, -73.692))
    assert "Laval (" in " ".join(told(page))
    entry = AuditEntry.objects.get(action="shop.address")
    assert (entry.shop_id, entry.facts["before"]["name"], entry.facts["city"]) == (shop.pk, ours.shop.name, "Laval")
    assert not MailMessage.objects.filter(kind="shop_email_changed").exists()


def test_changed_email_is_told_to_the_old_address_at_once(ours, owner):
    Shop.objects.filter(pk=ours.shop.pk).update(quiet_from="00:00", quiet_until="23:59")
    before = now_of(ours).email
    owner.post(at(ours, "save/"), said(ours, email="new@example.org"))
    letter = MailMessage.objects.get(kind="shop_email_changed")
    assert (letter.to, letter.due_at <= timezone.now()) == (before, True)
    assert [word for word in ("new@example.org", before, at(ours)) if word not in letter.text] == []
    assert now_of(ours).email == "new@example.org"
    owner.post(at(ours, "save/"), said(ours))
    assert AuditEntry.objects.filter(action="shop.address").count() == 1  # nothing was changed


def test_point_is_the_owners_until_town_or_postcode_change(ours, owner):
    owner.post(at(ours, "save/"), said(ours, latitude="45,5201", longitude="-73.61"), follow=True)
    assert (now_of(ours).latitude, now_of(ours).longitude) == (45.5201, -73.61)
    page = owner.post(at(ours, "save/"), said(ours, line1="3, rue"), follow=True)
    assert (now_of(ours).latitude, len(told(page))) == (45.5201, 2)  # and is asked to look
    owner.post(at(ours, "save/"), said(ours, postcode="H7A 1A1", city="Laval", latitude="45.58"))
    assert now_of(ours).latitude == 45.58  # both at once: the owner's point
    owner.post(at(ours, "save/"), said(ours, postcode="G1K 4A1", city="Québec"))
    assert now_of(ours).latitude == pytest.approx(46.812)
    owner.post(at(ours, "save/"), said(ours, latitude="46.9", longitude="-71.3"))
    owner.post(at(ours, "save/"), said(ours, latitude="", longitude=""))
    assert now_of(ours).latitude == pytest.approx(46.812)


def test_postcode_where_another_tax_holds_is_the_networks_to_change(ours, owner):
    before = now_of(ours)
    page = owner.post(at(ours, "save/"), said(ours, city="Gatineau", postcode="K1A 0B1"))
    assert (page.status_code, list(page.context["form"].errors)) == (422, ["postcode"])
    assert now_of(ours).postcode == before.postcode


def test_invoices_go_on_naming_what_was_sold_under_the_old_name(ours, owner):
    Shop.objects.filter(pk=ours.shop.pk).update(legal_name="")
    before = now_of(ours).name
    owner.post(at(ours, "save/"), said(ours, name="Autre nom"), follow=True)
    assert (now_of(ours).name, now_of(ours).legal_name) == ("Autre nom", before)


def test_what_cannot_be_placed_is_said_and_breaks_nothing(ours, owner, client):
    owner.post(at(ours, "save/"), said(ours), follow=True)
    assert now_of(ours).latitude is not None
    page = owner.post(at(ours, "save/"), said(ours, city="Nulle Part", postcode="H0H 0H0"), follow=True)
    assert (now_of(ours).latitude, now_of(ours).longitude) == (None, None)  # not where it was before
    assert [message.level_tag for message in page.context["messages"]][1:] == ["warning"]
    assert page.context["is_placed"] is False
    near = Place(latitude=45.5, longitude=-73.6, label="x")
    assert ours.shop.pk not in availability.near(near, 500)
    assert client.get("/map/").status_code == client.get("/shops/").status_code == 200
    assert client.get(f"/shops/{ours.shop.slug}/").status_code == 200


@pytest.mark.parametrize(
    ("sent", "wrong"),
    [
        ({"name": ""}, {"name"}),
        ({"line1": ""}, {"line1"}),
        ({"postcode": "75005"}, {"postcode"}),
        ({"phone": ""}, {"phone"}),
        ({"phone": "call me"}, {"phone"}),
        ({"email": "x"}, {"email"}),
        ({"timezone": "Europe/Paris"}, {"timezone"}),
        ({"timezone": "../etc"}, {"timezone"}),
        ({"language": "xx"}, {"language"}),
        ({"latitude": "45.5"}, {"longitude"}),
        ({"latitude": "nan", "longitude": "1"}, {"latitude"}),
        ({"latitude": "91", "longitude": "181"}, {"latitude", "longitude"}),
        ({"latitude": "45.5", "longitude": "73.6"}, {"longitude"}),  # the minus sign is missing
    ],
)
def test_what_is_wrong_is_said_and_nothing_saved(sent, wrong, ours, owner):
    page = owner.post(at(ours, "save/"), said(ours, **sent))
    assert (page.status_code, set(page.context["form"].errors)) == (422, wrong)
    assert not AuditEntry.objects.filter(action="shop.address").exists()


def test_country_of_a_shop_that_sells_is_not_its_owners_to_change(ours, owner):
    page = owner.get(at(ours))
    assert page.context["form"].fields["country"].disabled
    assert str(address_forms._COUNTRY_STAYS)[:40] in page.content.decode()
    owner.post(at(ours, "save/"), said(ours, country="FR"))
    assert now_of(ours).country == "CA"


def test_country_of_a_shop_that_joins_changes_its_time_too(ours, owner):
    Shop.objects.filter(pk=ours.shop.pk).update(status="draft", tax_number="123456782RT0001")
    moved = said(ours, country="fr", postcode="69002", city="Lyon")
    assert set(owner.post(at(ours, "save/"), moved).context["form"].errors) == {"country"}  # its number is Canada's
    Shop.objects.filter(pk=ours.shop.pk).update(tax_number="")
    assert owner.post(at(ours, "save/"), moved).status_code == 302
    assert (now_of(ours).country, now_of(ours).timezone) == ("FR", "Europe/Paris")
    assert now_of(ours).latitude == pytest.approx(45.749, abs=0.01)


def test_staff_look_and_change_nothing(ours):
    page = ours.client.get(at(ours))
    assert (page.status_code, b"<fieldset disabled" in page.content) == (200, True)
    assert ours.client.post(at(ours, "save/"), said(ours, name="X")).status_code == 403
    assert now_of(ours).name == ours.shop.name


def test_network_changes_the_country_and_prices_are_worked_out_anew(ours):
    board = signed_in(factories.operator("op@example.org"))
    PriceRule.objects.create(shop=ours.shop, place=1, change_bp=-500)
    PriceTask.objects.update(due_at=timezone.now() + timedelta(days=9))
    where = f"/board/shops/{ours.shop.pk}/address/"
    assert board.get(where).status_code == 200
    page = board.post(f"{where}save/", said(ours, country="FR", postcode="69002", city="Lyon", name="Lyon"))
    assert (page.status_code, now_of(ours).country) == (302, "FR")
    assert PriceTask.objects.get(shop=ours.shop).due_at <= timezone.now()
    assert ours.shop.pk in availability.near(LYON, 10)
    assert AuditEntry.objects.get(action="shop.address").actor.email == "op@example.org"
    assert board.post(f"{where}save/", said(ours, name="")).status_code == 422
