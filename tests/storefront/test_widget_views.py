"""Pages for other people's sites: framed by anyone, without cookies, the same for everybody."""

from __future__ import annotations

import re

import pytest

from marketplace.cms.models import Pick
from tests import factories

pytestmark = pytest.mark.django_db
ISBN = 9782070360024


def text_of(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


@pytest.fixture
def shop(reindex):
    port = factories.shop("Librairie du Port", slug="port")
    title = factories.product("L'Étranger & cie", gtin=ISBN, contributors_text="Albert Camus")
    factories.stock_record(port, title, price="11.95")
    factories.stock_record(port, factories.product("Kamouraska", gtin=9782070360420), price="5.00")
    for number in range(4):
        factories.stock_record(factories.shop(f"Shop {number}"), title, price=f"1{number}.00")
    reindex()
    return port


@pytest.mark.parametrize("path", [f"/widget/buy/{ISBN}/", "/widget/shop/port/", "/widget/buy/x/", "/widget/shop/gone/"])
def test_any_site_may_frame_it_and_no_cookie_is_set(client, shop, path):
    client.cookies["django_language"] = "en"  # nothing of the visitor counts
    answer = client.get(path)
    policy = answer["Content-Security-Policy"]
    assert ("frame-ancestors *" in policy, "script-src 'self'" in policy) == (True, True)
    assert "X-Frame-Options" not in answer
    assert not answer.cookies
    assert answer["Cache-Control"] == "public, max-age=60"
    assert answer["Content-Language"] == "fr"
    assert b"<script" not in answer.content


@pytest.mark.parametrize("path", ["/widget/", "/", "/shops/port/", "/catalogue/x_1/"])
def test_no_other_page_may_be_framed(client, shop, path):
    """Negative control."""
    answer = client.get(path)
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
    assert answer["X-Frame-Options"] == "DENY"


def test_buy_button_names_title_price_and_shops(client, shop):
    said = text_of(client.get(f"/widget/buy/{ISBN}/?lang=en"))
    assert "from $10.00" in said
    assert "Shop 0, Shop 1, Librairie du Port and 2 more shops" in said
    assert "Buy at Halles" in said
    assert "Acheter" not in said
    address = shop.partner.stockrecords.first().product.get_absolute_url()
    assert (
        f'href="http://testserver{address}" target="_blank"' in client.get("/widget/buy/2070360024/").content.decode()
    )


def test_window_shows_picks_first_and_else_what_is_new(client, shop):
    newest = client.get("/widget/shop/port/?lang=en")
    assert [row.product.title for row in newest.context["rows"]] == ["Kamouraska", "L'Étranger & cie"]
    assert "New in the shop" in text_of(newest)
    Pick.objects.create(gtin=ISBN, shop=shop, signed="Zoé")
    Pick.objects.create(gtin=9780306406157, shop=shop, signed="Zoé")  # nobody knows it
    picked = client.get("/widget/shop/port/?lang=en")
    assert [row.product.title for row in picked.context["rows"]] == ["L'Étranger & cie", "Kamouraska"]
    assert "$11.95" in text_of(picked)


def test_what_is_not_here_says_so_in_the_frame(client, shop):
    answer = client.get("/widget/buy/9780306406157/?lang=en")
    assert (answer.status_code, "This title is not known here." in text_of(answer)) == (404, True)
    assert client.get("/widget/buy/" + "9" * 5000 + "/").status_code == 404
    assert client.get("/widget/buy/%00/").status_code == 404


def test_page_gives_the_lines_to_copy(client, shop):
    answer = client.get("/widget/", {"isbn": "2-07-036002-4", "shop": "port", "lang": "en"})
    page = answer.content.decode()
    assert "&lt;iframe src=&quot;http://testserver/widget/buy/9782070360024/?lang=en&quot;" in page
    assert "title=&quot;L&amp;#x27;Étranger &amp;amp; cie&quot;" in page
    assert 'src="http://testserver/widget/shop/port/?lang=en"' in page
    assert "frame-src 'self'" in answer["Content-Security-Policy"]
    client.cookies["django_language"] = "en"
    assert "This title is not known here." in text_of(client.get("/widget/", {"isbn": "\x00x", "lang": "xx"}))


@pytest.mark.parametrize("number", [1, 30])
def test_widgets_cost_the_same_with_1_and_30(client, reindex, number, django_assert_num_queries):
    title = factories.product(gtin=ISBN)
    shops = [factories.shop() for _ in range(number)]
    for one in shops:
        factories.stock_record(one, title)
        factories.stock_record(shops[0])
    reindex()
    client.get("/widget/")  # network and directory are known
    with django_assert_num_queries(4):  # two for the number; titles, offers
        assert client.get(f"/widget/buy/{ISBN}/").status_code == 200
    with django_assert_num_queries(3):  # picks; titles, offers
        assert client.get(f"/widget/shop/{shops[0].slug}/").status_code == 200


@pytest.mark.parametrize("language", ["fr", "en"])
def test_language_of_the_lines_to_copy_is_the_one_that_is_chosen(client, language):
    shown = client.get(f"/widget/?lang={language}").content.decode()
    assert re.findall(r'<option value="(\w+)" lang="\w+" selected>', shown) == [language]
