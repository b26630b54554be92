"""The reader's order page."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import escape

from marketplace.checkout import invoicing, placing
from marketplace.foundation import links, network
from marketplace.foundation.models import MailMessage
from marketplace.storefront import order_stations, tries
from shops.models import ShopOrder
from shops.orders import fulfilment
from tests import factories
from tests.checkout.buying import paid, shop_with_delivery, two_shop_basket

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english(settings):
    settings.LANGUAGE_CODE = "en"


@pytest.fixture
def order():
    return placing.place(paid(two_shop_basket()).pk, now=timezone.now())


def address(order) -> str:
    return f"/orders/{order.number}/{links.order_key(order.number)}/"


def page(order) -> str:
    return Client().get(address(order)).content.decode()


def states(order) -> list[list[tuple[str, str]]]:
    return [[(station.label, station.state) for station in part.stations] for part in order_stations.parts(order)]


def test_page_shows_every_shops_part(order):
    text = page(order)
    code = ShopOrder.objects.get(shop__name="Librairie B").pickup_code
    for words in ("Librairie A", "Librairie B", f"{order.number}-A", code, "<svg", "12, rue des Halles", "$61.80"):
        assert words in text
    assert text.count('class="order-qr"><path') == 1  # the part that is sent has no code


@pytest.mark.parametrize("key", ["guess", "AAAAAAAAAAAAAAAAAAAAAA", "é"])
def test_wrong_key_opens_nothing(order, key):
    assert Client().get(f"/orders/{order.number}/{key}/").status_code == 404


def test_wrong_keys_are_counted_and_the_right_one_still_opens(order):
    wrong = [Client().get(f"/orders/{order.number}/guess/").status_code for _ in range(tries.PER_MINUTE + 1)]
    assert wrong in ([404] * tries.PER_MINUTE + [429], [404] * (tries.PER_MINUTE + 1))  # the clock's minute may turn
    assert Client().get(address(order)).status_code == 200


def test_key_of_one_order_does_not_open_another(order):
    other = placing.place(paid(two_shop_basket()).pk, now=timezone.now())
    assert Client().get(f"/orders/{other.number}/{links.order_key(order.number)}/").status_code == 404


def test_stations_follow_the_shop(order):
    b = ShopOrder.objects.get(shop__name="Librairie B")
    new = [("Ordered", "done"), ("The shop looks for it", "now")]
    assert states(order) == [
        [*new, ("Packed", "next"), ("On its way to you", "next")],
        [*new, ("Ready to collect", "next"), ("Collected", "next")],
    ]
    staff = factories.member(b.shop).user
    fulfilment.accept_all(b, by=staff, now=timezone.now())
    assert states(order)[1][1:3] == [("The shop has it", "done"), ("The shop prepares it", "now")]
    b.refresh_from_db()
    fulfilment.pack(b, by=staff, now=timezone.now())
    ready = order_stations.parts(order)[1].stations[2]
    assert (ready.label, ready.state, ready.at is not None) == ("Ready to collect", "done", True)
    assert states(order)[1][3] == ("Waits for you in the shop", "now")
    b.refresh_from_db()
    fulfilment.hand_over(b, by=staff, now=timezone.now(), code=b.pickup_code)
    assert [state for _, state in states(order)[1]] == ["done"] * 4
    assert "order-qr" not in page(order)
    assert states(order)[0][0] == ("Ordered", "done")


def test_declined_copy_is_said_and_not_paid(order):
    b = ShopOrder.objects.get(shop__name="Librairie B")
    staff = factories.member(b.shop).user
    line = b.lines.get()
    fulfilment.decline(line, 1, by=staff, reason="damaged", note="Coffee", now=timezone.now())
    part = order_stations.parts(order)[1]
    assert part.declined_minor == line.total_minor == b.total_minor
    assert part.stations[-1].label == "The shop cannot hand it over"
    text = page(order)
    assert "One copy cannot be had: Coffee" in text
    assert text.count("− $21.00") == 2
    assert "order-qr" not in text


def test_tracking_is_shown(order):
    a = ShopOrder.objects.order_by("pk").first()
    staff = factories.member(a.shop).user
    fulfilment.accept_all(a, by=staff, now=timezone.now())
    a.refresh_from_db()
    fulfilment.hand_over(a, by=staff, now=timezone.now(), carrier="Poste", tracking="PC123")
    assert "PC123" in page(order)


def test_invoice_is_on_the_page_and_behind_the_link_of_the_mail(order):
    a = ShopOrder.objects.order_by("pk")[0]
    fulfilment.accept_all(a, by=factories.user(), now=timezone.now())
    fulfilment.hand_over(a, by=factories.user(), now=timezone.now())
    link = f"{address(order)}invoices/{a.number}/"
    assert link in MailMessage.objects.get(kind="shop_order_handed_over").text
    early = Client().get(link, follow=True)
    assert (early.redirect_chain[-1][0], "not made yet" in early.content.decode()) == (address(order), True)
    assert "documents/" not in page(order)
    made = invoicing.invoice_of(a.pk, now=timezone.now())
    file = f"{address(order)}documents/{made.pk}.pdf"
    assert (file in page(order), f"Invoice {made.label}" in page(order)) == (True, True)
    answers = [Client().get(where) for where in (link, file)]
    assert [(answer["Content-Type"], answer.content[:5]) for answer in answers] == [("application/pdf", b"%PDF-")] * 2
    other = address(placing.place(paid(two_shop_basket()).pk, now=timezone.now()))
    assert [Client().get(f"{other}{end}").status_code for end in (f"documents/{made.pk}.pdf", "")] == [404, 200]


@pytest.mark.parametrize("lines", [2, 30])
def test_page_takes_the_same_queries_for_any_number_of_lines(lines):
    shops = [shop_with_delivery()[0] for _ in range(2)]
    basket = factories.basket(*((factories.stock_record(shops[i % 2]), 1) for i in range(lines)))
    order = placing.place(paid(basket).pk, now=timezone.now())
    client = Client()
    client.get(address(order))
    network.current()
    with CaptureQueriesContext(connection) as queries:
        client.get(address(order))
    # Order, shop orders, lines, products, facts, what others supply, parcels, times of packing, invoices, refunds,
    # of each part too; threads, returns, steps.
    assert len(queries) == 14, "\n".join(query["sql"][:150] for query in queries)


def test_reader_cancels_a_line_by_the_mailed_link(order):
    line = ShopOrder.objects.get(shop__name="Librairie B").lines.get()
    cancel = f"{address(order)}cancel/{line.pk}/"
    assert cancel in page(order)
    client = Client(enforce_csrf_checks=True)
    asked = client.get(cancel).content.decode()
    assert ("Cancel this?" in asked, escape(line.title) in asked) == (True, True)
    assert client.post(cancel, {"version": 0, "units": 1}).status_code == 403
    answer = Client().post(cancel, {"version": 0, "units": 1})
    assert answer.url == address(order)
    text = page(order)
    assert ("You cancelled one copy" in text, "You cancelled it" in text, cancel in text) == (True, True, False)
    assert "This cannot be cancelled any more" in Client().get(cancel).content.decode()


@pytest.mark.parametrize(
    ("sent", "status"), [({"version": 7, "units": 1}, 302), ({"version": 0, "units": 2}, 422), ({"units": 1}, 422)]
)
def test_stale_or_tampered_cancellation_changes_nothing(order, sent, status):
    line = ShopOrder.objects.get(shop__name="Librairie B").lines.get()
    assert Client().post(f"{address(order)}cancel/{line.pk}/", sent).status_code == status
    line.refresh_from_db()
    assert line.cancelled == 0


def test_line_of_another_order_is_not_cancelled(order):
    other = placing.place(paid(two_shop_basket()).pk, now=timezone.now())
    line = other.shop_orders.first().lines.first()
    assert Client().post(f"{address(order)}cancel/{line.pk}/", {"version": 0, "units": 1}).status_code == 404
