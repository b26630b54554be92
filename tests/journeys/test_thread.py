"""The thread: real feeds in, a book found, bought from two shops at once, fulfilled by both."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from lxml import html
from oscar.apps.order.models import Order
from oscar.apps.partner.models import StockRecord

from marketplace.checkout.models import Checkout
from marketplace.foundation import links
from marketplace.foundation.models import MailMessage
from marketplace.payments import ledger
from marketplace.payments.models import MoneyCall, Payment
from search import queries
from shops import stock
from shops.models import ShopOrder, StockTerms
from shops.orders import held
from tests.journeys import market as story

pytestmark = pytest.mark.django_db

WHERE = {"line1": "12 rue des Halles", "city": "Montréal", "postcode": "H2X 1Y4", "country": "CA", "region": "QC"}


@pytest.fixture
def market(settings, tmp_path):
    settings.SEARCH_INDEX_PATH = tmp_path / "index"
    queries.engine.cache_clear()
    yield story.open_market()
    queries.engine.cache_clear()


def add(client, market, shop, isbn: str, quantity: int = 1):
    record = StockRecord.objects.get(partner=shop.partner, product_id=market.product_id(isbn))
    return client.post("/basket/add/", {"stock_record": record.pk, "quantity": quantity})


def checked_out(client, market, *, delivery: str = "post") -> Checkout:
    """From a full basket to the payment page."""
    answer = client.post("/checkout/", follow=True)
    checkout = Checkout.objects.latest("pk")
    base = f"/checkout/{checkout.token}"
    way = "collected" if delivery == "pickup" else "sent"
    answer = client.post(f"{base}/who/", {"email": "lea@example.org", "name": "Léa Roy", "way": way})
    assert answer.status_code == 302, answer.content.decode()
    if delivery != "pickup":
        assert client.post(f"{base}/where/", WHERE).status_code == 302
    chosen = {}
    for shop in (market.port, market.mile):
        chosen[f"shop-{shop.pk}"] = shop.delivery_options.get(kind=delivery).pk
    client.post(f"{base}/how/", chosen)
    page = client.get(f"{base}/pay/")
    assert page.status_code == 200, page.headers
    seen = page.context["form"].initial["seen"]
    answer = client.post(f"{base}/pay/", {"seen": seen})
    assert answer.status_code == 302, answer.content.decode()
    assert "/fake-stripe/pay/" in answer.headers["Location"]
    return checkout


def sellable(market, shop, isbn: str) -> int:
    record = StockRecord.objects.get(partner=shop.partner, product_id=market.product_id(isbn))
    return stock.sellable_now(stock.read([record.pk])[record.pk], now=timezone.now())


def test_thread_from_two_feeds_to_two_paid_shops(client, market):
    now = timezone.now()

    # Found, without the accent and with the article
    page = client.get("/search/", {"q": "letranger"}).content.decode()
    assert "L&#x27;Étranger" in page or "L'Étranger" in page
    title = client.get(f"/catalogue/l_{market.product_id('9782070360024')}/", follow=True).content.decode()
    assert ("Librairie du Port" in title, "Mile End Pages" in title) == (True, True)

    # Bought from two shops
    add(client, market, market.port, "9782070360024", 2)
    add(client, market, market.port, "9782070612758")
    add(client, market, market.mile, "9780141439518")
    basket = client.get("/basket/").content.decode()
    assert (basket.count("Librairie du Port") > 0, basket.count("Mile End Pages") > 0) == (True, True)
    checkout = checked_out(client, market)
    assert sellable(market, market.port, "9782070612758") == 0
    payment = Payment.objects.get(checkout=checkout)
    story.pay(payment)
    story.work()

    # One order, two shop orders, to the cent
    order = Order.objects.get()
    checkout.refresh_from_db()
    # goods 25.80 + 9.50 + 14.00, post 2 × 8.95, tax 5 % on top
    assert (checkout.goods_minor, checkout.delivery_minor) == (4930, 1790)
    assert sum(part.total_minor for part in ShopOrder.objects.all()) == checkout.total_minor == payment.amount_minor
    parts = {part.shop_id: part for part in ShopOrder.objects.filter(order=order)}
    assert set(parts) == {market.port.pk, market.mile.pk}
    orders = MailMessage.objects.exclude(kind="account_changed").exclude(sent_at=None)
    told = sorted(["lea@example.org", market.port.email, market.mile.email])
    assert sorted(orders.values_list("to", flat=True)) == told

    fulfil(client, market, payment, now)

    # The reader's page, without signing in
    client.logout()
    page = client.get(f"/orders/{order.number}/{links.order_key(order.number)}/")
    assert (page.status_code, "1Z999" in page.content.decode()) == (200, True)
    assert client.get(f"/orders/{order.number}/{links.order_key('1')}/").status_code == 404
    assert story.nothing_is_wrong()


def fulfil(client, market, payment: Payment, now) -> None:
    """The port accepts one of two Étrangers, Mile End accepts all; both hand over; the shops are paid."""
    parts = {part.shop_id: part for part in ShopOrder.objects.all()}
    client.force_login(market.port_clerk)
    port = parts[market.port.pk]
    first, second = port.lines.order_by("pk")
    base = f"/portal/port/orders/{port.number}"
    assert client.get(f"/portal/mile/orders/{parts[market.mile.pk].number}/").status_code == 404
    desk(client, base, f"/lines/{first.pk}/accept/", units=1)
    desk(client, base, f"/lines/{first.pk}/decline/", units=1, reason="damaged")
    desk(client, base, f"/lines/{second.pk}/accept/", units=1)
    client.force_login(market.mile_clerk)
    mile_base = f"/portal/mile/orders/{parts[market.mile.pk].number}"
    desk(client, mile_base, "/accept/")

    # Captured less what was declined
    story.work()
    payment.refresh_from_db()
    first.refresh_from_db()
    assert payment.captured_minor == payment.amount_minor - first.total_minor // 2

    # Handed over, then paid after the delay
    for clerk, at in ((market.port_clerk, base), (market.mile_clerk, mile_base)):
        client.force_login(clerk)
        desk(client, at, "/pack/")
        desk(client, at, "/hand-over/", carrier="Postes Canada", tracking="1Z999")
    story.work(now + timedelta(days=8))
    assert {part.status for part in ShopOrder.objects.all()} == {"handed_over"}
    assert MoneyCall.objects.filter(kind="transfer", done_at__isnull=False).count() == 2
    assert ledger.balance(ledger.ORDERS, currency="CAD") == 0


def desk(client, base: str, action: str, **values) -> None:
    """Press a button of the desk: what is hidden in the page's own form comes along."""
    page = client.get(base + "/")
    assert page.status_code == 200
    tree = html.fromstring(page.content.decode())
    forms = [form for form in tree.forms if (form.action or "").endswith(base + action)]
    assert forms, f"no form for {action} on the page"
    fields = dict(forms[0].form_values()) | values
    answer = client.post(base + action, fields)
    assert answer.status_code == 302, answer.content.decode()[:3000]
    held.do_desk_actions(timezone.now() + held.UNDO_FOR)


def test_thread_collected_with_its_code(client, market):
    add(client, market, market.port, "9782264034373")
    add(client, market, market.mile, "9782070360024")
    checkout = checked_out(client, market, delivery="pickup")
    story.pay(Payment.objects.get(checkout=checkout))
    story.work()
    part = ShopOrder.objects.get(shop=market.port)
    base = f"/portal/port/orders/{part.number}"
    client.force_login(market.port_clerk)
    desk(client, base, "/accept/")
    desk(client, base, "/pack/")
    client.post(f"{base}/hand-over/", {"code": "WRONG1", "version": ShopOrder.objects.get(pk=part.pk).version})
    part.refresh_from_db()
    assert part.status == "packed"
    desk(client, base, "/hand-over/", code=part.pickup_code)
    part.refresh_from_db()
    assert part.status == "handed_over"
    assert story.nothing_is_wrong()


def test_thread_declined_card_then_back_without_paying(client, market):
    add(client, market, market.port, "9782070612758")
    checkout = checked_out(client, market)
    story.pay(Payment.objects.get(checkout=checkout), approved=False)
    story.work()
    assert Order.objects.count() == 0
    client.get(f"/checkout/{checkout.token}/cancelled/")
    checkout.refresh_from_db()
    assert (checkout.state, sellable(market, market.port, "9782070612758")) == (Checkout.State.ENDED, 1)
    assert "Le Petit Prince" in client.get("/basket/").content.decode()
    assert story.nothing_is_wrong()


def test_thread_abandoned_page_gives_the_copy_back(client, market):
    add(client, market, market.port, "9782070612758")
    checked_out(client, market)
    story.work(timezone.now() + timedelta(minutes=5))
    assert sellable(market, market.port, "9782070612758") == 0
    assert Checkout.objects.get().state == Checkout.State.PAYING
    assert story.nothing_is_wrong()


def test_thread_second_reader_is_told_before_paying(client, market):
    add(client, market, market.port, "9782070612758")
    checked_out(client, market)
    other = Client()
    answer = add(other, market, market.port, "9782070612758")
    page = other.get(answer.headers["Location"]).content.decode()
    assert "Le Petit Prince" in page
    assert Checkout.objects.filter(state=Checkout.State.PAYING).count() == 1
    assert story.nothing_is_wrong()


def test_thread_next_feed_contains_the_sold_copy(client, market):
    """The shop's number is late: what was sold is taken off once, not twice."""
    now = timezone.now()
    add(client, market, market.port, "9782070360024", 2)
    checkout = checked_out(client, market)
    story.pay(Payment.objects.get(checkout=checkout))
    story.work()
    assert sellable(market, market.port, "9782070360024") == 1
    rows = [*story.PORT]
    story.read(market.port, [(*rows[0][:5], 3), *rows[1:]], now + timedelta(minutes=1))
    assert sellable(market, market.port, "9782070360024") == 1
    assert story.nothing_is_wrong()


def test_thread_title_gone_from_a_complete_feed_is_not_sold_and_not_deleted(client, market):
    more = [(f"P{n}", "", f"Carnet {n}", "", "4.00", 5) for n in range(10, 20)]
    story.read(market.port, [*story.PORT, *more], timezone.now())
    assert sellable(market, market.port, "9782264034373") == 2
    story.read(market.port, [*story.PORT[:2], *more], timezone.now())
    assert sellable(market, market.port, "9782264034373") == 0
    record = StockRecord.objects.get(partner=market.port.partner, product_id=market.product_id("9782264034373"))
    assert StockTerms.objects.get(stock_record=record).availability == "unknown"
    assert story.nothing_is_wrong()
