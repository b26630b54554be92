"""A page that was made for a stranger is sent to others for a second: the same but for the token."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test import Client

from marketplace.storefront import page_memory
from tests import factories

pytestmark = pytest.mark.django_db

TOKEN = re.compile(rb'(csrfmiddlewaretoken" value=")\w+')


class _Clock:
    """A monotonic clock that goes on when it is told to."""

    moment = 100.0

    def monotonic(self) -> float:
        return self.moment


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    clock = _Clock()
    monkeypatch.setattr(page_memory, "KEPT_SECONDS", 1.0)
    monkeypatch.setattr("marketplace.storefront.title_views.clock", SimpleNamespace(monotonic=clock.monotonic))
    return clock


@pytest.fixture
def product():
    factories.network(languages=["fr", "en"])
    product = factories.product("L'Étranger", gtin=9782070360024, publisher="Gallimard", is_book=True)
    factories.stock_record(factories.shop("Librairie du Port"), product, price="12.90", units=3)
    return product


def sell(product) -> None:
    product.stockrecords.update(num_in_stock=0)


def in_stock(product, client=None, **how) -> bool:
    response = (client or Client()).get(product.get_absolute_url(), headers={"Accept-Language": "en"}, **how)
    assert response.status_code == 200
    return 'name="stock_record"' in response.content.decode()


def test_it_is_sent_for_a_second_without_asking_any_row(product, clock, django_assert_num_queries):
    assert in_stock(product)
    sell(product)
    clock.moment += 0.99
    with django_assert_num_queries(0):
        assert in_stock(product)
    clock.moment += 0.01  # after it was made, not after it was last sent
    assert not in_stock(product)


def test_the_second_begins_before_the_rows_are_read(product, clock):
    def slow(execute, *arguments):
        clock.moment += 0.4
        return execute(*arguments)

    with connection.execute_wrapper(slow):
        assert in_stock(product)
    sell(product)
    assert not in_stock(product)


WAYS = [
    {"headers": {"Accept-Language": "en"}},
    {"headers": {"Accept-Language": "fr"}},
    {"headers": {"Accept-Language": "fr"}, "query_params": {"hl": "en", "offers": "all"}},
    {"headers": {"Accept-Language": "en", "HX-Request": "true"}},
    {"headers": {"Accept-Language": "en"}, "secure": True},
]


@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("has_token", [False, True])
def test_it_is_the_same_as_a_fresh_one_header_by_header(
    product, settings, way, method, has_token, django_assert_num_queries
):
    settings.SECURE_HSTS_SECONDS = 60
    fresh, kept = (Client(headers=way["headers"]) for _ in range(2))
    if has_token:
        for client in (fresh, kept):
            client.cookies["csrftoken"] = "a" * 32
    address = product.get_absolute_url()
    first = getattr(fresh, method)(address, **way)
    with django_assert_num_queries(0):
        second = getattr(kept, method)(address, **way)
    assert list(first.headers.items()) == list(second.headers.items())
    assert TOKEN.sub(rb"\1", first.content) == TOKEN.sub(rb"\1", second.content)
    assert [without_value(first), first.status_code] == [without_value(second), second.status_code]
    assert page_memory.CSRF_MARK.encode() not in second.content


def without_value(response) -> dict[str, dict]:
    return {name: dict(morsel.items()) | {"expires": ""} for name, morsel in response.cookies.items()}


def test_language_address_and_network_have_answers_of_their_own(product):
    page = product.get_absolute_url()
    assert "Who has it" in Client().get(page, headers={"Accept-Language": "en"}).content.decode()
    assert "Who has it" not in Client().get(page, headers={"Accept-Language": "fr"}).content.decode()
    assert len(page_memory._recent) == 2
    factories.network(name="Les Halles")
    assert "Les Halles" in Client().get(page, headers={"Accept-Language": "en"}).content.decode()


@pytest.mark.parametrize("cookie", ["sessionid", "oscar_open_basket", "halles_place", "messages"])
def test_somebody_of_whom_anything_is_known_is_never_given_one(product, cookie):
    assert in_stock(product)
    sell(product)
    client = Client()
    client.cookies[cookie] = "anything"
    assert not in_stock(product, client)
    assert in_stock(product)  # nor is theirs kept for others


def test_only_what_is_asked_for_is_kept_and_only_pages(product):
    client = Client(headers={"Accept-Language": "en"})
    assert client.get(product.get_absolute_url().replace("letranger", "autre")).status_code == 301
    assert client.get(f"/catalogue/letranger_{product.pk + 1}/").status_code == 404
    assert client.post(product.get_absolute_url()).status_code == 200
    assert len(page_memory._recent) == 0
    assert in_stock(product)
    sell(product)
    assert 'name="stock_record"' not in Client().post(product.get_absolute_url()).content.decode()


def test_the_oldest_goes_where_there_is_no_room(product, monkeypatch):
    monkeypatch.setattr(page_memory, "MOST_PAGES", 2)
    for number in range(4):
        Client().get(product.get_absolute_url(), query_params={"page": number})
    assert [asked.address[-1] for asked in page_memory._recent] == ["2", "3"]


def test_what_is_too_old_goes_with_the_next(product, clock):
    for number in range(3):
        Client().get(product.get_absolute_url(), query_params={"page": number})
    clock.moment += 1
    Client().get(product.get_absolute_url())
    assert len(page_memory._recent) == 1
