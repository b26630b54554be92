"""A shop's owner opens its account at Stripe: through the stand-in's own page and back."""

from __future__ import annotations

import time

import pytest
from django.urls import reverse

from marketplace.payments.fake_stripe.database import DatabaseStore
from shops.models import Shop, ShopMember
from tests import factories
from tests.payments.stand_in import StandIn


@pytest.fixture
def stand_in(db):
    stand_in = StandIn(DatabaseStore())
    stand_in.now = int(time.time())  # the pages have the real clock
    with stand_in.in_use():
        yield stand_in


@pytest.fixture
def owned(ours):
    ShopMember.objects.filter(shop=ours.shop).update(role=ShopMember.Role.OWNER)
    Shop.objects.filter(pk=ours.shop.pk).update(stripe_account="", stripe_account_ready=False)
    return ours


def where(stall, name: str = "stripe-connect") -> str:
    return reverse(f"portal:{name}", args=[stall.shop.slug])


def path(url: str, settings) -> str:
    return url.removeprefix(settings.SITE_URL.rstrip("/"))


def test_owner_opens_the_account_and_comes_back_ready(stand_in, owned, settings):
    assert where(owned) in owned.client.get(where(owned, "money")).content.decode()
    policy = owned.client.get(where(owned, "money")).headers["Content-Security-Policy"]
    assert "https://connect.stripe.com" in policy.split("form-action")[1].split(";")[0]
    at_stripe = path(owned.client.post(where(owned)).url, settings)
    owned.shop.refresh_from_db()
    assert (bool(owned.shop.stripe_account), owned.shop.stripe_account_ready) == (True, False)
    early = owned.client.get(where(owned, "stripe-back"), follow=True)  # who comes back without having given all
    assert [message.level_tag for message in early.context["messages"]] == ["info"]
    home = path(owned.client.post(at_stripe).url, settings)
    assert home == where(owned, "stripe-back")
    page = owned.client.get(home, follow=True)
    owned.shop.refresh_from_db()
    assert ([m.level_tag for m in page.context["messages"]], owned.shop.stripe_account_ready) == (["success"], True)
    assert where(owned) not in page.content.decode()


def test_link_that_is_over_leads_to_another(stand_in, owned, settings):
    first = path(owned.client.post(where(owned)).url, settings)
    owned.client.post(first)
    over = path(owned.client.get(first).url, settings)
    assert over == where(owned, "stripe-again")
    assert path(owned.client.get(over).url, settings) != first


def test_a_second_press_makes_no_second_account(stand_in, owned):
    accounts = set()
    for _ in range(2):
        owned.client.post(where(owned))
        accounts.add(Shop.objects.get(pk=owned.shop.pk).stripe_account)
    assert (len(accounts), "" in accounts) == (1, False)


def test_shop_in_another_country_is_told_so(stand_in, owned):
    Shop.objects.filter(pk=owned.shop.pk).update(country="FR")
    page = owned.client.post(where(owned), follow=True)
    assert [message.level_tag for message in page.context["messages"]] == ["error"]
    assert Shop.objects.get(pk=owned.shop.pk).stripe_account == ""


@pytest.mark.parametrize("role", ["staff", "accounts", "read_only"])
def test_others_open_none(role, stand_in, owned):
    factories.member(owned.shop, role="owner")
    ShopMember.objects.filter(user=owned.staff).update(role=role)
    assert where(owned) not in owned.client.get(where(owned, "money")).content.decode()
    assert owned.client.post(where(owned)).status_code == 403
    assert Shop.objects.get(pk=owned.shop.pk).stripe_account == ""
