"""An owner says who of the shop reads which mail, and when none is sent."""

from __future__ import annotations

from datetime import time

import pytest
from django.urls import reverse

from shops.models import Shop, ShopAddress, ShopMember
from tests import factories
from tests.shops.portal.conftest import signed_in


@pytest.fixture
def owner(ours):
    return signed_in(factories.member(ours.shop, role=ShopMember.Role.OWNER).user)


def address(stall, name="save-mail"):
    return reverse(f"portal:{name}", args=[stall.shop.slug])


def test_owner_says_addresses_and_quiet_hours(ours, owner):
    sent = {"orders": "desk@example.org", "quiet_from": "21:00", "quiet_until": "07:30"}
    assert owner.post(address(ours), sent).status_code == 302
    assert ShopAddress.objects.get(shop=ours.shop).email == "desk@example.org"
    shop = Shop.objects.get(pk=ours.shop.pk)
    assert (shop.quiet_from, shop.quiet_until) == (time(21), time(7, 30))
    form = owner.get(address(ours, "mail")).context["form"]
    assert (form["orders"].value(), form["quiet_from"].value()) == ("desk@example.org", time(21))


@pytest.mark.parametrize(
    ("sent", "wrong"),
    [
        ({"orders": "x"}, {"orders"}),
        ({"quiet_from": "21:00"}, {"quiet_until"}),
        ({"quiet_until": "21:00"}, {"quiet_from"}),
        ({"quiet_from": "21:00", "quiet_until": "21:00"}, {"quiet_until"}),
        ({"quiet_from": "9 h", "quiet_until": "21:00"}, {"quiet_from"}),
    ],
)
def test_what_is_wrong_is_said_and_nothing_saved(sent, wrong, ours, owner):
    page = owner.post(address(ours), sent)
    assert (page.status_code, set(page.context["form"].errors)) == (422, wrong)
    assert not ShopAddress.objects.exists()


def test_staff_look_and_change_nothing(ours):
    assert ours.client.get(address(ours, "mail")).status_code == 200
    assert ours.client.post(address(ours), {"orders": "me@example.org"}).status_code == 403
    assert not ShopAddress.objects.exists()
