"""Where one is on the board, and that each of its pages is found."""

import pytest
from django.urls import reverse

from marketplace.operations import navigation
from marketplace.operations.urls import urlpatterns

PAGES = [page for group in navigation.groups("") for page in group.pages]
KNOWN = {name for page in PAGES for name in (page.name, *page.also)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.name}{page.argument}")
def test_each_page_says_where_one_is(board, page):
    text = board.get(page.url, headers={"Accept-Language": "en"}).content.decode()
    marked = text.split('<ul class="desk-nav desk-groups">')[1].split("</nav>")[0]
    assert (marked.count('aria-current="true"'), marked.count('aria-current="page"')) == (1, 1)
    assert f'href="{page.url}" aria-current="page">{page.label}</a>' in marked


def test_no_page_of_the_board_stays_in_the_browser(board):
    assert board.get(reverse("operations:board"))["Cache-Control"] == "private, no-store"


def test_every_page_is_in_a_group(board):
    """Whoever adds a page says where it is found."""
    alone = [found for found in urlpatterns if found.name and not found.pattern.converters]
    addresses = {found.name: reverse(f"operations:{found.name}") for found in alone}
    shown = {name for name, address in addresses.items() if "desk-groups" in board.get(address).content.decode()}
    assert shown - KNOWN == set()
    assert len(shown) > 15
