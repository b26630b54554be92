"""Every main page in both colours: what axe-core finds, what scrolls sideways, what the console says."""

from __future__ import annotations

from pathlib import Path

import axe_playwright_python
import pytest

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
# WCAG 2.2, levels A and AA; axe keeps the size of targets off unless told
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "rules": {"target-size": {"enabled": True}},
}
# Each with what it is there to show
PAGES = {
    "home": ".shelf-title",
    "results": ".title-row",
    "author": ".title-row",
    "title": "tr.offer",
    "shop": ".title-row",
    "shops": ".shop-card",
    "basket": ".basket-line",
    "checkout who": "[name=email]",
    "checkout where": "[name=postcode]",
    "checkout how": "fieldset.choices",
    "checkout pay": ".checkout-go",
    "order": ".order-part",
    "sign in": "[name=password]",
    "map": ".map-pin",
    "place": "[name=where]",
    "desk": ".queue-row",
    "desk order": ".order-line",
    "order words": ".thread-line",
    "desk words": ".thread-line",
    "board": ".figure",
}


def axe_finds(page) -> list[str]:
    page.wait_for_load_state()  # a click is over when the next page begins: there is nothing on it yet
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found = page.evaluate("rules => axe.run(document, rules)", RULES)["violations"]
    return [f"{rule['id']}: {node['html'][:160]} {node['failureSummary']}" for rule in found for node in rule["nodes"]]


def sideways(page) -> list[str]:
    """What sticks out to the right, if the page can be scrolled there."""
    page.wait_for_load_state()
    return page.evaluate(
        """() => {
          const wide = document.documentElement.clientWidth;
          if (document.documentElement.scrollWidth <= wide) return [];
          return Array.from(document.querySelectorAll("body *"))
            .filter((one) => one.getBoundingClientRect().right > wide + 1)
            .map((one) => `${one.tagName}.${one.className} ${Math.round(one.getBoundingClientRect().right)}`);
        }"""
    )


@pytest.mark.parametrize(("name", "shows"), PAGES.items())
def test_page_is_accessible_and_holds_its_width(visit, name, shows):
    page = visit(name, width=375)
    assert page.locator(shows).count() > 0
    assert (axe_finds(page), sideways(page)) == ([], [])
    page.set_viewport_size({"width": 320, "height": 640})
    assert sideways(page) == []
    page.set_viewport_size({"width": 1280, "height": 800})
    page.emulate_media(color_scheme="dark")
    assert (axe_finds(page), sideways(page)) == ([], [])


def test_axe_and_width_notice(visit):
    page = visit("basket", width=375)
    page.evaluate("() => document.querySelector('main').insertAdjacentHTML('beforeend', '<input>')")
    page.evaluate("() => { document.querySelector('h1').style.width = '500px'; }")
    assert [finding.split(":")[0] for finding in axe_finds(page)] == ["label"]
    assert sideways(page) == ["H1. 516"]
