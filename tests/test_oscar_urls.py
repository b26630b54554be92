"""Of Oscar's pages only four dashboards are there; what its templates link to beyond them leads to ours."""

from datetime import timedelta

import pytest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from oscar.apps.catalogue.models import Category
from oscar.apps.offer.models import Benefit, Condition, ConditionalOffer, Range
from oscar.apps.voucher.models import Voucher

from tests import factories

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:Pagination may yield inconsistent results"),  # of Oscar's own list
]


@pytest.fixture
def operator(client):
    client.force_login(factories.user(is_staff=True, is_superuser=True))
    return client


@pytest.mark.parametrize(
    "name", ["catalogue-category-list", "offer-list", "range-list", "voucher-list", "reviews-list"]
)
def test_four_dashboards_open_with_rows_in_them(operator, name):
    Category.add_root(name="Cartes")
    everything = Range.objects.create(name="Tout", includes_all_products=True)
    condition = Condition.objects.create(range=everything, type=Condition.COUNT, value=1)
    benefit = Benefit.objects.create(range=everything, type=Benefit.PERCENTAGE, value=5)
    ConditionalOffer.objects.create(name="Fête du livre", condition=condition, benefit=benefit)
    span = {"start_datetime": timezone.now(), "end_datetime": timezone.now() + timedelta(days=1)}
    Voucher.objects.create(name="Merci", code="MERCI", **span)
    assert operator.get(reverse(f"dashboard:{name}")).status_code == 200


@pytest.mark.parametrize("name", ["order-list", "partner-list", "users-index", "order-stats", "comms-list"])
def test_dashboards_that_go_round_our_rules_are_not_mounted(name):
    with pytest.raises(NoReverseMatch):
        reverse(f"dashboard:{name}")


@pytest.mark.parametrize("address", ["/dashboard/orders/", "/dashboard/partners/", "/password-reset/", "/wishlists/"])
def test_their_addresses_lead_nowhere(operator, address):
    assert operator.get(address).status_code == 404


def test_dashboards_are_the_operators_alone(client):
    client.force_login(factories.user())
    assert client.get(reverse("dashboard:offer-list")).status_code == 403


def test_links_of_oscars_templates_lead_to_ours(operator):
    assert operator.get(reverse("dashboard:index")).headers["Location"] == "/board/"
    assert operator.get(reverse("dashboard:order-detail", args=["100012"])).headers["Location"] == "/board/"
    assert operator.get(reverse("customer:summary")).headers["Location"] == "/account/"
