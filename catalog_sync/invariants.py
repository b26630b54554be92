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


def offers_of_another_title() -> list[str]:
    """The title of a stock record is the one that a record of its feeds is matched to."""
    wrong = bulk.rows(
        "SELECT g.name, r.sku, r.product_id, k.product_id FROM catalog_sync_sourcerecord r"
        " JOIN catalog_sync_feed g ON g.id = r.feed_id JOIN shops_shop s ON s.id = g.shop_id"
        " JOIN partner_stockrecord k ON k.partner_id = s.partner_id AND k.partner_sku = r.sku"
        " WHERE r.retired_at IS NULL AND k.product_id <> r.product_id AND NOT EXISTS ("
        " SELECT 1 FROM catalog_sync_sourcerecord o JOIN catalog_sync_feed h ON h.id = o.feed_id"
        f" WHERE h.shop_id = g.shop_id AND o.sku = r.sku AND o.product_id = k.product_id) LIMIT {SHOWN}"
    )
    return [f"Article {sku} of {name} is title {said}, its offer {sold}." for name, sku, said, sold in wrong]


def emptied_titles_in_use() -> list[str]:
    """A title that was joined with another has no offer, no facts and no page, and leads to one that has not moved."""
    used = bulk.rows(
        "SELECT d.old_id FROM titles_productredirect d JOIN catalogue_product p ON p.id = d.old_id WHERE p.is_public"
        " OR EXISTS (SELECT 1 FROM partner_stockrecord k WHERE k.product_id = d.old_id)"
        " OR EXISTS (SELECT 1 FROM catalog_sync_sourcerecord r WHERE r.product_id = d.old_id)"
        " OR EXISTS (SELECT 1 FROM basket_line l WHERE l.product_id = d.old_id)"
        " OR EXISTS (SELECT 1 FROM titles_productfacts f WHERE f.product_id = d.old_id)"
        f" OR EXISTS (SELECT 1 FROM titles_productredirect n WHERE n.old_id = d.product_id) LIMIT {SHOWN}"
    )
    return [f"Title {product_id} was joined with another and is in use." for (product_id,) in used]


def numbers_of_two_titles() -> list[str]:
    """A number that leads to a title beside its own is no other title's own."""
    twice = bulk.rows(
        "SELECT o.gtin, o.product_id, f.product_id FROM titles_othergtin o"
        f" JOIN titles_productfacts f ON f.gtin = o.gtin LIMIT {SHOWN}"
    )
    return [f"{gtin} leads to title {other} and is the number of {own}." for gtin, other, own in twice]


def facts_with_another_gtin() -> list[str]:
    """The GTIN of the facts is Oscar's upc, as a number."""
    wrong = bulk.rows(
        "SELECT p.id, p.upc, f.gtin FROM catalogue_product p JOIN titles_productfacts f ON f.product_id = p.id"
        f" WHERE f.gtin IS NOT NULL AND p.upc IS NOT NULL AND CAST(p.upc AS bigint) <> f.gtin LIMIT {SHOWN}"
    )
    return [f"Product {product_id} is {upc} to Oscar and {gtin} in its facts." for product_id, upc, gtin in wrong]


def copies_on_two_lists() -> list[str]:
    """What a shop typed is not sold beside a list of its that has the same number, new: those are the same copies. Nor
    is it still the shop's own article while the list sells them: what is promised of it is not the list's yet."""
    twice = bulk.rows(
        "SELECT g.name, r.sku, r.gtin FROM catalog_sync_sourcerecord r JOIN catalog_sync_feed g ON g.id = r.feed_id"
        " JOIN shops_shop s ON s.id = g.shop_id"
        " JOIN partner_stockrecord k ON k.partner_id = s.partner_id AND k.partner_sku = r.sku"
        " LEFT JOIN shops_stockterms t ON t.stock_record_id = k.id"
        " LEFT JOIN catalog_sync_ownarticle a ON a.feed_id = r.feed_id AND a.sku = r.sku AND a.condition = 'new'"
        " WHERE g.kind = 'manual' AND r.retired_at IS NULL AND r.condition = 'new'"
        " AND EXISTS (SELECT 1 FROM catalog_sync_sourcerecord o JOIN catalog_sync_feed h ON h.id = o.feed_id"
        " JOIN partner_stockrecord l ON l.partner_id = s.partner_id AND l.partner_sku = o.sku"
        " LEFT JOIN shops_stockterms u ON u.stock_record_id = l.id"
        " WHERE h.shop_id = g.shop_id AND h.kind <> 'manual' AND h.active AND o.gtin = r.gtin AND o.sku <> r.sku"
        " AND o.condition = 'new' AND o.retired_at IS NULL AND (COALESCE(t.availability, '') <> 'unknown'"
        f" OR a.id IS NOT NULL AND COALESCE(u.availability, '') <> 'unknown')) LIMIT {SHOWN}"
    )
    return [f"Article {sku} of {name} is sold beside a list that has {gtin} too." for name, sku, gtin in twice]


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
    "feeds: an article and its offer are one title": offers_of_another_title,
    "titles: what was joined stays empty": emptied_titles_in_use,
    "titles: a number leads to one title": numbers_of_two_titles,
    "feeds: one GTIN per product": facts_with_another_gtin,
    "feeds: what is typed is on no other list": copies_on_two_lists,
    "feeds: only applied lists are remembered": feeds_ahead_of_their_runs,
}
