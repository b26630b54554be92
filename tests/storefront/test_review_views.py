"""Reviews on the pages of readers."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils.translation import override
from oscar.apps.catalogue.reviews.models import ProductReview

from marketplace.readers.models import ReviewReport
from marketplace.storefront.templatetags.reviews import stars
from tests import factories
from tests.storefront.test_structured import graph_of

pytestmark = pytest.mark.django_db
SENT = {"score": "5", "title": "Beau <b>", "body": "Un.\n\nDeux.", "signed": "Léa"}


@pytest.fixture(autouse=True)
def _english(client):
    client.cookies["django_language"] = "en"


@pytest.fixture
def product():
    return factories.product("Kamouraska", gtin=9782070360024, is_book=True)


def text_of(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_title_page_shows_the_mean_the_newest_and_where_all_are(client, product):
    empty = client.get(product.get_absolute_url())
    assert "No reader has written about it yet." in text_of(empty)
    assert "aggregateRating" not in graph_of(empty)["title"]
    for number, score in enumerate((5, 4, 4, 4)):
        factories.review(product, score=score, title=f"Review {number} <i>", body="Un.\n\n<script>Deux.")
    page = client.get(product.get_absolute_url())
    said = text_of(page)
    assert "4.3 out of 5 4.3 · 4 reviews" in said
    assert re.findall(r"Review \d", said) == ["Review 3", "Review 3", "Review 2", "Review 2", "Review 1", "Review 1"]
    assert b"<p>Un.</p>\n\n<p>&lt;script&gt;Deux.</p>" in page.content
    assert f'href="{product.get_absolute_url()}reviews/"' in page.content.decode()
    assert graph_of(page)["title"]["aggregateRating"] == {
        "@type": "AggregateRating",
        "ratingValue": 4.25,
        "reviewCount": 4,
        "bestRating": 5,
        "worstRating": 1,
    }


def test_reader_writes_changes_and_deletes_a_review(client, product):
    address = f"/reviews/write/{product.pk}/"
    assert client.get(address).url.startswith("/accounts/login/")
    client.force_login(factories.user(first_name="Léa"))
    assert 'value="Léa"' in client.get(address).content.decode()
    assert "read it" in text_of(client.post(address, SENT, follow=True))
    written = ProductReview.objects.get()
    assert (written.score, written.title, written.body.split()) == (5, "Beau <b>", ["Un.", "Deux."])
    assert "Beau &lt;b&gt;" in client.get(address).content.decode()
    client.post(address, SENT | {"score": "1"})
    assert ProductReview.objects.get().score == 1
    client.post(address, {"delete": "1"})
    assert ProductReview.objects.count() == 0


@pytest.mark.parametrize(
    "wrong", [{"score": "0"}, {"score": "6"}, {"score": ""}, {"title": " "}, {"title": "x" * 121}, {"body": "x" * 4001}]
)
def test_review_out_of_bounds_is_refused_with_the_reason(client, product, wrong):
    client.force_login(factories.user())
    response = client.post(f"/reviews/write/{product.pk}/", SENT | wrong)
    assert (response.status_code, list(response.context["form"].errors)) == (400, list(wrong))
    assert ProductReview.objects.count() == 0


def test_page_of_all_goes_on_and_follows_the_title(client, product):
    for _ in range(21):
        factories.review(product)
    address = f"{product.get_absolute_url()}reviews/"
    assert text_of(client.get(address)).count("Beau livre") == 40  # heading, and the name of its report
    assert text_of(client.get(f"{address}?page=2")).count("Beau livre") == 2
    assert client.get(f"/catalogue/x_{product.pk}/reviews/").url == address
    assert client.get("/catalogue/x_999999/reviews/").status_code == 404
    assert client.get(f"/catalogue/x_{product.pk}/reviews/7/").status_code == 302  # Oscar's address of one
    hidden = factories.product("Hidden")
    type(hidden).objects.filter(pk=hidden.pk).update(is_public=False)
    assert client.get(f"/catalogue/hidden_{hidden.pk}/reviews/").status_code == 404


def test_anybody_reports_once(product):
    review = factories.review(product)
    address = f"/reviews/{review.pk}/report/"
    stranger, reader = Client(), Client()
    reader.force_login(factories.user())
    assert stranger.get(address).status_code == 200
    assert "sessionid" not in stranger.cookies
    assert stranger.post(address, {"reason": "no such"}).status_code == 400
    for client in (stranger, stranger, reader, reader):
        assert client.post(address, {"reason": "abuse", "note": "Line 2"}).status_code == 302
    assert ReviewReport.objects.count() == 2
    ProductReview.objects.update(status=ProductReview.REJECTED)
    assert stranger.get(address).status_code == 404


@pytest.mark.parametrize(("score", "drawn", "said"), [(5, "★★★★★", "5"), (2.5, "★★★☆☆", "2.5"), (1.04, "★☆☆☆☆", "1")])
def test_stars_are_drawn_and_said(score, drawn, said):
    with override("en"):
        assert f">{drawn}<" in stars(score)
        assert f">{said} out of 5<" in stars(score)
