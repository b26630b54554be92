"""The pages that the law wants: pre-filled once, then the network's own."""

from __future__ import annotations

import re

import pytest
from django.core.management import call_command
from django.utils.html import strip_tags

from marketplace.cms import legal, slugs
from marketplace.cms.building import build_home
from marketplace.cms.models import StandardPage
from marketplace.foundation.models import Network
from tests import factories
from tests.cms.test_pages import Text

pytestmark = pytest.mark.django_db
OWN = {"name": "Les Halles", "legal_name": "Coop <Halles>", "legal_address": "1, rue du Port\nMontréal"}


def said(client, kind: str, language: str = "en") -> str:
    response = client.get(f"/{kind}/", headers={"Accept-Language": language})
    assert response.status_code == 200
    return re.sub(r"\s+", " ", strip_tags(response.content.decode().split("<main")[1].split("</main")[0]))


def test_all_are_created_once_with_the_networks_own_values(client):
    factories.network(**OWN, sender_email="bonjour@halles.example.org")
    assert (legal.create(), legal.create()) == (6, 0)
    assert "Coop &lt;Halles&gt;, 1, rue du Port, Montréal" in said(client, "legal")
    for kind, page in legal.PAGES.items():
        for language, lawyer in (("fr", "conseil juridique"), ("en", "lawyer")):
            text = said(client, kind, language)
            assert getattr(page, f"heading_{language}") in text
            assert lawyer in text
    for kind in ("terms", "privacy", "legal", "returns", "accessibility"):
        assert "bonjour@halles.example.org" in said(client, kind)
    assert not {page.slug for page in legal.PAGES.values()} & slugs.taken()


def test_texts_differ_where_the_law_does(client):
    factories.network(country="FR")
    legal.create()
    assert "fourteen days" in said(client, "returns")
    assert "CNIL" in said(client, "privacy")


def test_page_that_somebody_changed_is_never_written_again(client):
    before = factories.network(**OWN)
    legal.create()
    changed = StandardPage.objects.get(slug="retours")
    changed.body_en = "<p>Thirty days.</p>"
    changed.save_revision().publish()
    draft = StandardPage.objects.get(slug="temoins")
    draft.save_revision()  # somebody is at it
    gone = StandardPage.objects.get(slug="accessibilite")
    gone.unpublish()
    was = Network.objects.get(pk=before.pk)
    after = factories.network(name="Autre")
    assert (legal.follow(was, after), legal.create()) == (2, 0)  # terms, legal notice: privacy does not say the name
    assert "Autre is an online market" in said(client, "terms")
    assert "Thirty days." in said(client, "returns")
    assert "Les Halles sets only" in said(client, "cookies")
    assert "has not been written yet" in said(client, "accessibility")
    assert legal.follow(after, after) == 0


def test_what_the_operator_wrote_among_the_networks_texts_goes_first(client):
    legal.create()
    factories.network(terms_en="Our own terms")
    assert "Our own terms" in said(client, "terms")
    assert "lawyer" in said(client, "privacy")


def test_first_operator_writes_them_and_the_home_page_takes_them_over(client, capsys):
    call_command("first_operator", "operator@example.org")
    build_home(Text, [])
    page = StandardPage.objects.get(slug="mentions-legales")
    assert client.get("/mentions-legales/").status_code == 200
    assert page.get_parent().specific.heading_en == "The market"
    assert 'href="/legal/"' in client.get("/").content.decode()
