"""The desk is one screen: beside the orders what else the counter does, in ten statements on either database."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from shops import reservations
from shops.models import Cancellation, DeskAction, Parcel, ParcelLine, Return, ReturnLine, Shop, ShopOrder
from shops.orders import fulfilment, held
from shops.orders.held import Deed, Press
from shops.portal import queue
from shops.threads import incidents, writing
from shops.threads.writing import Side, Words
from tests import factories
from tests.shops.portal.conftest import Stall, stall
from tests.shops.portal.test_desk_views import accepted, handed_over, packed, place

MOST = 10  # of the whole page, with the session, the person and the walls


def carried(to: Shop, *, of: Stall, **columns) -> Parcel:
    """A parcel of the other shop for a reader who collects it here."""
    order = place(of, units=2)
    parcel = Parcel.objects.create(
        shop_order=order, kind="other_shop", carried_to=to, handed_over_at=timezone.now(), **columns
    )
    ParcelLine.objects.create(parcel=parcel, line=order.lines.get(), units=2)
    return parcel


def reserved(of: Stall, **columns) -> reservations.Reservation:
    record = factories.stock_record(of.shop, factories.product("Mis de côté"), units=3)
    return factories.reservation(record, **columns)


def asked(of: Stall, words: str = "Est-il là ?"):
    thread = writing.of_order(of.order, now=timezone.now())
    return writing.write(thread, Side.READER, Words(words), by=None, name="Léa", now=timezone.now())


def sent_back(of: Stall) -> Return:
    order = handed_over(of)
    columns = {"basis": "withdrawal", "reason": "changed", "state": "asked", "asked_at": timezone.now()}
    made = Return.objects.create(number=f"{order.number}-R1", shop_order=order, goes_to=of.shop, once="r1", **columns)
    ReturnLine.objects.create(of=made, line=order.lines.get(), units=1)
    return made


def beside(of: Stall) -> dict[str, list]:
    context = of.client.get(reverse("portal:desk", args=[of.shop.slug])).context
    return {group.key: group.rows for group in context["beside"]}


def everything(ours: Stall, theirs: Stall) -> None:
    accepted(ours), packed(ours), sent_back(ours), reserved(ours), asked(ours)
    incidents.open_one(
        writing.of_order(ours.order, now=timezone.now()),
        *(Side.READER, "not_arrived", Words("?")),
        by=None,
        who="reader",
        now=timezone.now(),
    )
    carried(ours.shop, of=theirs)
    cancelled = accepted(ours)
    Cancellation.objects.create(shop=ours.shop, line=cancelled.lines.get(), units=1, cancelled_at=timezone.now())
    pressed = place(ours)
    held.press(pressed, Press(Deed.ACCEPT, pressed.version, "one"), by=ours.staff, now=timezone.now())
    failed = held.press(place(ours), Press(Deed.ACCEPT, 0, "two"), by=ours.staff, now=timezone.now())
    DeskAction.objects.filter(pk=failed.pk).update(failed_at=timezone.now(), due_at=None, problem="late")


@pytest.mark.parametrize("name", ["desk", "queue"])
def test_desk_asks_ten_statements_at_most_whatever_stands_on_it(name, ours, theirs):
    everything(ours, theirs)
    client, where = ours.client, reverse(f"portal:{name}", args=[ours.shop.slug])
    client.get(where)
    with CaptureQueriesContext(connection) as captured:
        context = client.get(where).context
    assert len(captured) <= MOST, [row["sql"][:150] for row in captured]
    assert {group.key for group in context["beside"]} == {"threads", "returns", "reserved", "carried"}
    assert [group.total for group in context["groups"]] == [1, 2, 3, 1, 1]
    assert len(context["back"]) == 1


def test_copies_to_set_aside_stand_on_the_desk_with_their_deadline(ours, theirs):
    reserved(theirs)
    late, soon = reserved(ours), reserved(ours, email="ali@example.org", name="Ali")
    later = timezone.now() + timedelta(hours=3)
    type(soon).objects.filter(pk=soon.pk).update(expires_at=later)
    rows = beside(ours)["reserved"]
    assert [(row.about, row.text, row.copies) for row in rows] == [("Ali", "Mis de côté", 1), ("Léa", "Mis de côté", 1)]
    assert rows[0].url == reverse("portal:reservations", args=[ours.shop.slug])
    assert not rows[0].overdue
    reservations.keep(late, by=ours.staff, now=timezone.now())
    assert [row.about for row in beside(ours)["reserved"]] == ["Ali"]


def test_only_the_first_few_are_shown_and_all_are_counted(ours):
    for number in range(7):
        reserved(ours, email=f"reader{number}@example.org")
    shown = ours.client.get(reverse("portal:desk", args=[ours.shop.slug]))
    [group] = shown.context["beside"]
    assert (len(group.rows), group.total, group.beyond) == (3, 7, 4)


@pytest.mark.parametrize(
    ("columns", "do"),
    [
        ({}, "À ranger"),
        ({"arrived_at": True, "keep_until": True}, "À remettre"),
        ({"arrived_at": True, "uncollected_at": True}, "À renvoyer"),
        ({"arrived_at": True, "collected_at": True}, None),
        ({"missing_at": True}, None),
        ({"arrived_at": True, "uncollected_at": True, "sent_back_at": True}, None),
    ],
)
def test_parcel_of_another_shop_says_what_is_to_do_with_it(columns, do, ours, theirs):
    parcel = carried(ours.shop, of=theirs, **dict.fromkeys(columns, timezone.now()))
    rows = beside(ours).get("carried", [])
    found = [(row.about, row.copies, row.do, row.text) for row in rows]
    assert found == ([(parcel.shop_order.number, 2, do, theirs.shop.name)] if do else [])
    assert "carried" not in beside(theirs)


def test_person_out_of_sight_is_not_named_beside_the_orders(ours):
    factories.network(shop_sight_days=30)
    asked(ours)
    assert [row.who for row in beside(ours)["threads"]] == ["Léa"]
    over = timezone.now() - timedelta(days=31)
    ShopOrder.objects.filter(pk=ours.order.pk).update(status="handed_over", handed_over_at=over, answered_at=over)
    assert [row.who for row in beside(ours)["threads"]] == ["Un lecteur, une lectrice"]


def newest(of: Stall) -> dict[str, int]:
    """By what a browser knows that something came."""
    context = of.client.get(reverse("portal:desk", args=[of.shop.slug])).context
    groups = [*context["groups"], *context["beside"]]
    return {group.key: group.newest for group in groups if group.newest}


def test_newest_grows_with_what_comes_shown_or_not(ours, theirs, monkeypatch):
    monkeypatch.setattr(queue, "SHOWN", 1)
    first = newest(ours)
    assert first == {"new": ours.order.pk}
    order = place(ours, due_in_hours=99)
    carried(ours.shop, of=theirs), reserved(ours), asked(ours)
    second = newest(ours)
    assert (second["new"], set(second)) == (order.pk, {"new", "carried", "reserved", "threads"})
    message = asked(ours, "Alors ?")
    assert newest(ours)["threads"] == message.pk > second["threads"]
    fulfilment.accept_all(order, by=ours.staff, now=timezone.now())
    assert newest(ours)["new"] == ours.order.pk


def test_of_all_shops_of_a_person_each_desk_shows_its_own(ours):
    other = stall("Halles du Sud")
    factories.member(other.shop, ours.staff)
    reserved(other)
    assert beside(ours) == {}
