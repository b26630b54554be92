"""What readers write about a title: Oscar's `ProductReview` rows. Each waits for an operator's yes (Oscar's own setting
says so), and again when its text changes; whoever reads one can report it.

Oscar's `save()` of a review writes the whole row of its title, over what a feed may just have changed there: here the
rows are written by themselves, and the title's mean after them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Window
from oscar.apps.catalogue.models import Product
from oscar.apps.catalogue.reviews.models import ProductReview
from oscar.apps.catalogue.reviews.utils import get_default_review_status

from catalog_sync.titles import moves
from marketplace.foundation import audit
from marketplace.models import User
from marketplace.readers.models import ReviewReport
from shops.models import ShopOrderLine

BEST = 5
LONGEST_TITLE, LONGEST_BODY, LONGEST_NAME = 120, 4000, 60
MOST_OPEN_REPORTS = 20
"""Of one review: more say nothing new, and anybody can send them."""

_BOUGHT = ShopOrderLine.objects.filter(
    product_id=OuterRef("product_id"), shop_order__order__user_id=OuterRef("user_id"), declined__lt=F("quantity")
)
_REPORTED = ReviewReport.objects.filter(review_id=OuterRef("pk"), settled_at=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownReview:
    """One review as readers see it. `bought`: its writer ordered the title here and was not declined all of it."""

    pk: int
    score: int
    title: str
    body: str
    signed: str
    written_at: datetime
    bought: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviews:
    """`mean` is between 1 and 5, `count` of all that are approved, `shown` the newest of them."""

    mean: float
    count: int
    shown: tuple[ShownReview, ...]


def of_title(product: Product, *, most: int, after: int = 0) -> Reviews | None:
    """The approved reviews, the newest first, without the first `after`. One query; none, and None, where the title's
    mean says that there is no review."""
    if product.rating is None:
        return None
    rows = ProductReview.objects.filter(product_id=product.pk, status=ProductReview.APPROVED)
    rows = rows.annotate(bought=Exists(_BOUGHT), of_all=Window(Count("pk"))).order_by("-date_created", "-pk")
    found = list(rows[after : after + most])
    if not found:
        return None
    return Reviews(mean=product.rating, count=found[0].of_all, shown=tuple(map(_shown, found)))


def _shown(row: ProductReview) -> ShownReview:
    return ShownReview(
        pk=row.pk,
        score=row.score,
        title=row.title,
        body=row.body,
        signed=row.name,
        written_at=row.date_created,
        bought=row.bought,
    )


def of_reader(reader: User, product: Product) -> ProductReview | None:
    return ProductReview.objects.filter(product=product, user=reader).first()


@transaction.atomic
def write(reader: User, product: Product, *, score: int, title: str, body: str, signed: str) -> None:
    """The reader's one review of a title, or its new text; either waits for an operator."""
    said = {"score": score, "title": title, "body": body, "name": signed, "status": get_default_review_status()}
    ProductReview.objects.bulk_create(
        [ProductReview(product=product, user=reader, **said)],
        update_conflicts=True,
        unique_fields=["product", "user"],
        update_fields=list(said),
    )
    moves.rate([product.pk])


@transaction.atomic
def take_back(reader: User, product: Product) -> bool:
    """The reader's review goes, and what was said of it. False where there was none."""
    gone, _rows = ProductReview.objects.filter(product=product, user=reader).delete()
    moves.rate([product.pk])
    return gone > 0


def reporter(user_id: int | None, session_key: str) -> str:
    """Whoever reports, as a report keeps it: an account, or a session, of which only a digest is kept."""
    if user_id is not None:
        return f"user {user_id}"
    return f"session {blake2b(session_key.encode(), digest_size=12).hexdigest()}"


def report(review: ProductReview, *, by: str, reason: str, note: str, now: datetime) -> bool:
    """Keep one report of this person. False where they have reported it before, or where enough have."""
    reports = ReviewReport.objects.filter(review=review)
    if reports.filter(by=by).exists() or reports.filter(settled_at=None).count() >= MOST_OPEN_REPORTS:
        return False
    row = ReviewReport(review=review, by=by, reason=reason, note=note, at=now)
    ReviewReport.objects.bulk_create([row], ignore_conflicts=True)  # the same person at the same time
    return True


def to_look_at() -> QuerySet[ProductReview]:
    """Those that wait for a first answer, and those that were reported since the last one."""
    waits = Q(status=ProductReview.FOR_MODERATION)
    return ProductReview.objects.filter(waits | Exists(_REPORTED), product__isnull=False)


def seen(review: ProductReview) -> str:
    """What an operator had before them: a review that was written anew meanwhile has another."""
    said = "\0".join((str(review.score), review.title, review.body, review.name))
    return blake2b(said.encode(), digest_size=8).hexdigest()


@transaction.atomic
def answer(looked_at: Mapping[int, str], *, shown: bool, by: User, why: str, now: datetime) -> int:
    """Show reviews or hide them, and settle their reports; how many. `looked_at` has `seen` by review: one whose text
    has changed since is left for another look."""
    rows = ProductReview.objects.select_for_update().filter(pk__in=looked_at).order_by("pk")
    found = [row for row in rows if seen(row) == looked_at[row.pk]]
    keys = [row.pk for row in found]
    status = ProductReview.APPROVED if shown else ProductReview.REJECTED
    ProductReview.objects.filter(pk__in=keys).update(status=status)
    ReviewReport.objects.filter(review_id__in=keys, settled_at=None).update(settled_at=now)
    moves.rate({row.product_id for row in found})
    for row in found:
        audit.record("review.show" if shown else "review.hide", row, by=by, reason=why, product=row.product_id)
    return len(found)
