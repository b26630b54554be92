"""What a shop typed and took off its list while copies of it were promised: it stays listed with those, and all of them
are kept for the counter. Else a copy whose promise ends unsold would be for sale again though the shop has none.

Until somebody says that there are more, or a list brings the article."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from oscar.apps.partner.models import StockRecord

from catalog_sync.models import TYPED, OwnArticle
from shops import buffers
from shops.models import Shop


def keep_all(article: OwnArticle, records: Iterable[StockRecord], *, by: object, now: datetime) -> None:
    """Of an article, and its stock records, that are locked."""
    OwnArticle.objects.filter(pk=article.pk).update(taken_off_at=now)
    for record in records:
        # Until the number is applied to which it went down, that of before counts.
        kept = max(article.units, record.num_in_stock or 0)
        buffers.keep_of_article(record, kept, by=by, now=now)


def sell_again(shop: Shop, skus: Collection[str], *, by: object, now: datetime) -> None:
    """Those of `skus` that were taken off are sold like others, by the shop's rules."""
    articles = OwnArticle.objects.filter(feed__shop=shop, feed__kind=TYPED, sku__in=skus, taken_off_at__isnull=False)
    taken_off = list(articles.values_list("sku", flat=True))
    if not taken_off:
        return
    for record in StockRecord.objects.filter(partner=shop.partner_id, partner_sku__in=taken_off).order_by("pk"):
        buffers.keep_of_article(record, None, by=by, now=now)
    articles.update(taken_off_at=None)
