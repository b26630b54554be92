"""A kept page says what a page made anew would say, and belongs to nobody."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from marketplace.cms.models import Pick
from marketplace.foundation import network
from marketplace.storefront import page_memory
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _at_noon(monkeypatch):
    """All within one minute, whatever the clock says."""
    noon = timezone.now().replace(hour=12, minute=0, second=5, microsecond=0)
    monkeypatch.setattr("search.reader.timezone.now", lambda: noon)
    page_memory.forget()
    yield
    page_memory.forget()


@pytest.fixture
def product():
    product = factories.product("L'Étranger", gtin=9782070360024, publisher="Gallimard", is_book=True)
    factories.stock_record(factories.shop("Librairie du Port"), product, price="12.90", units=3)
    return product


def page(product, *, language="en", client=None, query="") -> str:
    client = client or Client()
    client.cookies["django_language"] = language
    response = client.get(product.get_absolute_url() + query)
    assert response.status_code == 200
    return response.content.decode()


def without_tokens(text: str) -> str:
    return re.sub(r'(csrfmiddlewaretoken" value=")\w+', r"\1", text)


def token(text: str) -> str:
    return re.search(r'csrfmiddlewaretoken" value="(\w+)"', text)[1]


def test_the_second_visitor_gets_the_same_page_with_a_token_of_their_own(product, django_assert_num_queries):
    first = page(product)
    second = page(product)
    assert without_tokens(first) == without_tokens(second)
    assert token(first) != token(second)
    assert page_memory.CSRF_MARK not in first + second
    assert len(page_memory._pages) == 1


def test_the_token_of_a_kept_page_lets_its_visitor_buy(product):
    page(product)
    client = Client(enforce_csrf_checks=True)
    kept = page(product, client=client)
    record = product.stockrecords.get()
    values = {"stock_record": record.pk, "next": "/", "csrfmiddlewaretoken": token(kept)}
    assert client.post("/basket/add/", values).status_code == 302
    assert Client(enforce_csrf_checks=True).post("/basket/add/", values).status_code == 403


def changes():
    yield "a copy sold", lambda product: product.stockrecords.update(num_in_stock=1), "Last copy"
    yield "a price", lambda product: product.stockrecords.update(price="19.50"), "$19.50"
    yield "the title", lambda product: type(product).objects.filter(pk=product.pk).update(title="La Peste"), "La Peste"
    yield "a fact", lambda product: type(product.facts).objects.update(publisher="Folio"), "Folio"
    yield "the shop's name", rename_shop, "Chez nous"
    yield "the network's name", rename_network, "Les Halles"
    yield "another shop", lambda product: factories.stock_record(factories.shop("Zone"), product, price="1"), "Zone"
    yield "a pick", pick, "To be read twice"
    yield "another of the same series", add_volume, "La Chute"


def rename_shop(product):
    shop = product.stockrecords.get().partner.shop
    shop.name = "Chez nous"
    shop.save()


def rename_network(product):
    row = network.current()
    row.name = "Les Halles"
    row.save()


def pick(product):
    shop = product.stockrecords.get().partner.shop
    Pick.objects.create(gtin=product.facts.gtin, shop=shop, signed="Port", text_en="To be read twice")


def add_volume(product):
    type(product.facts).objects.filter(pk=product.facts.pk).update(series="Récits")
    factories.product("La Chute", series="Récits", series_number="2")


@pytest.mark.parametrize(("change", "words"), [pytest.param(*row[1:], id=row[0]) for row in changes()])
def test_whatever_changes_is_seen_at_once(product, change, words):
    assert words not in page(product)
    change(product)
    assert words in page(product)


def test_language_address_and_minute_have_pages_of_their_own(product, monkeypatch):
    page(product)
    assert "Qui l" in page(product, language="fr")
    page(product, query="?offers=all")
    assert len(page_memory._pages) == 3
    later = timezone.now().replace(hour=12, minute=1, second=0, microsecond=0)
    monkeypatch.setattr("search.reader.timezone.now", lambda: later + timedelta(seconds=1))
    page(product)
    assert len(page_memory._pages) == 1


def test_who_has_a_basket_is_never_given_a_kept_page(product):
    kept = page(product)
    client = Client()
    client.post("/basket/add/", {"stock_record": product.stockrecords.get().pk, "next": "/"})
    assert 'class="badge"' in page(product, client=client)
    assert 'class="badge"' not in kept
    assert len(page_memory._pages) == 1


def test_no_more_pages_are_kept_than_there_is_room_for(product, monkeypatch):
    monkeypatch.setattr(page_memory, "MOST_PAGES", 2)
    for number in range(4):
        page(product, query=f"?page={number}")
    assert len(page_memory._pages) == 2


def test_a_review_that_is_shown_changed_or_hidden_is_seen_at_once(product):
    assert "Lu d&#x27;une traite." not in page(product)
    review = factories.review(product)
    assert "Lu d&#x27;une traite." in page(product)
    type(review).objects.update(body="Relu.")
    assert "Relu." in page(product)
    type(review).objects.update(status=2)
    assert "Relu." not in page(product)
