"""What a shop typed and a list of it brings now are the same copies: the list, read anew as the till counts, sells them
from then on, and the typed article is taken off. Asked after each run of the shop, whichever of the two came later."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from oscar.apps.partner.models import StockRecord

from catalog_sync import promises
from catalog_sync.banding import APPLY, PLAN
from catalog_sync.doors import own_pushes
from catalog_sync.models import TYPED, Feed, OwnArticle, SourceRecord
from marketplace.foundation import audit, bulk
from marketplace.foundation.failpoints import failpoint
from shops import absorbing, moving_promises, stock, withholding
from shops.models import Condition, Shop

_WHO = "system"


def listed(shop_id: int) -> QuerySet[SourceRecord]:
    """New articles that the lists of a shop bring, be there a copy of them or not."""
    lists = SourceRecord.objects.filter(feed__shop=shop_id, feed__active=True, retired_at=None, gtin__isnull=False)
    return lists.filter(condition=Condition.NEW).exclude(feed__kind=TYPED)


def announce(feed: Feed) -> int:
    """Before the plan of a list is applied: what of it was typed is not sold any more, so that at no moment both are.
    Returns how many articles."""
    if feed.kind == TYPED or not (typed := _typed_feeds(feed.shop_id)):
        return 0
    planned = bulk.rows(
        "SELECT DISTINCT k.id FROM catalog_sync_sourcerecord r"
        f" JOIN {PLAN} c ON c.gtin = r.gtin AND c.condition = r.condition AND c.sku <> r.sku"
        " JOIN partner_stockrecord k ON k.partner_id = %(partner)s AND k.partner_sku = r.sku"
        f" WHERE r.feed_id IN ({', '.join(str(each.pk) for each in typed)}) AND r.retired_at IS NULL"
        f" AND r.condition = 'new' AND c.verdict = '{APPLY}'",
        {"partner": feed.shop.partner_id},
    )
    if not planned:
        return 0
    with transaction.atomic():
        promises.lock_feeds(feed.shop_id)
        return absorbing.distrust(pk for (pk,) in planned)


def give_way(shop: Shop, *, now: datetime) -> int:
    """Take what was typed and is listed off the typed ones. What is promised of them is promised of the list's
    from then on; what left within the booking lag is kept back of its number. Returns how many articles."""
    typed = _typed_feeds(shop.pk)
    return sum(_give_way(shop, feed, now) for feed in typed)


def _typed_feeds(shop_id: int) -> list[Feed]:
    return list(Feed.objects.filter(shop=shop_id, kind=TYPED))


def _give_way(shop: Shop, feed: Feed, now: datetime) -> int:
    if not (twice := _twice(shop, feed)):
        return 0
    with transaction.atomic():
        moving_promises.lock_orders(_offers(shop, twice))
        promises.lock_feeds(shop.pk)
        rows = OwnArticle.objects.filter(feed=feed, condition=Condition.NEW, sku__in=twice).order_by("pk")
        articles = {each.sku: each.gtin for each in rows.select_for_update()}
        offers = _offers(shop, twice)
        pairs = [pair for sku, gtin in articles.items() if (pair := _typed_and_listed(shop, sku, gtin))]
        with stock.locked([*offers, *(record.pk for pair in pairs for record in pair)], now=now):
            absorbing.distrust(offers)
            for old, new in pairs:
                _keep_back(shop, old, new, now)
        rows.filter(sku__in=articles).delete()
        if articles:
            own_pushes.accept(feed, [], list(articles), as_of=now, now=now)
            audit.record("own_article.listed", feed, by=_WHO, shop_id=shop.pk, skus=list(articles)[:100])
        failpoint("sync.before_commit")
    failpoint("sync.after_commit")
    return len(articles)


def _twice(shop: Shop, feed: Feed) -> list[str]:
    """What of a typed feed a list sells too. Found by its title: of numbers alone there is no index."""
    same = listed(shop.pk).filter(product_id=OuterRef("product_id"), gtin=OuterRef("gtin"))
    typed = SourceRecord.objects.filter(feed=feed, retired_at=None, condition=Condition.NEW, product_id__isnull=False)
    return list(typed.filter(Exists(same)).order_by("sku").values_list("sku", flat=True))


def _offers(shop: Shop, skus: Collection[str]) -> list[int]:
    """The stock records of typed articles, without those that a list has under the very same number."""
    alone = set(skus) - set(listed(shop.pk).filter(sku__in=skus).values_list("sku", flat=True))
    offers = StockRecord.objects.filter(partner=shop.partner_id, partner_sku__in=alone)
    return list(offers.values_list("pk", flat=True))


def _typed_and_listed(shop: Shop, sku: str, gtin: int | None) -> tuple[StockRecord, StockRecord] | None:
    """The offers of an article, as it was typed and as the list has it; None where it has only one."""
    offers = StockRecord.objects.filter(partner=shop.partner_id)
    if (old := offers.filter(partner_sku=sku).first()) is None:
        return None
    same = listed(shop.pk).filter(gtin=gtin, product_id=old.product_id).order_by("pk").values_list("sku", flat=True)
    new = offers.filter(partner_sku__in=list(same[:1])).first()
    return (old, new) if new is not None and old.pk != new.pk else None


def _keep_back(shop: Shop, old: StockRecord, new: StockRecord, now: datetime) -> None:
    """The list counts copies that are promised as typed ones, and may count yet what has just left as such."""
    lag = timedelta(minutes=shop.booking_lag_minutes)
    left = moving_promises.left_since(old.pk, since=now - lag)
    being_paid = moving_promises.move(old.pk, new.pk, lag=lag, now=now)
    withholding.withhold(new, being_paid, now=now, by=_WHO)
    for units, at in left:
        withholding.withhold(new, units, now=now, by=_WHO, reflected_at=at + lag)
