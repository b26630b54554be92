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
PAGES = [
    "home",
    "results",
    "title",
    "shop",
    "shops",
    "basket",
    "checkout who",
    "checkout where",
    "checkout how",
    "checkout pay",
    "order",
    "sign in",
    "place",
    "desk",
    "desk order",
    "board",
]


def axe_finds(page) -> list[str]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found = page.evaluate("rules => axe.run(document, rules)", RULES)["violations"]
    return [f"{rule['id']}: {node['html'][:160]} {node['failureSummary']}" for rule in found for node in rule["nodes"]]


def sideways(page) -> list[str]:
    """What sticks out to the right, if the page can be scrolled there."""
    return page.evaluate(
        """() => {
          const wide = document.documentElement.clientWidth;
          if (document.documentElement.scrollWidth <= wide) return [];
          return Array.from(document.querySelectorAll("body *"))
            .filter((one) => one.getBoundingClientRect().right > wide + 1)
            .map((one) => `${one.tagName}.${one.className} ${Math.round(one.getBoundingClientRect().right)}`);
        }"""
    )


@pytest.mark.parametrize("name", PAGES)
def test_page_is_accessible_in_light_and_dark(visit, name):
    page = visit(name, width=375)
    assert axe_finds(page) == []
    page.emulate_media(color_scheme="dark")
    assert axe_finds(page) == []
    page.set_viewport_size({"width": 1280, "height": 800})
    assert axe_finds(page) == []


@pytest.mark.parametrize("name", PAGES)
def test_page_never_scrolls_sideways(visit, name):
    page = visit(name, width=375)
    assert sideways(page) == []
    page.set_viewport_size({"width": 320, "height": 640})
    assert sideways(page) == []
