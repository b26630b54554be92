from datetime import UTC, date, datetime, time

import pytest
from django.utils import timezone

from marketplace.checkout.delivery import Trip, options_by_shop, quote
from search import availability, directory
from search.availability import Opening, Place
from shops.models import OpeningHours, Shop, ShopLoad
from tests import factories

pytestmark = pytest.mark.django_db

PLATEAU = Place(latitude=45.5236, longitude=-73.5965, label="Plateau", radius_km=10)
# 2026-03-02 is a Monday; Montréal is five hours behind UTC then.
MONDAY_10 = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


def opened(shop: Shop, *spans: tuple[int, time, time]) -> Shop:
    for weekday, opens, closes in spans:
        OpeningHours.objects.create(shop=shop, weekday=weekday, opens=opens, closes=closes)
    return shop


def opening(shop: Shop, now: datetime) -> Opening:
    return availability.opening(directory.active()[shop.pk], now)


def test_near_gives_shops_within_the_radius():
    near = factories.shop(latitude=45.52, longitude=-73.59)
    factories.shop(latitude=46.81, longitude=-71.2)
    factories.shop()
    assert availability.near(PLATEAU, 10) == {near.pk}


def test_paused_shops_are_never_near():
    factories.shop(latitude=45.52, longitude=-73.59, status=Shop.Status.PAUSED)
    assert availability.near(PLATEAU, 10) == frozenset()


def test_open_now_uses_the_shops_own_time():
    montreal = opened(factories.shop(), (0, time(9), time(18)))
    paris = opened(factories.shop(timezone="Europe/Paris"), (0, time(9), time(15)))
    assert availability.open_now(MONDAY_10) == {montreal.pk}
    assert availability.open_now(datetime(2026, 3, 2, 13, 30, tzinfo=UTC)) == {paris.pk}


def test_opening_says_until_when():
    shop = opened(factories.shop(), (0, time(9), time(12)), (0, time(13), time(18)))
    assert opening(shop, MONDAY_10) == Opening(is_open=True, until=time(12))


def test_opening_between_two_spans_says_when_it_opens_again():
    shop = opened(factories.shop(), (0, time(9), time(9, 30)), (0, time(13), time(18)))
    found = opening(shop, MONDAY_10)
    assert (found.is_open, found.opens, found.today) == (False, time(13), True)


def test_opening_of_a_closed_day_looks_ahead():
    shop = opened(factories.shop(), (1, time(9), time(12)), (3, time(9), time(12)))
    found = opening(shop, MONDAY_10)
    assert (found.opens, found.tomorrow) == (time(9), True)


def test_opening_once_a_week_is_found_on_the_same_weekday():
    shop = opened(factories.shop(), (0, time(8), time(9)))
    found = opening(shop, MONDAY_10)
    assert (found.opens, found.day.isoformat(), found.today) == (time(8), "2026-03-09", False)


def test_opening_runs_past_midnight():
    shop = opened(factories.shop(), (6, time(20), time(2)))
    assert opening(shop, datetime(2026, 3, 2, 6, 0, tzinfo=UTC)) == Opening(is_open=True, until=time(2))
    assert not opening(shop, datetime(2026, 3, 2, 8, 0, tzinfo=UTC)).is_open


def test_opening_without_hours_says_nothing():
    assert opening(factories.shop(), MONDAY_10) == Opening(is_open=False)


def test_collect_today_needs_a_pickup_of_the_same_day_before_closing():
    today = opened(factories.shop(), (0, time(9), time(18)))
    factories.delivery_option(today, days_min=0)
    later = opened(factories.shop(), (0, time(9), time(18)))
    factories.delivery_option(later, days_min=1)
    closed = opened(factories.shop(), (0, time(8), time(9)))
    factories.delivery_option(closed, days_min=0)
    opened(factories.shop(), (0, time(9), time(18)))
    assert availability.collect_today(MONDAY_10) == {today.pk}


@pytest.mark.parametrize(("today", "days"), [(4, 0), (5, 1), (10, 2)])
def test_full_shop_is_ready_on_the_day_that_the_checkout_says(today, days):
    shop = factories.shop(orders_per_day=5, preparation_minutes=60)
    factories.delivery_option(shop, days_min=0)
    ShopLoad.objects.create(shop=shop, orders_today=today)
    opened(shop, *((weekday, time(9), time(18)) for weekday in range(7)))
    card = directory.active()[shop.pk]
    assert (card.pk in availability.collect_today(MONDAY_10), card.full_days) == (not days, days)
    trip = Trip(now=MONDAY_10, currency="CAD", hours=card.when_open, full_days=days)
    said = quote(options_by_shop([shop.pk])[shop.pk][0], shop, [], trip)
    assert availability.ready(card, MONDAY_10) == (said.expected_from if days else None)


@pytest.fixture
def _that_monday(monkeypatch):
    """Days long past are not read."""
    monkeypatch.setattr(timezone, "now", lambda: MONDAY_10)


@pytest.mark.usefixtures("_that_monday")
def test_days_that_a_shop_named_count_instead_of_its_week():
    """Closed on Monday and until the 20th, but for the 11th."""
    shop = opened(factories.shop(), *((weekday, time(9), time(18)) for weekday in range(7)))
    factories.delivery_option(shop, days_min=0)
    assert availability.open_now(MONDAY_10) == availability.collect_today(MONDAY_10) == {shop.pk}
    factories.special_hours(shop, date(2026, 3, 2), date(2026, 3, 20))
    assert availability.open_now(MONDAY_10) == availability.collect_today(MONDAY_10) == frozenset()
    found = opening(shop, MONDAY_10)
    assert (found.day, found.opens, found.far_off) == (date(2026, 3, 21), time(9), True)
    factories.special_hours(shop, date(2026, 3, 11), spans="10:00-12:00")
    found = opening(shop, MONDAY_10)
    assert (found.day, found.opens) == (date(2026, 3, 11), time(10))
    assert opening(shop, datetime(2026, 3, 11, 15, 0, tzinfo=UTC)) == Opening(is_open=True, until=time(12))


@pytest.mark.usefixtures("_that_monday")
def test_a_shop_that_opens_specially_is_open_now():
    shop = factories.shop()
    factories.special_hours(shop, date(2026, 3, 2), spans="09:00-11:00")
    assert availability.open_now(MONDAY_10) == {shop.pk}


def test_entries_put_the_nearest_first_and_unknown_positions_last():
    nowhere = factories.shop("Aube")
    far = factories.shop("Bord", latitude=46.81, longitude=-71.2)
    close = factories.shop("Cour", latitude=45.52, longitude=-73.59)
    assert [one.card.pk for one in availability.entries(PLATEAU, MONDAY_10)] == [close.pk, far.pk, nowhere.pk]
    assert [one.card.pk for one in availability.entries(None, MONDAY_10)] == [nowhere.pk, far.pk, close.pk]


def test_cheapest_delivery_goes_everywhere_where_one_does():
    shop = factories.shop()
    factories.delivery_option(shop, kind="courier", price_minor=500, postcode_prefixes=["H2"])
    assert directory.active()[shop.pk].cheapest_delivery.price_minor == 500
    factories.delivery_option(shop, kind="post", price_minor=895)
    factories.delivery_option(shop, kind="post", price_minor=1295)
    assert directory.active()[shop.pk].cheapest_delivery.price_minor == 895


def test_directory_is_read_once_and_again_after_a_change(django_assert_num_queries):
    shop = factories.shop()
    with django_assert_num_queries(3):
        directory.active()
        directory.active()
    shop.name = "Autre nom"
    shop.save()
    assert directory.active()[shop.pk].name == "Autre nom"
