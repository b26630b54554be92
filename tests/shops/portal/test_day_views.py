"""Several orders accepted at once, the day at a glance, the history without gaps, who finds what."""

from __future__ import annotations

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone

from marketplace.foundation import audit
from shops.models import Cancellation, DeskAction, Parcel, ShopOrder
from shops.orders import acknowledging, fulfilment
from shops.portal.words import DEEDS
from tests import factories
from tests.shops.portal.conftest import Stall
from tests.shops.portal.test_desk_views import accepted, handed_over, place
from tests.shops.portal.test_order_views import accept_everything, address, status, worked
from tests.test_structure import CODE


def of_shop(of: Stall, name: str) -> str:
    return reverse(f"portal:{name}", args=[of.shop.slug])


def choose(of: Stall, *orders: ShopOrder, once: str = "a"):
    chosen = [f"{order.number}:{order.version}" for order in orders]
    return of.client.post(of_shop(of, "bulk-accept"), {"once": once, "chosen": chosen}, follow=True)


def test_chosen_orders_are_accepted_and_the_others_left(ours):
    other, left = place(ours), place(ours)
    for _ in range(2):
        choose(ours, ours.order, other)
    assert DeskAction.objects.count() == 2
    for _ in range(2):
        worked()
    assert status(ours) == "accepted"
    assert {order.number: order.status for order in ShopOrder.objects.filter(pk__in=[other.pk, left.pk])} == {
        other.number: "accepted",
        left.number: "new",
    }


def test_chosen_order_that_changed_is_said_and_stops_no_other(ours):
    old = ShopOrder.objects.get(pk=ours.order.pk)
    accept_everything(ours)
    page = choose(ours, old, place(ours)).content.decode()
    assert (page.count("message warning"), page.count("message success")) == (1, 1)


@pytest.mark.parametrize("chosen", ["", "x", "100-A:0", ":", "1:x"])
def test_chosen_nonsense_is_not_found(chosen, ours):
    sent = {"once": "a", "chosen": [chosen]}
    assert ours.client.post(of_shop(ours, "bulk-accept"), sent).status_code == 404


def test_other_shops_orders_are_not_chosen(ours, theirs):
    sent = {"once": "a", "chosen": [f"{theirs.order.number}:0"]}
    assert ours.client.post(of_shop(ours, "bulk-accept"), sent).status_code == 404


def test_day_says_what_came_was_done_and_is_open(ours):
    handed_over(ours), accepted(ours)
    line = ours.order.lines.first()
    line.shop_order = ours.order
    fulfilment.decline(line, 2, by=ours.staff, reason="damaged", now=timezone.now())
    context = ours.client.get(of_shop(ours, "day")).context
    assert context["figures"] == {
        "came": 3, "answered": 2, "declined": 0, "late": 0, "new": 1, "accepted": 1, "packed": 0,
    }  # fmt: skip
    assert [(row["parcels"], row["copies"]) for row in context["handed_over"]] == [(1, 1)]
    assert [units for _, units in context["declined"]] == [2]


@pytest.mark.parametrize("day", ["2020-01-01", "nonsense", "2026-13-77", "9999-12-31", "0001-01-01"])
def test_day_may_be_any(day, ours):
    assert ours.client.get(of_shop(ours, "day"), {"day": day}).status_code == 200


def test_history_is_whole(ours):
    accept_everything(ours)
    for _ in range(40):
        audit.record("shop_order.warn", ours.order)
    history = ours.client.get(address(ours, "order")).context["history"]
    assert len(history) == 41


def test_history_has_what_the_shops_system_said_and_was_told(ours):
    accept_everything(ours)
    line = ours.order.lines.first()
    audit.record(acknowledging.TAKEN, ours.order, by="EDItX", shop_id=ours.shop.pk)
    taken = Cancellation.objects.create(line=line, shop=ours.shop, units=2, cancelled_at=timezone.now())
    audit.record("cancellation.tell", taken, shop_id=ours.shop.pk, line=line.pk, units=2)
    shown = ours.client.get(address(ours, "order")).context["history"]
    told = [(row["who"], row["title"], row["units"]) for row in shown]
    assert told[-2][0] == "EDItX"
    assert told[-1][1:] == (line.title, 2)


def test_every_deed_has_its_word():
    """What the code writes about orders and what brings them to a shop."""
    said = re.compile(r'audit\.record\(\s*"((?:shop_order|transmission|cancellation)\.\w+)"')
    written = {name for path in CODE for name in said.findall(path.read_text())} | {acknowledging.TAKEN}
    assert written - set(DEEDS) == set()
    assert len(written) > 10


@pytest.mark.parametrize("typed", ["Camus", "Zoé Tremblay", "zoe@example.org", "1Z999", "1z999"])
def test_scan_field_finds_by_author_reader_and_tracking(typed, ours):
    record = factories.stock_record(ours.shop, factories.product("L'Étranger", contributors_text="Albert Camus"))
    found = factories.shop_order(ours.shop, (record, 1))
    factories.payment(found.order, checkout={"name": "Zoé Tremblay", "email": "zoe@example.org"})
    Parcel.objects.create(shop_order=found, handed_over_at=timezone.now(), tracking="1Z999")
    answer = ours.client.get(of_shop(ours, "orders"), {"q": typed})
    assert answer.url == address(ours, "order", order=found)


@pytest.mark.parametrize(("reason", "left", "withheld"), [("sold", "4", 1), ("damaged", "3", 2), ("damaged", "", 1)])
def test_of_sold_and_damaged_copies_the_rest_may_be_counted(reason, left, withheld, ours):
    """Five on the list: four are said to be there, or three; uncounted, the copy itself is kept back. What was sold
    stays so until the next number."""
    line = ours.order.lines.last()
    sent = {"version": "0", "units": "1", "reason": reason, "left": left}
    assert ours.client.post(address(ours, "decline", line.pk), sent).status_code == 302
    worked()
    held_back = line.stock_record.allocations.filter(cause="not_found", ended_at=None)
    assert sum(row.units for row in held_back) == withheld


def test_day_begins_at_the_shops_midnight(ours):
    ours.shop.timezone = "Asia/Tokyo"
    ours.shop.save()
    local = timezone.localtime(timezone=ZoneInfo("Asia/Tokyo"))
    late = local.replace(hour=0, minute=0, second=0) - timedelta(minutes=1)
    ShopOrder.objects.filter(pk=ours.order.pk).update(expired_at=late)
    days = [(local.date() - timedelta(days=back)).isoformat() for back in (0, 1)]
    pages = [ours.client.get(of_shop(ours, "day"), {"day": day}).context["figures"]["late"] for day in days]
    assert pages == [0, 1]
