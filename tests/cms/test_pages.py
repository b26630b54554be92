import re

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from wagtail.models import Page, Site

from marketplace.cms import slugs
from marketplace.cms.blocks import IsbnBlock
from marketplace.cms.building import build_home, build_page
from marketplace.cms.models import HomePage, Pick, StandardPage
from shops import lifecycle
from shops.models import Shop
from tests import factories

pytestmark = pytest.mark.django_db


class Text:
    title_fr, title_en = "Le marché", "The market"
    intro_fr, intro_en = "Un panier.", "One basket."


class Shelf:
    intro_fr = intro_en = "Dix livres."

    def __init__(self, title: str, *gtins: int) -> None:
        self.title_fr, self.title_en = title, f"{title} (en)"
        self.gtins = [str(gtin) for gtin in gtins]


class SignedPick:
    shop_slug, signed, text_fr, text_en = "port", "Étienne", "Lisez-le.", "Read it."

    def __init__(self, gtin: int) -> None:
        self.gtin = str(gtin)


def text_of(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


@pytest.fixture
def books():
    port = factories.shop("Librairie du Port", slug="port")
    found = [factories.product(f"Livre {n}", gtin=9782070360000 + n) for n in range(4)]
    for product in found[:3]:
        factories.stock_record(port, product)
    return [product.facts.gtin for product in found]


def test_home_shows_two_shelves_shops_and_picks(client, books):
    shelves = [Shelf("Un", books[0], books[1], 9780000000002), Shelf("Deux", books[2], books[3])]
    build_home(Text, shelves, [SignedPick(books[0])])
    said = text_of(client.get("/", headers={"Accept-Language": "fr"}))
    for words in ("Le marché", "Un panier.", "Dix livres.", "Livre 0", "Livre 3", "Librairie du Port", "Lisez-le."):
        assert words in said
    assert "Un (en)" in text_of(client.get("/", headers={"Accept-Language": "en"}))


def test_home_shows_no_pick_of_a_shop_that_is_not_shown(client, books):
    build_home(Text, [], [SignedPick(books[0])])
    assert "Étienne" in text_of(client.get("/"))
    lifecycle.pause(Shop.objects.get(slug="port"), by=factories.user(), now=timezone.now())
    assert "Étienne" not in text_of(client.get("/"))


def test_shelf_keeps_the_order_of_its_books_and_skips_what_we_do_not_have(client, books):
    build_home(Text, [Shelf("Un", books[2], 9780000000002, books[0])])
    (shelf,) = client.get("/").context["shown_shelves"]
    assert [row.product.title for row in shelf.rows] == ["Livre 2", "Livre 0"]


def test_home_costs_the_same_with_more_books(client, books, django_assert_num_queries):
    counts = []
    for gtins in (books[:1], books):
        build_home(Text, [Shelf("Un", *gtins), Shelf("Deux", *gtins)], [SignedPick(gtins[0])])
        client.get("/")
        with django_assert_num_queries(counts[0] if counts else 8) as counted:
            client.get("/")
        counts.append(len(counted))


def test_building_twice_leaves_one_home(books):
    build_home(Text, [Shelf("Un", *books)], [SignedPick(books[0])])
    build_home(Text, [Shelf("Autre", *books)], [SignedPick(books[0])])
    assert [block.value["title_fr"] for block in HomePage.objects.get().shelves] == ["Autre"]
    assert Site.objects.get().root_page.specific == HomePage.objects.get()
    assert Page.objects.filter(depth=2).count() == 1
    assert Pick.objects.count() == 1


def test_pick_of_an_unknown_shop_is_left_out():
    build_home(Text, [], [SignedPick(9782070360024)])
    assert Pick.objects.count() == 0


def test_page_of_text_follows_the_language(client):
    build_home(Text, [])
    build_page("a-propos", heading_fr="À propos", heading_en="About", body_fr="<p>Nous.</p>", body_en="<p>We.</p>")
    assert "Nous." in text_of(client.get("/a-propos/", headers={"Accept-Language": "fr"}))
    assert "About We." in text_of(client.get("/a-propos/", headers={"Accept-Language": "en"}))
    build_page("a-propos", heading_fr="À propos", heading_en="", body_fr="<p>Autre.</p>", body_en="")
    assert "Autre." in text_of(client.get("/a-propos/", headers={"Accept-Language": "en"}))


@pytest.mark.parametrize("slug", ["search", "catalogue", "basket", "shops", "portal", "cms", "static", "offers"])
def test_slugs_that_would_be_hidden_are_refused(slug):
    page = StandardPage(title="x", slug=slug, heading_fr="x", path="000100010001", depth=3)
    with pytest.raises(ValidationError) as refused:
        page.clean()
    assert list(refused.value.message_dict) == ["slug"]


def test_other_slugs_are_free():
    assert not {"a-propos", "librairies", "accueil"} & slugs.taken()


@pytest.mark.parametrize("typed", ["2-07-036002-4", "978-2-07-036002-4", "9782070360024"])
def test_isbn_block_keeps_thirteen_digits(typed):
    assert IsbnBlock().clean(typed) == "9782070360024"


def test_isbn_block_refuses_wrong_digits():
    with pytest.raises(ValidationError):
        IsbnBlock().clean("9782070360025")


def test_editor_sees_the_home_page_form(client, books):
    page = build_home(Text, [Shelf("Un", *books)])
    client.force_login(factories.user("editor@example.org", is_superuser=True, is_staff=True))
    assert client.get(f"/cms/pages/{page.pk}/edit/").status_code == 200
    assert client.get("/cms/snippets/cms/pick/").status_code == 200
