"""What stands around every system's channel, with one that no test of the systems has: it cannot be asked for an order
by our number, so that what may be there a person looks for."""

from __future__ import annotations

from datetime import timedelta

import pytest

from marketplace.foundation.models import MailMessage
from shops.channels.base import OrderState, Receipt
from shops.channels.system import SystemChannel
from shops.channels.tryton import TrytonChannel
from shops.models import Shop, ShopOrder, Transmission
from shops.orders import again, routing
from shops.systems import keeping
from shops.systems.access import Access
from shops.systems.calling import SystemCallError, Trouble
from tests import factories
from tests.factories import NOON
from tests.systems import scripted

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


class Blind:
    """`entered`: numbers, in order. `faults` are taken one for each order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.entered: list[str] = []
        self.faults: list[Exception] = []
        scripted.install(monkeypatch)
        monkeypatch.setattr(TrytonChannel, "looks_up", False)
        monkeypatch.setattr(TrytonChannel, "find", SystemChannel.find)
        monkeypatch.setattr(TrytonChannel, "free", SystemChannel.free)
        monkeypatch.setattr(TrytonChannel, "enter", lambda channel, client, order, lines: self._enter(order))
        monkeypatch.setattr(TrytonChannel, "finish", SystemChannel.finish)
        said = OrderState("", Receipt("their-1"))
        monkeypatch.setattr(TrytonChannel, "said", lambda channel, client, order: said)
        shop = factories.shop(channel=scripted.KIND)
        options = {keeping.FOUND: {}}
        keeping.keep(shop.pk, Access(scripted.KIND, "https://a.example", options, {"key": scripted.GOOD}), now=NOON)
        self.order = factories.shop_order(shop, (factories.stock_record(shop, sku="A", units=5), 1))
        due = {"shop": shop, "channel": scripted.KIND, "due_at": NOON}
        Transmission.objects.update_or_create(shop_order=self.order, defaults=due)
        ShopOrder.objects.update(created_at=NOON, answer_due_at=NOON + 48 * HOUR)

    def _enter(self, order: ShopOrder) -> str:
        self.entered.append(order.number)
        if self.faults:
            raise self.faults.pop()
        return order.number

    def transmitted(self, now=NOON) -> Transmission:
        Transmission.objects.filter(parked_at=None).update(due_at=now)
        routing.transmit_orders(now)
        return Transmission.objects.get()


@pytest.fixture
def blind(monkeypatch) -> Blind:
    return Blind(monkeypatch)


LOST = SystemCallError(Trouble.AWAY, "Scripted", unknown_outcome=True)


def test_order_that_is_answered_is_asked_for_by_nobody(blind):
    assert (blind.transmitted().outcome, blind.entered) == ("sent", [blind.order.number])


@pytest.mark.parametrize("fault", [LOST, KeyError("id")])
def test_what_may_be_there_stops_until_a_person_has_looked(blind, fault):
    Shop.objects.update(fallback_minutes=None)
    blind.faults = [fault]
    row = blind.transmitted()
    assert (row.outcome, row.parked_at) == ("unknown", None)
    row = blind.transmitted(NOON + HOUR)
    assert (row.outcome, row.parked_at is None, blind.order.number in row.last_error) == ("unknown", False, True)
    assert len(blind.entered) == 1
    assert again.send_again(blind.order, by=factories.user(), now=NOON + 2 * HOUR)
    assert (blind.transmitted(NOON + 2 * HOUR).outcome, len(blind.entered)) == ("sent", 2)


def test_what_may_be_there_comes_by_mail_that_says_so(blind):
    Shop.objects.update(fallback_minutes=30)
    blind.faults = [LOST]
    blind.transmitted()
    row = blind.transmitted(NOON + HOUR)
    assert (row.channel, row.perhaps_there, len(blind.entered)) == ("email", True, 1)
    (mail,) = MailMessage.objects.filter(kind="shop_order_new")
    assert blind.order.number in mail.text


def test_what_was_certainly_not_entered_is_tried_again(blind):
    blind.faults = [SystemCallError(Trouble.AWAY, "Scripted")]
    assert blind.transmitted().outcome == "waiting"
    assert (blind.transmitted(NOON + timedelta(minutes=10)).outcome, len(blind.entered)) == ("sent", 2)
