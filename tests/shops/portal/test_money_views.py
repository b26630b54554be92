"""What the shop is paid, and when."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from marketplace.payments.models import MoneyCall
from shops.models import Shop, ShopOrder
from tests import factories
from tests.shops.portal.conftest import OF_WALLS


def page(stall) -> str:
    return reverse("portal:money", args=[stall.shop.slug])


def figures(stall) -> tuple[int, int, int, int]:
    context = stall.client.get(page(stall)).context
    return tuple(context[name] for name in ("paid_minor", "coming_minor", "kept_minor", "waiting"))


def test_sums_are_of_ones_own_transfers_by_state(ours, theirs):
    factories.transfer(ours.order, 1840, commission_minor=160)
    factories.transfer(ours.order, 300, commission_minor=20, done_at=None, due_at=timezone.now())
    factories.transfer(theirs.order, 99_999, commission_minor=999)
    assert figures(ours) == (1840, 300, 160, 0)


def test_what_was_taken_back_lowers_what_was_paid(ours):
    factories.transfer(ours.order, 1840, commission_minor=160)
    factories.transfer(ours.order, 500, kind=MoneyCall.Kind.REVERSAL)
    assert figures(ours) == (1340, 0, 160, 0)


def test_other_calls_are_the_readers_and_the_networks(ours):
    factories.transfer(ours.order, 1840, kind=MoneyCall.Kind.REFUND)
    assert list(ours.client.get(page(ours)).context["pages"]) == []


def test_order_handed_over_waits_for_its_transfer(ours):
    ShopOrder.objects.filter(pk=ours.order.pk).update(status="handed_over")
    assert figures(ours)[3] == 1
    factories.transfer(ours.order)
    assert figures(ours)[3] == 0


@pytest.mark.parametrize(
    ("account", "ready", "said"),
    [("", False, "no account"), ("acct_1", False, "still asks"), ("acct_1", True, "ready to receive")],
)
def test_page_says_how_the_account_at_stripe_stands(account, ready, said, ours):
    Shop.objects.filter(pk=ours.shop.pk).update(stripe_account=account, stripe_account_ready=ready)
    shown = ours.client.get(page(ours), headers={"Accept-Language": "en"}).content.decode()
    assert said in shown


def test_list_is_paged_and_asks_the_same_number_of_queries(
    ours, django_assert_num_queries, django_assert_max_num_queries
):
    client = ours.client
    factories.transfer(ours.order)
    client.get(page(ours))
    with django_assert_max_num_queries(16 + OF_WALLS) as asked:
        client.get(page(ours))
    for _ in range(29):
        factories.transfer(ours.order)
    with django_assert_num_queries(len(asked)):
        client.get(page(ours))
    for _ in range(30):
        factories.transfer(ours.order)
    assert len(client.get(page(ours), {"page": "2"}).context["pages"]) == 10
