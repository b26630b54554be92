import html
import re
from datetime import date, time, timedelta

import pytest
from django.utils import timezone
from oscar.apps.partner.models import StockRecord

from marketplace.catalogue.models import ProductFacts
from marketplace.cms.models import Pick
from search import directory
from shops.models import Shop, ShopLoad
from tests import factories
from tests.storefront.buying_pages import guest_with

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english(client):
    client.cookies["django_language"] = "en"


def text_of(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def sold_by(product, number: int, **terms) -> list[Shop]:
    shops = [factories.shop(latitude=45.5, longitude=-73.6) for _ in range(number)]
    for shop in shops:
        factories.delivery_option(shop)
        factories.stock_record(shop, product, **terms)
    return shops


def test_title_page_shows_facts_and_offers(client):
    product = factories.product(
        "L'Étranger",
        gtin=9782070360024,
        contributors=[{"name": "Camus, Albert", "role": "author"}],
        contributors_text="Albert Camus",
        publisher="Gallimard",
        form="pocket",
        pages=184,
        is_book=True,
        description="<p>Sous le soleil.</p>",
    )
    shop = factories.shop("Librairie du Port")
    factories.delivery_option(shop)
    factories.delivery_option(shop, kind="post", price_minor=595, days_min=2, days_max=4)
    factories.stock_record(shop, product, price="12.90", units=1)
    response = client.get(product.get_absolute_url())
    said = text_of(response)
    for words in (
        "Albert Camus",
        "Gallimard",
        "Pocket book, 184 pages",
        "9782070360024",
        "Librairie du Port",
        "Last copy",
        "checked just now",
        "$12.90",
        "Sent from $5.95, 2–4 days",
        "Sous le soleil.",
    ):
        assert words in said
    page = response.content.decode()
    assert '<link rel="canonical" href="http://testserver/catalogue/letranger_' in page


def test_wrong_slug_leads_to_the_right_address(client):
    product = factories.product("Kamouraska")
    response = client.get(f"/catalogue/autre-chose_{product.pk}/")
    assert (response.status_code, response.url) == (301, product.get_absolute_url())


def test_missing_and_hidden_titles_are_not_found(client):
    product = factories.product()
    product.is_public = False
    product.save()
    assert client.get(product.get_absolute_url()).status_code == 404
    assert client.get("/catalogue/x_999999999999999999/").status_code == 404


def test_more_than_five_offers_fold(client):
    product = factories.product()
    sold_by(product, 7)
    sold_by(product, 2, condition="good")
    response = client.get(product.get_absolute_url())
    new, used = response.context["groups"]
    assert (len(new.shown), len(new.folded), new.used) == (5, 2, False)
    assert (len(used.shown), len(used.folded), used.used) == (2, 0, True)
    assert "2 more new copies" in text_of(response)


def test_folded_offers_are_shown_when_asked_for(client):
    product = factories.product()
    sold_by(product, 7)
    page = client.get(product.get_absolute_url() + "?offers=all")
    assert (len(page.context["groups"][0].shown), page.context["groups"][0].folded) == (7, [])


def test_each_offer_posts_its_own_stock_record(client):
    product = factories.product()
    sold_by(product, 3)
    page = client.get(product.get_absolute_url()).content.decode()
    posted = set(re.findall(r'name="stock_record" value="(\d+)"', page))
    assert posted == {str(record.pk) for record in product.stockrecords.all()}
    assert page.count("button-main") == 1  # the best offer is the page's one green button


def test_distance_is_said_when_the_place_is_known(client):
    product = factories.product()
    sold_by(product, 1)
    assert "Say where you are" in text_of(client.get(product.get_absolute_url()))
    client.post("/place/", {"latitude": "45.5", "longitude": "-73.61", "radius_km": "10"})
    said = text_of(client.get(product.get_absolute_url()))
    assert "800 m" in said
    assert "Say where you are" not in said


def test_full_shop_says_the_day_or_that_it_takes_no_more(client):
    product = factories.product()
    later, closed = sold_by(product, 2)
    for shop in (later, closed):
        ShopLoad.objects.create(shop=shop, orders_today=9)
        for weekday in range(7):
            factories.opening_hours(shop, weekday=weekday, opens=time(9), closes=time(18))
    Shop.objects.filter(pk=later.pk).update(orders_per_day=9)
    Shop.objects.filter(pk=closed.pk).update(orders_per_day=9, refuses_when_full=True)
    directory.forget()
    said = text_of(client.get(product.get_absolute_url()))
    assert (said.count("Collect tomorrow from"), said.count("Takes no more orders today")) == (1, 1)
    assert "Collect today" not in said


def test_nobody_has_it(client):
    assert "No shop has it now" in text_of(client.get(factories.product().get_absolute_url()))


def test_series_is_shown_in_its_order(client):
    volumes = [factories.product(f"Tome {n}", series="Astérix", series_number=str(n)) for n in (10, 2, 1)]
    response = client.get(volumes[0].get_absolute_url())
    assert [facts.product.title for facts in response.context["beside"].series] == ["Tome 1", "Tome 2"]


def test_neighbours_in_a_long_series_are_those_around(client):
    volumes = [factories.product(f"Tome {n}", series="Suite", series_number=str(n)) for n in range(1, 31)]
    beside = client.get(volumes[19].get_absolute_url()).context["beside"]
    assert [int(facts.series_number) for facts in beside.series] == [*range(14, 20), *range(21, 27)]
    assert (beside.before.series_number, beside.after.series_number) == ("19", "21")
    assert client.get(volumes[0].get_absolute_url()).context["beside"].before is None


def test_others_by_the_same_people(client):
    one = factories.product("Un", contributors_text="Anne Hébert")
    factories.product("Deux", contributors_text="Anne Hébert")
    factories.product("Trois", contributors_text="Une autre")
    factories.product("Quatre", contributors_text="Anne Hébert", series="Suite")
    volume = factories.product("Cinq", contributors_text="Anne Hébert", series="Suite")
    beside = client.get(one.get_absolute_url()).context["beside"]
    assert [facts.product.title for facts in beside.by_same] == ["Deux", "Quatre", "Cinq"]
    beside = client.get(volume.get_absolute_url()).context["beside"]
    assert [facts.product.title for facts in beside.series] == ["Quatre"]
    assert [facts.product.title for facts in beside.by_same] == ["Un", "Deux"]


def test_sources_of_the_facts_are_named(client):
    product = factories.product(publisher="Boréal", provenance={"publisher": "Le Port (ONIX)", "tax_code": "x"})
    assert "Where these facts come from Publisher Le Port (ONIX)" in text_of(client.get(product.get_absolute_url()))


def test_picks_are_signed(client):
    product = factories.product(gtin=9782070360024)
    Pick.objects.create(gtin=9782070360024, shop=factories.shop(), signed="Étienne", text_fr="Lisez-le.")
    Pick.objects.create(gtin=9782070360024, shop=factories.shop(), signed="Caché", text_fr="Non.", live=False)
    said = text_of(client.get(product.get_absolute_url()))
    assert "Lisez-le. Étienne" in said
    assert "Caché" not in said


@pytest.mark.parametrize("shops", [1, 30])
def test_queries_of_a_visitor(client, django_assert_num_queries, shops):
    product = factories.product(gtin=9782070360024, series="Astérix", contributors_text="Goscinny")
    factories.product(series="Astérix")
    sold_by(product, shops)
    client.get(product.get_absolute_url())
    with django_assert_num_queries(3):  # title with facts and picks; offers; the series
        client.get(product.get_absolute_url())


@pytest.mark.parametrize("shops", [1, 30])
def test_queries_of_a_visitor_of_a_title_that_has_everything(client, django_assert_num_queries, shops):
    product = factories.product(gtin=9782070360024, series="Suite", contributors_text="Anne", subject_codes=["FBA"])
    others = [factories.product(series="Suite", contributors_text="Anne") for _ in range(shops)]
    others += [factories.product(contributors_text="Anne") for _ in range(shops)]
    ProductFacts.objects.filter(pk__in=[product.pk, *(other.pk for other in others[:shops])]).update(work_id=product.pk)
    Pick.objects.create(gtin=9782070360024, shop=sold_by(product, shops)[0], signed="Léa", text_fr="Oui.")
    factories.review(product)
    client.get(product.get_absolute_url())
    with django_assert_num_queries(5):  # title, facts, picks; editions; offers; series, more by the same; reviews
        client.get(product.get_absolute_url())


@pytest.mark.parametrize("shops", [1, 30])
def test_queries_of_a_reader_with_a_basket_and_a_place(django_assert_num_queries, shops):
    product = factories.product(gtin=9782070360024, series="Astérix")
    sold_by(product, shops)
    record = product.stockrecords.first()
    person = factories.user()
    client = guest_with(factories.basket((record, 2), owner=person))
    client.force_login(person)
    client.post("/place/", {"latitude": "45.5", "longitude": "-73.61", "radius_km": "10"})
    client.get(product.get_absolute_url())
    with django_assert_num_queries(6):  # and: session; user; the basket's count
        response = client.get(product.get_absolute_url())
    assert response.context["basket_count"] == 2


def test_reviews_cost_one_query_where_there_are_any(client, django_assert_num_queries):
    product = factories.product(gtin=9782070360024)
    sold_by(product, 2)
    for reviews, queries in ((0, 2), (1, 3), (5, 3)):
        for _ in range(reviews):
            factories.review(product)
        client.get(product.get_absolute_url())
        with django_assert_num_queries(queries):  # title with facts and picks; offers; reviews
            client.get(product.get_absolute_url())


def test_queries_with_nothing_kept_stay_within_eight(client, django_assert_max_num_queries):
    product = factories.product(gtin=9782070360024, series="Astérix")
    factories.review(product)
    sold_by(product, 30)
    factories.network()
    with django_assert_max_num_queries(8):  # and: the network; shops, hours, delivery
        client.get(product.get_absolute_url())


def test_old_times_are_said(client):
    product = factories.product()
    factories.stock_record(factories.shop(complete_as_of=timezone.now() - timedelta(hours=3)), product)
    assert "checked 3 h ago" in text_of(client.get(product.get_absolute_url()))


def test_last_copy_that_was_counted_yesterday_is_only_probable(client):
    product = factories.product()
    yesterday = timezone.now() - timedelta(hours=30)
    factories.stock_record(factories.shop(complete_as_of=yesterday), product, units=1)
    assert "Probably, last copy checked yesterday: order before you go" in text_of(
        client.get(product.get_absolute_url())
    )


def test_each_offer_says_who_sells_and_what_can_be_sent_back(client):
    product = factories.product()
    seller = {"legal_name": "Port inc.", "registration": "NEQ 1234", "return_terms_en": "Unread, please."}
    factories.stock_record(factories.shop("Librairie du Port", **seller), product)
    factories.stock_record(factories.shop("Paul", is_professional=False, return_days=0), product)
    said = text_of(client.get(product.get_absolute_url()))
    assert "Port inc., 1, rue du Port, H2X 1A1 Montréal NEQ 1234 A business" in said
    assert "You can send it back within 14 days. Unread, please." in said
    assert said.count("You can send it back") == 1
    assert "Paul, Montréal A private person" in said


@pytest.mark.parametrize(
    ("size", "words"), [("500 g", "$24.00/kg"), ("6 x 33 cl", "$6.06/l"), ("un panier", ""), ("", "")]
)
def test_price_of_a_kilogram_or_litre_is_said_where_the_size_is_known(client, size, words):
    product = factories.product(gtin=3017620422003, unit_size=size)
    factories.stock_record(factories.shop(), product, price="12.00")
    said = text_of(client.get(product.get_absolute_url()))
    assert (words or "$12.00") in said
    assert bool(words) == ("/kg" in said or "/l" in said)


def two_editions():
    """A pocket book and its English translation, which two shops have."""
    product = factories.product("L'Étranger", form="pocket", is_book=True)
    stranger = factories.product("The Stranger", form="paperback", language="en", publication_date=date(1989, 3, 13))
    ebook = factories.product("L'Étranger", form="ebook")
    ProductFacts.objects.update(work_id=product.pk)
    for price in ("15.00", "14.50"):
        factories.stock_record(factories.shop(), stranger, price=price)
    factories.stock_record(factories.shop(), ebook, units=0, price="7.00")
    return product, stranger, ebook


def test_other_editions_are_beside_each_other(client):
    product, stranger, ebook = two_editions()
    said = text_of(client.get(product.get_absolute_url()))
    assert "Other editions E-book, French L'Étranger from $7.00 No shop has it now" in html.unescape(said)
    assert "Paperback, English, 1989 The Stranger from $14.50 in 2 shops" in said
    assert f'href="{ebook.get_absolute_url()}"' in client.get(stranger.get_absolute_url()).content.decode()


def test_editions_cost_one_query_and_none_where_there_are_none(client, django_assert_num_queries):
    product, _stranger, ebook = two_editions()
    alone = factories.product()
    client.get(product.get_absolute_url())
    with django_assert_num_queries(3):  # title with facts; editions; offers of all of them
        client.get(product.get_absolute_url())
    with django_assert_num_queries(2):
        assert "Other editions" not in text_of(client.get(alone.get_absolute_url()))
    StockRecord.objects.filter(product=ebook).update(price=6)  # a kept page is not sent
    assert "from $6.00" in text_of(client.get(product.get_absolute_url()))


def test_a_copy_has_its_own_words_and_its_own_picture(client):
    product = factories.product("L'Étranger", is_book=True)
    name = f"covers/ab/{'ab' * 16}-page.webp"
    said = {"note": "Torn <jacket>", "photo": name}
    for shop, terms in (("Librairie du Port", said), ("Mile End Pages", {})):
        factories.stock_record(factories.shop(shop), product, units=1, condition="good", **terms)
    page = client.get(product.get_absolute_url()).content.decode()
    assert page.count("Torn &lt;jacket&gt;") == 1
    assert page.count('class="offer-photo"') == 1
    assert f'<a class="offer-photo" href="/media/{name}"><img src="/media/{name.replace("-page", "-list")}"' in page
    assert 'alt="Photo of this copy, from Librairie du Port"' in page
