"""A shop's own program reads its orders, answers them, and reads again what its webhook was sent."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from marketplace.foundation.models import AuditEntry, MailMessage
from marketplace.payments.models import Settlement
from shops import invariants, order_keys
from shops.models import ShopCall, ShopKey, ShopOrder, ShopScope, Transmission
from shops.orders import fulfilment, held, places
from tests import factories
from tests.api.conftest import Program
from tests.api.test_document import misfits, operations

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(db):
    return factories.shop("Librairie du Port", slug="port", language="en")


@pytest.fixture
def placed(shop) -> ShopOrder:
    """Two copies of one title and one of another, to be picked up."""
    two, one = factories.stock_record(shop, units=3), factories.stock_record(shop, units=1)
    return factories.shop_order(shop, (two, 2), (one, 1))


def program(shop, *scopes: str) -> Program:
    wanted = scopes or ShopScope.values
    return Program(order_keys.make(shop, label="till", scopes=wanted, by=factories.user(), now=timezone.now()))


@pytest.fixture
def till(shop) -> Program:
    return program(shop)


def lines(placed: ShopOrder) -> list[int]:
    return list(placed.lines.order_by("pk").values_list("pk", flat=True))


def change(till: Program, placed: ShopOrder, deed: str, once: str = "", **said: object):
    headers = {"Idempotency-Key": once} if once else {}
    version = ShopOrder.objects.get(pk=placed.pk).version
    return till.post(f"shop/orders/{placed.number}/{deed}", {"version": version, **said}, **headers)


def test_orders_are_read_answered_and_handed_over_as_the_document_says(till, shop, placed):
    document = till.get("openapi.json").json()
    known = operations(document)
    first, second = lines(placed)
    at = "/api/v1/shop/orders/{number}"
    asked = [
        ("get", "/api/v1/shop/orders", till.get("shop/orders?status=new&limit=1")),
        ("get", at, till.get(f"shop/orders/{placed.number}")),
        ("post", f"{at}/accept", change(till, placed, "accept", lines=[{"line": first, "units": 2}])),
        ("post", f"{at}/decline", change(till, placed, "decline", line=second, units=1, reason="sold")),
        ("post", f"{at}/pack", change(till, placed, "pack")),
        ("post", f"{at}/hand-over", change(till, placed, "hand-over", code="k7m3qx")),
        ("get", "/api/v1/shop/messages", till.get("shop/messages")),
        ("get", "/api/v1/shop/statements", till.get("shop/statements")),
    ]
    for method, path, answer in asked:
        assert (path, answer.status_code, misfits(answer, known[method, path], document)) == (path, 200, [])
    told = till.get(f"shop/orders/{placed.number}").json()
    assert (told["status"], [(line["accepted"], line["declined"], line["handed_over"]) for line in told["lines"]]) == (
        "handed_over",
        [(2, 0, 2), (0, 1, 0)],
    )
    done = AuditEntry.objects.filter(action__startswith="shop_order.").order_by("pk")
    assert set(done.values_list("actor_label", flat=True)) == {"api: till"}
    assert [*invariants.counters_that_differ(), *invariants.lines_without_their_units()] == []


def test_all_is_accepted_where_no_line_is_named(till, placed):
    assert change(till, placed, "accept").json()["status"] == "accepted"


def test_shop_gives_back_all_that_has_not_left_it(till, placed):
    answer = change(till, placed, "cancel", reason="damaged", note="Flooded")
    assert (answer.status_code, answer.json()["status"]) == (200, "declined")
    assert {line["decline_reason"] for line in answer.json()["lines"]} == {"damaged"}
    again = change(till, placed, "cancel", reason="damaged")
    assert (again.status_code, again.json()["error"]) == (409, "conflict")


def test_part_leaves_now_and_the_rest_later(till, placed):
    first, second = lines(placed)
    change(till, placed, "accept")
    twice = [{"line": second, "units": 1}] * 2  # is two of it
    assert change(till, placed, "hand-over", code="K7M3QX", lines=twice).status_code == 409
    some = change(till, placed, "hand-over", code="K7M3QX", lines=[{"line": first, "units": 1}])
    assert (some.status_code, some.json()["status"]) == (200, "accepted")
    assert change(till, placed, "hand-over", code="K7M3QX", lines=[{"line": second, "units": 9}]).status_code == 409
    rest = change(till, placed, "hand-over", code="K7M3QX").json()
    assert (rest["status"], [line["handed_over"] for line in rest["lines"]]) == ("handed_over", [2, 1])
    assert placed.parcels.count() == 2


def test_same_call_under_its_key_is_done_once(till, placed):
    first, _second = lines(placed)
    said = {"version": placed.version, "line": first, "units": 1, "reason": "sold"}
    at, key = f"shop/orders/{placed.number}/decline", {"Idempotency-Key": "call-0001"}
    once, again = till.post(at, said, **key), till.post(at, said, **key)
    assert (once.status_code, once.json()) == (200, again.json())
    placed.refresh_from_db()
    assert (placed.lines.get(pk=first).declined, placed.version) == (1, 1)
    other = till.post(at, said | {"units": 2}, **key)
    assert (other.status_code, "something else" in other.json()["message"]) == (409, True)
    # What was refused is not kept: asked for again with the right version it is done.
    wrong = till.post(at, said, **{"Idempotency-Key": "call-0002"})
    assert wrong.status_code == 409
    assert till.post(at, said | {"version": 1}, **{"Idempotency-Key": "call-0002"}).status_code == 200
    later = timezone.now() + timedelta(days=8)
    assert (order_keys.forget_calls(later), ShopCall.objects.count()) == (2, 0)


def test_whoever_was_quicker_is_named(till, placed):
    staff = factories.member(placed.shop).user
    fulfilment.accept_all(placed, by=staff, now=timezone.now())
    late = till.post(f"shop/orders/{placed.number}/accept", {"version": 0})
    assert late.status_code == 409
    assert (staff.get_full_name() or staff.email) in late.json()["message"]


def test_what_was_pressed_at_the_desk_goes_first(till, placed):
    staff = factories.member(placed.shop).user
    held.press(placed, held.Press(held.Deed.ACCEPT, 0, "desk"), by=staff, now=timezone.now())
    late = change(till, placed, "accept")
    assert (late.status_code, ShopOrder.objects.get().status) == (409, "new")


def test_several_lines_are_answered_whole_or_not_at_all(till, placed):
    first, second = lines(placed)
    answer = change(till, placed, "accept", lines=[{"line": first, "units": 2}, {"line": second, "units": 5}])
    assert (answer.status_code, ShopOrder.objects.get().version) == (409, 0)
    assert change(till, placed, "accept", lines=[{"line": first + 100, "units": 1}]).status_code == 404
    assert MailMessage.objects.count() == 0


def test_copies_that_are_on_the_shelf_again_are_said(till, placed):
    fulfilment.accept_all(placed, by="x", now=timezone.now())
    Transmission.objects.create(shop_order=placed, shop=placed.shop, channel="email", outcome="sent")
    fulfilment.cancel(placed.lines.first(), 1, by="reader", now=timezone.now())
    assert till.get(f"shop/orders/{placed.number}").json()["to_put_back"] == 1
    old = till.post(f"shop/orders/{placed.number}/put-back", {"version": 1})  # more may have come back since
    assert (old.status_code, till.get(f"shop/orders/{placed.number}").json()["to_put_back"]) == (409, 1)
    assert change(till, placed, "put-back").json()["to_put_back"] == 0
    assert change(till, placed, "put-back").status_code == 409


def test_key_opens_its_own_shop_and_what_it_is_for(shop, placed):
    theirs = factories.shop_order(other := factories.shop("B"), (factories.stock_record(other, units=1), 1))
    reads = program(shop, ShopScope.READ)
    assert [one["number"] for one in reads.get("shop/orders").json()["orders"]] == [placed.number]
    assert reads.get(f"shop/orders/{theirs.number}").status_code == 404
    assert change(program(shop), theirs, "accept").status_code == 404
    assert change(reads, placed, "accept").status_code == 403
    assert reads.get("shop/statements").status_code == 403
    key = ShopKey.objects.filter(shop=shop).latest("pk")
    assert order_keys.revoke(key, by=factories.user(), now=timezone.now())
    assert not order_keys.revoke(key, by=factories.user(), now=timezone.now())
    assert (Program().get("shop/orders").status_code, Program("halles_shop_x").get("shop/orders").status_code) == (
        401,
        401,
    )


def test_key_of_a_shop_that_left_opens_nothing(till, shop):
    type(shop).objects.filter(pk=shop.pk).update(status="left")
    assert till.get("shop/orders").status_code == 401


def test_list_goes_on_also_for_what_comes_later(till, shop, placed):
    record = factories.stock_record(shop, units=9)
    more = [factories.shop_order(shop, (record, 1)) for _ in range(2)]
    page = till.get("shop/orders?limit=2").json()
    assert [one["number"] for one in page["orders"]] == [placed.number, more[0].number]
    rest = till.get("shop/orders", {"limit": 2, "cursor": page["next"]}).json()
    assert ([one["number"] for one in rest["orders"]], rest["next"]) == ([more[1].number], None)
    assert till.get("shop/orders", {"status": "new", "cursor": page["next"]}).status_code == 422


def test_what_the_webhook_was_sent_is_read_again_in_order(till, shop, placed):
    now = timezone.now()
    ShopOrder.objects.update(created_at=now - timedelta(hours=2))
    Transmission.objects.create(shop_order=placed, shop=shop, channel="email", outcome="sent")
    fulfilment.cancel(placed.lines.first(), 1, by="reader", now=now - timedelta(hours=1))
    first = till.get("shop/messages?limit=1").json()
    second = till.get("shop/messages", {"cursor": first["next"]}).json()
    last = till.get("shop/messages", {"cursor": second["next"]}).json()
    told = [(one["id"].partition("_")[0], one["type"]) for one in [*first["messages"], *second["messages"]]]
    assert told == [("shop", "shop_order.new"), ("cancellation", "shop_order.taken_back")]
    assert (first["more"], second["more"], last["messages"], last["next"]) == (True, False, [], second["next"])
    assert second["messages"][0]["data"]["taken_back"]["units"] == 1


def test_statements_are_read_line_by_line(till, shop):
    now = timezone.now()
    sums = dict.fromkeys(("goods", "commission", "tax", "other", "transferred", "opening", "closing"), 0)
    amounts = {f"{name}_minor": value for name, value in sums.items()}
    Settlement.objects.create(
        shop=shop, number=1, begins_at=now - timedelta(days=40), ends_at=now - timedelta(days=10), currency="CAD",
        closed_at=now, **amounts,
    )  # fmt: skip
    assert [one["number"] for one in till.get("shop/statements").json()] == [1]
    assert till.get("shop/statements/1").json()["lines"] == []
    assert till.get("shop/statements/2").status_code == 404


def test_what_is_over_long_ago_asks_no_query_of_its_own(till, shop):
    old = timezone.now() - timedelta(days=900)

    def asked() -> tuple[int, ...]:
        factories.shop_order(shop, (factories.stock_record(shop, units=3), 1))
        ShopOrder.objects.update(status="handed_over", handed_over_at=old, answered_at=old)
        places.give(shop.pk)
        counts = []
        for path in ("shop/orders", "shop/messages"):
            with CaptureQueriesContext(connection) as queries:
                assert till.get(path).status_code == 200
            counts.append(len(queries))
        return tuple(counts)

    asked()
    assert asked() == asked()
