"""Of Oscar's pages only two dashboards are there; what its templates link to beyond them leads to ours."""

import pytest
from django.urls import NoReverseMatch, reverse
from oscar.apps.catalogue.models import Category

from tests import factories

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:Pagination may yield inconsistent results"),  # of Oscar's own list
]


@pytest.fixture
def operator(client):
    client.force_login(factories.user(is_staff=True, is_superuser=True))
    return client


@pytest.mark.parametrize("name", ["catalogue-category-list", "reviews-list"])
def test_two_dashboards_open_with_rows_in_them(operator, name):
    Category.add_root(name="Cartes")
    assert operator.get(reverse(f"dashboard:{name}")).status_code == 200


@pytest.mark.parametrize(
    "name", ["order-list", "partner-list", "users-index", "offer-list", "range-list", "voucher-list"]
)
def test_dashboards_that_go_round_our_rules_are_not_mounted(name):
    with pytest.raises(NoReverseMatch):
        reverse(f"dashboard:{name}")


@pytest.mark.parametrize("address", ["/dashboard/orders/", "/dashboard/vouchers/", "/dashboard/offers/", "/wishlists/"])
def test_their_addresses_lead_nowhere(operator, address):
    assert operator.get(address).status_code == 404


def test_dashboards_are_the_operators_alone(client):
    client.force_login(factories.user())
    assert client.get(reverse("dashboard:reviews-list")).status_code == 404


def test_links_of_oscars_templates_lead_to_ours(operator):
    assert operator.get(reverse("dashboard:index")).headers["Location"] == "/board/"
    assert operator.get(reverse("dashboard:order-detail", args=["100012"])).headers["Location"] == "/board/"
    assert operator.get(reverse("customer:summary")).headers["Location"] == "/account/"
