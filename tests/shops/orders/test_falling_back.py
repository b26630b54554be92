"""An order that the shop's own system does not take comes by its other channel, or a person knows."""

from __future__ import annotations

from datetime import timedelta

import pytest

from marketplace.foundation.models import AuditEntry, MailMessage
from shops import webhooks
from shops.channels.email import EmailChannel
from shops.models import Allocation, Cancellation, Shop, ShopOrder, ShopWebhook, Transmission
from shops.orders import again, cancelling, falling_back, fulfilment, routing
from tests import factories, webdav_server
from tests.factories import NOON
from tests.shops.channels import dropping, receiver, scripted
from tests.shops.channels.receiver import Receiver

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(server: Receiver) -> Shop:
    made = factories.shop()
    receiver.connected(server, made)
    return made


def sold(shop: Shop) -> Transmission:
    placed = factories.shop_order(shop, (factories.stock_record(shop), 2), created_at=NOON)
    return Transmission.objects.create(shop_order=placed, shop=shop, channel=shop.channel, due_at=NOON)


def until(row: Transmission, end, now=NOON) -> None:
    """The step whenever the row is due, until `end`."""
    while now < end:
        routing.transmit_orders(now)
        row.refresh_from_db()
        if row.due_at is None or row.parked_at:
            return
        now = row.due_at


def letters() -> list[str]:
    sent = MailMessage.objects.filter(kind="shop_order_new").order_by("pk")
    return list(sent.values_list("dedupe_key", flat=True))


def test_order_is_posted_and_that_is_all(server, shop):
    row = sold(shop)
    assert routing.transmit_orders(NOON) == 1
    row.refresh_from_db()
    number = row.shop_order.number
    assert (row.outcome, row.channel, row.fell_back_at, letters()) == ("sent", "webhook", None, [])
    assert (row.reference, server.numbers()) == (f"shop_order_{number}", [number])


@pytest.mark.parametrize("fault", ["500", "404", "down", "lost", "busy"])
def test_after_an_hour_without_a_yes_it_comes_by_mail(fault, server, shop):
    server.plan = lambda path: fault
    first, second = sold(shop), sold(shop)
    until(first, NOON + timedelta(hours=2))
    first.refresh_from_db()
    assert (first.outcome, first.channel) == ("sent", "email")
    late = timedelta(0) if fault == "busy" else timedelta(hours=1)  # it asked for more than an hour at once
    assert timedelta(0) <= first.fell_back_at - NOON - late < timedelta(minutes=1)
    assert set(server.calls) == {f"shop_order_{first.shop_order.number}"}
    until(second, NOON + timedelta(hours=4), now=NOON + timedelta(hours=1, minutes=1))
    assert letters() == [f"shop_order_new:{row.shop_order.number}" for row in (first, second)]
    assert AuditEntry.objects.filter(action="transmission.fall_back").count() == 2


def test_address_that_is_gone_falls_back_at_once(server, shop):
    server.plan = lambda path: "410"
    row = sold(shop)
    assert routing.transmit_orders(NOON) == 1
    row.refresh_from_db()
    assert (row.channel, [one.status for one in row.tries.order_by("pk")]) == ("email", [410, None])
    assert row.fell_back_at is not None


def test_without_another_channel_a_person_knows_in_the_end(server, shop):
    falling_back.fall_back_after(shop, None, by=factories.user())
    server.plan = lambda path: "500"
    first, second = sold(shop), sold(shop)
    ShopOrder.objects.update(answer_due_at=NOON + timedelta(days=30))
    until(first, NOON + timedelta(days=10))
    assert (first.attempts, first.outcome, first.parked_at is not None, len(server.calls)) == (10, "unknown", True, 10)
    assert routing.transmit_orders(NOON + timedelta(days=20)) == 0
    server.plan = lambda path: ""
    assert again.send_again(first.shop_order, by=factories.user(), now=NOON)
    assert [routing.transmit_orders(NOON) for _ in range(3)] == [1, 1, 0]
    assert server.numbers() == [first.shop_order.number, second.shop_order.number]


def test_outcome_once_unknown_stays_so_until_it_is_acknowledged(server, shop):
    """What came there and was not answered is taken for there: copies of it are not given free by a cancellation."""
    faults = ["404", "lost"]
    server.plan = lambda path: faults.pop()
    row = sold(shop)
    routing.transmit_orders(NOON)
    routing.transmit_orders(NOON + timedelta(minutes=1))
    row.refresh_from_db()
    assert (row.outcome, faults, len(server.calls)) == ("unknown", [], 2)


def test_sent_again_it_has_the_id_that_it_had(server, shop):
    row = sold(shop)
    routing.transmit_orders(NOON)
    person = factories.user()
    assert again.send_again(row.shop_order, by=person, now=NOON)
    assert not again.send_again(row.shop_order, by=person, now=NOON)  # it is on its way
    assert routing.transmit_orders(NOON) == 1
    assert (server.calls, len(server.numbers())) == ([f"shop_order_{row.shop_order.number}"] * 2, 1)


def test_what_was_parked_goes_to_the_mended_address(server, shop):
    row, later = sold(shop), sold(shop)
    routing.transmit_orders(NOON)
    made = take_back(row)
    Cancellation.objects.filter(pk=made.pk).update(parked_at=NOON)
    Transmission.objects.filter(pk=later.pk).update(parked_at=NOON)
    webhooks.set_up(shop, f"{server.address}/new", by=factories.user(), now=NOON)
    assert (routing.transmit_orders(NOON), cancelling.tell_cancellations(NOON)) == (1, 1)
    assert server.numbers(path="/new") == [later.shop_order.number]
    assert server.numbers("shop_order.taken_back", "/new") == [row.shop_order.number]


@pytest.mark.parametrize("parked_at", [None, NOON])
def test_what_was_on_its_way_comes_by_mail_once_the_webhook_is_ended(parked_at, server, shop):
    server.plan = lambda path: "500"
    row = sold(shop)
    routing.transmit_orders(NOON)
    Transmission.objects.filter(pk=row.pk).update(parked_at=parked_at)
    webhooks.end(ShopWebhook.objects.get(), by=factories.user(), now=NOON)
    assert routing.transmit_orders(NOON + timedelta(hours=1)) == 1
    shop.refresh_from_db()
    assert (letters(), shop.channel) == ([f"shop_order_new:{row.shop_order.number}"], "email")


def take_back(row: Transmission) -> Cancellation:
    line = row.shop_order.lines.select_related("shop_order__shop").get()
    return fulfilment.cancel(line, 1, by="reader", now=NOON)


def taken_back() -> int:
    """How many mails told of it."""
    return MailMessage.objects.filter(kind="shop_order_taken_back").count()


def test_cancellation_that_the_system_does_not_take_is_mailed(server, shop):
    row = sold(shop)
    routing.transmit_orders(NOON)
    take_back(row)
    server.plan = lambda path: "500"
    assert cancelling.tell_cancellations(NOON) == 0
    assert cancelling.tell_cancellations(NOON + timedelta(hours=2)) == 1
    assert taken_back() == 1


def test_cancellation_that_neither_channel_takes_is_told_later(server, shop, monkeypatch):
    row = sold(shop)
    routing.transmit_orders(NOON)
    made = take_back(row)
    server.plan = lambda path: "410"
    with monkeypatch.context() as broken:
        broken.setattr(EmailChannel, "cancel", lambda *_, **__: 1 / 0)
        assert cancelling.tell_cancellations(NOON) == 0
    made.refresh_from_db()
    assert (made.parked_at, made.lease_token, "ZeroDivisionError" in made.last_error) == (None, "", True)
    assert (cancelling.tell_cancellations(made.due_at), taken_back()) == (1, 1)


@pytest.mark.parametrize("fault", ["", "500", "ended"])
def test_cancellation_of_what_was_mailed_is_posted_too_as_the_system_may_have_it(fault, server, shop):
    """It stored the order, and its answers were lost."""
    server.plan = lambda path: "lost"
    row = sold(shop)
    until(row, NOON + timedelta(hours=2))
    take_back(row)
    server.plan = lambda path: fault
    if fault == "ended":
        webhooks.end(ShopWebhook.objects.get(), by=factories.user(), now=NOON)
    assert (cancelling.tell_cancellations(NOON), taken_back()) == (1, 1)
    assert server.numbers("shop_order.taken_back") == ([] if fault else [row.shop_order.number])
    assert Cancellation.objects.get().told_at is not None


@pytest.mark.parametrize("parked_at", [None, NOON])
def test_cancellation_of_what_the_system_has_is_mailed_once_the_webhook_is_ended(parked_at, server, shop):
    row = sold(shop)
    routing.transmit_orders(NOON)
    if parked_at:
        made = take_back(row)
        Cancellation.objects.filter(pk=made.pk).update(parked_at=parked_at)
    webhooks.end(ShopWebhook.objects.get(), by=factories.user(), now=NOON)
    if not parked_at:
        take_back(row)
    assert (cancelling.tell_cancellations(NOON), taken_back()) == (1, 1)


SCRIPTED = "scripted"


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> type[scripted.ScriptedChannel]:
    return scripted.install(monkeypatch)


@pytest.mark.parametrize(
    ("faults", "perhaps"),
    [(["down"] * 9, False), (["lost", *["down"] * 8], True), (["lost", "down", "down", ""], None)],
)
def test_system_that_takes_nothing_for_an_hour_has_it_come_by_mail(faults, perhaps, system):
    """`perhaps` None: it can be asked at the last moment, and has it."""
    system.faults = list(faults)
    shop = factories.shop(channel=SCRIPTED, language="en")
    first, second = sold(shop), sold(shop)
    until(first, NOON + timedelta(minutes=61))
    assert first.outcome == "sent"
    if perhaps is None:
        assert (first.channel, letters(), system.box) == (SCRIPTED, [], [first.shop_order.number])
        return
    assert (first.channel, first.fell_back_from, first.perhaps_there) == ("email", SCRIPTED, perhaps)
    assert timedelta(hours=1) <= first.fell_back_at - NOON < timedelta(minutes=61)
    text = MailMessage.objects.get(kind="shop_order_new").text
    assert ("Scripted: this order was not taken there" in text, "may be there all the same" in text) == (True, perhaps)
    system.faults = ["down"]
    until(second, NOON + timedelta(minutes=62), now=NOON + timedelta(minutes=61))
    assert letters() == [f"shop_order_new:{row.shop_order.number}" for row in (first, second)]
    calls = list(system.calls)
    routing.transmit_orders(NOON + timedelta(days=3))
    assert system.calls == calls  # it is not brought there by itself any more


def test_order_that_its_system_refuses_for_good_comes_by_mail_at_once(system):
    system.faults = ["refused"]
    row = sold(factories.shop(channel=SCRIPTED))
    assert routing.transmit_orders(NOON) == 1
    assert letters() == [f"shop_order_new:{row.shop_order.number}"]


def test_webhook_beside_the_system_gets_it_then_mail(server, shop, system):
    Shop.objects.update(channel=SCRIPTED)
    shop.refresh_from_db()
    system.faults = ["lost", *["down"] * 20]
    first, second = sold(shop), sold(shop)
    until(first, NOON + timedelta(minutes=61))
    assert (first.channel, server.numbers(), letters()) == ("webhook", [first.shop_order.number], [])
    (said,) = server.kept["/orders"].values()
    assert (said["data"]["instead_of"], said["data"]["perhaps_there"]) == ("Scripted", True)
    server.plan = lambda path: "500"
    until(second, NOON + timedelta(minutes=62), now=NOON + timedelta(minutes=61))
    assert (second.channel, second.fell_back_from) == ("email", SCRIPTED)
    assert letters() == [f"shop_order_new:{second.shop_order.number}"]


def test_webhook_of_before_is_not_posted_to_by_hand_where_a_system_takes_orders(server, shop, system):
    Shop.objects.update(channel=SCRIPTED)
    shop.refresh_from_db()
    row = sold(shop)
    routing.transmit_orders(NOON)
    assert not again.send_again(row.shop_order, by=factories.user(), now=NOON)


def test_folder_that_takes_no_files_for_an_hour_has_it_come_by_mail(settings, tmp_path):
    settings.HTTP_ALLOW_PRIVATE = True
    shop = factories.shop(language="en")
    with webdav_server.serving(tmp_path) as folder:
        folder.fault = lambda method, path: "503"
        dropping.set_up(shop, "editx", folder.location())
        row = sold(shop)
        until(row, NOON + timedelta(minutes=61))
    assert (row.channel, row.fell_back_from, letters()) == (
        "email",
        "editx",
        [f"shop_order_new:{row.shop_order.number}"],
    )


def test_what_staff_accept_of_an_order_that_came_by_mail_is_not_in_the_systems_number(system):
    """Where acceptance reserves, it does in a system that has the order."""
    system.faults = ["refused", ""]
    shop = factories.shop(channel=SCRIPTED, reserves_on_accept=True, booking_lag_minutes=0)
    mailed, taken = sold(shop), sold(shop)
    assert [routing.transmit_orders(NOON) for _each in range(2)] == [1, 1]
    for row in (mailed, taken):
        fulfilment.accept_all(row.shop_order, by="staff", now=NOON)
    at = Allocation.objects.order_by("pk").values_list("reflected_at", flat=True)
    assert list(at) == [None, NOON]
