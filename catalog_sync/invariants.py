"""What must always be true of what feeds have written; each function returns its violations as short texts."""

from __future__ import annotations

from collections.abc import Callable

from catalog_sync.models import Feed, SyncRun
from marketplace.foundation import bulk

SHOWN = 100


def records_without_stock_record() -> list[str]:
    """An article that is matched and not retired is one stock record of its shop, for the product it is matched to."""
    lost = bulk.rows(
        "SELECT g.name, r.sku FROM catalog_sync_sourcerecord r JOIN catalog_sync_feed g ON g.id = r.feed_id"
        " JOIN shops_shop s ON s.id = g.shop_id"
        " JOIN catalogue_product p ON p.id = r.product_id"
        " LEFT JOIN partner_stockrecord k ON k.partner_id = s.partner_id AND k.partner_sku = r.sku"
        f" WHERE r.retired_at IS NULL AND k.id IS NULL LIMIT {SHOWN}"
    )
    return [f"Article {sku} of {name} has no stock record." for name, sku in lost]


def facts_with_another_gtin() -> list[str]:
    """The GTIN of the facts is Oscar's upc, as a number."""
    wrong = bulk.rows(
        "SELECT p.id, p.upc, f.gtin FROM catalogue_product p JOIN titles_productfacts f ON f.product_id = p.id"
        f" WHERE f.gtin IS NOT NULL AND p.upc IS NOT NULL AND CAST(p.upc AS bigint) <> f.gtin LIMIT {SHOWN}"
    )
    return [f"Product {product_id} is {upc} to Oscar and {gtin} in its facts." for product_id, upc, gtin in wrong]


def feeds_ahead_of_their_runs() -> list[str]:
    """A feed remembers only the content of a list that was applied whole."""
    found = []
    for feed in Feed.objects.exclude(content_hash=""):
        applied = SyncRun.objects.filter(
            feed=feed, state=SyncRun.State.DONE, complete=True, content_hash=feed.content_hash
        )
        if not applied.exists():
            found.append(f"Feed {feed.name} remembers a list that no run has applied.")
    return found


INVARIANTS: dict[str, Callable[[], list[str]]] = {
    "feeds: every article is a stock record": records_without_stock_record,
    "feeds: one GTIN per product": facts_with_another_gtin,
    "feeds: only applied lists are remembered": feeds_ahead_of_their_runs,
}
