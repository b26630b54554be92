"""What a shop typed and a list of it brings now are the same copies: the list, read anew as the till counts, sells them
from then on, and the typed article is taken off, whichever of the two came later.

Done within the slice that puts the later one on sale: in a transaction of its own afterwards, what is promised of the
typed copies would be sold once more as the list's until then, for ever where the process dies. Asked again after each
run, for what no slice wrote."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from oscar.apps.partner.models import StockRecord

from catalog_sync import promises
from catalog_sync.banding import PLAN
from catalog_sync.doors import own_pushes, taking_off
from catalog_sync.models import TYPED, Feed, OwnArticle, SourceRecord
from marketplace.foundation import audit, bulk
from marketplace.foundation.failpoints import failpoint
from shops import absorbing, moving_promises, stock, withholding
from shops.models import Condition, Shop

_WHO = "system"
_SLICE = "c.n BETWEEN %(low)s AND %(high)s"
_SKUS = f"SELECT c.sku FROM {PLAN} c WHERE {_SLICE} ORDER BY c.sku"
# What a push says of an article is not all that is known of it.
_GTINS = f"""
SELECT DISTINCT COALESCE(c.gtin, c.old_gtin) FROM {PLAN} c
WHERE {_SLICE} AND COALESCE(c.gtin, c.old_gtin) {{among}}
"""
_LOCK_OFFERS = f"""
SELECT k.id FROM partner_stockrecord k WHERE k.id IN (
    SELECT c.stock_record_id FROM {PLAN} c WHERE {_SLICE} AND c.stock_record_id IS NOT NULL
    UNION SELECT o.id FROM partner_stockrecord o JOIN partner_stockrecord t ON t.product_id = o.product_id
    WHERE o.partner_id = %(partner)s AND t.partner_id = %(partner)s AND t.partner_sku {{among}}
    UNION SELECT o.id FROM partner_stockrecord o JOIN {PLAN} c ON c.product_id = o.product_id
    WHERE o.partner_id = %(partner)s AND {_SLICE} AND c.sku {{among}})
ORDER BY k.id FOR NO KEY UPDATE
"""


def listed(shop_id: int) -> QuerySet[SourceRecord]:
    """New articles that the lists of a shop bring, be there a copy of them or not."""
    lists = SourceRecord.objects.filter(feed__shop=shop_id, feed__active=True, retired_at=None, gtin__isnull=False)
    return lists.filter(condition=Condition.NEW).exclude(feed__kind=TYPED)


def lock(feed: Feed, words: Mapping[str, Any]) -> list[str]:
    """At the beginning of a slice of a run: the numbers of typed articles that it may bring together with a list's.
    From then on nobody changes them, nor the orders with copies of them, nor types others; `words` are the slice's."""
    if found := _planned(feed, words):
        moving_promises.lock_orders(_offers(feed.shop, found))
    promises.lock_feeds(feed.shop_id)  # before that, others may have been typed
    found = _planned(feed, words)
    own = OwnArticle.objects.filter(feed__in=_typed_feeds(feed.shop_id), sku__in=found).order_by("pk")
    if found:
        list(own.select_for_update().values_list("pk"))
    return found


def lock_offers(found: Sequence[str], words: Mapping[str, Any]) -> None:
    """The stock records of a slice and of what `lock` found, in one order of key."""
    if bulk.is_postgres():
        among, skus = bulk.among(found, "typed")
        bulk.rows(_LOCK_OFFERS.format(among=among), {**words, **skus})


def follow(shop: Shop, found: Sequence[str], *, now: datetime) -> int:
    """At the end of a slice, of what `lock` found: as `give_way`, in the same transaction."""
    return sum(_hand_on(shop, feed, twice, now) for feed in _typed_feeds(shop.pk) if (twice := _twice(feed, found)))


def give_way(shop: Shop, *, now: datetime) -> int:
    """Take what was typed and is listed off the typed ones. What is promised of them is promised of the list's
    from then on; what left within the booking lag is kept back of its number. Returns how many articles."""
    return sum(_give_way(shop, feed, now) for feed in _typed_feeds(shop.pk))


def _planned(feed: Feed, words: Mapping[str, Any]) -> list[str]:
    """Of a list what has a number that it says; of typed articles all, where there is a list."""
    if feed.kind == TYPED:
        lists = Feed.objects.filter(shop=feed.shop_id, active=True).exclude(kind=TYPED)
        return [sku for (sku,) in bulk.rows(_SKUS, words)] if lists.exists() else []
    typed = SourceRecord.objects.filter(feed__in=_typed_feeds(feed.shop_id), retired_at=None, gtin__isnull=False)
    gtins = dict(typed.filter(condition=Condition.NEW).order_by("sku").values_list("sku", "gtin"))
    if not gtins:
        return []
    among, wanted = bulk.among({gtin for gtin in gtins.values() if gtin}, "typed")
    planned = {gtin for (gtin,) in bulk.rows(_GTINS.format(among=among), {**words, **wanted})}
    return [sku for sku, gtin in gtins.items() if gtin in planned]


def _typed_feeds(shop_id: int) -> list[Feed]:
    return list(Feed.objects.filter(shop=shop_id, kind=TYPED))


def _give_way(shop: Shop, feed: Feed, now: datetime) -> int:
    if not (twice := _twice(feed)):
        return 0
    with transaction.atomic():
        moving_promises.lock_orders(_offers(shop, twice))
        promises.lock_feeds(shop.pk)
        done = _hand_on(shop, feed, twice, now)
        failpoint("sync.before_commit")
    failpoint("sync.after_commit")
    return done


def _hand_on(shop: Shop, feed: Feed, twice: Collection[str], now: datetime) -> int:
    """With the orders and feeds locked."""
    rows = OwnArticle.objects.filter(feed=feed, condition=Condition.NEW, sku__in=twice).order_by("pk")
    articles = {each.sku: each.gtin for each in rows.select_for_update()}
    offers = _offers(shop, twice)
    pairs = [pair for sku, gtin in articles.items() if (pair := _typed_and_listed(shop, sku, gtin))]
    with stock.locked([*offers, *(record.pk for pair in pairs for record in pair)], now=now):
        absorbing.distrust(offers)
        for old, new in pairs:
            _keep_back(shop, old, new, now)
        taking_off.sell_again(shop, list(articles), by=_WHO, now=now)  # the list says now how many there are
    rows.filter(sku__in=articles).delete()
    if articles:
        own_pushes.accept(feed, [], list(articles), as_of=now, now=now)
        audit.record("own_article.listed", feed, by=_WHO, shop_id=shop.pk, skus=list(articles)[:100])
    return len(articles)


def _twice(feed: Feed, among: Sequence[str] | None = None) -> list[str]:
    """What of a typed feed (`among`: of these) a list sells too. Found by its title: of numbers alone there is no
    index."""
    same = listed(feed.shop_id).filter(product_id=OuterRef("product_id"), gtin=OuterRef("gtin"))
    typed = SourceRecord.objects.filter(feed=feed, retired_at=None, condition=Condition.NEW, product_id__isnull=False)
    if among is not None:
        typed = typed.filter(sku__in=among)
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
    lag = absorbing.rung_up_lag(shop)
    left = moving_promises.left_since(old.pk, since=now - lag)
    being_paid = moving_promises.move(old.pk, new.pk, lag=lag, now=now)
    withholding.withhold(new, being_paid, now=now, by=_WHO)
    for units, at in left:
        withholding.withhold(new, units, now=now, by=_WHO, reflected_at=at + lag)
