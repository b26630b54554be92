"""A parcel that left with copies that its reader had taken back, or its shop had declined."""

from __future__ import annotations

import pytest

from marketplace.foundation import money
from marketplace.foundation.models import MailMessage
from shops.channels.base import ParcelSaid
from shops.models import Incident, ShopOrder, Side
from shops.orders import fulfilment, left_after_all
from shops.threads import incidents, writing
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db


@pytest.fixture
def order() -> ShopOrder:
    shop = factories.shop(complete_as_of=NOON, language="en")
    records = [factories.stock_record(shop, sku=sku, units=5) for sku in "AB"]
    order = factories.shop_order(shop, (records[0], 3), (records[1], 1), created_at=NOON)
    fulfilment.cancel(order.lines.select_related("shop_order__shop").get(sku="A"), 2, by="reader", now=NOON)
    return ShopOrder.objects.get(pk=order.pk)


def told(order: ShopOrder, *units: int, is_counted: bool = True) -> list[str]:
    """So many of A in a parcel each; all that the network has written then."""
    parcels = [ParcelSaid(str(n), {"A": count}, is_counted=is_counted) for n, count in enumerate(units)]
    left_after_all.report(order, parcels, by="Square", now=NOON)
    thread = writing.of_order(order, now=NOON)
    return list(thread.messages.filter(side=Side.NETWORK).values_list("text", flat=True))


def test_what_is_the_readers_is_no_incident(order):
    assert (told(order), told(order, 1)) == ([], [])
    assert not Incident.objects.exists()


def test_what_is_not_is_told_once_with_what_it_is_worth_to_reader_and_shop(order):
    for _again in range(2):
        (text,) = told(order, 1, 2)
    assert money.display(2 * order.lines.get(sku="A").unit_price_minor, "CAD", "en") in text
    assert Incident.objects.get().opened_by == Side.NETWORK
    assert set(MailMessage.objects.values_list("kind", flat=True)) >= {"thread_reader", "thread_shop"}


def test_more_of_it_is_told_beside_and_settled_it_is_told_no_more(order):
    assert (len(told(order, 2)), len(told(order, 3))) == (1, 2)
    row = Incident.objects.get()
    incidents.close(row, Side.NETWORK, "They keep it and pay.", by=None, who="operator", now=NOON)
    assert len(told(order, 3)) == 2
    assert Incident.objects.count() == 1


def test_more_than_was_ever_ordered_is_none_that_was_taken_back(order):
    """Sent once more, since a parcel was lost."""
    (text,) = told(order, 3, 3)
    assert "2 copies" in text


def test_order_that_is_only_said_to_be_sent_may_have_left_without_them(order):
    assert told(order, 3, is_counted=False) == []
    rest = order.lines.select_related("shop_order__shop").get(sku="A")
    fulfilment.cancel(rest, 1, by="reader", now=NOON)
    rest = order.lines.select_related("shop_order__shop").get(sku="B")
    fulfilment.cancel(rest, 1, by="reader", now=NOON)
    assert len(told(order, 3, is_counted=False)) == 1
