"""The desk under a hand: a scanner without the focus, a line that breaks, a thumb that slips."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from marketplace.payments.models import Payment, RefundRequest
from shops.models import DeskAction, ShopOrder
from shops.orders import held
from tests import factories
from tests.browser import live
from tests.browser.conftest import CHROMIUM, SWITCHES
from tests.browser.test_pages import axe_finds, sideways

SIZES = pytest.mark.parametrize("width", [375, 1280])


@pytest.fixture
def part(site) -> Iterator[ShopOrder]:
    """The order of the site that waits at Librairie du Port, as it was at first."""
    part = ShopOrder.objects.get(number=site.pages["desk order"].split("/")[-2])
    yield part
    for action in DeskAction.objects.filter(shop_order=part, due_at__isnull=False).order_by("-pk"):
        held.undo(action, by=site.market.port_clerk, now=timezone.now())
    DeskAction.objects.filter(shop_order=part).exclude(failed_at=None).delete()


@pytest.fixture
def paid_back(part) -> Iterator[None]:
    """Of the order something can be paid back; the money of the site, which the journey adds up, is as before after."""
    payment = Payment.objects.get(checkout__order=part.order)
    before = {"state": payment.state, "captured_minor": payment.captured_minor}
    Payment.objects.filter(pk=payment.pk).update(state="captured", captured_minor=5000)
    yield
    Payment.objects.filter(pk=payment.pk).update(**before)


def waits(page: Page) -> None:
    page.evaluate("() => navigator.serviceWorker.ready")
    page.wait_for_function("() => navigator.serviceWorker.controller !== null")


def whole(page: Page) -> None:
    assert (axe_finds(page), sideways(page)) == ([], [])


@SIZES
def test_without_a_line_pages_stay_readable_and_an_answer_is_sent_once_later(width, visit, site, part):
    page = visit("desk order", width=width, watched=False, language="en")
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


def answer_with(status: int, route: Route) -> None:
    route.fulfill(status=status)


def kept(page: Page) -> list[str]:
    """The orders of what is kept in the browser, sent or not, whoever pressed it."""
    return page.evaluate(
        """() => new Promise((resolve) => {
            indexedDB.open("halles-desk", 1).onsuccess = ({ target: { result } }) => {
                const asked = result.transaction("actions").objectStore("actions").getAll();
                asked.onsuccess = () => {
                    result.close();
                    resolve(asked.result.map((row) => row.url.split("/")[6]).sort());
                };
            };
        })"""
    )


def keep(page: Page, number: str, once: str, at: int) -> None:
    """As if "Accept all" of that order had been pressed here without a line."""
    page.evaluate(
        """([number, once, at]) => new Promise((resolve) => {
            const who = document.querySelector("[data-desk-who]").dataset.deskWho;
            const url = `${location.origin}/portal/port/orders/${number}/accept/`;
            indexedDB.open("halles-desk", 1).onsuccess = ({ target: { result } }) => {
                const change = result.transaction("actions", "readwrite");
                change.objectStore("actions").put({ once, who, url, body: `version=0&once=${once}`, at });
                change.oncomplete = () => { result.close(); resolve(); };
            };
        })""",
        [number, once, at],
    )


def test_two_answers_of_one_page_without_a_line_are_both_sent(visit, site, part):
    page = visit("desk order", width=375, watched=False, language="en")
    waits(page)
    page.context.set_offline(True)
    page.locator(".line-accept button").click()
    expect(page.locator("[data-waiting]")).to_contain_text("1")
    page.locator(".line-decline summary").click()
    page.locator(".decline-form [value=damaged]").check()
    page.locator(".decline-form button").click()
    expect(page.locator("[data-waiting]")).to_contain_text("2")
    page.context.set_offline(False)
    expect(page.locator("[data-waiting]")).to_be_hidden()
    sent = DeskAction.objects.filter(shop_order=part, undone_at=None).order_by("pk")
    assert [(row.deed, row.failed_at is None) for row in sent] == [("accept", True), ("decline", False)]
    page.goto(site.pages["desk"])  # the second was pressed on a page that did not show the first
    expect(page.locator(".came-back")).to_contain_text(part.number)


def test_what_is_refused_or_fails_holds_no_other_order(visit, site, part):
    page = visit("desk", watched=False, language="en")
    waits(page)
    page.context.set_offline(True)
    for at, number in enumerate(["500000-1", "403000-1", "409000-1", part.number]):
        keep(page, number, f"kept {number}", at)
    for status in (500, 403, 409):
        page.route(f"**/orders/{status}000-1/accept/", partial(answer_with, status))
    page.context.set_offline(False)
    expect(page.locator("[data-refused] span")).to_have_text("403000-1, 409000-1")
    expect(page.locator("[data-waiting] span")).to_have_text("1")
    assert DeskAction.objects.filter(shop_order=part, due_at__isnull=False).count() == 1
    page.locator("[data-refused] button").click()
    expect(page.locator("[data-refused]")).to_be_hidden()
    assert kept(page) == ["500000-1"]


def test_nobody_sends_what_another_person_pressed(visit, site, part):
    """Somebody else signs in, in another tab, before the line is back."""
    page = visit("desk order", width=375, watched=False, language="en")
    waits(page)
    page.context.set_offline(True)
    page.locator("[data-key=a]").click()
    expect(page.locator("[data-waiting]")).to_contain_text("1")
    other = factories.member(part.shop).user
    cookies = live.signed_in(other).cookies | {"csrftoken": "x" * 32}
    page.context.add_cookies([{"name": name, "value": value, "url": site.url} for name, value in cookies.items()])
    with page.expect_response(lambda answer: answer.request.method == "POST" and answer.status == 403):
        page.context.set_offline(False)
    page.goto(site.pages["desk"])
    page.wait_for_load_state("networkidle")
    assert not DeskAction.objects.filter(shop_order=part, due_at__isnull=False).exists()
    assert kept(page) == [part.number]
    expect(page.locator("[data-waiting]")).to_be_hidden()  # it is not theirs


@pytest.mark.parametrize("line", [True, False])
def test_what_is_pressed_after_the_session_has_ended_is_sent_and_named_after_signing_in(line, visit, site, part):
    clerk = factories.member(part.shop).user
    page = visit("desk order", who=live.signed_in(clerk), width=375, watched=False, language="en")
    waits(page)
    if not line:
        page.context.set_offline(True)
        page.locator("[data-key=a]").click()
        expect(page.locator("[data-waiting]")).to_contain_text("1")
    page.context.clear_cookies(name="sessionid")
    if line:
        page.locator("[data-key=a]").click()
        page.wait_for_url("**/accounts/login/?next=**")
    else:
        page.context.set_offline(False)
        expect(page.locator("[data-signed-out]")).to_be_visible()
    assert kept(page) == [part.number]
    cookies = live.signed_in(clerk).cookies
    page.context.add_cookies([{"name": name, "value": value, "url": site.url} for name, value in cookies.items()])
    page.goto(site.pages["desk order"])
    expect(page.locator("[data-sent-late] span")).to_have_text(part.number)
    assert DeskAction.objects.filter(shop_order=part, due_at__isnull=False).count() == 1
    page.reload()
    page.locator("[data-sent-late] button").click()
    expect(page.locator("[data-sent-late]")).to_be_hidden()
    assert kept(page) == []


@pytest.mark.usefixtures("paid_back")
def test_refund_without_a_line_is_not_sent_later(visit, site, part):
    """Who sees that nothing went gives it again, somewhere else: both would be paid."""
    owner = factories.member(part.shop, role="owner").user
    page = visit(site.pages["desk order"] + "refund/", who=live.signed_in(owner), watched=False, language="en")
    waits(page)
    page.context.set_offline(True)
    page.locator("[name=what][value=other]").check()
    page.locator("[name=amount]").fill("3.00")
    page.locator("[name=reason]").fill("sorry")
    page.locator("form.form button[type=submit]").click()
    page.wait_for_url("chrome-error://**")
    page.context.set_offline(False)
    page.goto(site.pages["desk"])
    page.wait_for_load_state("networkidle")
    assert (kept(page), RefundRequest.objects.count()) == ([], 0)


def test_who_signs_out_is_told_what_is_not_sent_and_leaves_nothing_of_it(visit, site, part):
    clerk = factories.member(part.shop).user
    page = visit("desk order", who=live.signed_in(clerk), watched=False, language="en")
    waits(page)
    page.route("**/accept/", lambda route: route.abort())
    page.locator("[data-key=a]").click()
    expect(page.locator("[data-waiting]")).to_contain_text("1")
    page.goto("/accounts/logout/")
    expect(page.locator("[data-unsent] span")).to_have_text("1")
    page.locator("main button[type=submit]").click()
    page.wait_for_url(lambda address: "logout" not in address)
    assert "halles-desk" not in page.evaluate("async () => (await indexedDB.databases()).map((one) => one.name)")


def test_back_after_signing_out_shows_no_order(chromium, site, part):
    """Playwright switches the browser's memory of pages off; here it is on."""
    launch = {"executable_path": CHROMIUM, "args": SWITCHES, "ignore_default_args": ["--disable-back-forward-cache"]}
    browser = chromium.browser_type.launch(**launch)
    try:
        context = browser.new_context(base_url=site.url)
        cookies = live.signed_in(factories.member(part.shop).user).cookies
        context.add_cookies([{"name": name, "value": value, "url": site.url} for name, value in cookies.items()])
        page = context.new_page()
        page.goto(site.pages["desk order"])
        waits(page)
        page.goto("/accounts/logout/", wait_until="networkidle")
        page.locator("main button[type=submit]").click()
        page.wait_for_url(lambda address: "logout" not in address, wait_until="networkidle")
        page.evaluate("() => history.go(-2)")
        order = site.pages["desk order"]
        page.wait_for_url(lambda address: address.endswith(f"/accounts/login/?next={order}"))  # it was asked for anew
    finally:
        browser.close()


@SIZES
@pytest.mark.parametrize("javascript", [True, False])
def test_slip_of_the_thumb_is_undone(width, javascript, visit, site, part):
    page = visit("desk order", width=width, javascript=javascript, language="en")
    page.locator("[data-key=a]").click()
    undo = page.locator(".desk-actions .desk-undo button")
    expect(undo).to_contain_text("Undo")
    if javascript:
        whole(page)
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


@SIZES
def test_scanned_copies_are_counted_and_the_page_stays(width, visit, site, part):
    page = visit("desk order", width=width, language="en")
    page.locator("[data-key=a]").click()
    expect(page.locator(".order-line-picked").first).to_contain_text("0/")
    page.evaluate("() => { window.same = true; }")
    page.locator("#scan").fill(live.POEMS)
    page.locator("#scan").press("Enter")
    expect(page.locator(".order-line-picked").first).to_contain_text("1/")
    expect(page.locator("#scan")).to_have_value("")
    assert page.evaluate("window.same") is True
    whole(page)


@SIZES
def test_words_with_a_file_go_to_the_reader_from_the_desk(width, visit, site, part):
    """The script that keeps answers for a poor line leaves forms with files to the browser."""
    page = visit("desk words", width=width, language="en")
    page.locator("#words_text").fill("Here is the bill.")
    page.locator("#words_attached").set_input_files({"name": "bill.pdf", "mimeType": "x/y", "buffer": b"%PDF-1.4"})
    page.locator(".thread-form button[type=submit]").first.click()
    expect(page.locator(".thread-files a").last).to_have_text("bill.pdf")
    assert page.url.endswith(site.pages["desk words"])


HEAR = """() => {
    window.told = 0;
    localStorage.setItem("halles-sound", "yes");
    window.AudioContext = class {
        constructor() { window.told += 1; this.currentTime = 0; }
        createOscillator() { return { frequency: {}, connect() {}, start() {}, stop() {} }; }
    };
}"""


def again(page: Page) -> int:
    """The queue is asked for anew; how often something was told since."""
    with page.expect_response(lambda answer: "/queue/" in answer.url):
        page.evaluate("() => htmx.trigger('#queue', 'again')")
    page.wait_for_load_state("networkidle")
    page.evaluate("() => navigator.locks.request('halles-heard', () => {})")
    return page.evaluate("window.told")


def test_what_comes_is_told_once_shown_or_not_in_whichever_tab(visit, site):
    newest = {"new": 10**6}

    def answer(route: Route) -> None:
        groups = [
            f'<section data-kind="{kind}" data-newest="{key}"><b data-heading></b></section>'
            for kind, key in newest.items()
        ]
        route.fulfill(body="".join(groups), content_type="text/html")

    page = visit("desk", watched=False, language="en")
    page.context.route("**/queue/**", answer)
    page.evaluate(HEAR)
    assert again(page) == 1  # above what stood there when the page was first seen
    assert again(page) == 1
    newest |= {"new": 10**6 - 1, "threads": 5}  # the newest order is answered; a reader writes
    assert again(page) == 2
    other = page.context.new_page()
    other.add_init_script(f"({HEAR})()")
    other.goto(site.pages["desk"])
    assert again(other) == 0
    newest["threads"] = 6
    assert (again(other), again(page)) == (1, 2)
