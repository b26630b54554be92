"""Articles whose number stands for another title than before: a person of the shop says which it is; until then it is
not sold. (What has no number and may be a title we have is the operator's question: `asking`.)"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import QuerySet
from oscar.apps.catalogue.models import Product
from oscar.apps.partner.models import StockRecord

from catalog_sync.identifiers import gtin_text
from catalog_sync.models import Feed, SourceRecord
from catalog_sync.titles import asking, facts, matching, moves
from marketplace.catalogue import changes
from marketplace.catalogue.folding import is_book
from marketplace.catalogue.models import OtherGtin, ProductFacts
from marketplace.catalogue.slugs import slug
from marketplace.foundation import audit
from shops import absorbing
from shops.models import StockTerms

SHOWN = 100


class Choice(StrEnum):
    """It is still the title that it was; the title that has its ISBN or EAN now; a title that we do not have yet."""

    SAME = "same"
    OTHER = "other"
    NEW = "new"


@dataclass(frozen=True)
class Question:
    """`was` and `other` are None where there is no such title."""

    feed: Feed
    sku: str
    title: str
    gtin: int | None
    was: Product | None
    other: Product | None

    @property
    def choices(self) -> list[Choice]:
        """Those that can be chosen."""
        found = [Choice.SAME] if self.was else []
        if self.other:
            return [*found, Choice.OTHER]
        return [*found, Choice.NEW] if self.gtin else found


def open_questions(feeds: Iterable[Feed]) -> list[Question]:
    """At most 100, by article number. Five queries however many there are."""
    by_id = {feed.pk: feed for feed in feeds}
    asked = _asked(by_id).order_by("sku")
    rows = list(asked.values_list("feed_id", "sku", "title", "gtin")[:SHOWN])
    partners = {feed.shop.partner_id for feed in by_id.values()}
    records = StockRecord.objects.filter(partner__in=partners, partner_sku__in=[sku for _feed, sku, *_ in rows])
    was = {(record.partner_id, record.partner_sku): record.product for record in records.select_related("product")}
    gtins = [gtin for *_, gtin in rows if gtin]
    by_gtin: dict[int | None, Product] = {}
    for numbered in (OtherGtin, ProductFacts):  # its own number counts before one that came with a joined title
        found = numbered.objects.filter(gtin__in=gtins).select_related("product")
        by_gtin |= {row.gtin: row.product for row in found}
    return [
        Question(
            feed=by_id[feed_id],
            sku=sku,
            title=title,
            gtin=gtin,
            was=was.get((by_id[feed_id].shop.partner_id, sku)),
            other=by_gtin.get(gtin),
        )
        for feed_id, sku, title, gtin in rows
    ]


def count(feeds: Iterable[Feed]) -> int:
    return _asked(list(feeds)).count()


def _asked(feeds: Iterable[Feed | int]) -> QuerySet[SourceRecord]:
    asked = SourceRecord.objects.filter(feed__in=feeds, product_id=None, retired_at=None)
    return asked.exclude(asking.is_about_likeness())


def answer(feed: Feed, sku: str, choice: Choice, *, by: AbstractBaseUser, now: datetime) -> bool:
    """What a person says; the feed is read again at once, whole, and sells the article as that title. False: nobody
    asks any more, or this cannot be chosen."""
    with transaction.atomic():
        moves.share_lock()
        question = next((one for one in open_questions([feed]) if one.sku == sku), None)
        if question is None or choice not in question.choices:
            return False
        product = {Choice.SAME: question.was, Choice.OTHER: question.other}.get(choice) or _new_title(question)
        if not matching.answer(feed, sku, product_id=product.pk):
            return False
        _bring_back(feed, sku, product, now=now)
        Feed.objects.filter(pk=feed.pk).update(due_at=now)
        audit.record("article.match", feed, by=by, shop_id=feed.shop_id, sku=sku, product=product.pk, choice=choice)
    return True


def _bring_back(feed: Feed, sku: str, product: Product, *, now: datetime) -> None:
    """The offer that the question took off sale is that title's at once, without a trusted number: the next one sells
    it. What it cost as another title is not its price."""
    offers = StockRecord.objects.filter(partner=feed.shop.partner, partner_sku=sku, terms__retired_at__isnull=False)
    offer = offers.first()
    if offer is None:
        return
    absorbing.distrust([offer.pk])
    StockTerms.objects.filter(stock_record=offer).update(retired_at=None)
    if offer.product_id != product.pk:
        StockRecord.objects.filter(pk=offer.pk).update(product=product, price=None)
        StockTerms.objects.filter(stock_record=offer).update(listed_price=None)
        SourceRecord.objects.filter(feed=feed, sku=sku).update(price_minor=None)
    facts.refold([offer.product_id, product.pk], now=now)
    changes.mark([offer.product_id, product.pk])


def _new_title(question: Question) -> Product:
    """A title with the article's ISBN or EAN; its facts come with the next reading."""
    assert question.gtin is not None  # `choices`
    title = question.title or gtin_text(question.gtin)
    product, _made = Product.objects.get_or_create(
        upc=gtin_text(question.gtin),
        defaults={
            "title": title[:255],
            "slug": slug(title),
            "product_class_id": matching.product_classes()[is_book(question.gtin)],
        },
    )
    return moves.instead_of(product)
