"""The thread as people walk it: a reader finds, buys from two shops, pays; a bookseller answers and hands over."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone
from oscar.apps.order.models import Order
from playwright.sync_api import Page, expect

from shops.models import ShopOrder
from shops.orders import held
from tests.browser.live import PRIDE, STRANGER, WHERE
from tests.journeys import market as story


def found_by_suggestion(page: Page) -> None:
    box = page.locator("#site-search")
    box.fill("letran")  # at once: of several letters each may draw the list anew
    first = page.locator("[role=option]").first
    expect(first).to_contain_text("L'Étranger")
    box.press("ArrowDown")
    expect(first).to_have_attribute("aria-selected", "true")
    box.press("Enter")


def found_by_search(page: Page) -> None:
    page.locator("#site-search").fill("letranger")
    page.locator("#site-search").press("Enter")
    expect(page.locator(".title-row")).to_have_count(1)
    page.locator(".title-row h2 a").click()


def buy(page: Page, shop: str) -> None:
    """From the title page; leads back to it."""
    page.locator("tr.offer", has_text=shop).locator("button").click()
    expect(page.locator(".message.success")).to_contain_text(shop)


def paid(page: Page, way: str, *, javascript: bool) -> Order:
    """From the basket to the order page, as a guest. With JavaScript the page looks again by itself, as soon as there
    is something to see."""
    page.locator(".basket-go").click()
    page.locator("[name=email]").fill("zoe@example.org")
    page.locator("[name=name]").fill("Zoé Tremblay")
    page.locator(f"[name=way][value={way}]").check()
    page.locator("main .button-main").click()
    if way == "sent":
        for name in ("line1", "city", "postcode", "region"):
            page.locator(f"[name={name}]").fill(WHERE[name])
        page.locator("main .button-main").click()
        page.locator("fieldset.choices").first.wait_for()
        page.wait_for_load_state()
        for shop in page.locator("fieldset.choices").all():
            shop.locator("input[type=radio]").last.check()
        page.locator("main .button-main").click()
    page.locator(".checkout-go").click()
    expect(page).to_have_url(re.compile("/fake-stripe/pay/"))
    page.locator("button[value=approved]").click()
    expect(page).to_have_url(re.compile(r"/paid/"))
    story.work()
    if not javascript:
        page.locator("main a.button", has_text="Look again").click()
    expect(page).to_have_url(re.compile(r"/orders/"))
    return Order.objects.latest("pk")


def sign_in(page: Page, email: str) -> None:
    page.goto("/portal/")
    page.locator("[name=login]").fill(email)
    page.locator("[name=password]").fill("password")
    page.locator("main .button-main").click()
    expect(page).to_have_url(re.compile(r"/portal/port/$"))


def worked_off(page: Page, part: ShopOrder) -> None:
    """From the queue to handed over, with what the reader shows or the carrier gives."""
    page.locator(f"a.queue-row[href*='{part.number}']").click()
    for key, status in (("a", "accepted"), ("p", "packed")):
        page.locator(f"[data-key={key}]").click()
        expect(page.locator(f".order-status-word.status-{status}")).to_be_visible()
    if part.pickup_code:
        page.locator("[name=code]").fill("XXXXXX")
        page.locator("[data-key=h]").click()
        expect(page.locator("main .field-error, main .form-errors").first).to_be_visible()
        page.locator("[name=code]").fill(part.pickup_code.lower())
    else:
        page.locator("[name=carrier]").fill("Postes Canada")
        page.locator("[name=tracking]").fill("1Z999")
    page.locator("[data-key=h]").click()
    expect(page.locator(".status-handed_over")).to_be_visible()


@pytest.mark.parametrize(("width", "javascript", "way"), [(375, True, "collected"), (1280, False, "sent")])
def test_journey_from_search_to_handed_over(visit, site, width, javascript, way):
    page = visit("/", width=width, javascript=javascript, language="en")
    (found_by_suggestion if javascript else found_by_search)(page)
    expect(page.locator("h1")).to_have_text("L'Étranger")
    buy(page, "Librairie du Port")
    page.goto(f"/catalogue/p_{site.market.product_id(PRIDE)}/")
    buy(page, "Mile End Pages")
    page.locator("a[href='/basket/']").first.click()
    expect(page.locator(".stall")).to_have_count(2)
    order = paid(page, way, javascript=javascript)
    expect(page.locator(".order-part")).to_have_count(2)

    part = order.shop_orders.get(shop=site.market.port)
    assert part.lines.get().product_id == site.market.product_id(STRANGER)
    desk = visit("/", width=width, javascript=javascript, language="en")
    sign_in(desk, site.market.port_clerk.email)
    worked_off(desk, part)
    story.work(timezone.now() + held.UNDO_FOR)
    page.reload()
    expect(page.locator(".order-part").first).to_contain_text("1Z999" if way == "sent" else "Librairie du Port")
    part.refresh_from_db()
    assert part.status == "handed_over"
    assert story.nothing_is_wrong()
