from datetime import UTC, datetime, timedelta

import pytest

from marketplace.catalogue.models import TitleChange
from shops.freshness import follow_freshness
from shops.models import Shop
from tests import factories

NOW = datetime(2026, 3, 2, 15, tzinfo=UTC)


pytestmark = pytest.mark.django_db


def marked() -> list[int]:
    found = sorted(TitleChange.objects.values_list("product_id", flat=True))
    TitleChange.objects.all().delete()
    return found


def test_titles_are_marked_once_when_a_shop_goes_off_sale_and_comes_back():
    shop = factories.shop(freshness_hours=72, complete_as_of=NOW)
    record = factories.stock_record(shop)
    TitleChange.objects.all().delete()
    assert (follow_freshness(NOW), marked()) == (1, [record.product_id])
    assert (follow_freshness(NOW + timedelta(hours=72)), marked()) == (0, [])
    assert (follow_freshness(NOW + timedelta(hours=73)), marked()) == (1, [record.product_id])
    Shop.objects.update(fresh_until=NOW + timedelta(hours=145))
    assert (follow_freshness(NOW + timedelta(hours=73)), marked()) == (1, [record.product_id])


def test_pausing_takes_a_shop_off_sale():
    factories.shop(complete_as_of=NOW)
    follow_freshness(NOW)
    Shop.objects.update(status=Shop.Status.PAUSED)
    assert follow_freshness(NOW) == 1
