"""Shelves that keep themselves up, and those that a shop chose."""

from __future__ import annotations

import re

import pytest

from marketplace.catalogue.models import Subject
from marketplace.cms.building import build_home, build_page
from marketplace.cms.models import HomePage
from shops.models import Shop
from tests import factories

pytestmark = pytest.mark.django_db
TEXTS = {"title_fr": "Dernières", "title_en": "Latest", "intro_fr": "", "intro_en": ""}


class Text:
    title_fr = title_en = "Halles"
    intro_fr = intro_en = ""


@pytest.fixture
def port() -> Shop:
    """It has one novel and one on history; another shop has a novel that came later."""
    Subject.objects.get_or_create(code="F", defaults={"scheme": "thema", "label_fr": "Romans", "label_en": "Fiction"})
    made, other = factories.shop("Port", slug="port"), factories.shop("Quai", slug="quai")
    for shop, title, code in ((made, "Novel", "FB"), (made, "History", "NHK"), (other, "Newer novel", "FBA")):
        factories.stock_record(
            shop, factories.product(title, subject_codes=[code, *(code[:n] for n in range(1, len(code)))])
        )
    return made


def shelf(client, **value: str) -> tuple[list[str], str]:
    """The titles of the one shelf of the home page, and where it leads to."""
    page = HomePage.objects.get()
    page.shelves = [("newest", {**TEXTS, **value})]
    page.save_revision().publish()
    (shown,) = client.get("/").context["shown_shelves"]
    return [row.product.title for row in shown.rows], shown.address


@pytest.mark.parametrize("indexed", [True, False])
def test_shelf_of_what_came_last_is_of_all_a_shop_a_subject_or_both(client, port, reindex, indexed):
    if indexed:
        reindex()
    build_home(Text, [])
    assert shelf(client) == (["Newer novel", "History", "Novel"], "/new/")
    assert shelf(client, shop="port") == (["History", "Novel"], "/shops/port/titles/")
    found, address = shelf(client, subject="F")
    assert (found, address.startswith("/subject/f")) == (["Newer novel", "Novel"], True)
    assert shelf(client, shop="port", subject="F") == (["Novel"], "/shops/port/titles/")
    assert shelf(client, shop="gone")[0] == []


def test_page_of_text_carries_a_shops_selection(client, port):
    book = factories.product("Livre", gtin=9782070360024)
    factories.stock_record(port, book)
    build_home(Text, [])
    page = build_page("selection", heading_fr="Choix", heading_en="", body_fr="<p>Lisez.</p>", body_en="")
    page.shelves = [("shelf", {**TEXTS, "isbns": ["9782070360024"], "shop": "port"})]
    page.save_revision().publish()
    said = re.sub(r"\s+", " ", client.get("/selection/", headers={"Accept-Language": "en"}).content.decode())
    assert 'Chosen by <a href="/shops/port/">Port</a>' in said
    assert ">Livre</a>" in said


def test_editor_chooses_among_shops_and_upper_subjects(client, port):
    page = build_home(Text, [])
    page.shelves = [("newest", {**TEXTS, "shop": "port"})]
    page.save_revision().publish()
    client.force_login(factories.user("editor@example.org", is_superuser=True, is_staff=True))
    form = client.get(f"/cms/pages/{page.pk}/edit/")
    assert form.status_code == 200
    assert "Quai" in form.content.decode()
