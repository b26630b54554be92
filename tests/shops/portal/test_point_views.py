"""What the keepers of a pick-up point see and do there, and what the shop that sold it and the reader see of it."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from marketplace.foundation.models import AuditEntry, MailMessage
from marketplace.models import User
from marketplace.storefront import order_stations
from shops.models import Parcel, PickupPoint, ShopOrder
from shops.orders import fulfilment
from tests import factories
from tests.shops.portal.conftest import Stall, signed_in


@pytest.fixture
def keeper(db) -> User:
    return factories.user("keeper@example.org", first_name="Ada", last_name="Roy")


@pytest.fixture
def point(keeper) -> PickupPoint:
    made = PickupPoint.objects.create(name="Bibliothèque", line1="1, rue", city="Laval", postcode="H7A 1A1")
    made.keepers.add(keeper)
    return made


def sent_to(point: PickupPoint, stall: Stall) -> ShopOrder:
    """Two copies, accepted, not gone yet."""
    option = factories.delivery_option(stall.shop, "point", point=point)
    record = factories.stock_record(stall.shop)
    placed = factories.shop_order(stall.shop, (record, 2), delivery_option=option, pickup_code="K7M3QX")
    fulfilment.accept_all(placed, by="A", now=timezone.now())
    return placed


def told(placed: ShopOrder) -> tuple[str, bool]:
    """The reader's station at hand, and whether the code is shown."""
    with translation.override("en"):
        part = order_stations.parts(placed.order)[0]
        return next((one.label for one in part.stations if one.state == "now"), ""), part.shows_code


def test_keeper_takes_a_parcel_in_and_hands_it_over_by_its_code(ours, point, keeper):
    placed, client = sent_to(point, ours), signed_in(keeper)
    where = reverse("portal:point", args=[point.pk])

    def seen() -> dict[str, list[tuple[str, int, str]]]:
        context = client.get(where).context
        return {
            name: [(row.number, row.copies, row.by) for row in context[name]]
            for name in ("coming", "on_the_way", "here", "done")
            if context[name]
        }

    def act(name: str, **sent) -> int:
        address = reverse(f"portal:point-{name}", args=[point.pk, Parcel.objects.get().pk])
        return client.post(address, sent).status_code

    assert client.get(reverse("portal:door")).url == where
    row = [(placed.number, 2, "")]
    assert (seen(), told(placed)) == ({"coming": row}, ("The shop prepares it", False))
    fulfilment.hand_over(placed, by="A", now=timezone.now())
    assert (seen(), told(placed)) == ({"on_the_way": row}, ("On its way to Bibliothèque", False))
    assert act("collect", code="K7M3QX") == 409  # not there yet
    assert [act("arrive"), act("arrive")] == [302, 409]
    assert (seen(), told(placed)) == ({"here": row}, ("Waits for you at Bibliothèque", True))
    text = MailMessage.objects.get(kind="shop_order_arrived").text
    assert ("K7M3QX" in text, "1, rue" in text) == (True, True)
    assert "K7M3QX" not in MailMessage.objects.get(kind="shop_order_handed_over").text
    assert [act("collect", code=code) for code in ("AAAAAA", "", "k7m 3qx", "K7M3QX")] == [409, 409, 302, 409]
    assert (seen(), told(placed)) == ({"done": [(placed.number, 2, "Ada Roy")]}, ("", False))
    parcel = Parcel.objects.get()
    assert (parcel.arrived_by, parcel.collected_by, parcel.collected_at is not None) == (keeper, keeper, True)
    audit = AuditEntry.objects.filter(action__startswith="parcel.").order_by("pk")
    assert [(entry.action, entry.actor, entry.facts["place"]) for entry in audit] == [
        ("parcel.arrive", keeper, "Bibliothèque"),
        ("parcel.collect", keeper, "Bibliothèque"),
    ]


def test_shop_that_sold_it_reads_where_and_when_it_was_collected(ours, point, keeper):
    placed = sent_to(point, ours)
    parcel = fulfilment.hand_over(placed, by="A", now=timezone.now())
    for name, sent in (("arrive", {}), ("collect", {"code": "K7M3QX"})):
        signed_in(keeper).post(reverse(f"portal:point-{name}", args=[point.pk, parcel.pk]), sent)
    client = ours.client
    client.cookies["django_language"] = "en"
    page = client.get(reverse("portal:order", args=[ours.shop.slug, placed.number]))
    with translation.override("en"):
        history = [(row["who"], str(row["deed"])) for row in page.context["history"]]
    assert history[-2:] == [
        ("Bibliothèque", "took the parcel in"),
        ("Bibliothèque", "handed the parcel to its reader"),
    ]
    assert "collected at Bibliothèque" in page.content.decode()
    assert keeper.email not in page.content.decode()


def test_nobody_else_sees_a_point_or_another_points_parcels(ours, theirs, point, keeper):
    placed = sent_to(point, ours)
    parcel = fulfilment.hand_over(placed, by="A", now=timezone.now())
    other = PickupPoint.objects.create(name="Halle", line1="2, rue", city="Laval", postcode="H7A 1A1")
    stranger = factories.user()
    other.keepers.add(stranger)
    for person in (ours.staff, theirs.staff, factories.operator(), stranger):
        client = signed_in(person)
        assert client.get(reverse("portal:point", args=[point.pk])).status_code == 404
        for act in ("arrive", "send-back"):
            assert client.post(reverse(f"portal:point-{act}", args=[point.pk, parcel.pk])).status_code == 404
    for act in ("arrive", "send-back"):
        assert signed_in(stranger).post(reverse(f"portal:point-{act}", args=[other.pk, parcel.pk])).status_code == 404
    parcel.refresh_from_db()
    assert parcel.arrived_at is None


def test_without_keepers_its_story_ends_where_it_leaves(ours, point):
    point.keepers.clear()
    placed = sent_to(point, ours)
    assert told(placed) == ("The shop prepares it", False)
    parcel = fulfilment.hand_over(placed, by="A", now=timezone.now())
    assert parcel.waits_at is None
    assert told(placed) == ("", False)
    text = MailMessage.objects.get(kind="shop_order_handed_over").text
    assert "À retirer à Bibliothèque" in text


@pytest.mark.parametrize("number", [1, 12])
def test_point_costs_the_same_with_1_and_12(ours, point, keeper, number, django_assert_num_queries):
    for _ in range(number):
        fulfilment.hand_over(sent_to(point, ours), by="A", now=timezone.now())
        sent_to(point, ours)
    client = signed_in(keeper)
    client.get(reverse("portal:point", args=[point.pk]))
    with django_assert_num_queries(9):  # session, person, point, six lists
        client.get(reverse("portal:point", args=[point.pk]))
