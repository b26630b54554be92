from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from oscar.apps.partner.models import StockRecord

from marketplace.checkout import planning
from marketplace.checkout.assigning import Goal
from marketplace.checkout.delivery import Destination, Trip
from marketplace.checkout.delivery_steps import Guess, counted, steps
from marketplace.checkout.models import Checkout
from marketplace.checkout.proposals import Proposals, propose
from marketplace.foundation import network
from marketplace.oscar_apps.basket import lines
from marketplace.oscar_apps.basket.lines import MovedOnError, Moving
from search import directory
from search.availability import Place
from search.offers import offers_of
from search.reader import Reader
from shops import rates
from shops.models import Condition, DeliveryOption, StockTerms
from tests import factories
from tests.checkout.buying import shop_with_delivery

pytestmark = pytest.mark.django_db
MONTREAL = Place(latitude=45.5, longitude=-73.6, label="Montréal", radius_km=5)


@pytest.fixture(autouse=True)
def _new_directory():
    directory.forget()


def proposals(basket, *, used=False, **known) -> Proposals:
    reader = Reader(now=timezone.now(), **known)
    plan = planning.plan(basket, now=reader.now)
    offers = offers_of({line.record.product_id for line in plan.lines}, reader)
    return propose(plan, offers, reader, basket, used=used)


def three_shops():
    """A has both titles at 10.00 and 12.00, B the first at 9.00, C the second at 11.00; post is 4.20 everywhere."""
    (a, *_), (b, *_), (c, *_) = (shop_with_delivery(name) for name in ("A", "B", "C"))
    one, two = factories.product("Un"), factories.product("Deux")
    here = [factories.stock_record(a, title, price=price) for title, price in ((one, "10.00"), (two, "12.00"))]
    there = [factories.stock_record(b, one, price="9.00"), factories.stock_record(c, two, price="11.00")]
    return (a, b, c), here, there


def test_two_parcels_become_one_that_is_cheaper():
    _, here, there = three_shops()
    basket = factories.basket(*((record, 1) for record in there))
    (found,) = proposals(basket).found
    assert (found.goals, found.after.parcels, found.fewer_parcels, found.less_minor, found.farthest_km) == (
        (Goal.FEWEST, Goal.CHEAPEST),
        1,
        1,
        253,  # 20.00 + 8.40 less 22.00 + 4.20, and 14.975 % of that
        None,
    )
    assert [(move.offer.stock_record_id, move.change_minor) for move in found.moves] == [
        (here[0].pk, 100),
        (here[1].pk, 100),
    ]


def test_what_the_basket_already_serves_best_is_said_and_not_proposed():
    (a, *_), here, _ = three_shops()
    found = proposals(factories.basket(*((record, 1) for record in here)), shop_id=a.pk)
    assert found == Proposals((), (Goal.FEWEST, Goal.CHEAPEST, Goal.MINE))


def test_nearest_and_my_shop_count_only_where_they_are_known():
    (a, b, _), here, there = three_shops()
    for shop, latitude in ((a, 45.9), (b, 45.501)):
        shop.latitude, shop.longitude = latitude, -73.6
        shop.save()
    directory.forget()
    basket = factories.basket((here[0], 1))
    found = proposals(basket, place=MONTREAL, shop_id=b.pk).found
    # B is near, so that collecting it counts: no delivery at all.
    assert [(one.goals, one.moves[0].offer.stock_record_id, one.less_minor) for one in found] == [
        ((Goal.FEWEST, Goal.CHEAPEST, Goal.NEAREST, Goal.MINE), there[0].pk, 598)
    ]
    assert round(found[0].farthest_km, 1) == 0.1
    assert [one.goals for one in proposals(basket).found] == [(Goal.FEWEST, Goal.CHEAPEST)]


def test_used_replaces_new_only_for_whoever_agrees_and_signed_copies_stay():
    _, here, there = three_shops()
    StockTerms.objects.create(stock_record=there[0], condition=Condition.GOOD, as_of=timezone.now())
    basket = factories.basket((here[0], 1))
    assert proposals(basket).found == ()
    assert [move.offer.stock_record_id for one in proposals(basket, used=True).found for move in one.moves] == [
        there[0].pk
    ]
    StockTerms.objects.create(stock_record=here[0], signed=True, as_of=timezone.now())
    assert proposals(basket, used=True).found == ()


def test_used_is_replaced_by_no_worse_copy():
    _, here, there = three_shops()
    terms = [
        StockTerms.objects.create(stock_record=record, condition=Condition.GOOD, as_of=timezone.now())
        for record in (here[0], there[0])
    ]
    basket = factories.basket((here[0], 1))
    assert len(proposals(basket).found) == 1
    terms[1].condition = Condition.ACCEPTABLE
    terms[1].save()
    assert proposals(basket).found == ()


def test_a_line_stays_where_no_other_shop_has_enough():
    _, here, there = three_shops()
    basket = factories.basket((there[0], 4))
    here[0].num_in_stock = 3
    here[0].save()
    assert proposals(basket).found == ()


def test_a_line_that_is_short_is_proposed_elsewhere_without_comparison():
    _, here, there = three_shops()
    there[0].num_in_stock = 0
    there[0].save()
    (found,) = proposals(factories.basket((there[0], 1))).found
    assert (found.before, found.less_minor, found.moves[0].offer.stock_record_id) == (None, None, here[0].pk)


def test_fingerprint_changes_with_a_price():
    _, here, there = three_shops()
    basket = factories.basket(*((record, 1) for record in there))
    seen = proposals(basket).found[0].fingerprint()
    assert proposals(basket).found[0].fingerprint() == seen
    here[0].price = "9.50"
    here[0].save()
    assert proposals(basket).found[0].fingerprint() != seen


def test_lines_move_all_or_none():
    _, here, there = three_shops()
    basket = factories.basket(*((record, 1) for record in there))
    moves = [
        Moving(line.pk, line.stockrecord_id, 1, to.pk)
        for line, to in zip(basket.lines.order_by("pk"), here, strict=True)
    ]
    here[1].num_in_stock = 0
    here[1].save()
    with pytest.raises(MovedOnError):
        lines.move_all(basket, moves, now=timezone.now())
    assert list(basket.lines.order_by("pk").values_list("stockrecord_id", flat=True)) == [one.pk for one in there]
    here[1].num_in_stock = 1
    here[1].save()
    with pytest.raises(MovedOnError):
        lines.move_all(basket, [moves[0], replace(moves[1], quantity=2)], now=timezone.now())
    lines.move_all(basket, moves, now=timezone.now())
    assert sorted(basket.lines.values_list("stockrecord_id", flat=True)) == [one.pk for one in here]


def test_reading_takes_the_same_queries_for_any_number_of_lines():
    for count in (1, 12):
        (a, *_), (b, *_) = shop_with_delivery(), shop_with_delivery()
        titles = [factories.product() for _ in range(count)]
        basket = factories.basket(*((factories.stock_record(a, title), 1) for title in titles))
        for title in titles:
            factories.stock_record(b, title, price="8.00")
        directory.forget()
        directory.active()
        network.current()
        with CaptureQueriesContext(connection) as queries:
            assert proposals(basket).found
        assert len(queries) == 7  # lines, delivery, hours, offers; where to, delivery and columns of the other shops


def trip(country: str = "CA", postcode: str = "H2X 1Y4") -> Trip:
    return Trip(now=timezone.now(), currency="CAD", to=Destination(country, postcode))


def test_steps_are_the_cheapest_way_by_worth():
    shop, pickup, post = shop_with_delivery()
    post.free_above_minor = 5000
    light = [Guess(1, 300, False)]
    assert steps([post], shop, light, trip()) == ((0, 420), (5000, 0))
    assert steps([pickup, post], shop, light, trip()) == ((0, 0),)
    assert steps([post], shop, light, trip("FR")) == ()
    assert counted([pickup, post], trip(), collects=False) == (post,)
    post.rates = rates.kept(rates.read("CA; 500; ; 3.00; 20\nCA; 5000; ; 9.00", "CAD"))
    assert steps([post], shop, light, trip()) == ((0, 300), (2000, 0))
    assert steps([post], shop, [Guess(1, 900, False)], trip()) == ((0, 900), (5000, 0))


def test_way_whose_price_depends_on_a_postcode_nobody_said_is_not_counted():
    _, _, post = shop_with_delivery()
    post.rates = rates.kept(rates.read("CA: H2; ; ; 3.00\nCA; ; ; 9.00", "CAD"))
    assert [counted([post], of, collects=True) for of in (trip(), trip(postcode=""))] == [(post,), ()]


@pytest.fixture
def french():
    """A and B send by post at nothing, which the law raises to 3.00 for new books below 35.00; the reader is in Paris.
    A has two at 10.00 each, B the first of them; a basket with both from A."""
    factories.network(country="FR", currency="EUR", tax_included=True)
    where = {"country": "FR", "postcode": "75011"}
    a, b = (factories.shop(name, **where) for name in "AB")
    for shop in (a, b):
        names = {"name_fr": "Poste", "name_en": "Post", "countries": ["FR"]}
        factories.delivery_option(shop, "post", price_minor=0, **names)
    book = {"is_book": True, "form": "paperback"}
    one, two = (factories.product(gtin=gtin, **book) for gtin in (9782070360024, 9782070360420))
    here = [factories.stock_record(a, title, price="10.00") for title in (one, two)]
    there = factories.stock_record(b, one, price="7.50")
    StockRecord.objects.update(price_currency="EUR")
    basket = factories.basket(*((record, 1) for record in here))
    columns = {"token": "t", "currency": "EUR", "language": "fr", "created_at": timezone.now()}
    Checkout.objects.create(basket=basket, **where, **columns)
    directory.forget()
    return basket, there


def total_by_post(basket) -> int:
    """As the checkout prices it once every parcel goes by post."""
    to = Destination("FR", "75011")
    chosen = dict(DeliveryOption.objects.values_list("shop_id", "pk"))
    return planning.plan(basket, now=timezone.now(), chosen=chosen, to=to).total_minor


def test_proposal_that_the_law_makes_dearer_is_not_made(french):
    """By the table 2.50 less; a second parcel of new books costs 3.00."""
    basket, there = french
    assert proposals(basket).found == ()
    before = total_by_post(basket)
    move = Moving(basket.lines.first().pk, basket.lines.first().stockrecord_id, 1, there.pk)
    lines.move_all(basket, [move], now=timezone.now())
    assert total_by_post(basket) - before == 50


def test_what_a_proposal_says_is_what_the_checkout_asks_less(french):
    basket, there = french
    StockRecord.objects.filter(pk=there.pk).update(price="5.01")
    (found,) = proposals(basket).found
    before = total_by_post(basket)
    move = Moving(basket.lines.first().pk, basket.lines.first().stockrecord_id, 1, there.pk)
    lines.move_all(basket, [move], now=timezone.now())
    said = (found.goals, found.price_before_minor, found.price_minor, found.less_minor)
    assert said == ((Goal.CHEAPEST,), before, total_by_post(basket), 199)
