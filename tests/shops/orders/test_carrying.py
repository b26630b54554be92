"""A parcel that another shop hands over: the order's own story ends where it leaves, the parcel's goes on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace.foundation.models import AuditEntry, MailMessage
from marketplace.storefront import order_stations
from shops.models import DeliveryOption, Parcel, ShopOrder
from shops.orders import carrying, fulfilment
from shops.orders.fulfilment import FulfilmentError
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def carried() -> Parcel:
    """Of a shop order that has left its shop for the other one's counter."""
    sender, receiver = factories.shop("Librairie A"), factories.shop("Librairie B", receives_for_others=True)
    option = factories.delivery_option(sender, DeliveryOption.Kind.OTHER_SHOP, receiving_shop=receiver)
    record = factories.stock_record(sender)
    placed = factories.shop_order(sender, (record, 1), delivery_option=option, pickup_code="K7M3QX")
    now = timezone.now()
    fulfilment.accept_all(placed, by="A", now=now)
    return fulfilment.hand_over(placed, by="A", now=now)


def test_parcel_arrives_and_is_collected_by_its_code(carried):
    shop_order, now = carried.shop_order, timezone.now()
    assert (carried.carried_to.name, shop_order.status) == ("Librairie B", ShopOrder.Status.HANDED_OVER)
    with pytest.raises(FulfilmentError, match="It is not here"):
        carrying.collect(carried, code="K7M3QX", by="B", now=now)
    carrying.arrive(carried, by="B", now=now)
    with pytest.raises(FulfilmentError, match="It is here already"):
        carrying.arrive(carried, by="B", now=now)
    with pytest.raises(FulfilmentError, match="This is not the pick-up code"):
        carrying.collect(carried, code="AAAAAA", by="B", now=now)
    carrying.collect(carried, code="k7m 3qx", by="B", now=now + timedelta(hours=1))
    with pytest.raises(FulfilmentError, match="It is not here"):
        carrying.collect(carried, code="K7M3QX", by="B", now=now)
    carried.refresh_from_db()
    assert (carried.arrived_at, carried.collected_at) == (now, now + timedelta(hours=1))
    history = AuditEntry.objects.filter(action__startswith="parcel.").order_by("pk")
    assert list(history.values_list("action", "shop__name")) == [
        ("parcel.arrive", "Librairie B"),
        ("parcel.collect", "Librairie B"),
    ]


def test_recipient_gets_the_code_from_the_other_shop_and_is_named_to_it(carried, client):
    factories.payment(
        carried.shop_order.order,
        checkout={
            "name": "Léa",
            "email": "lea@example.org",
            "recipient_name": "Max",
            "recipient_email": "max@example.org",
        },
    )
    receiver = carried.carried_to
    client.force_login(factories.member(receiver).user)
    page = client.get(f"/portal/{receiver.slug}/for-others/").content.decode()
    assert ("Max" in page, "Léa" in page) == (True, False)
    carrying.arrive(Parcel.objects.get(pk=carried.pk), by="B", now=timezone.now())
    mail = MailMessage.objects.get(kind="shop_order_for_you")
    assert (mail.to, "K7M3QX" in mail.text, "Librairie B" in mail.text) == ("max@example.org", True, True)


def test_reader_is_told_where_it_is_and_gets_the_code_once_it_is_there(carried):
    order = carried.shop_order.order

    def shown() -> tuple[str, bool]:
        part = order_stations.parts(order)[0]
        return next((one.label for one in part.stations if one.state == "now"), ""), part.shows_code

    assert shown() == ("On its way to Librairie B", False)
    carrying.arrive(carried, by="B", now=timezone.now())
    assert shown() == ("Waits for you at Librairie B", True)
    carrying.collect(carried, code="K7M3QX", by="B", now=timezone.now())
    assert shown() == ("", False)
    mails = {mail.kind: mail.text for mail in MailMessage.objects.all()}
    assert sorted(mails) == ["shop_order_accepted", "shop_order_arrived", "shop_order_handed_over"]
    assert "K7M3QX" in mails["shop_order_arrived"]
    assert "Librairie B" in mails["shop_order_arrived"]
    assert "K7M3QX" not in mails["shop_order_handed_over"]
