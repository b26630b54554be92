"""The desk under a hand: a scanner without the focus, a line that breaks, a thumb that slips."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from shops.models import DeskAction, ShopOrder
from shops.orders import held
from tests.browser import live


@pytest.fixture
def part(site) -> Iterator[ShopOrder]:
    """The order of the site that waits at Librairie du Port, as it was at first."""
    part = ShopOrder.objects.get(number=site.pages["desk order"].split("/")[-2])
    yield part
    for action in DeskAction.objects.filter(shop_order=part, due_at__isnull=False).order_by("-pk"):
        held.undo(action, by=site.market.port_clerk, now=timezone.now())


def waits(page: Page) -> None:
    page.evaluate("() => navigator.serviceWorker.ready")
    page.wait_for_function("() => navigator.serviceWorker.controller !== null")


def test_without_a_line_pages_stay_readable_and_an_answer_is_sent_once_later(visit, site, part):
    page = visit("desk order", width=375, watched=False, language="en")
    waits(page)
    page.reload()
    page.context.set_offline(True)
    page.reload()
    expect(page.locator("h1")).to_have_text(part.number)
    page.locator("[data-key=a]").click()
    expect(page.locator("[data-waiting]")).to_contain_text("1")
    expect(page.locator("[data-offline]")).to_be_visible()
    assert not DeskAction.objects.filter(shop_order=part, due_at__isnull=False).exists()
    page.context.set_offline(False)
    expect(page.locator("[data-waiting]")).to_be_hidden()
    assert DeskAction.objects.filter(shop_order=part, due_at__isnull=False).count() == 1
    page.reload()
    expect(page.locator(".desk-undo").last).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False])
def test_slip_of_the_thumb_is_undone(javascript, visit, site, part):
    page = visit("desk order", width=375, javascript=javascript, language="en")
    page.locator("[data-key=a]").click()
    undo = page.locator(".desk-actions .desk-undo button")
    expect(undo).to_contain_text("Undo")
    undo.click()
    expect(page.locator("[data-key=a]")).to_be_visible()
    assert not DeskAction.objects.filter(shop_order=part, due_at__isnull=False).exists()


def test_scanner_without_the_focus_presses_no_key(visit, site, part):
    """A code that begins with the letter of an action goes to the scan field."""
    page = visit("desk order", language="en")
    page.locator("body").evaluate("(body) => document.activeElement.blur()")
    page.keyboard.type("A7M3QX")
    expect(page.locator("#scan")).to_have_value("A7M3QX")
    page.wait_for_timeout(200)
    assert not DeskAction.objects.filter(shop_order=part, due_at__isnull=False).exists()


def test_scanned_copies_are_counted_and_the_page_stays(visit, site, part):
    page = visit("desk order", language="en")
    page.locator("[data-key=a]").click()
    expect(page.locator(".order-line-picked").first).to_contain_text("0/")
    page.evaluate("() => { window.same = true; }")
    page.locator("#scan").fill(live.POEMS)
    page.locator("#scan").press("Enter")
    expect(page.locator(".order-line-picked").first).to_contain_text("1/")
    expect(page.locator("#scan")).to_have_value("")
    assert page.evaluate("window.same") is True
