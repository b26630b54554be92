"""A shop says how it delivers; another shop hands over what this one brings it."""

from __future__ import annotations

from datetime import time

import pytest
from django.urls import reverse
from django.utils import timezone

from marketplace.foundation.models import AuditEntry
from shops.models import DeliveryOption, DeliverySlot, Parcel, PickupPoint
from shops.orders import fulfilment, held
from tests import factories
from tests.shops.portal.conftest import signed_in

NAMES = {"name_fr": "Par la poste", "name_en": "By post", "price": "4,20", "days_min": "2", "days_max": "4"}


def address(name: str, of, *more) -> str:
    return reverse(f"portal:{name}", args=[of.shop.slug, *more])


def add(of, kind: str, **sent):
    return of.client.post(address("delivery-save", of, kind), NAMES | {"packaging_grams": "100"} | sent)


def test_post_with_a_table_is_added_changed_and_paused(ours):
    table = "CA: H2, H3; 500; ; 4.20; 60\nUS; 2000; 150; 12"
    assert add(ours, "post", table=table, zone="CA").url == address("delivery", ours)
    option = DeliveryOption.objects.latest("pk")
    assert (option.kind, option.price_minor, option.countries, len(option.rates)) == ("post", 420, ["CA", "US"], 2)
    page = ours.client.get(address("delivery-change", ours, option.pk))
    assert page.context["form"].initial["table"] == "CA: H2, H3; 500; ; 4.20; 60.00\nUS; 2000; 150.00; 12.00"
    sent = NAMES | {"packaging_grams": "150", "zone": "CA: H2", "price": "5", "free_above": "40"}
    ours.client.post(address("delivery-save-change", ours, option.pk), sent)
    option.refresh_from_db()
    assert (option.rates, option.price_minor, option.free_above_minor, option.packaging_grams) == ([], 500, 4000, 150)
    assert (option.countries, option.postcode_prefixes) == (["CA"], ["H2"])
    for button, active in (("pause", False), ("resume", True)):
        ours.client.post(address("delivery-arrange", ours, option.pk), {button: "1"})
        option.refresh_from_db()
        assert option.active is active
    ours.client.post(address("delivery-arrange", ours, option.pk), {"up": "1"})
    assert list(ours.shop.delivery_options.values_list("kind", flat=True)) == ["post", "pickup"]
    actions = AuditEntry.objects.filter(action__startswith="delivery.").order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["delivery.keep"] * 2 + ["delivery.pause"] * 2 + ["delivery.move"]


def test_couriers_times_are_lines_and_one_that_is_gone_keeps_its_row(ours):
    add(ours, "courier", zone="CA: H2", slots="4; 17:00-19:00; 8\n5; 9h30-11h00; 2")
    option = DeliveryOption.objects.latest("pk")
    add_again = NAMES | {"zone": "CA: H2", "slots": "4; 17:00-19:00; 3"}
    ours.client.post(address("delivery-save-change", ours, option.pk), add_again)
    assert list(option.slots.values_list("weekday", "begins", "capacity", "active")) == [
        (3, time(17), 3, True),
        (4, time(9, 30), 2, False),
    ]
    assert DeliverySlot.objects.count() == 2


@pytest.mark.parametrize(
    ("kind", "sent", "wrong"),
    [
        ("post", {"zone": "CA", "table": "CA; ; ; 4\nCA; heavy; ; 4"}, ["table"]),
        ("post", {"zone": "Canada"}, ["zone"]),
        ("post", {"zone": "CA", "price": "-1", "days_min": "9"}, ["price"]),
        ("post", {"zone": "CA", "days_min": "9"}, ["days_max"]),
        ("courier", {"zone": "CA", "slots": "4; 19:00-17:00; 8"}, ["slots"]),
        ("courier", {"zone": "CA", "slots": "4; 25:00-26:00; 8"}, ["slots"]),
        ("courier", {"zone": "CA", "slots": "4; 17:00-19:00; 8\n4; 17:00-18:00; 8"}, ["slots"]),
        ("point", {}, ["point"]),
        ("other_shop", {"receiving_shop": "1"}, ["receiving_shop"]),
    ],
)
def test_what_cannot_be_read_is_told_and_nothing_is_saved(ours, kind, sent, wrong):
    before = DeliveryOption.objects.count()
    response = add(ours, kind, **sent)
    assert (response.status_code, sorted(response.context["form"].errors)) == (422, wrong)
    assert DeliveryOption.objects.count() == before


def test_points_and_shops_that_agreed_are_offered(ours, theirs):
    point = PickupPoint.objects.create(name="Bibliothèque", line1="1, rue", city="Montréal", postcode="H2X 1A1")
    PickupPoint.objects.create(name="Fermée", line1="1, rue", city="Montréal", postcode="H2X 1A1", active=False)
    form = ours.client.get(address("delivery-new", ours, "point")).context["form"]
    assert list(form.fields["point"].queryset) == [point]
    assert add(ours, "point", point=str(point.pk)).status_code == 302
    assert add(ours, "other_shop", receiving_shop=str(theirs.shop.pk)).status_code == 422
    counter = {"preparation_minutes": "90", "receives_for_others": "on", "kept_days": "10", "uncollected": "ask"}
    theirs.client.post(address("save-counter", theirs), counter)
    theirs.shop.refresh_from_db()
    assert (theirs.shop.preparation_minutes, theirs.shop.receives_for_others) == (90, True)
    assert add(ours, "other_shop", receiving_shop=str(theirs.shop.pk)).status_code == 302
    assert add(ours, "other_shop", receiving_shop=str(ours.shop.pk)).status_code == 422


def test_who_only_looks_changes_nothing(ours, looker):
    client = signed_in(looker)
    assert client.get(address("delivery", ours)).status_code == 200
    assert client.get(address("delivery-new", ours, "post")).status_code == 403
    assert client.post(address("delivery-save", ours, "post"), NAMES).status_code == 403
    assert ours.client.get(address("delivery-new", ours, "pigeon")).status_code == 404


def test_receiving_shop_sees_what_is_to_come_takes_it_in_and_hands_it_over(ours, theirs):
    theirs.shop.receives_for_others = True
    theirs.shop.save()
    option = factories.delivery_option(ours.shop, "other_shop", receiving_shop=theirs.shop)
    record = factories.stock_record(ours.shop)
    placed = factories.shop_order(ours.shop, (record, 2), delivery_option=option, pickup_code="K7M3QX")
    fulfilment.accept_all(placed, by="A", now=timezone.now())

    def seen(client=theirs.client) -> dict[str, list[tuple[str, int]]]:
        context = client.get(address("for-others", theirs)).context
        names = ("coming", "on_the_way", "here", "done")
        return {name: [(row.number, row.copies) for row in context[name]] for name in names if context[name]}

    row = [(placed.number, 2)]
    assert seen() == {"coming": row}
    ours.client.post(reverse("portal:hand-over", args=[ours.shop.slug, placed.number]), {"version": placed.version})
    assert seen() == {"coming": row}  # it may still be undone
    held.do_desk_actions(timezone.now() + held.UNDO_FOR)
    assert seen() == {"on_the_way": row}
    parcel = Parcel.objects.get()
    assert ours.client.post(address("parcel-arrive", theirs, parcel.pk)).status_code == 404
    theirs.client.post(address("parcel-arrive", theirs, parcel.pk))
    assert seen() == {"here": row}
    wrong = theirs.client.post(address("parcel-collect", theirs, parcel.pk), {"code": "AAAAAA"})
    assert (wrong.status_code, seen()) == (409, {"here": row})
    theirs.client.post(address("parcel-collect", theirs, parcel.pk), {"code": "k7m3qx"})
    assert seen() == {"done": row}
