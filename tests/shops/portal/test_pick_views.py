"""A shop's picks, said in its portal and shown to readers."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from marketplace.catalogue.models import ProductFacts
from marketplace.cms.models import Pick
from marketplace.cms.picking import follow_picks
from shops.portal import pick_views
from tests import factories

SAID = {"gtin": "978-2-07-036002-4", "signed": "Léa", "text_fr": "À lire."}


def post(stall, name, *names, **sent):
    return stall.client.post(reverse(f"portal:{name}", args=[stall.shop.slug, *names]), sent)


def test_pick_is_added_shown_to_readers_and_taken_off(ours):
    title = factories.product("L’Étranger", gtin=9782070360024)
    assert post(ours, "add-pick", **SAID).status_code == 302
    pick = Pick.objects.get(shop=ours.shop)
    assert (pick.gtin, pick.signed, pick.live) == (9782070360024, "Léa", True)
    page = ours.client.get(reverse("portal:picks", args=[ours.shop.slug]))
    assert page.context["rows"] == [(pick, title)]
    assert follow_picks(timezone.now()) == 1
    assert post(ours, "end-pick", pick.pk).status_code == 302
    assert post(ours, "end-pick", pick.pk).status_code == 404
    assert follow_picks(timezone.now()) == 1
    assert not ProductFacts.objects.get(product=title).picked


def test_pick_that_is_sent_twice_is_one(ours):
    assert [post(ours, "add-pick", **SAID).status_code for _ in range(2)] == [302, 302]
    assert Pick.objects.filter(shop=ours.shop).count() == 1


@pytest.mark.parametrize(
    ("sent", "wrong"),
    [
        ({"gtin": "9782070360025"}, {"gtin"}),
        ({"gtin": ""}, {"gtin"}),
        ({"signed": ""}, {"signed"}),
        ({"text_fr": " "}, {"text_fr"}),
        ({"text_en": "x" * 1001}, {"__all__"}),
    ],
)
def test_what_is_wrong_is_said_and_nothing_saved(sent, wrong, ours):
    page = post(ours, "add-pick", **SAID | sent)
    assert (page.status_code, set(page.context["form"].errors)) == (422, wrong)
    assert not Pick.objects.exists()


def test_more_than_a_hundred_are_refused(ours, monkeypatch):
    monkeypatch.setattr(pick_views, "MOST_PICKS", 0)
    assert post(ours, "add-pick", **SAID).status_code == 422
