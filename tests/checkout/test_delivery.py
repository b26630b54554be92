from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from types import SimpleNamespace

import pytest

from marketplace.checkout.delivery import (
    Destination,
    NotOffered,
    Trip,
    choosable,
    day_told,
    hours_by_shop,
    needs_slot,
    options_by_shop,
    quote,
    reaches,
)
from shops.load import full_days
from shops.models import DeliveryOption, DeliverySlot, OpeningHours, PickupPoint, Shop, ShopLoad
from shops.opening import Hours
from tests import factories

SHOP = Shop(country="CA")


@pytest.mark.parametrize(
    ("option", "to", "expected"),
    [
        ({"kind": "pickup"}, None, True),
        ({"kind": "pickup"}, Destination("FR", "75001"), True),
        ({"kind": "post", "countries": ["CA"]}, None, False),
        ({"kind": "post", "countries": ["CA"]}, Destination("CA", "H2X 1Y4"), True),
        ({"kind": "post", "countries": ["CA"]}, Destination("FR", "75001"), False),
        ({"kind": "post", "countries": []}, Destination("CA", "H2X 1Y4"), True),
        ({"kind": "post", "countries": []}, Destination("FR", "75001"), False),
        (
            {"kind": "courier", "countries": ["CA"], "postcode_prefixes": ["H2", "h3"]},
            Destination("CA", "h2x1y4"),
            True,
        ),
        ({"kind": "courier", "countries": ["CA"], "postcode_prefixes": ["H 3"]}, Destination("CA", "H3A 0G4"), True),
        ({"kind": "courier", "countries": ["CA"], "postcode_prefixes": ["H2"]}, Destination("CA", "G1R 1A1"), False),
    ],
)
def test_option_reaches(option, to, expected):
    assert reaches(DeliveryOption(**option), SHOP, to) is expected


@pytest.mark.django_db
def test_options_are_the_active_ones_in_the_shops_order(django_assert_num_queries):
    a, b = factories.shop(), factories.shop()
    second = factories.delivery_option(a, position=2)
    first = factories.delivery_option(a, DeliveryOption.Kind.POST, position=1)
    factories.delivery_option(a, active=False)
    with django_assert_num_queries(1):
        found = options_by_shop([a.pk, b.pk])
    assert (found[a.pk], found[b.pk]) == ((first, second), ())


NOW = datetime(2026, 11, 26, 15, 0, tzinfo=UTC)  # a Thursday, 10:00 in Montréal
QUEBEC, PARIS = Destination("CA", "H2X 1Y4"), Destination("FR", "75011")
TABLE = [
    {"countries": ["CA"], "prefixes": ["H2"], "grams": 500, "amount_minor": None},
    {"countries": ["CA"], "prefixes": [], "grams": 2000, "amount_minor": 15000, "free_above_minor": 8000},
    {"countries": ["FR"], "prefixes": [], "grams": 1000, "amount_minor": None},
]
RATES = [{"free_above_minor": None, "price_minor": 100 * number} | row for number, row in enumerate(TABLE, start=1)]


def packed(grams: int = 350, amount: int = 2000, units: int = 1, *, new: bool = True, as_of=NOW):
    return SimpleNamespace(quantity=units, goods_minor=amount, weight_grams=grams, is_new_book=new, as_of=as_of)


def quoted(option: dict, *lines, to=QUEBEC, shop=SHOP, currency="CAD", **trip):
    made = DeliveryOption(**{"packaging_grams": 100} | option)
    if made.kind == "courier":
        made._prefetched_objects_cache = {"slots": []}
    return quote(made, shop, lines or [packed()], Trip(now=NOW, currency=currency, to=to, **trip))


@pytest.mark.parametrize(
    ("line", "to", "expected"),
    [
        (packed(350), QUEBEC, 100),
        (packed(401), QUEBEC, 200),  # with its packaging too heavy for the first row
        (packed(350, units=2, amount=4000), QUEBEC, 200),
        (packed(350), Destination("CA", "G1R 1A1"), 200),
        (packed(900, amount=8000), QUEBEC, 0),
        (packed(350), PARIS, 300),
        (packed(1901), QUEBEC, NotOffered.WEIGHT),
        (packed(900, amount=15001), QUEBEC, NotOffered.AMOUNT),
        (packed(350), Destination("BE", "1000"), NotOffered.ZONE),
        (packed(350), None, NotOffered.ADDRESS),
    ],
)
def test_first_row_that_covers_the_parcel_gives_its_price(line, to, expected):
    found = quoted({"kind": "post", "countries": ["CA", "FR", "BE"], "rates": RATES}, line, to=to)
    assert (found.refusal or found.price_minor) == expected


FRENCH = {"currency": "EUR", "to": PARIS}
GROCER = Shop(country="FR", kind="food")


@pytest.mark.parametrize(
    ("option", "lines", "shop", "expected"),
    [
        ({"kind": "post", "countries": ["FR"], "price_minor": 0}, [packed()], SHOP, 300),
        ({"kind": "post", "countries": ["FR"], "price_minor": 490}, [packed()], SHOP, 490),
        (
            {"kind": "post", "countries": ["FR"], "price_minor": 490, "free_above_minor": 3500},
            [packed(amount=3500)],
            SHOP,
            1,
        ),
        ({"kind": "post", "countries": ["FR"], "price_minor": 490, "free_above_minor": 2000}, [packed()], SHOP, 300),
        ({"kind": "post", "countries": ["FR"], "price_minor": 0}, [packed(new=False)], SHOP, 0),
        # 30 € of new books and 20 € of others: the new ones alone count
        (
            {"kind": "post", "countries": ["FR"], "price_minor": 0},
            [packed(amount=3000), packed(amount=2000, new=False)],
            SHOP,
            300,
        ),
        ({"kind": "pickup", "price_minor": 0}, [packed()], Shop(country="FR", kind="books"), 0),
        ({"kind": "pickup", "price_minor": 0}, [packed()], GROCER, 300),
        (
            {"kind": "other_shop", "receiving_shop": Shop(country="FR", receives_for_others=True, status="active")},
            [packed()],
            SHOP,
            0,
        ),
        ({"kind": "point", "point": PickupPoint(country="FR", price_minor=200)}, [packed()], SHOP, 300),
    ],
)  # fmt: skip
def test_frances_minimum_counts_for_new_books_that_are_not_collected_in_a_bookshop(option, lines, shop, expected):
    found = quoted(option, *lines, shop=shop, **FRENCH)
    assert found.price_minor == expected
    assert (found.legal_minimum is not None) == (expected in (1, 300))


def test_what_another_shop_or_a_point_asks_and_when_it_is_closed():
    other = Shop(country="CA", receives_for_others=True, status="active")
    open_point, fixed, closed = PickupPoint(), PickupPoint(price_minor=150), PickupPoint(active=False)
    prices = [quoted({"kind": "point", "point": point, "price_minor": 200}) for point in (open_point, fixed, closed)]
    assert [found.refusal or found.price_minor for found in prices] == [200, 150, NotOffered.CLOSED]
    asked = {"kind": "other_shop", "receiving_shop": other, "price_minor": 100}
    assert quoted(asked, to=None).price_minor == 100
    other.receives_for_others = False
    assert quoted(asked, to=None).refusal == NotOffered.CLOSED
    other.receives_for_others, other.status = True, "paused"
    assert quoted(asked, to=None).refusal == NotOffered.CLOSED


def test_pickup_says_when_it_is_ready_and_how_sure_that_is():
    hours = Hours((OpeningHours(weekday=3, opens=time(10), closes=time(18)),))
    pickup = {"kind": "pickup"}
    ready = NOW + timedelta(hours=1)
    fresh, old = packed(as_of=NOW - timedelta(hours=23)), packed(as_of=NOW - timedelta(hours=25))
    found = [quoted(pickup, fresh, *more, hours=hours) for more in ([], [old], [packed(as_of=None)])]
    assert [(one.expected_from, one.awaits_confirmation) for one in found] == [
        (ready, False),
        (ready, True),
        (ready, True),
    ]
    assert quoted(pickup, old).expected_from is None
    assert not quoted(pickup, old).awaits_confirmation


@pytest.mark.django_db
def test_courier_is_offered_with_the_slots_that_can_still_be_reached():
    shop = factories.shop(preparation_minutes=60)
    factories.opening_hours(shop, weekday=3, opens=time(9), closes=time(18))
    option = factories.delivery_option(shop, "courier", countries=["CA"], price_minor=500)
    early, late = (
        DeliverySlot.objects.create(option=option, weekday=3, begins=time(hour), ends=time(hour + 2), capacity=1)
        for hour in (10, 17)
    )
    found = options_by_shop([shop.pk])
    trip = Trip(now=NOW, currency="CAD", to=QUEBEC, hours=hours_by_shop(found, NOW)[shop.pk])
    courier = found[shop.pk][0]
    assert [(one.slot_id, one.day) for one in choosable(courier, shop, trip)] == [
        (late.pk, date(2026, 11, 26)),
        (early.pk, date(2026, 12, 3)),
        (late.pk, date(2026, 12, 3)),
    ]
    assert quote(courier, shop, [packed()], trip).price_minor == 500
    DeliverySlot.objects.update(weekday=0, active=False)
    assert not needs_slot(options_by_shop([shop.pk])[shop.pk][0])


@pytest.mark.django_db
def test_courier_does_not_set_out_on_a_day_on_which_the_shop_is_closed():
    shop = factories.shop(preparation_minutes=60)
    option = factories.delivery_option(shop, "courier", countries=["CA"])
    factories.opening_hours(shop, weekday=3, opens=time(9), closes=time(18))
    DeliverySlot.objects.create(option=option, weekday=3, begins=time(17), ends=time(19), capacity=1)
    found, days = options_by_shop([shop.pk]), []
    for closed in ([], [date(2026, 12, 3)], [date(2026, 11, 26)]):
        for day in closed:
            factories.special_hours(shop, day)
        trip = Trip(now=NOW, currency="CAD", to=QUEBEC, hours=hours_by_shop(found, NOW)[shop.pk])
        days.append([one.day for one in choosable(found[shop.pk][0], shop, trip)])
    assert days == [[date(2026, 11, 26), date(2026, 12, 3)], [date(2026, 11, 26)], []]
    assert quote(found[shop.pk][0], shop, [packed()], trip).refusal == NotOffered.SLOTS


@pytest.mark.django_db
def test_what_is_sent_by_a_shop_that_is_away_is_said_to_be_sent_once_it_is_back():
    shop = factories.shop(preparation_minutes=60)
    factories.delivery_option(shop, "post", countries=["CA"], days_min=2, days_max=5)
    found, told = options_by_shop([shop.pk]), []
    for closed in (None, date(2026, 11, 26)):
        if closed:
            factories.special_hours(shop, closed)
        trip = Trip(now=NOW, currency="CAD", to=QUEBEC, hours=hours_by_shop(found, NOW)[shop.pk])
        said = quote(found[shop.pk][0], shop, [packed()], trip)
        told.append((said.sent_from, said.expected_from, day_told(said, shop)))
    assert told == [(None, None, ""), (date(2026, 11, 27), None, "2026-11-27")]  # which the reader agrees to anew


@pytest.mark.django_db
def test_courier_whose_slots_cannot_be_reached_is_not_offered():
    shop = factories.shop(preparation_minutes=60)
    option = factories.delivery_option(shop, "courier", countries=["CA"])
    factories.opening_hours(shop, weekday=2, opens=time(9), closes=time(18))  # opens six days later, for the first time
    DeliverySlot.objects.create(option=option, weekday=0, begins=time(17), ends=time(18), capacity=1)
    found = options_by_shop([shop.pk])
    trip = Trip(now=NOW, currency="CAD", to=QUEBEC, hours=hours_by_shop(found, NOW)[shop.pk])
    assert quote(found[shop.pk][0], shop, [packed()], trip).refusal == NotOffered.SLOTS


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("today", "limit", "days"), [(9, None, 0), (0, 5, 0), (4, 5, 0), (5, 5, 1), (9, 5, 1), (10, 5, 2), (None, 5, 0)]
)
def test_shop_that_is_full_is_ready_on_a_later_day(today, limit, days):
    shop = factories.shop(preparation_minutes=60, orders_per_day=limit)
    for weekday in range(7):
        factories.opening_hours(shop, weekday=weekday, opens=time(9), closes=time(18))
    if today is not None:
        ShopLoad.objects.create(shop=shop, orders_today=today)
    option = factories.delivery_option(shop)
    hours = hours_by_shop(options_by_shop([shop.pk]), NOW)[shop.pk]
    trip = Trip(now=NOW, currency="CAD", hours=hours, full_days=full_days(shop))
    said = quote(option, shop, [packed()], trip)
    assert trip.full_days == days
    # Ready within the hour of opening: 11:00 today, 10:00 on another day.
    expected = NOW + timedelta(hours=1) if not days else datetime(2026, 11, 26 + days, 15, 0, tzinfo=UTC)
    assert (said.refusal, said.expected_from) == (None, expected)
    shop.refuses_when_full = True
    assert quote(option, shop, [packed()], trip).refusal == (NotOffered.FULL if days else None)
