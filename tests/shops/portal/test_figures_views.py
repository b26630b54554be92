"""The page of figures: the shop's own, the network's middle, what sold, what was asked near it in vain."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from search import misses
from shops import figures
from shops.models import SearchMiss, Shop
from shops.portal.figures_views import duration, percent


def shown(stall, **asked):
    address = reverse("portal:figures", args=[stall.shop.slug])
    return stall.client.get(address, asked, headers={"Accept-Language": "en"})


def test_page_before_anything_was_measured(ours):
    page = shown(ours)
    assert "Not measured yet" in page.content.decode()
    assert {own for _, own, _ in page.context["rows"]} == {"–"}


def test_page_says_what_was_measured_and_sold(ours, theirs):
    figures.measure_figures(timezone.now())
    page = shown(ours, days="90")
    assert (page.context["days"], page.context["measured"].orders) == (90, 0)
    assert [(row["title"], row["copies"]) for row in page.context["best_sellers"]] == [
        ("Le titre de Librairie du Port", 2),
        ("L’autre de Librairie du Port", 1),
    ]
    assert {middle for _, _, middle in page.context["rows"]} == {"–"}  # of two shops


@pytest.mark.parametrize("days", ["", "x", "31", "-1"])
def test_other_windows_are_thirty_days(days, ours):
    assert shown(ours, days=days).context["days"] == 30


def test_page_links_to_the_title_that_nobody_near_had(ours, theirs):
    Shop.objects.filter(pk=ours.shop.pk).update(latitude=45.5, longitude=-73.6)
    title = theirs.order.lines.first().product
    for query, product_id in (("le titre", title.pk), ("<b>", 0)):
        where = {"latitude_tenths": 455, "longitude_tenths": -736, "day": timezone.now().date()}
        SearchMiss.objects.create(query=query, product_id=product_id, times=misses.FEWEST, **where)
    text = shown(ours).content.decode()
    assert f'<a href="{title.get_absolute_url()}">{title.title}</a>' in text
    assert "&lt;b&gt;" in text


@pytest.mark.parametrize(
    ("minutes", "said"), [(None, "–"), (1, "1 minute"), (89, "89 minutes"), (90, "2 hours"), (4320, "3 days")]
)
def test_duration_in_words(minutes, said):
    with translation.override("en"):
        assert duration(minutes) == said


@pytest.mark.parametrize(("language", "said"), [("en", ["–", "0%", "96%"]), ("fr", ["–", "0\xa0%", "96\xa0%"])])
def test_percent_in_words(language, said):
    with translation.override(language):
        assert [percent(share) for share in (None, 0, 0.955)] == said
