"""The page on which a reader takes back a line, or the whole parcel where the law on delivery asks for it."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils import timezone
from oscar.apps.address.models import Country
from oscar.apps.order.models import ShippingAddress

from marketplace.checkout.cancelling import below_minimum
from marketplace.foundation import links
from marketplace.foundation.models import MailMessage
from marketplace.payments import worth
from shops import book_law
from shops.models import Cancellation, DeliveryOption, ShopOrder, ShopOrderLine
from shops.orders import fulfilment, held
from tests import factories
from tests.storefront.buying_pages import said

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english(settings):
    settings.LANGUAGE_CODE = "en"


def french(*books: tuple[str, int], delivery_minor: int, kind: str = "post", to: str = "FR") -> ShopOrder:
    """New books (price, units) of one shop, sent to an address in France; delivery shared as the plan does."""
    seller = factories.shop(country="FR", timezone="Europe/Paris")
    country, _ = Country.objects.get_or_create(iso_3166_1_a2=to, defaults={"name": to, "printable_name": to})
    address = ShippingAddress.objects.create(last_name="Léa", line1="1, rue", line4="Lyon", country=country)
    wanted = [
        (factories.stock_record(seller, factories.product(is_book=True), price=price), units) for price, units in books
    ]
    made = factories.shop_order(
        seller,
        *wanted,
        placed=factories.order(shipping_address=address),
        currency="EUR",
        delivery_minor=delivery_minor,
        delivery_option=factories.delivery_option(seller, DeliveryOption.Kind(kind)),
    )
    rows = list(made.lines.all())
    for row, share in zip(rows, [delivery_minor, *[0] * (len(rows) - 1)], strict=True):
        row.delivery_minor = share
        row.total_minor = row.goods_minor + share
        row.save()
    return made


def page(line: ShopOrderLine) -> str:
    return links.cancel_url(line.shop_order.order, line.pk)


def send(line: ShopOrderLine, **posted: object):
    return Client().post(page(line), {"version": line.shop_order.version, **posted}, follow=True)


def rows(of: ShopOrder) -> list[ShopOrderLine]:
    return list(of.lines.select_related("product__facts", "shop_order__shop", "shop_order__delivery_option"))


@pytest.mark.parametrize(
    ("books", "delivery_minor", "taken", "kind", "to", "expected"),
    [
        pytest.param([("10.00", 2)], 300, 1, "post", "FR", (300, 150), id="the-share-goes-with-the-copy"),
        pytest.param([("18.00", 2)], 1, 1, "post", "FR", (300, 1), id="from-35-euros-to-below"),
        pytest.param([("18.00", 3)], 1, 1, "post", "FR", None, id="still-from-35-euros"),
        pytest.param([("10.00", 2)], 300, 2, "post", "FR", None, id="nothing-is-left"),
        pytest.param([("10.00", 2)], 900, 1, "post", "FR", None, id="the-shop-asks-for-more"),
        pytest.param([("10.00", 2)], 300, 1, "courier", "FR", (300, 150), id="courier"),
        pytest.param([("10.00", 2)], 0, 1, "pickup", "FR", None, id="collected-in-a-bookshop"),
        pytest.param([("10.00", 2)], 300, 1, "post", "BE", None, id="another-country"),
    ],
)
def test_below_minimum_asks_for_what_the_law_says_of_the_books_left(books, delivery_minor, taken, kind, to, expected):
    made = french(*books, delivery_minor=delivery_minor, kind=kind, to=to)
    lines = rows(made)
    found = below_minimum(made, lines, {lines[0].pk: taken}, to=to)
    assert (found and (found.least_minor, found.left_minor)) == expected


def test_part_is_refused_with_the_law_and_the_whole_parcel_goes_at_once():
    made = french(("10.00", 1), ("10.00", 2), delivery_minor=300)
    line, other = rows(made)
    text = Client().get(page(line)).content.decode()
    assert "By law (arrêté du 4 avril 2023), sending the new books that stay costs at least €3.00" in text
    assert ("Cancel the whole parcel" in text, "Cancel it" in text) == (True, False)
    tampered = send(line, units=1)
    assert (tampered.status_code, Cancellation.objects.count()) == (422, 0)
    assert "arrêté du 4 avril 2023" in tampered.content.decode()
    assert said(send(line, whole=1)) == [f"All of order {made.number} is cancelled."]
    made.refresh_from_db()
    assert (made.status, worth.declined_worth(rows(made))) == ("declined", 3300)
    assert list(Cancellation.objects.order_by("pk").values_list("line", "units")) == [(line.pk, 1), (other.pk, 2)]
    assert list(MailMessage.objects.values_list("kind", flat=True)) == ["shop_order_cancelled"]
    assert made.number in MailMessage.objects.get().subject


def test_part_goes_where_no_law_holds(monkeypatch):
    """The negative control: without the table nothing holds the cancelled copy's delivery back."""
    monkeypatch.setattr(book_law, "DELIVERY_MINIMUMS", ())
    made = french(("10.00", 2), delivery_minor=300)
    [line] = rows(made)
    send(line, units=1)
    assert worth.declined_worth(rows(made)) == 1150


def test_one_line_goes_only_with_all_its_copies():
    [line] = rows(french(("10.00", 2), delivery_minor=300))
    text = Client().get(page(line)).content.decode()
    assert ("as a whole" in text, "whole parcel" in text) == (True, False)
    assert re.findall(r'name="units" value="(\d)"', text) == ["2"]
    assert send(line, units=2).status_code == 200
    assert rows(line.shop_order)[0].cancelled == 2


def test_whole_parcel_stays_where_a_copy_is_packed_or_the_page_is_old():
    made = french(("10.00", 1), ("10.00", 1), delivery_minor=300)
    line, other = rows(made)
    ShopOrder.objects.filter(pk=made.pk).update(version=1)
    assert "meanwhile" in said(send(line, whole=1))[0]
    made.refresh_from_db()
    ShopOrderLine.objects.filter(pk=other.pk).update(accepted=1, packed=1)
    with pytest.raises(fulfilment.FulfilmentError, match="packed"):
        fulfilment.cancel_whole(made, by="reader", now=timezone.now())
    assert "Cancel the whole parcel" not in Client().get(page(rows(made)[0])).content.decode()
    assert Cancellation.objects.count() == 0


@pytest.mark.parametrize("posted", [{"whole": 1}, {"units": 1}])
def test_reader_is_told_to_wait_while_the_shop_hands_it_over(posted):
    made = french(("10.00", 1), *([("10.00", 1)] if "whole" in posted else []), delivery_minor=300)
    staff = factories.user()
    fulfilment.accept_all(made, by=staff, now=timezone.now())
    held.press(made, held.Press(held.Deed.HAND_OVER, 1, "x"), by=staff, now=timezone.now())
    made.refresh_from_db()
    answer = send(rows(made)[0], **posted)
    assert answer.status_code == 200
    assert said(answer) == ["The shop is packing this or handing it over at this moment. Try again in a minute."]
    assert Cancellation.objects.count() == 0


def test_what_a_shop_declines_is_not_touched():
    made = french(("10.00", 2), delivery_minor=300)
    fulfilment.decline(rows(made)[0], 1, by="staff", reason="damaged", now=timezone.now())
    assert worth.declined_worth(rows(made)) == 1150
