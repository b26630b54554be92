"""What someone of a shop stands for is told to the search, whichever came first."""

from __future__ import annotations

import pytest
from django.utils import timezone

from marketplace.catalogue.models import ProductFacts, TitleChange
from marketplace.cms.models import Pick
from marketplace.cms.picking import follow_picks
from search import indexing, queries
from search.engines.base import Query
from shops import lifecycle
from tests import factories

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def picked() -> list[int]:
    return list(ProductFacts.objects.filter(picked=True).values_list("product_id", flat=True))


def test_pick_is_followed_when_it_comes_and_goes(reindex):
    pick = Pick.objects.create(gtin=9782070360024, shop=factories.shop(), signed="Léa")
    assert follow_picks(NOW) == 0
    title, other = factories.product(gtin=9782070360024), factories.product(gtin=9782070360420)
    reindex()
    TitleChange.objects.all().delete()
    assert (follow_picks(NOW), follow_picks(NOW), picked()) == (1, 0, [title.pk])
    indexing.index_titles(NOW)
    assert queries.search(Query(picked=True)).ids == (title.pk,)
    pick.live = False
    pick.save()
    assert (follow_picks(NOW), picked()) == (1, [])
    indexing.index_titles(NOW)
    assert set(queries.search(Query(picked=True)).ids) == set()
    assert set(queries.search(Query()).ids) == {title.pk, other.pk}


def test_words_of_a_shop_that_is_not_shown_stand_on_no_title(client):
    """It took back that the network shows what is its own."""
    shop, title = factories.shop(), factories.product("Nana", gtin=9782070360024)
    Pick.objects.create(gtin=9782070360024, shop=shop, signed="Claire", text_fr="Lisez-le.", text_en="Read it.")
    assert "Claire" in client.get(title.get_absolute_url()).content.decode()
    lifecycle.pause(shop, by=factories.user(), now=timezone.now())
    assert "Claire" not in client.get(title.get_absolute_url()).content.decode()
