"""A bookseller with a spreadsheet nobody has seen: from "Add your stock" to titles on sale, and one typed by hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from catalog_sync import sync
from catalog_sync.doors import pushing, trying
from catalog_sync.models import Feed, StockLane
from shops.models import Shop, ShopMember
from shops.systems import keeping
from shops.systems.access import Access
from shops.systems.calling import SystemCallError, Trouble
from tests import factories
from tests.browser.live import signed_in
from tests.browser.test_pages import axe_finds, sideways
from tests.proof.test_feed_size import isbn

FIELDS = ("isbn", "title", "price", "quantity")


def a_list(first: int) -> bytes:
    """Twelve books that can be sold, one without any number, one whose number is wrong."""
    rows = [f"{isbn(first + n)};Carnet {first + n};{n + 5},90;{1 + n % 3}" for n in range(12)]
    return "\n".join(
        ["Code;Libellé;Tarif;En rayon", *rows, ";Sans numéro;9,00;1", "9782070368229;Faux;9,00;1"]
    ).encode()


def follow(page: Page, button: str) -> None:
    with page.expect_navigation():
        page.locator(button).click()


def looked_at(page: Page) -> None:
    assert (page.url, axe_finds(page), sideways(page)) == (page.url, [], [])


@pytest.fixture
def shop(site) -> Iterator[Shop]:
    """One of its own; it leaves the site as the other tests of it know it."""
    made = factories.shop("Chez Zola", slug=f"chez-zola-{Shop.objects.count()}")
    yield made
    left = Shop.objects.get(pk=made.pk)
    left.status = Shop.Status.LEFT
    left.save(update_fields=["status"])  # by which the list of shops is forgotten, too


@pytest.mark.parametrize("width", [375, 1280])
def test_first_list_goes_on_sale(visit, shop, width):
    first = 700_000 + width * 10
    who, room = signed_in(factories.member(shop).user), f"/portal/{shop.slug}"
    colours = "dark" if width == 1280 else "light"
    page = visit(f"{room}/add-stock/", width=width, who=who, language="en", colours=colours)
    looked_at(page)
    sent = {"name": "stock.csv", "mimeType": "text/csv", "buffer": a_list(first)}
    page.locator("main input[type=file]").set_input_files(sent)
    follow(page, "main form[enctype] .button-main")
    looked_at(page)
    follow(page, "main .button-main")
    for place, field in enumerate(FIELDS):
        page.locator(f"#column{place}").select_option(field)
    looked_at(page)
    page.locator("button[value=keep]").click()
    expect(page.locator("#stage .message")).to_be_visible()
    assert trying.try_lists(timezone.now()) == 1  # as the worker does meanwhile
    sentence = page.locator(".trial-sentence")
    expect(sentence).to_have_text("12 of 14 rows understood; 1 with a wrong check digit, 1 without any number.")
    looked_at(page)
    sentence.locator("a").first.click()
    expect(page.locator("main td", has_text="9782070368229").first).to_be_visible()
    looked_at(page)
    page.go_back()
    follow(page, "#stage .button-main")
    looked_at(page)
    page.locator("main form .button-main").click()
    expect(page.locator(".setup-count")).to_have_text("0 titles on sale")
    assert sync.sync_feeds(timezone.now()) == 1
    expect(page.locator(".setup-count")).to_have_text("12 titles on sale")
    looked_at(page)
    typed_by_hand(page, room, isbn(first + 500))


def typed_by_hand(page: Page, room: str, number: str) -> None:
    page.goto(f"{room}/by-hand/")
    page.locator("#own-number").fill(number)
    follow(page, ".own-scan [type=submit]")
    looked_at(page)
    for name, value in {"title": "Cahier", "price": "4.50", "units": "2"}.items():
        page.locator(f"main [name={name}]").fill(value)
    page.locator("main form .button-main").click()
    page.locator("button[value=sold]").click()
    expect(page.locator(".own-count strong")).to_have_text("1")
    looked_at(page)
    assert pushing.apply_pushes(timezone.now()) >= 1


def test_connection_to_a_system_is_shown_with_how_it_does(visit, shop):
    now = timezone.now()
    found = {"name": "Librairie Chez Zola", "articles": 20, "currency": "CAD", "takes_orders": True}
    access = Access(
        "tryton", "https://tryton.example.org", {"database": "zola", keeping.FOUND: found}, {"key": "k" * 64}
    )
    connection = keeping.keep(shop.pk, access, now=now)
    feed = {"kind": "tryton", "location": access.address, "mode": "delta"}
    StockLane.objects.create(feed=Feed.objects.create(shop=shop, name=shop.slug, **feed), mode="delta")
    who = signed_in(factories.member(shop, role=ShopMember.Role.OWNER).user)
    page = visit(f"/portal/{shop.slug}/systems/", width=375, who=who, language="fr")
    expect(page.locator("#stage .message")).to_contain_text("Chez Zola")
    page.locator("summary").first.click()
    looked_at(page)
    trouble = SystemCallError(Trouble.KEY, "Tryton").told
    keeping.failed(connection, trouble, now=now)
    page = visit(f"/portal/{shop.slug}/systems/", width=1280, who=who, language="en", colours="dark")
    expect(page.locator("#stage .form-errors")).to_be_visible()
    looked_at(page)
