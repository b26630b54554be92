from datetime import timedelta

import pytest
from django.utils import timezone

from search.availability import Place
from search.offers import best, in_stock_at, offers_of
from search.reader import Reader
from search.rows import rows
from shops.models import Shop
from tests import factories

pytestmark = pytest.mark.django_db
NOW = timezone.now()
HERE = Place(latitude=45.52, longitude=-73.6, label="ici", radius_km=10)


def shops_of(product, reader: Reader) -> list[str]:
    return [offer.shop.name for offer in offers_of([product.pk], reader).get(product.pk, [])]


def test_new_comes_before_used_and_what_is_there_before_what_is_to_order():
    title = factories.product()
    factories.stock_record(
        factories.shop("À commander"), title, units=0, availability="orderable", days=5, price="9.00"
    )
    factories.stock_record(factories.shop("Occasion"), title, condition="good", price="5.00")
    factories.stock_record(factories.shop("Épuisé"), title, units=0, price="8.00")
    factories.stock_record(factories.shop("Neuf"), title, price="20.00")
    assert shops_of(title, Reader(now=NOW)) == ["Neuf", "À commander", "Épuisé", "Occasion"]


def test_the_cheaper_comes_first_without_a_place():
    title = factories.product()
    factories.stock_record(factories.shop("Cher"), title, price="20.00")
    factories.stock_record(factories.shop("Moins cher"), title, price="19.00")
    assert shops_of(title, Reader(now=NOW)) == ["Moins cher", "Cher"]


def test_the_readers_shop_comes_first_then_the_nearest():
    title = factories.product()
    far = factories.shop("Loin", latitude=46.8, longitude=-71.2)
    near = factories.shop("Près", latitude=45.52, longitude=-73.59)
    mine = factories.shop("À moi")
    for shop, price in ((far, "10.00"), (near, "12.00"), (mine, "15.00")):
        factories.stock_record(shop, title, price=price)
    reader = Reader(place=HERE, shop_id=mine.pk, now=NOW)
    assert shops_of(title, reader)[0] == "À moi"
    assert shops_of(title, Reader(place=HERE, now=NOW)).index("Près") < shops_of(title, reader).index("Loin")


def test_a_doubtful_copy_comes_after_a_sure_one_but_not_after_what_is_to_order():
    title = factories.product()
    doubtful = factories.shop("Douteux", kept_share=0.5)
    factories.stock_record(doubtful, title, price="9.00")
    factories.stock_record(factories.shop("Sûr"), title, price="20.00")
    factories.stock_record(factories.shop("À commander"), title, units=0, availability="orderable", price="8.00")
    assert shops_of(title, Reader(now=NOW)) == ["Sûr", "Douteux", "À commander"]
    assert shops_of(title, Reader(shop_id=doubtful.pk, now=NOW))[0] == "Douteux"


def test_offer_states_and_their_age():
    title = factories.product()
    shop = factories.shop(complete_as_of=NOW - timedelta(minutes=8))
    for units, terms in ((3, {}), (None, {}), (0, {"availability": "orderable"}), (0, {})):
        factories.stock_record(shop, title, units=units, **terms)
    offers = offers_of([title.pk], Reader(now=NOW))[title.pk]
    assert [(offer.state, offer.buyable) for offer in offers] == [
        ("have", True),
        ("ask", True),
        ("soon", False),
        ("gone", False),
    ]
    assert {offer.as_of for offer in offers if offer.state == "have"} == {NOW - timedelta(minutes=8)}


def test_stale_numbers_sell_nothing():
    title = factories.product()
    factories.stock_record(factories.shop(complete_as_of=NOW - timedelta(days=4), freshness_hours=72), title)
    assert best(offers_of([title.pk], Reader(now=NOW))[title.pk]) is None


def test_retired_records_paused_shops_and_missing_prices_are_left_out():
    title = factories.product()
    factories.stock_record(factories.shop(), title, retired_at=NOW)
    factories.stock_record(factories.shop(status=Shop.Status.PAUSED), title)
    record = factories.stock_record(factories.shop(), title)
    record.price = None
    record.save()
    assert offers_of([title.pk], Reader(now=NOW)) == {}


def test_offers_of_many_titles_cost_one_query(django_assert_num_queries):
    titles = [factories.product() for _ in range(3)]
    for _ in range(4):
        shop = factories.shop()
        for title in titles:
            factories.stock_record(shop, title)
    offers_of([], Reader(now=NOW))
    with django_assert_num_queries(1):
        found = offers_of([title.pk for title in titles], Reader(now=NOW))
    assert [len(found[title.pk]) for title in titles] == [4, 4, 4]


def test_in_stock_at_lists_what_a_shop_can_sell_without_the_index():
    shop = factories.shop()
    first, second, third = (factories.product() for _ in range(3))
    factories.stock_record(shop, first)
    factories.stock_record(shop, second, units=0)
    factories.stock_record(shop, third, units=1)
    factories.stock_record(factories.shop(), second)
    assert in_stock_at(shop.pk, 10, now=NOW) == ([third.pk, first.pk], 2)


def test_rows_keep_the_order_and_count_the_shops_near():
    one, two = factories.product(), factories.product()
    near = factories.shop("Près", latitude=45.52, longitude=-73.59)
    nearer = factories.shop("Tout près", latitude=45.52, longitude=-73.6)
    far = factories.shop("Loin", latitude=46.8, longitude=-71.2)
    for shop in (near, nearer, far):
        factories.stock_record(shop, two)
    found = rows([two.pk, one.pk, 999], Reader(place=HERE, now=NOW))
    assert [row.product.pk for row in found] == [two.pk, one.pk]
    assert (found[0].shops_near, found[0].near[0].shop.name, found[0].shops_in_stock) == (2, "Tout près", 3)
    assert (found[1].best, found[1].offers) == (None, [])


def test_rows_of_a_shop_show_its_own_offer():
    title = factories.product()
    cheap, own = factories.shop("Moins cher"), factories.shop("Ici")
    factories.stock_record(cheap, title, price="5.00")
    factories.stock_record(own, title, price="9.00")
    (row,) = rows([title.pk], Reader(now=NOW), shop_id=own.pk)
    assert (row.best.shop.name, row.here.price_minor, row.cheapest.price_minor) == ("Ici", 900, 500)


def test_hidden_titles_are_left_out():
    hidden = factories.product()
    hidden.is_public = False
    hidden.save()
    assert rows([hidden.pk], Reader(now=NOW)) == []
