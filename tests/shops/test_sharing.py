"""What a shop does not let go does not leave, by any way; and it reads who said so."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from marketplace.payments import sales
from marketplace.payments.models import DailySales
from search import directory
from shops import lifecycle, sharing
from shops.models import DataWord, ShopMember
from shops.sharing import Kind, Use
from tests import factories
from tests.shops.portal.conftest import signed_in

pytestmark = pytest.mark.django_db
GTIN = 9782070360024


@pytest.fixture
def shops(settings, tmp_path):
    settings.SEARCH_INDEX_PATH = tmp_path / "index"  # none: the rows are found in SQL
    settings.LANGUAGE_CODE = "en"
    title = factories.product("Nana", gtin=GTIN, is_book=True)
    made = [factories.shop("Port", slug="port", phone="1"), factories.shop("Mile", slug="mile", phone="2")]
    for shop in made:
        factories.stock_record(shop, title, units=3)
    return made


def keep_back(shop, *keys: tuple[str, str]) -> None:
    allowed = sharing.said(shop) | dict.fromkeys(keys, False)
    sharing.say(shop, allowed, by=factories.user("owner@example.org"), now=timezone.now())


def read(path: str) -> str:
    return Client().get(path, follow=True).content.decode()


def offered(path: str) -> list[str]:
    return [row["shop"] for row in json.loads(read(path))["offers"]]


def test_open_data_without_a_shop_that_keeps_its_prices(shops):
    api = f"/api/v1/products/{GTIN}/availability"
    assert sorted(offered(api)) == ["mile", "port"]
    keep_back(shops[0], (Use.OPEN, Kind.PRICES))
    assert offered(api) == ["mile"]
    assert "Port" in read(f"/catalogue/x_{shops[0].partner.stockrecords.get().product_id}/")  # shown and sold here


def test_open_data_without_titles_is_no_feed_and_no_opds(shops):
    paths = ["/shops/port/feed.atom", "/opds/shops/port/"]
    assert [Client().get(path).status_code for path in paths] == [200, 200]
    keep_back(shops[0], (Use.OPEN, Kind.TITLES))
    assert [Client().get(path).status_code for path in paths] == [404, 404]
    assert ("Port" in read("/opds/shops/"), "Mile" in read("/opds/shops/")) == (False, True)


def test_number_of_copies_is_not_told(shops):
    def told() -> dict[str, str]:
        rows = json.loads(read(f"/api/v1/products/{GTIN}/availability"))["offers"]
        return {row["shop"]: row["copies"] for row in rows}

    assert told()["port"] == told()["mile"] != "unknown"
    keep_back(shops[0], (Use.OPEN, Kind.STOCK))
    assert (told()["port"], told()["mile"] == "unknown") == ("unknown", False)


def test_profile_is_not_in_the_open_list(shops):
    keep_back(shops[0], (Use.OPEN, Kind.PROFILE))
    assert [row["slug"] for row in json.loads(read("/api/v1/shops"))["results"]] == ["mile"]
    assert Client().get("/api/v1/shops/port").status_code == 404


def test_search_engines_read_no_offer_no_store_no_address(shops):
    title = f"/catalogue/x_{shops[0].partner.stockrecords.get().product_id}/"
    store, offer = '"telephone":"1"', '"seller":{"@type":"Store","name":"Port"'
    compact = [read(path).replace('": "', '":"').replace('": {', '":{').replace(', "', ',"') for path in
               ("/shops/port/", title)]  # fmt: skip
    assert (store in compact[0], offer in compact[1]) == (True, True)
    keep_back(shops[0], (Use.INDEX, Kind.PROFILE), (Use.INDEX, Kind.PRICES))
    compact = [read(path).replace('": "', '":"').replace('": {', '":{').replace(', "', ',"') for path in
               ("/shops/port/", title)]  # fmt: skip
    assert (store in compact[0], offer in compact[1]) == (False, False)
    pages = read("/sitemap-pages-0.xml")
    assert ("/shops/port/<" in pages, "/shops/mile/<" in pages) == (False, True)


def test_other_sites_show_no_window_and_no_offer(shops):
    assert Client().get("/widget/shop/port/").status_code == 200
    keep_back(shops[0], (Use.PORTALS, Kind.PRICES))
    assert Client().get("/widget/shop/port/").status_code == 404
    page = read(f"/widget/buy/{GTIN}/")
    assert ("Port" in page, "Mile" in page) == (False, True)


def test_statistics_without_its_figures(shops):
    day = date(2026, 3, 2)
    for shop in shops:
        sums = dict.fromkeys(("tax_rate_milli", "lines", "goods_minor", "tax_minor", "commission_minor"), 0)
        DailySales.objects.create(shop=shop, day=day, currency="CAD", units=1, total_minor=100, **sums)
    assert [row.units for row in sales.report("day", day, day, currency="CAD")] == [2]
    keep_back(shops[0], (Use.STATISTICS, Kind.TITLES))
    assert [row.units for row in sales.report("day", day, day, currency="CAD")] == [1]


def test_owner_says_and_all_read_who_said_what(shops):
    shop = shops[0]
    owner = signed_in(factories.member(shop, role=ShopMember.Role.OWNER).user)
    staff = signed_in(factories.member(shop).user)
    everything = {f"{use}:{kind}": "on" for use, kinds in sharing.USES.items() for kind in kinds}
    at = f"/portal/{shop.slug}/data/"
    owner.post(f"{at}save/", everything)
    assert DataWord.objects.count() == 0  # as before
    del everything["open:prices"]
    assert staff.post(f"{at}save/", everything).status_code == 403
    owner.post(f"{at}save/", everything)
    word = DataWord.objects.get()
    assert (word.use, word.kind, word.allowed, word.version) == ("open", "prices", False, sharing.version())
    assert directory.active()[shop.pk].kept_back == ("open:prices",)
    for client in (owner, staff):
        page = client.get(at).content.decode()
        assert (word.by in page, "<strong>no</strong>" in page) == (True, True)
    owner.post(f"{at}save/", everything | {"open:prices": "on"})
    shop.refresh_from_db()
    assert (shop.kept_back, DataWord.objects.count()) == ([], 2)


def test_that_it_is_shown_and_sold_is_taken_back_and_given_again(shops):
    shop = shops[0]
    owner = signed_in(factories.member(shop, role=ShopMember.Role.OWNER).user)
    at, page = f"/portal/{shop.slug}/data/", f"/shops/{shop.slug}/"
    seen = []
    for word in ("no", "no", "yes"):  # the second changes nothing
        assert owner.post(f"{at}save/", {"show": word}).status_code == 302
        shop.refresh_from_db()
        directory.forget()
        seen.append((shop.status, Client().get(page).status_code, shop.pk in directory.active()))
    assert seen == [("paused", 404, False), ("paused", 404, False), ("active", 200, True)]
    assert DataWord.objects.count() == 0
    rows = [sharing.Word(*row) for row in sharing.log(shop)]
    assert [(row.use, row.allowed) for row in rows] == [("show", True), ("show", False)]
    text = owner.get(at).content.decode()
    assert text.index("Showing and selling here: <strong>yes") < text.index("Showing and selling here: <strong>no")
    staff = signed_in(factories.member(shop).user)
    assert staff.post(f"{at}save/", {"show": "no"}).status_code == 403


def test_log_goes_back_to_its_beginning_and_tells_nothing_of_others(shops):
    shop, other = shops
    owner = factories.member(shop, role=ShopMember.Role.OWNER).user
    for number in range(70):
        allowed = sharing.said(shop) | {(Use.OPEN, Kind.PRICES): bool(number % 2)}
        sharing.say(shop, allowed, by=owner, now=timezone.now() + timedelta(minutes=number))
    lifecycle.pause(other, by=owner, now=timezone.now())
    assert sharing.log(shop).count() == 70
    client, at = signed_in(owner), f"/portal/{shop.slug}/data/"
    pages = [client.get(f"{at}?page={number}").content.decode().count("Open data, Your prices: ") for number in (1, 2)]
    assert (pages, "page=2" in client.get(at).content.decode()) == ([50, 20], True)
