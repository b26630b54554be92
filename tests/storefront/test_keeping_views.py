"""A reader's lists, saved searches and alerts, as pages."""

from __future__ import annotations

import pytest
from django.test import Client
from oscar.apps.wishlists.models import WishList

from marketplace.readers import alerts, lists
from marketplace.readers.models import Alert, SavedSearch
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(client):
    person = factories.user("lea@example.org")
    client.force_login(person)
    client.cookies["django_language"] = "en"
    return person


def page(response) -> str:
    return response.content.decode()


def test_list_is_made_filled_shared_and_deleted(client, reader):
    product = factories.product("Kamouraska")
    client.post(f"/lists/put/{product.pk}/", {"name": "Summer"})
    client.post(f"/lists/put/{product.pk}/", {"list": WishList.objects.get().key})
    made = WishList.objects.get()
    assert (made.name, lists.titles_of(made)) == ("Summer", [product.pk])
    address = f"/lists/{made.key}/"
    assert Client().get(address).status_code == 404
    client.post(f"{address}change/", {"name": "Beach", "shared": "on"})
    assert Client().get(address).status_code == 404  # six characters could be guessed
    shared = f"/lists/{lists.shared_key(made)}/"
    assert shared in page(client.get(address))
    seen = page(Client().get(shared))
    assert "Kamouraska" in seen
    assert "Beach" in seen
    assert "/off/" not in seen
    client.post(f"{address}off/{product.pk}/")
    assert lists.titles_of(made) == []
    assert Client().get(f"/lists/{made.key}.wrong/").status_code == 404
    assert Client().get("/lists/%00/").status_code == 404
    client.post(f"{address}change/", {"delete": "1"})
    assert not WishList.objects.exists()


def test_list_of_another_reader_cannot_be_changed(client, reader):
    other = lists.make(factories.user(), "Theirs")
    lists.change(other, name="Theirs", shared=True)
    product = factories.product()
    refused = [
        client.post(f"/lists/{other.key}/change/", {"delete": "1"}),
        client.post(f"/lists/{other.key}/off/{product.pk}/"),
        client.post(f"/lists/put/{product.pk}/", {"list": other.key}),
    ]
    assert [response.status_code for response in refused] == [404] * 3
    assert lists.titles_of(other) == []


def test_lists_and_titles_have_their_limits(client, reader, monkeypatch):
    monkeypatch.setattr(lists, "MOST_LISTS", 1)
    monkeypatch.setattr(lists, "MOST_TITLES", 1)
    assert lists.put(lists.make(reader, "One"), factories.product()) is True
    assert lists.put(WishList.objects.get(), factories.product()) is False
    assert client.post("/lists/", {"name": "Two"}).status_code == 400


@pytest.mark.parametrize("number", [1, 30])
def test_list_takes_the_same_queries_for_any_number_of_titles(client, reader, number, django_assert_max_num_queries):
    made = lists.make(reader, "Summer")
    for _ in range(number):
        lists.put(made, factories.stock_record(factories.shop()).product)
    client.get(f"/lists/{made.key}/")
    with django_assert_max_num_queries(12):
        client.get(f"/lists/{made.key}/")


def test_search_is_saved_once_as_its_address_says_it(client, reader):
    for _ in range(2):
        client.post("/searches/", {"parameters": "q=camus&language=fr&page=3&nonsense=1"})
    saved = SavedSearch.objects.get()
    assert (saved.name, saved.parameters) == ("camus", "q=camus&language=fr")
    assert 'href="/search/?q=camus&amp;language=fr"' in page(client.get("/searches/"))
    client.post(f"/searches/{saved.pk}/forget/")
    client.post("/searches/", {"parameters": ""})
    assert not SavedSearch.objects.exists()


def test_alert_is_asked_for_and_ended(client, reader):
    shop = factories.shop("Port")
    product = factories.product("Kamouraska")
    wish = {"where": "shop", "shop": str(shop.pk), "used_only": "on", "most": "12.50"}
    assert client.post(f"/alerts/ask/{product.pk}/", wish).url == product.get_absolute_url()
    alert = Alert.objects.get()
    assert (alert.shop, alert.used_only, alert.most_minor, alert.language) == (shop, True, 1250, "en")
    assert "Port · used copies only · at most $12.50" in page(client.get("/alerts/"))
    client.post(f"/alerts/{alert.pk}/end/")
    assert not Alert.objects.exists()


def test_alert_near_needs_a_place(client, reader):
    product = factories.product()
    assert client.post(f"/alerts/ask/{product.pk}/", {"where": "near"}).status_code == 400
    assert client.post(f"/alerts/ask/{product.pk}/", {"where": "shop"}).status_code == 400
    client.post("/place/", {"latitude": "45.5", "longitude": "-73.61", "radius_km": "10"})
    client.post(f"/alerts/ask/{product.pk}/", {"where": "near"})
    assert Alert.objects.get().radius_km == 10


def test_alert_ends_from_its_mail_by_a_click_and_not_by_a_look(reader):
    alert = alerts.ask(reader, factories.product(), language="en", now=factories.NOON)
    address = alerts.stop_url(alert).removeprefix("http://testserver").split("8000", 1)[-1]
    strange = Client(enforce_csrf_checks=True)
    assert strange.get(address).status_code == 200
    assert Alert.objects.exists()
    assert strange.post(address, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert not Alert.objects.exists()
    assert strange.get(address).status_code == 200  # again: it has ended
    assert strange.get(f"/alerts/{alert.pk}/wrong/stop/").status_code == 404


def test_stranger_is_sent_to_sign_in_and_back(client):
    product = factories.product()
    for address in (f"/alerts/ask/{product.pk}/", f"/lists/put/{product.pk}/"):
        assert client.get(address).url == f"/accounts/login/?next={address}"
