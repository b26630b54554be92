"""Readers' reviews on the operator's board."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from oscar.apps.catalogue.reviews.models import ProductReview

from marketplace.readers import reviews
from tests import factories
from tests.operations.conftest import waiting

pytestmark = pytest.mark.django_db


def test_board_counts_what_waits_and_the_operator_answers(board):
    product = factories.product("Kamouraska")
    one, _other, third = (
        factories.review(product, title=name, status=ProductReview.FOR_MODERATION) for name in ("Un", "Deux", "Trois")
    )
    ProductReview.objects.filter(pk=third.pk).update(status=ProductReview.APPROVED)
    reviews.report(third, by="user 1", reason="spoiler", note="Tout est dit", now=timezone.now())
    assert waiting(board, "/board/reviews/") == 3
    page = board.get("/board/reviews/")
    assert [row.title for row, _seen in page.context["rows"]] == ["Un", "Deux", "Trois"]
    assert "Tout est dit" in page.content.decode()
    ticked = [f"{row.pk}:{seen}" for row, seen in page.context["rows"]]
    board.post("/board/reviews/answer/", {"review": ticked[:1], "answer": "yes"})
    board.post("/board/reviews/answer/", {"review": [*ticked[1:], "x:y", "9" * 30], "answer": "no", "why": "Pub"})
    assert list(ProductReview.objects.order_by("pk").values_list("status", flat=True)) == [1, 2, 2]
    assert waiting(board, "/board/reviews/") == 0
    assert len(board.get("/board/reviews/?show=refused").context["rows"]) == 2
    assert board.get("/board/reviews/?show=else").status_code == 404
    product.refresh_from_db()
    assert product.rating == one.score


def test_list_of_reviews_costs_the_same_with_thirty(board):
    product, counts = factories.product(), []
    board.get("/board/reviews/")
    for number in (1, 30):
        for _ in range(number):
            factories.review(product, status=ProductReview.FOR_MODERATION)
        with CaptureQueriesContext(connection) as counted:
            board.get("/board/reviews/")
        counts.append(len(counted))
    assert counts[0] == counts[1]


def test_oscars_dashboard_stands_with_reviews(board, operator):
    operator.is_superuser = True
    operator.save()
    review = factories.review(factories.product("Kamouraska"))
    assert board.get("/dashboard/reviews/").status_code == 200
    product = review.product
    moved = board.get(f"/catalogue/{product.slug}_{product.pk}/reviews/{review.pk}/")
    assert moved.url == f"/catalogue/{product.slug}_{product.pk}/reviews/"
