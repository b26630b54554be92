"""How pages behave while they load and under a hand: nothing jumps, little is sent, keys and thumbs find their way."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

SHIFTS = """() => { window.shifted = 0; new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
}).observe({type: "layout-shift", buffered: true}); }"""
READERS_PAGES = [
    "home",
    "results",
    "title",
    "shop",
    "shops",
    "basket",
    "checkout how",
    "checkout pay",
    "order",
    "sign in",
]
# What a bookseller presses on a phone
DESK_TARGETS = (
    ".desk-header a, .desk-header button, .queue-row, .desk-actions .button, .order-line .button, .desk-scan input"
)


@pytest.mark.parametrize("width", [375, 1280])
def test_pages_do_not_jump_while_they_load(visit, site, width):
    page = visit("basket", width=width)
    shifted = {}
    for name in ("home", "results", "title"):
        page.goto(site.pages[name])
        page.evaluate(SHIFTS)
        page.evaluate("() => document.fonts.ready.then(() => new Promise(requestAnimationFrame))")
        page.wait_for_timeout(200)
        shifted[name] = page.evaluate("window.shifted")
    assert {name: shift for name, shift in shifted.items() if shift >= 0.02} == {}


def test_shift_is_noticed(visit):
    page = visit("home", width=375)
    page.evaluate(SHIFTS)
    page.evaluate("() => new Promise(requestAnimationFrame)")
    page.evaluate(
        "() => document.body.insertAdjacentHTML('afterbegin', '<p>Late</p><p>Late</p><p>Late</p><p>Late</p>')"
    )
    page.wait_for_timeout(200)
    assert page.evaluate("window.shifted") >= 0.02


def test_style_sheets_of_the_storefront_stay_small(visit, site):
    """All that readers' pages link, together, as the server sends them without compression: decision 0012."""
    sizes: dict[str, int] = {}
    page = visit("basket")
    for name in READERS_PAGES:
        page.goto(site.pages[name])
        for url in page.evaluate("() => [...document.styleSheets].map((sheet) => sheet.href)"):
            if url not in sizes:
                sizes[url] = len(page.request.get(url).body())
    assert (len(sizes) > 10, sum(sizes.values()) < 40_000) == (True, True), sizes


@pytest.mark.parametrize("name", ["home", "results", "desk"])
def test_first_tab_skips_to_the_content(visit, name):
    page = visit(name)
    page.locator("body").evaluate("(body) => { document.activeElement.blur(); }")
    page.keyboard.press("Tab")
    skip = page.locator(".skip-link")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_tab_goes_through_the_top_line_in_the_order_of_the_page(visit):
    page = visit("results")
    reached = []
    for _ in range(7):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("() => document.activeElement.className || document.activeElement.id"))
    assert reached == [
        "skip-link",
        "brand",
        "site-search-input",
        "site-search-button",
        "site-nav-item",
        "site-nav-button",
        "site-nav-item",
    ]
    outline = page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


@pytest.mark.parametrize("name", ["desk", "desk order"])
def test_desk_is_made_for_a_thumb(visit, name):
    page = visit(name, width=375)
    boxes = page.locator(DESK_TARGETS).evaluate_all(
        """(all) => all.map((one) => [one.className, one.getBoundingClientRect()])
          .filter(([, box]) => box.width > 0)
          .map(([name, box]) => [name, Math.round(box.width), Math.round(box.height)])"""
    )
    assert len(boxes) > 5
    assert [box for box in boxes if min(box[1:]) < 44] == []


@pytest.mark.parametrize("name", ["home", "results", "desk order"])
def test_nothing_moves_where_the_reader_asks_for_calm(visit, name):
    """The browser of these tests asks for reduced motion."""
    page = visit(name)
    page.locator(".button:visible").first.hover()
    moving = page.evaluate(
        """() => [...document.querySelectorAll("*")].filter((one) => {
          const style = getComputedStyle(one);
          const times = style.transitionDuration.split(",").map(parseFloat);
          return style.animationName !== "none" || times.some((seconds) => seconds > 0);
        }).map((one) => one.className)"""
    )
    assert (moving, page.evaluate("() => document.getAnimations().length")) == ([], 0)
    assert page.evaluate("() => getComputedStyle(document.documentElement).scrollBehavior") == "auto"


def test_filter_is_taken_without_loading_the_page_again(visit):
    page = visit("results", language="en")
    page.evaluate("() => { window.same = true; }")
    page.locator("#filters").get_by_label("Mile End Pages").check()
    page.wait_for_url("**shop=**")
    expect(page.locator(".title-row")).to_have_count(2)
    assert page.evaluate("window.same") is True


def test_filter_is_taken_without_javascript(visit):
    page = visit("results", javascript=False)
    page.locator("#filters").get_by_label("Mile End Pages").check()
    page.locator("#facets button[form=find]").click()
    expect(page.locator(".title-row")).to_have_count(2)


def test_map_is_used_by_keyboard_and_the_list_without_it(visit):
    page = visit("map", language="en")
    pin = page.get_by_role("button", name="Mile End Pages")
    pin.focus()
    page.keyboard.press("Enter")
    popup = page.locator(".leaflet-popup")
    expect(popup.get_by_role("link", name="Mile End Pages")).to_be_visible()
    expect(popup.get_by_role("button", name="Close")).to_be_visible()
    page.keyboard.press("Escape")
    expect(popup).to_have_count(0)
    page = visit("map", javascript=False)
    expect(page.locator("#map")).to_be_hidden()
    expect(page.locator(".map-shop")).to_have_count(2)


def test_place_is_completed_while_typing(visit):
    page = visit("place", language="en")
    box = page.get_by_role("combobox", name="City or postcode")
    box.fill("trois-riv")  # at once: of several letters each may draw the list anew
    expect(page.get_by_role("option").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(box).to_have_value("Trois-Rivières (Quebec)")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/place/" not in url)
