from __future__ import annotations

import time
from datetime import datetime, timedelta

import pytest
from oscar.apps.partner.models import StockRecord

from marketplace.foundation import leases
from marketplace.foundation.models import AuditEntry, MailMessage
from shops import absorbing
from shops.channels.base import Receipt
from shops.models import Allocation, Shop, ShopOrder, Transmission
from shops.orders import routing, tries
from tests import factories
from tests.factories import NOON
from tests.shops.channels import scripted

pytestmark = pytest.mark.django_db


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> type[scripted.ScriptedChannel]:
    return scripted.install(monkeypatch)


def transmission(of: Shop | None = None, channel: str = "scripted", **columns: object) -> Transmission:
    of = of or factories.shop(channel=channel, fallback_minutes=None)
    placed = factories.shop_order(of, (factories.stock_record(of), 1))
    columns = {"due_at": NOON} | columns
    return Transmission.objects.create(shop_order=placed, shop=of, channel=channel, **columns)


def number(row: Transmission) -> str:
    return ShopOrder.objects.get(pk=row.shop_order_id).number


def state(row: Transmission) -> tuple[str, bool, bool, str]:
    row.refresh_from_db()
    return row.outcome, row.due_at is None, row.parked_at is not None, row.last_error


def test_transmit_orders_sends_what_is_due(system):
    now, row = NOON, transmission()
    assert routing.transmit_orders(now) == 1
    assert state(row) == ("sent", True, False, "")
    assert (row.reference, row.sent_at, system.box) == (f"their-{number(row)}", now, [number(row)])
    assert AuditEntry.objects.get(action="transmission.send").shop_id == row.shop_id
    assert routing.transmit_orders(now + timedelta(days=1)) == 0


def test_transmit_orders_by_email_writes_one_mail():
    row = transmission(channel="email")
    assert routing.transmit_orders(NOON) == 1
    mail = MailMessage.objects.get()
    assert (mail.kind, mail.to) == ("shop_order_new", row.shop.email)


def test_one_shop_is_served_in_order(system):
    shop = factories.shop(channel="scripted", fallback_minutes=None)
    first, second = transmission(shop), transmission(shop)
    other = transmission()
    now = NOON
    assert routing.transmit_orders(now) == 2
    assert sorted(system.box) == sorted([number(first), number(other)])
    assert routing.transmit_orders(now) == 1
    assert system.box[-1] == number(second)


def test_unreachable_shop_is_tried_again_later(system):
    system.faults = ["down"]
    now, row = NOON, transmission()
    assert routing.transmit_orders(now) == 0
    assert state(row) == ("waiting", False, False, "The shop cannot be reached.")
    assert routing.transmit_orders(now + timedelta(minutes=1)) == 1
    assert system.calls == [f"send {number(row)}"] * 2


def test_refused_order_is_parked(system):
    system.faults = ["refused"]
    now, row = NOON, transmission()
    assert routing.transmit_orders(now) == 0
    assert state(row) == ("waiting", False, True, "No such customer.")
    assert routing.transmit_orders(now + timedelta(days=1)) == 0


def test_parked_order_holds_its_shops_later_ones_until_a_person_looked(system):
    shop = factories.shop(channel="scripted", fallback_minutes=None)
    first, second = transmission(shop), transmission(shop)
    system.faults = ["refused"]
    assert routing.transmit_orders(NOON) == routing.transmit_orders(NOON) == 0
    leases.unpark([first], now=NOON)
    assert [routing.transmit_orders(NOON) for _ in range(3)] == [1, 1, 0]
    assert system.box == [number(first), number(second)]


@pytest.mark.parametrize(
    ("outcome", "status", "becomes"),
    [
        ("waiting", "new", ("waiting", False, True)),
        ("waiting", "accepted", ("sent", True, False)),
        ("waiting", "declined", ("withdrawn", True, False)),
        ("unknown", "declined", ("sent", True, False)),
    ],
)
def test_parked_order_that_was_answered_holds_none(outcome, status, becomes):
    row = transmission(parked_at=NOON, outcome=outcome)
    ShopOrder.objects.filter(pk=row.shop_order_id).update(status=status)
    assert routing.let_through(NOON) == (status != "new")
    assert state(row)[:3] == becomes
    assert AuditEntry.objects.filter(action="transmission.let_through").count() == (status != "new")


def test_order_of_which_nothing_is_left_is_not_sent(system):
    row = transmission()
    ShopOrder.objects.filter(pk=row.shop_order_id).update(status="declined")
    assert routing.transmit_orders(NOON) == 0
    assert (state(row)[:2], system.calls) == (("withdrawn", True), [])


def test_shop_that_asks_for_time_gets_it(system):
    system.faults = ["busy"]
    row = transmission()
    routing.transmit_orders(NOON)
    row.refresh_from_db()
    assert timedelta(0) <= row.due_at - NOON - timedelta(hours=1) < timedelta(minutes=1)


def test_every_try_is_written_down(system):
    system.faults = ["down", "busy", "lost"]
    row, now = transmission(), NOON
    for _ in range(4):
        routing.transmit_orders(now)
        now += timedelta(hours=3)
    kept = row.tries.order_by("pk").values_list("outcome", "status", "channel", "error", "shop")
    of = ("scripted", row.shop_id)
    assert [(outcome, status, error, channel, shop) for outcome, status, channel, error, shop in kept] == [
        ("failed", None, "The shop cannot be reached.", *of),
        ("failed", 429, "Too many.", *of),
        ("unknown", None, "No answer after 30 s.", *of),
        ("sent", None, "", *of),
    ]
    assert [tries.forget(now + timedelta(days=days)) for days in (80, 91)] == [0, 4]


def test_tries_go_on_until_the_shop_should_have_answered_then_a_person_knows(system):
    row, now = transmission(), NOON
    ShopOrder.objects.filter(pk=row.shop_order_id).update(answer_due_at=NOON + timedelta(hours=20))
    system.faults = ["down"] * 20
    while row.parked_at is None:
        routing.transmit_orders(now)
        row.refresh_from_db()
        now = row.due_at
    assert (row.attempts, row.parked_at >= NOON + timedelta(hours=20)) == (8, True)


def test_unknown_channel_is_parked():
    row = transmission(channel="pigeon")
    assert routing.transmit_orders(NOON) == 0
    assert state(row)[2] is True


def test_unknown_outcome_is_looked_up_before_it_is_sent_again(system):
    system.faults = ["lost"]
    now, row = NOON, transmission()
    assert routing.transmit_orders(now) == 0
    assert state(row) == ("unknown", False, False, "No answer after 30 s.")
    assert routing.transmit_orders(now + timedelta(minutes=1)) == 1
    assert system.calls == [f"send {number(row)}", f"look up {number(row)}"]
    assert (state(row)[0], system.box) == ("sent", [number(row)])


def test_unknown_outcome_that_was_not_there_is_sent(system):
    now, row = NOON, transmission(outcome=Transmission.Outcome.UNKNOWN)
    assert routing.transmit_orders(now) == 1
    assert system.calls == [f"look up {number(row)}", f"send {number(row)}"]


def test_look_up_that_fails_leaves_the_outcome_unknown(system):
    system.faults = ["down"]
    row = transmission(outcome=Transmission.Outcome.UNKNOWN)
    assert routing.transmit_orders(NOON) == 0
    assert (state(row)[0], system.calls) == ("unknown", [f"look up {number(row)}"])


def test_process_that_dies_after_sending_leaves_an_unknown_outcome(system, monkeypatch):
    """As the failpoint `transmission.after_send` does, but for the process."""

    class Died(BaseException):
        pass

    def die(name: str) -> None:
        if name == "transmission.after_send":
            raise Died

    now, row = NOON, transmission()
    with monkeypatch.context() as killed:
        killed.setattr(routing, "failpoint", die)
        with pytest.raises(Died):
            routing.transmit_orders(now)
    assert (state(row)[0], system.box) == ("unknown", [number(row)])
    assert routing.transmit_orders(now + timedelta(seconds=routing.LEASE_SECONDS + 1)) == 1
    assert system.calls == [f"send {number(row)}", f"look up {number(row)}"]


def test_fault_in_a_channel_stops_no_other_shop(system, caplog):
    system.faults = ["bug"]
    broken, well = transmission(), transmission()
    assert routing.transmit_orders(NOON) == 1
    assert state(broken)[0] == "unknown"
    assert state(broken)[3] == "ZeroDivisionError: a fault in the channel"
    assert (state(well)[0], len(caplog.records)) == ("sent", 1)


@pytest.mark.parametrize(
    ("receipt", "reflected_at"),
    [
        (Receipt(is_booked=True), NOON + timedelta(hours=1)),  # and as long as sending it took
        (Receipt(is_booked=True, booked_at=NOON - timedelta(minutes=20)), NOON + timedelta(minutes=55)),
    ],
)
def test_receipt_that_says_booked_is_the_shops_word(system, monkeypatch, receipt, reflected_at):
    monkeypatch.setattr(system, "receipt", receipt)
    row = transmission(factories.shop(channel="scripted", booking_lag_minutes=60))
    assert routing.transmit_orders(NOON) == 1
    found = Allocation.objects.get(line__shop_order=row.shop_order_id).reflected_at
    assert reflected_at <= found < reflected_at + timedelta(minutes=1)


def test_receipt_that_says_nothing_of_it_books_nothing(system):
    row = transmission(factories.shop(channel="scripted", booking_lag_minutes=60))
    assert routing.transmit_orders(NOON) == 1
    assert Allocation.objects.get(line__shop_order=row.shop_order_id).reflected_at is None


def test_number_read_while_an_order_is_being_sent_does_not_contain_it(system, monkeypatch):
    """Sending takes several calls: the shop books it with the last one, long after the step began."""
    monkeypatch.setattr(system, "receipt", Receipt(is_booked=True))
    row, send = transmission(), system.send
    Shop.objects.update(complete_as_of=NOON - timedelta(hours=1))
    (record,) = StockRecord.objects.all()
    read_at = NOON + timedelta(milliseconds=20)

    def slow(channel: scripted.ScriptedChannel, shop_order: ShopOrder, *, now: datetime) -> Receipt:
        time.sleep(0.05)
        absorbing.write_number(record, record.num_in_stock, as_of=read_at, now=read_at)
        return send(channel, shop_order, now=now)

    monkeypatch.setattr(system, "send", slow)
    assert routing.transmit_orders(NOON) == 1
    promised = Allocation.objects.get(line__shop_order=row.shop_order_id)
    assert (promised.ended_at, promised.reflected_at > read_at) == (None, True)


def test_lost_lease_sends_nothing(system):
    now, row = NOON, transmission()
    (mine,) = leases.claim(Transmission, now=now, group="shop_id")
    Transmission.objects.filter(pk=row.pk).update(lease_token="someone else")
    assert routing._transmit(mine, now) is False
    assert system.calls == []
