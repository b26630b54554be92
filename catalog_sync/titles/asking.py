"""Articles without a number that may be a title we have: the operator says which, or that it is a new one.

Such an article is a source record without a product, GTIN or stock record. It is kept and not sold until an operator
has answered; the answer puts it on sale at once, as the shop last described it, and the feed is read again.
(An article whose ISBN has changed is asked about in the shop's portal: `questions`.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from oscar.apps.catalogue.models import Product
from oscar.apps.partner.models import StockRecord

from catalog_sync import banding, pricing
from catalog_sync.models import Feed, PutOff, SourceRecord
from catalog_sync.records import Availability, PriceKind
from catalog_sync.titles import candidates, facts, matching, moderation, moves
from catalog_sync.titles.describing import Described, described
from catalog_sync.titles.likeness import Likeness
from marketplace.catalogue import changes
from marketplace.catalogue.folding import PRODUCT_TITLE_LENGTH
from marketplace.catalogue.models import ProductFacts
from marketplace.catalogue.slugs import slug
from marketplace.foundation import audit, bulk, network
from marketplace.foundation.money import to_decimal
from marketplace.models import User
from shops.models import StockTerms

PUT_OFF_FOR = timedelta(days=7)
SHOWN_CANDIDATES = 5


@dataclass(frozen=True)
class Choice:
    """A title that the article may be, with why in numbers (`Likeness`)."""

    product: Product
    facts: ProductFacts
    likeness: Likeness


@dataclass(frozen=True)
class Question:
    """One article and the titles that it may be, the likest first; none where they have gone meanwhile."""

    feed: Feed
    record: SourceRecord
    says: Described
    choices: Sequence[Choice]


def waiting(now: datetime) -> QuerySet[SourceRecord]:
    """The articles asked about that are not put off, oldest feed first."""
    sold = StockRecord.objects.filter(partner=OuterRef("feed__shop__partner"), partner_sku=OuterRef("sku"))
    put_off = PutOff.objects.filter(feed=OuterRef("feed_id"), sku=OuterRef("sku"), until__gt=now)
    asked = SourceRecord.objects.filter(product_id=None, gtin=None, retired_at=None).exclude(title="")
    return asked.filter(~Exists(sold), ~Exists(put_off)).order_by("feed_id", "sku")


def is_about_likeness() -> Q:
    """Of source records without a product: those that are asked about here, not in the portal."""
    sold = StockRecord.objects.filter(partner=OuterRef("feed__shop__partner"), partner_sku=OuterRef("sku"))
    return Q(~Exists(sold), gtin=None)


def questions_of(records: Sequence[SourceRecord]) -> list[Question]:
    """With what is asked. Four queries however many there are."""
    feeds = Feed.objects.select_related("shop").in_bulk({record.feed_id for record in records})
    keys = {(record.feed_id, record.sku): described(record.title, record.facts) for record in records}
    found = candidates.candidates(keys, shop_ids={key: feeds[key[0]].shop_id for key in keys})
    wanted = {one.product_id for ones in found.values() for one in ones[:SHOWN_CANDIDATES]}
    known = ProductFacts.objects.filter(product__in=wanted).select_related("product").in_bulk()
    return [
        Question(
            feeds[record.feed_id],
            record,
            keys[record.feed_id, record.sku],
            [
                Choice(known[one.product_id].product, known[one.product_id], one.likeness)
                for one in found[record.feed_id, record.sku][:SHOWN_CANDIDATES]
                if one.product_id in known
            ],
        )
        for record in records
    ]


def put_off(feed: Feed, sku: str, *, by: User, now: datetime) -> None:
    """Not now: it is asked again in a week."""
    with transaction.atomic():
        PutOff.objects.update_or_create(feed=feed, sku=sku, defaults={"until": now + PUT_OFF_FOR})
        audit.record("article.put_off", feed, by=by, shop_id=feed.shop_id, sku=sku)


def answer(feed: Feed, sku: str, *, product_id: int | None, by: User, now: datetime) -> Product | None:
    """It is that title; without one, a new title. It is on sale from now on. None: nobody asks any more, or there is no
    such title."""
    with transaction.atomic():
        moves.share_lock()
        asked = SourceRecord.objects.filter(is_about_likeness(), feed=feed, sku=sku, product_id=None, retired_at=None)
        record = asked.select_for_update(of=("self",)).first() if bulk.is_postgres() else asked.first()
        if record is None:
            return None
        if product_id is None:
            product = _new_title(feed, record)
        else:
            known = Product.objects.filter(pk=product_id, facts__isnull=False).first()
            if known is None:
                return None
            product = known
        matching.answer(feed, sku, product_id=product.pk)
        _sell(feed, record, product)
        pricing.due_if_ruled(feed.shop_id, now)
        if product_id is None:
            moderation.first_brought({product.pk}, feed.shop, now=now)
        facts.refold([product.pk], now=now)
        changes.mark([product.pk])
        PutOff.objects.filter(feed=feed, sku=sku).delete()
        Feed.objects.filter(pk=feed.pk).update(due_at=now)
        choice = "new" if product_id is None else "title"
        audit.record("article.match", feed, by=by, shop_id=feed.shop_id, sku=sku, product=product.pk, choice=choice)
    return product


def _new_title(feed: Feed, record: SourceRecord) -> Product:
    product, _made = Product.objects.get_or_create(
        code=candidates.own_code(feed.shop_id, record.sku),
        defaults={
            "title": record.title[:PRODUCT_TITLE_LENGTH],
            "slug": slug(record.title),
            "product_class_id": matching.product_classes()[False],
        },
    )
    return moves.instead_of(product)


def _sell(feed: Feed, record: SourceRecord, product: Product) -> None:
    """As the shop last described it. Its number has the age that it had then; the next reading of the feed, which is
    due, makes it as young as the list. What the last list lacked is not sold until one has it again; nor is an article
    whose price is too far from the others': the next reading keeps it back and says so."""
    ours = network.current().currency
    priced = record.price_minor is not None and record.currency == ours and record.price_kind != PriceKind.NET
    if priced and banding.is_out_of_band(feed, record, product.pk):
        priced = False
        SourceRecord.objects.filter(feed=feed, sku=record.sku).update(price_minor=None)
    stock_record, made = StockRecord.objects.get_or_create(
        partner=feed.shop.partner,
        partner_sku=record.sku,
        defaults={
            "product": product,
            "price_currency": ours,
            "price": to_decimal(record.price_minor, ours) if priced and record.price_minor is not None else None,
            "num_in_stock": record.quantity,
        },
    )
    if not made:
        return
    values: dict[str, Any] = {"condition": record.condition, "price_kind": record.price_kind}
    known = record.as_of is not None and not record.missed
    StockTerms.objects.create(
        stock_record=stock_record,
        availability=record.availability if known else Availability.UNKNOWN,
        as_of=record.as_of,
        follows_runs=False,
        **values,
    )
