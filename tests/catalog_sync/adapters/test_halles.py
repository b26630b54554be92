"""A shop of another Halles: read from ourselves, through the calls that a stranger makes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import responses
from django.test import Client
from django.utils import timezone
from requests import PreparedRequest

from catalog_sync.adapters import adapter_for, halles
from catalog_sync.conformance import FeedUnderTest, check_record
from catalog_sync.doors import locations
from catalog_sync.reasons import FeedError
from catalog_sync.records import STOCK_FIELDS, CatalogRecord, Chunk, Lane
from marketplace.api.models import Scope
from tests import factories
from tests.api.conftest import FIRST, isbn, make_key

pytestmark = pytest.mark.django_db
Answer = tuple[int, dict[str, str], bytes]


@pytest.fixture
def site() -> Iterator[list[str]]:
    """https://other.example is this very site. Yields what was called."""
    called: list[str] = []

    def answer(request: PreparedRequest) -> Answer:
        parts = urlsplit(request.url)
        called.append(parts.path)
        headers = {"Authorization": request.headers.get("Authorization", "")}
        client, address = Client(), f"{parts.path}?{parts.query}"
        body = request.body or b""
        said = (
            client.get(address, headers=headers)
            if request.method == "GET"
            else client.post(address, body, content_type="application/json", headers=headers)
        )
        return said.status_code, {"Content-Type": "application/json"}, said.content

    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        for method in ("GET", "POST"):
            mock.add_callback(method, re.compile(r"https://other\.example/"), callback=answer)
        yield called


@pytest.fixture
def shop(reindex):
    """What the other network has: a shop with three titles and more, and another one."""
    made, other = factories.shop("La Page", slug="page"), factories.shop(slug="port")
    author = {"contributors": [{"name": "Camus, Albert", "role": "author"}], "form": "pocket", "language": "fr"}
    etranger = factories.product("L'Étranger", gtin=FIRST, publisher="Gallimard", subject_codes=["FBA"], **author)
    zine = factories.product("Un fanzine")
    fresh = timezone.now() - timedelta(minutes=5)
    factories.stock_record(made, etranger, units=1, price="9.95")
    factories.stock_record(made, etranger, units=2, price="4.00", condition="good", as_of=fresh)
    factories.stock_record(other, etranger, units=9, price="8.00")
    factories.stock_record(made, zine, units=4, price="3.00")
    factories.stock_record(made, factories.product("Rien", gtin=isbn(7)), units=0, price="5.00")
    reindex()
    return made


def read(
    lane: Lane = Lane.CATALOGUE, *, location: str = "https://other.example/shops/page/", key: str = ""
) -> list[Chunk]:
    feed = FeedUnderTest("halles", location, currency="CAD", password=key)
    return list(adapter_for(feed).fetch(lane, None))


def records(chunks: list[Chunk]) -> dict[str, CatalogRecord]:
    found = [record for chunk in chunks for record in chunk.records]
    for record in found:
        check_record(record)
    return {f"{record.title} {record.condition}": record for record in found}


def failure(**asked: str) -> tuple[str, bool]:
    with pytest.raises(FeedError) as caught:
        read(**asked)
    assert caught.value.reason is not None
    return caught.value.reason.code, caught.value.permanent


def test_shop_is_read_as_its_readers_see_it(site, shop):
    chunks = read(key=make_key())
    found = records(chunks)
    assert chunks[-1].complete
    told = {name: (one.price, one.quantity, one.availability) for name, one in found.items()}
    assert told == {
        "L'Étranger new": (995, 1, "in_stock"),
        "L'Étranger good": (400, 2, "in_stock"),  # a few: the least that is meant
        "Un fanzine new": (300, 2, "in_stock"),
    }  # what it has none of is not found there
    new = found["L'Étranger new"]
    assert (new.gtin, new.currency, new.contributors, new.publisher) == (
        *(FIRST, "CAD", (("Camus, Albert", "author"),), "Gallimard"),
    )
    assert (new.form, new.language, new.subjects) == ("pocket", "fr", (("thema", "FBA", ""),))
    assert len({one.sku for one in found.values()}) == 3
    assert all(one.as_of <= chunks[0].as_of for one in found.values())


def test_stock_lane_speaks_for_the_stock_alone(site, shop):
    assert {one.speaks_for for one in records(read(Lane.STOCK, key=make_key())).values()} == {STOCK_FIELDS}


def test_long_shop_comes_in_pages_with_one_bulk_call_each(site, reindex):
    made = factories.shop(slug="page")
    for number in range(halles.PAGE + 3):
        factories.stock_record(made, factories.product(f"Titre {number}", gtin=isbn(number)), units=3)
    reindex()
    chunks = read(key=make_key())
    assert (sum(len(chunk.records) for chunk in chunks), chunks[-1].complete) == (halles.PAGE + 3, True)
    assert site == ["/api/v1/search", "/api/v1/availability"] * 2


def test_same_shop_again_has_the_same_numbers(site, shop):
    key = make_key()
    assert {one.sku for one in records(read(key=key)).values()} == {one.sku for one in records(read(key=key)).values()}


@pytest.mark.parametrize("scope", [None, Scope.SEARCH])
def test_key_that_is_missing_or_too_narrow_is_told(site, shop, scope):
    assert failure(key=make_key(scope) if scope else "") == ("file_not_let_in", True)


def test_shop_that_is_not_there_and_wrong_addresses_are_told(site, shop):
    assert failure(location="https://other.example/shops/gone/", key=make_key()) == ("file_unreachable", True)
    for location in ("https://other.example/", "davs://other.example/shops/page/", "list.csv"):
        assert failure(location=location) == ("halles_address_wrong", True)


def test_too_many_calls_are_waited_for(site, shop):
    key = make_key(per_minute=1)
    with pytest.raises(FeedError) as caught:
        read(key=key)
    assert not caught.value.permanent
    assert site.count("/api/v1/availability") > 1


ROW = {"id": 1, "gtin": str(FIRST), "title": "T"}
GOOD = {"total": 1, "results": [ROW], "next": None, "plain": False}


def strange(page: object, offers: object) -> list[Chunk]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.get("https://other.example/api/v1/search", json=page)
        mock.post("https://other.example/api/v1/availability", json=offers)
        mock.get(re.compile("https://other.example/api/v1/products/"), json=offers)
        return read(key="k")


@pytest.mark.parametrize(
    ("page", "code"),
    [
        ([], "file_damaged"),
        ({}, "file_without_articles"),
        ({"results": "x"}, "file_without_articles"),
        ({**GOOD, "plain": True}, "file_unreachable"),
    ],
)
def test_answers_that_are_no_list_are_refused(page, code):
    with pytest.raises(FeedError) as caught:
        strange(page, {})
    assert caught.value.reason is not None
    assert caught.value.reason.code == code


ODD: list[Callable[[dict], object]] = [
    lambda offer: {**offer, "price_minor": "9", "copies": 7, "as_of": "never", "days": -1},
    lambda offer: {**offer, "price_minor": -9, "availability": "maybe", "condition": "eaten", "currency": "EURO"},
    lambda offer: {**offer, "price_minor": True, "as_of": "2999-01-01T00:00:00Z", "available_on": 5, "signed": "yes"},
    lambda offer: {"shop": "page"},
]


@pytest.mark.parametrize("change", ODD)
def test_odd_values_are_unknown_and_never_zero(change):
    offer = {"shop": "page", "availability": "in_stock", "copies": "few", "condition": "new", "price_minor": 900}
    chunks = strange(GOOD, {"results": [{"id": 1, "offers": [change({**offer, "currency": "CAD"}), 7], "left_out": 0}]})
    [record] = records(chunks).values()
    assert record.quantity in (None, 2)
    assert record.as_of <= chunks[0].as_of


def test_list_that_is_not_all_retires_nothing():
    """Fewer titles than it says, more pages that do not come, or an offer among those that are not told."""
    told = {"results": [{"id": 1, "offers": [], "left_out": 3}]}
    assert not strange(GOOD, told)[-1].complete
    assert not strange({**GOOD, "total": 2}, {"results": []})[-1].complete
    assert strange(GOOD, {"results": []})[-1].complete
    refused = strange({**GOOD, "results": [{"id": 0, "title": ""}]}, {})
    assert [one.reason.code for one in refused[-1].refused] == ["title_missing"]


def test_it_is_read_in_a_child_as_every_feed(db):
    offer = {"shop": "page", "availability": "in_stock", "copies": "last", "condition": "new", "price_minor": 900}
    feed = FeedUnderTest("halles", "https://other.example/shops/page/", currency="CAD", password="k")
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.get("https://other.example/api/v1/search", json=GOOD)
        told = {"results": [{"id": 1, "offers": [offer], "left_out": 0}]}
        mock.post("https://other.example/api/v1/availability", json=told)
        with locations.read_in_child(feed, feed.location, Lane.CATALOGUE) as (chunks, files):
            [record] = records(list(chunks)).values()
    assert (record.sku, record.quantity, record.currency, files) == ("1", 1, "CAD", [])
