"""Reviews: one of each reader, read by an operator before it is shown, reported by whoever reads it."""

from __future__ import annotations

import pytest
from django.utils import timezone
from oscar.apps.catalogue.models import Product
from oscar.apps.catalogue.reviews.models import ProductReview

from marketplace.foundation.models import AuditEntry
from marketplace.readers import reviews
from marketplace.readers.models import ReviewReport
from tests import factories

pytestmark = pytest.mark.django_db

SAID = {"score": 4, "title": "Beau", "body": "Lu d'une traite.", "signed": "Léa"}


@pytest.fixture
def product():
    return factories.product("Kamouraska")


def answered(review: ProductReview, shown: bool, *, seen: str = "") -> int:
    looked_at = {review.pk: seen or reviews.seen(review)}
    operator = factories.operator()
    return reviews.answer(looked_at, shown=shown, by=operator, why="", now=timezone.now())


def of_title(product, most: int = 3):
    product.refresh_from_db()
    return reviews.of_title(product, most=most)


def test_review_is_shown_when_an_operator_has_said_yes(product):
    reviews.write(factories.user(), product, **SAID)
    written = ProductReview.objects.get()
    assert (written.status, of_title(product)) == (ProductReview.FOR_MODERATION, None)
    assert list(reviews.to_look_at()) == [written]
    assert answered(written, shown=True) == 1
    found = of_title(product)
    assert (found.mean, found.count) == (4.0, 1)
    (shown,) = found.shown
    assert (shown.score, shown.title, shown.body, shown.signed, shown.bought) == (
        *(4, "Beau", "Lu d'une traite.", "Léa"),
        False,
    )
    assert list(reviews.to_look_at()) == []
    assert AuditEntry.objects.get(action="review.show").subject_id == str(written.pk)
    answered(written, shown=False)
    assert of_title(product) is None


def test_changed_review_waits_again_and_stays_one(product):
    reader = factories.user()
    factories.review(product, reader, score=2)
    factories.review(product, score=4)
    reviews.write(reader, product, **SAID | {"body": "À la relecture, non."})
    assert ProductReview.objects.filter(user=reader).values_list("body", "status").get() == ("À la relecture, non.", 0)
    assert of_title(product).mean == 4.0
    assert reviews.take_back(reader, product)
    assert not reviews.take_back(reader, product)
    assert ProductReview.objects.count() == 1


def test_answer_leaves_what_was_written_anew_since_the_operator_looked(product):
    reader = factories.user()
    reviews.write(reader, product, **SAID)
    before = reviews.seen(ProductReview.objects.get())
    reviews.write(reader, product, **SAID | {"body": "Achetez mes pilules."})
    assert answered(ProductReview.objects.get(), shown=True, seen=before) == 0
    assert of_title(product) is None
    assert answered(ProductReview.objects.get(), shown=True) == 1  # negative control: what was seen


def test_writing_leaves_the_rest_of_the_title_alone(product):
    """Oscar's own save of a review writes the title as it was read."""
    Product.objects.filter(pk=product.pk).update(title="Said by a feed meanwhile")
    reviews.write(factories.user(), product, **SAID)
    assert Product.objects.get().title == "Said by a feed meanwhile"


def test_newest_come_first_and_the_mean_is_of_all(product, django_assert_num_queries):
    for score in (1, 2, 3, 5):
        factories.review(product, score=score, title=str(score))
    factories.review(product, status=ProductReview.FOR_MODERATION)
    with django_assert_num_queries(1):
        found = reviews.of_title(product, most=3)
    assert ([row.title for row in found.shown], found.count, found.mean) == (["5", "3", "2"], 4, 2.75)
    assert [row.title for row in reviews.of_title(product, most=3, after=3).shown] == ["1"]
    without = factories.product()
    with django_assert_num_queries(0):
        assert reviews.of_title(without, most=3) is None


@pytest.mark.parametrize(("declined", "bought"), [(0, True), (1, True), (2, False)])
def test_purchase_is_marked_unless_all_of_it_was_declined(product, declined, bought):
    reader, shop = factories.user(), factories.shop()
    ordered = factories.shop_order(shop, (factories.stock_record(shop, product), 2), placed=factories.order(reader))
    ordered.lines.update(declined=declined)
    factories.review(product, reader)
    assert [row.bought for row in of_title(product).shown] == [bought]


def test_purchase_of_somebody_else_or_of_another_title_marks_nothing(product):
    reader, shop = factories.user(), factories.shop()
    factories.shop_order(shop, (factories.stock_record(shop, product), 1), placed=factories.order(factories.user()))
    factories.shop_order(shop, (factories.stock_record(shop), 1), placed=factories.order(reader))
    factories.review(product, reader)
    assert [row.bought for row in of_title(product).shown] == [False]


def test_report_counts_once_for_each_person_and_brings_the_review_back(product):
    review, now = factories.review(product), timezone.now()
    said = {"reason": "spoiler", "note": "", "now": now}
    one, other = reviews.reporter(12, "x"), reviews.reporter(None, "a session's key")
    assert "key" not in other
    assert [reviews.report(review, by=by, **said) for by in (one, one, other)] == [True, False, True]
    assert list(reviews.to_look_at()) == [review]
    assert of_title(product).count == 1  # it stands until an operator has looked
    answered(review, shown=True)
    assert list(reviews.to_look_at()) == []
    assert not reviews.report(review, by=one, **said)
    assert ReviewReport.objects.filter(settled_at=None).count() == 0


def test_reports_of_one_review_are_bounded(product, monkeypatch):
    monkeypatch.setattr(reviews, "MOST_OPEN_REPORTS", 2)
    review = factories.review(product)
    kept = [reviews.report(review, by=f"user {n}", reason="other", note="", now=timezone.now()) for n in range(3)]
    assert kept == [True, True, False]
