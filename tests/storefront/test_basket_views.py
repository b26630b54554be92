"""The basket's pages, for guests and accounts, all by plain forms."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from oscar.apps.basket.models import Basket, Line

from marketplace.foundation import network
from search import directory
from shops.models import StockTerms
from tests import factories
from tests.checkout.buying import frozen, shop_with_delivery, two_shop_basket
from tests.storefront.buying_pages import guest_with, said

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english(settings):
    settings.LANGUAGE_CODE = "en"
    directory.forget()


def add(client, record, quantity=1, **values):
    return client.post("/basket/add/", {"stock_record": record.pk, "quantity": quantity, **values}, follow=True)


def quantities():
    return dict(Line.objects.values_list("stockrecord_id", "quantity"))


def test_guest_adds_the_record_they_chose_and_comes_back_to_it():
    shop, *_ = shop_with_delivery("Librairie du Port")
    other, *_ = shop_with_delivery()
    title = factories.product("L'Étranger")
    factories.stock_record(other, title, price="9.00")
    chosen = factories.stock_record(shop, title, price="12.90")
    client = Client()
    response = add(client, chosen, 2)
    assert said(response) == ["2 copies of “L'Étranger” from Librairie du Port are in your basket."]
    assert quantities() == {chosen.pk: 2}
    page = client.get("/basket/").content.decode()
    assert "$25.80" in page
    assert Line.objects.get().price_excl_tax == chosen.price


def test_adding_more_than_there_is_adds_what_there_is_and_says_so():
    shop, *_ = shop_with_delivery("Librairie du Port")
    record = factories.stock_record(shop, factories.product("Nadja"), units=2)
    client = Client()
    assert said(add(client, record, 5)) == ["Librairie du Port has 2 copies of “Nadja”; those are in your basket."]
    assert said(add(client, record, 1)) == ["Librairie du Port has 2 copies of “Nadja”; those are in your basket."]
    assert quantities() == {record.pk: 2}


def test_adding_what_is_gone_adds_nothing_and_says_so():
    shop, *_ = shop_with_delivery("Librairie du Port")
    record = factories.stock_record(shop, factories.product("Nadja"), units=0)
    assert said(add(Client(), record)) == ["Librairie du Port has no copy of “Nadja” left. Nothing was added."]
    assert quantities() == {}


@pytest.mark.parametrize("values", [{"stock_record": ""}, {"stock_record": "x"}, {"stock_record": 1, "quantity": -3}])
def test_nonsense_is_refused_kindly(values):
    response = Client().post("/basket/add/", values, follow=True)
    assert said(response) == ["That could not be added: choose an offer on the title's page."]


def test_offer_of_a_paused_shop_or_unknown_is_not_for_sale():
    record = factories.stock_record(factories.shop(status="paused"))
    text = "This offer is no longer for sale. The title's page shows who has it now."
    assert said(add(Client(), record)) == [text]
    record.pk = 10**9
    assert said(add(Client(), record)) == [text]


def test_next_leads_back_but_never_elsewhere():
    record = factories.stock_record(factories.shop())
    client = Client()
    values = {"stock_record": record.pk, "quantity": 1}
    assert client.post("/basket/add/", {**values, "next": "/shops/"}).url == "/shops/"
    assert client.post("/basket/add/", {**values, "next": "https://evil.example.org/"}).url == "/basket/"


def test_account_keeps_its_basket():
    reader = factories.user()
    client = Client()
    client.force_login(reader)
    record = factories.stock_record(factories.shop())
    add(client, record)
    assert Basket.objects.get().owner == reader


def test_quantity_is_changed_removed_and_capped():
    basket = two_shop_basket(units=3)
    client, line = guest_with(basket), basket.lines.first()
    address = f"/basket/{line.pk}/quantity/"
    client.post(address, {"quantity": 3})
    assert basket.lines.get(pk=line.pk).quantity == 3
    assert said(client.post(address, {"quantity": 9}, follow=True)) == [
        "Librairie A has 3 copies of “L'Étranger”; those are in your basket."
    ]
    assert said(client.post(address, {"quantity": 0}, follow=True)) == ["“L'Étranger” is out of your basket."]
    assert not basket.lines.filter(pk=line.pk).exists()


def test_wrong_quantity_stands_beside_its_field():
    basket = two_shop_basket()
    line = basket.lines.first()
    response = guest_with(basket).post(f"/basket/{line.pk}/quantity/", {"quantity": "many"})
    assert response.status_code == 422
    page = response.content.decode()
    assert f'id="quantity-{line.pk}-error">Say how many copies: 0 to 99.' in page
    assert f'aria-describedby="quantity-{line.pk}-error"' in page


def test_line_moves_to_another_shops_offer():
    basket = two_shop_basket()
    mine, _, theirs = basket.lines.order_by("pk")
    response = guest_with(basket).post(f"/basket/{mine.pk}/move/", {"stock_record": theirs.stockrecord_id}, follow=True)
    assert said(response) == ["“L'Étranger” now comes from Librairie B."]
    assert not basket.lines.filter(pk=mine.pk).exists()
    assert basket.lines.get(pk=theirs.pk).quantity == 3


def test_line_stays_when_the_other_shop_has_none():
    basket = two_shop_basket()
    line = basket.lines.first()
    gone = factories.stock_record(factories.shop("Vide"), line.product, units=0)
    response = guest_with(basket).post(f"/basket/{line.pk}/move/", {"stock_record": gone.pk}, follow=True)
    assert said(response) == ["Vide has no copy of “L'Étranger” left."]
    assert basket.lines.get(pk=line.pk).stockrecord_id == line.stockrecord_id


def test_line_does_not_move_to_another_title():
    basket = two_shop_basket()
    line = basket.lines.first()
    other = factories.stock_record(factories.shop())
    guest_with(basket).post(f"/basket/{line.pk}/move/", {"stock_record": other.pk})
    assert basket.lines.get(pk=line.pk).stockrecord_id == line.stockrecord_id


def test_nobody_changes_a_strangers_basket():
    basket, mine = two_shop_basket(), two_shop_basket()
    line = basket.lines.first()
    guest_with(mine).post(f"/basket/{line.pk}/quantity/", {"quantity": 0})
    guest_with(mine).post(f"/basket/{line.pk}/move/", {"stock_record": basket.lines.last().stockrecord_id})
    assert basket.lines.get(pk=line.pk).quantity == 2


def test_page_groups_by_shop_offers_other_shops_and_tells_of_shortages():
    basket = two_shop_basket()
    basket.lines.update(quantity=2)
    record = basket.lines.last().stockrecord
    record.num_in_stock = 1
    record.save()
    page = guest_with(basket).get("/basket/").content.decode()
    a, b = (f'id="stall-{line.stockrecord.partner.shop.pk}"' for line in (basket.lines.first(), basket.lines.last()))
    assert page.index(a) < page.index("Mug") < page.index(b)
    assert "Librairie B has one copy left." in page
    assert (
        f'name="stock_record" value="{record.pk}"><button class="button button-soft" type="submit">Buy it there' in page
    )
    assert "Go to checkout" not in page


def test_basket_being_paid_can_be_paid_or_ended_but_not_changed():
    basket = two_shop_basket(units=2)
    checkout = frozen(basket)
    client = guest_with(basket)
    page = client.get("/basket/").content.decode()
    assert checkout.payment.session_url in page
    assert f"/checkout/{checkout.token}/cancelled/" in page
    assert "/quantity/" not in page
    assert "no copy left" not in page
    record = basket.lines.first().stockrecord
    assert said(add(client, record)) == ["Librairie A has 2 copies of “L'Étranger”; those are in your basket."]
    assert basket.lines.first().quantity == 2


def test_empty_basket_says_so():
    assert "Nothing is in your basket yet." in Client().get("/basket/").content.decode()


@pytest.mark.parametrize("count", [1, 30])
def test_page_takes_the_same_queries_for_any_number_of_lines(count):
    shops = [shop_with_delivery()[0] for _ in range(2)]
    records = [factories.stock_record(shops[i % 2]) for i in range(count)]
    for i, record in enumerate(records):
        factories.stock_record(shops[1 - i % 2], record.product)
    client = guest_with(factories.basket(*((record, 1) for record in records)))
    client.get("/basket/")
    network.current()
    with CaptureQueriesContext(connection) as queries:
        client.get("/basket/")
    # The basket with Oscar's look for promotions (4), a payment of it, its lines, delivery, offers, the header's count;
    # for the proposals where it goes to, other shops and their delivery.
    assert len(queries) == 13, "\n".join(query["sql"][:150] for query in queries)


def proposed(client):
    (card,) = client.get("/basket/").context["proposals"]
    return card


def in_two_parcels():
    """A basket of two titles from two shops, which a third has both of."""
    (a, *_), (b, *_), (c, *_) = (shop_with_delivery(name) for name in ("Librairie A", "Librairie B", "Librairie C"))
    titles = [factories.product(name) for name in ("Nadja", "Molloy")]
    there = [factories.stock_record(c, title, price="10.00") for title in titles]
    here = [factories.stock_record(shop, title, price="11.00") for shop, title in zip((a, b), titles, strict=True)]
    return factories.basket(*((record, 1) for record in here)), there


def test_proposal_is_told_in_a_sentence_and_taken_by_one_form():
    basket, there = in_two_parcels()
    client = guest_with(basket)
    card = proposed(client)
    assert (card.name, card.sentence) == (
        "Fewest parcels · Cheapest together",
        "1 parcel instead of 2, $7.12 less",  # 6.20, and 14.975 % of that
    )
    assert card.moves[0] == ("Nadja", "from Librairie C, $1.00 less")
    response = client.post("/basket/take/", {"proposal": card.proposal.fingerprint()}, follow=True)
    assert said(response) == ["2 articles now come from other shops."]
    assert quantities() == dict.fromkeys((record.pk for record in there), 1)
    page = response.content.decode()
    assert "As it is, your basket is best by: Fewest parcels, Cheapest together." in page


def test_proposal_is_refused_when_a_price_has_changed_since():
    basket, there = in_two_parcels()
    client = guest_with(basket)
    seen, before = proposed(client).proposal.fingerprint(), quantities()
    there[0].price = "10.50"
    there[0].save()
    text = "Something has changed since that was proposed: a price, what a shop has, or your basket. Nothing was moved."
    assert said(client.post("/basket/take/", {"proposal": seen}, follow=True)) == [text]
    assert said(client.post("/basket/take/", {"proposal": "x"}, follow=True)) == [text]
    assert quantities() == before


def test_title_to_order_says_when_it_is_there():
    shop, *_ = shop_with_delivery("Librairie du Port")
    record = factories.stock_record(shop, factories.product("Nadja"), units=0)
    StockTerms.objects.create(stock_record=record, availability="orderable", days=8, as_of=timezone.now())
    client = Client()
    page = client.get(record.product.get_absolute_url()).content.decode()
    assert "To order: ready in about 8 days" in page
    assert "Order it<span" in page
    add(client, record)
    page = client.get("/basket/").content.decode()
    assert "The shop orders it for you: there about" in page
    assert "Go to checkout" in page


def test_title_that_no_shop_has_is_ordered_in_the_readers_shop():
    title = factories.product("Nadja")
    gone = factories.stock_record(factories.shop(), title, price="12.00", units=0)
    StockTerms.objects.create(stock_record=gone, price_kind="recommended", as_of=timezone.now())
    mine, *_ = shop_with_delivery("Librairie du Port", services=["ordering"])
    directory.forget()
    client = Client()
    refused = "Your shop cannot order this title here. Ask it: it may know more."
    assert said(client.post("/basket/order/", {"product": title.pk}, follow=True)) == [refused]
    assert "Order it in my shop" not in client.get(title.get_absolute_url()).content.decode()
    session = client.session
    session["my_shop"] = mine.pk
    session.save()
    assert "Order it in my shop" in client.get(title.get_absolute_url()).content.decode()
    response = client.post("/basket/order/", {"product": title.pk}, follow=True)
    assert said(response) == ["“Nadja” from Librairie du Port is in your basket."]
    assert Line.objects.get().stockrecord.partner == mine.partner
