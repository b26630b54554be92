"""The queue, the list of orders with its scan field, the pick list."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from marketplace.foundation import network
from shops import announcing
from shops.models import ShopOrder
from shops.orders import fulfilment
from shops.portal.queue import queue
from tests import factories
from tests.shops.portal.conftest import OF_WALLS, Stall


def place(stall: Stall, *, units: int = 1, due_in_hours: float = 24, **columns) -> ShopOrder:
    record = factories.stock_record(stall.shop, units=50)
    due = timezone.now() + timedelta(hours=due_in_hours)
    return factories.shop_order(stall.shop, (record, units), answer_due_at=due, **columns)


def accepted(stall: Stall) -> ShopOrder:
    order = place(stall)
    fulfilment.accept_all(order, by=stall.staff, now=timezone.now())
    return order


def packed(stall: Stall) -> ShopOrder:
    order = accepted(stall)
    fulfilment.pack(order, by=stall.staff, now=timezone.now())
    return order


def handed_over(stall: Stall) -> ShopOrder:
    order = packed(stall)
    fulfilment.hand_over(order, by=stall.staff, now=timezone.now(), code=order.pickup_code)
    return order


def numbers(stall: Stall, key: str, *, now=None) -> list[str]:
    groups = {group.key: group for group in queue(stall.staff, stall.shop, now=now or timezone.now())}
    return [row.number for row in groups[key].rows]


def test_queue_groups_by_what_to_do_next(ours):
    rows = {"accepted": accepted(ours), "packed": packed(ours), "done": handed_over(ours)}
    assert numbers(ours, "new") == [ours.order.number]
    assert {key: numbers(ours, key) for key in rows} == {key: [order.number] for key, order in rows.items()}


def test_queue_answers_the_earliest_deadline_first_and_marks_what_is_overdue(ours):
    late, soon = place(ours, due_in_hours=-1), place(ours, due_in_hours=2)
    group = queue(ours.staff, ours.shop, now=timezone.now())[0]
    assert [row.number for row in group.rows] == [late.number, soon.number, ours.order.number]
    assert [row.overdue for row in group.rows] == [True, False, False]


def test_queue_forgets_what_was_done_a_week_ago(ours):
    order = handed_over(ours)
    assert numbers(ours, "done") == [order.number]
    assert numbers(ours, "done", now=timezone.now() + timedelta(days=7, minutes=1)) == []


def test_queue_counts_the_copies_the_reader_still_gets(ours):
    line = ours.order.lines.first()
    line.shop_order = ours.order
    fulfilment.decline(line, 1, by=ours.staff, reason="other", now=timezone.now())
    group = queue(ours.staff, ours.shop, now=timezone.now())[0]
    assert [(row.title, row.more, row.copies) for row in group.rows] == [("Le titre de Librairie du Port", 1, 2)]


def test_desk_shows_times_of_the_shops_own_zone(ours):
    ours.shop.timezone = "Asia/Tokyo"
    ours.shop.save()
    due = timezone.now().replace(hour=3, minute=30) + timedelta(days=3)
    ShopOrder.objects.filter(pk=ours.order.pk).update(answer_due_at=due)
    shown = ours.client.get(reverse("portal:desk", args=[ours.shop.slug])).content.decode()
    assert "12:30" in shown  # nine hours on


@pytest.mark.parametrize("name", ["desk", "queue", "orders", "pick-list"])
def test_page_asks_the_same_number_of_queries_however_many_orders(
    name, ours, monkeypatch, django_assert_num_queries, django_assert_max_num_queries
):
    monkeypatch.setattr(network, "_CACHE_SECONDS", 3600)  # else what a process remembers is asked for anew, or not
    monkeypatch.setattr(announcing, "KEPT_SECONDS", 3600)
    client, where = ours.client, reverse(f"portal:{name}", args=[ours.shop.slug])
    accepted(ours)
    client.get(where)
    with django_assert_max_num_queries(10 if name in {"desk", "queue"} else 10 + OF_WALLS) as asked:
        client.get(where)
    count = len(asked)
    for _ in range(29):
        place(ours)
        accepted(ours)
    with django_assert_num_queries(count):
        client.get(where)


def test_polled_queue_is_not_sent_again_while_nothing_has_changed(ours):
    client, where = ours.client, reverse("portal:queue", args=[ours.shop.slug])
    first = client.get(where)
    assert first["Cache-Control"] == "private, no-cache"
    assert client.get(where, headers={"If-None-Match": first["ETag"]}).status_code == 304
    accepted(ours)
    assert client.get(where, headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_no_page_of_the_portal_stays_in_the_browser(ours):
    """Whoever takes the device next presses Back."""
    order = reverse("portal:order", args=[ours.shop.slug, ours.order.number])
    pages = [reverse("portal:desk", args=[ours.shop.slug]), order]
    assert [ours.client.get(where)["Cache-Control"] for where in pages] == ["private, no-store"] * 2


def test_polled_queue_keeps_the_open_order_marked(ours):
    where = reverse("portal:queue", args=[ours.shop.slug]) + f"?open={ours.order.number}"
    assert 'aria-current="true"' in ours.client.get(where).content.decode()


@pytest.mark.parametrize(
    "typed",
    [
        lambda order: order.number,
        lambda order: order.number.lower(),
        lambda order: order.number[:-2],
        lambda order: order.pickup_code,
        lambda order: f" {order.pickup_code[:3].lower()} {order.pickup_code[3:].lower()} ",
        lambda order: "978-2-07-036002-4",
        lambda order: "9782070360024",
        lambda order: order.lines.get().sku,
        lambda order: "bonheur d",
    ],
)
def test_scan_field_opens_the_only_order_that_fits(typed, ours):
    record = factories.stock_record(ours.shop, factories.product("Bonheur d’occasion"))
    order = factories.shop_order(ours.shop, (record, 1), pickup_code="HJK346")
    order.lines.update(gtin=9782070360024, title="Bonheur d’occasion")
    response = ours.client.get(reverse("portal:orders", args=[ours.shop.slug]), {"q": typed(order)})
    assert response.url == reverse("portal:order", args=[ours.shop.slug, order.number])


def test_scan_field_lists_the_orders_of_one_book(ours):
    first, second = place(ours), place(ours)
    for order in (first, second):
        order.lines.update(sku="SAME")
    response = ours.client.get(reverse("portal:orders", args=[ours.shop.slug]), {"q": "SAME"})
    assert [row.number for row in response.context["rows"]] == [second.number, first.number]


def test_scan_field_does_not_open_a_collected_order_by_its_code(ours):
    collected = handed_over(ours)
    assert collected.pickup_code == ours.order.pickup_code
    response = ours.client.get(reverse("portal:orders", args=[ours.shop.slug]), {"q": collected.pickup_code})
    assert response.url == reverse("portal:order", args=[ours.shop.slug, ours.order.number])


def test_scan_field_finds_nothing_of_the_other_shop(ours, theirs):
    response = ours.client.get(reverse("portal:orders", args=[ours.shop.slug]), {"q": theirs.order.number})
    assert (response.status_code, response.context["rows"]) == (200, [])


def test_orders_are_filtered_by_state_and_paged(ours):
    client, where = ours.client, reverse("portal:orders", args=[ours.shop.slug])
    done = accepted(ours)
    assert [row.number for row in client.get(where, {"status": "accepted"}).context["rows"]] == [done.number]
    assert len(client.get(where, {"status": "nonsense"}).context["rows"]) == 2
    for _ in range(50):
        place(ours)
    assert len(client.get(where).context["rows"]) == 50
    assert len(client.get(where, {"page": "2"}).context["rows"]) == 2


@pytest.mark.parametrize("typed", ["\x00x", "%", "9" * 99, "é" * 100, "'; --"])
def test_scan_field_bears_any_input(typed, ours):
    response = ours.client.get(reverse("portal:orders", args=[ours.shop.slug]), {"q": typed, "page": typed})
    assert (response.status_code, response.context["rows"]) == (200, [])


def test_pick_list_is_by_title_and_holds_accepted_orders_alone(ours):
    place(ours)
    orders = [accepted(ours), accepted(ours)]
    orders[0].lines.update(title="Zoo")
    orders[1].lines.update(title="Été")
    response = ours.client.get(reverse("portal:pick-list", args=[ours.shop.slug]))
    assert [(row.title, row.number) for row in response.context["rows"]] == [
        ("Été", orders[1].number),
        ("Zoo", orders[0].number),
    ]


def test_pick_list_of_one_order(ours):
    order = accepted(ours)
    accepted(ours)
    response = ours.client.get(reverse("portal:order-pick-list", args=[ours.shop.slug, order.number]))
    assert [row.number for row in response.context["rows"]] == [order.number]
