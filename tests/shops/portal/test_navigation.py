"""Where one is in the portal, and that each of its pages is found."""

import pytest
from django.urls import reverse

from shops.portal import navigation
from shops.portal.urls import shop_patterns
from tests import factories

pytestmark = pytest.mark.django_db
PAGES = [page for group in navigation.GROUPS for page in group.pages]
KNOWN = {name for page in PAGES for name in (page.name, *page.also)}


@pytest.fixture
def owner(client):
    shop = factories.shop("Librairie A", slug="a")
    client.force_login(factories.member(shop, role="owner").user)
    return client


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_page_says_where_one_is(owner, page):
    address = reverse(f"portal:{page.name}", args=["a"])
    text = owner.get(address, headers={"Accept-Language": "en"}).content.decode()
    marked = text.split('<ul class="desk-nav desk-groups">')[1].split("</nav>")[0]
    assert (marked.count('aria-current="true"'), marked.count('aria-current="page"')) == (1, 1)
    assert f'href="{address}" aria-current="page">{page.label}</a>' in marked


def test_every_page_is_in_a_group(owner):
    """Whoever adds a page says where it is found."""
    alone = [found for found in shop_patterns if getattr(found, "name", None) and not found.pattern.converters]
    addresses = {found.name: reverse(f"portal:{found.name}", args=["a"]) for found in alone}
    shown = {name for name, address in addresses.items() if b"desk-groups" in owner.get(address).content}
    assert shown - KNOWN == set()
    assert len(shown) > 10
