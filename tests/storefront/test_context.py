import pytest
from django.core.signing import Signer

from tests import factories

pytestmark = pytest.mark.django_db


def test_a_visitors_page_costs_no_query_for_the_header(client, django_assert_num_queries):
    client.get("/open-data/")
    with django_assert_num_queries(0):
        client.get("/open-data/")


def test_badge_counts_the_cookies_basket_in_one_query(client, django_assert_num_queries):
    basket = factories.basket(
        (factories.stock_record(factories.shop()), 2), (factories.stock_record(factories.shop()), 1)
    )
    client.cookies["oscar_open_basket"] = Signer().sign(basket.pk)
    client.get("/open-data/")
    with django_assert_num_queries(1):
        response = client.get("/open-data/")
    assert response.context["basket_count"] == 3


@pytest.mark.parametrize("signed", ["7", "7:forged", "", "x"])
def test_badge_ignores_a_forged_cookie(client, signed):
    client.cookies["oscar_open_basket"] = signed
    assert client.get("/open-data/").context["basket_count"] == 0


def test_badge_counts_open_baskets_only(client):
    basket = factories.basket((factories.stock_record(factories.shop()), 2))
    basket.status = basket.FROZEN
    basket.save()
    client.cookies["oscar_open_basket"] = Signer().sign(basket.pk)
    assert client.get("/open-data/").context["basket_count"] == 0


def test_pages_leave_the_basket_alone(client):
    person = factories.user()
    client.force_login(person)
    client.get("/open-data/")
    assert person.baskets.count() == 0
