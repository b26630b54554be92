"""The list below the search box by keyboard, as the combobox pattern of the ARIA practices has it."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.test_pages import axe_finds


def test_suggestions_follow_the_combobox_pattern(visit):
    page = visit("home", language="en")
    box, options = page.locator("#site-search"), page.locator("#site-search-list [role=option]")
    expect(box).to_have_attribute("aria-expanded", "false")
    box.fill("mile")  # at once: of several letters each may draw the list anew
    expect(box).to_have_attribute("aria-expanded", "true")
    shops = page.get_by_role("group", name="Shops")
    expect(shops.get_by_role("option")).to_contain_text("Mile End Pages")
    assert axe_finds(page) == []
    last = options.count() - 1

    def marked() -> list[int]:
        """Places of the marked option: as the box names it, and as it is shown."""
        ids = options.evaluate_all("(all) => all.map((one) => one.id)")
        named = box.get_attribute("aria-activedescendant")
        shown = options.evaluate_all("(all) => all.map((one) => one.getAttribute('aria-selected'))")
        return [-1 if named is None else ids.index(named), shown.index("true") if "true" in shown else -1]

    seen = {}
    for key in (
        "ArrowDown",
        "Home",
        "ArrowUp",
        "ArrowDown",
        "ArrowDown",
        "ArrowRight",
        "Escape",
        "Alt+ArrowDown",
        "Alt+ArrowUp",
    ):
        box.press(key)
        seen[len(seen), key] = (marked(), box.get_attribute("aria-expanded"), box.input_value())
    assert list(seen.values()) == [
        ([0, 0], "true", "mile"),
        ([-1, -1], "true", "mile"),
        ([last, last], "true", "mile"),
        ([-1, -1], "true", "mile"),
        ([0, 0], "true", "mile"),
        ([-1, -1], "true", "mile"),
        ([-1, -1], "false", "mile"),
        ([-1, -1], "true", "mile"),
        ([-1, -1], "false", "mile"),
    ]
    box.press("ArrowUp")
    assert marked() == [last, last]
    box.press("Enter")
    page.wait_for_url("**/shops/mile/")


def test_two_boxes_of_a_page_name_their_own_options(visit):
    page = visit("home", language="en")
    for box in ("site-search", "hero-search"):
        page.locator(f"#{box}").press_sequentially("mile")
        page.locator(f"#{box}-list [role=option]").first.wait_for()
    ids = page.locator("[role=option]").evaluate_all("(all) => all.map((one) => one.id)")
    assert len(ids) == len(set(ids)) >= 2
