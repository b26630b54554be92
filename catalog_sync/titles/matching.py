"""Which product an article is: by GTIN, by the shop's own earlier record, else by how alike it is, else a new one.

The plan's statement has found the known ones, and `candidates` those that are alike or are a question. What is left of
a slice is made here, in bulk.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from oscar.apps.catalogue.models import ProductClass

from catalog_sync.banding import APPLY, PLAN
from catalog_sync.hashing import DIRTY
from catalog_sync.identifiers import gtin_text
from catalog_sync.models import Feed, SourceRecord
from catalog_sync.staging import PRICE
from catalog_sync.titles import looking_up, moderation
from catalog_sync.titles.candidates import QUESTION, own_code
from marketplace.catalogue.folding import is_book
from marketplace.catalogue.slugs import slug
from marketplace.foundation import bulk

_NEW = "sync_new"
_TITLE_LENGTH = 255  # Oscar's column
_COLUMNS = {
    "n": "bigint",
    "upc": "text",
    "code": "text",
    "title": "text",
    "slug": "text",
    "product_class_id": "bigint",
    "first": "boolean",
}


def product_classes() -> dict[bool, int]:
    """Ids of Oscar's two product types: {is it a book: id}."""
    made = {
        True: ProductClass.objects.get_or_create(slug="book", defaults={"name": "Book"})[0],
        False: ProductClass.objects.get_or_create(slug="goods", defaults={"name": "Goods"})[0],
    }
    return {book: row.pk for book, row in made.items()}


def create_products(feed: Feed, low: int, high: int, *, now: datetime) -> int:
    """Make the products that a slice of the plan still lacks, and write their ids into it. Returns how many were made.

    A GTIN is Oscar's `upc`. A title without one has as its `code` the shop that brought it, and the SKU: of several
    articles that are that title, of the first.
    """
    _adopt_gtins(low, high)
    lacking = bulk.rows(
        f"SELECT n, sku, gtin, title, like_sku FROM {PLAN}"
        " WHERE n BETWEEN %s AND %s AND product_id IS NULL AND verdict = %s ORDER BY gtin, n",
        [low, high, APPLY],
    )
    if not lacking:
        return 0
    classes = product_classes()
    bulk.create_temporary(_NEW, _COLUMNS)
    bulk.load(_NEW, list(_COLUMNS), _new_rows(feed, lacking, classes))
    when = bulk.moment(now)
    made = bulk.execute(_INSERT, {"now": when})
    for key in ("upc", "code"):
        bulk.execute(_FOUND.format(key=key), [low, high])
    bulk.drop_temporary(_NEW)
    if untitled := [n for n, _sku, gtin, title, *_ in lacking if gtin is not None and not title]:
        looking_up.want(_products(untitled), now)
    if moderation.is_new(feed.shop, now=now):
        brought = _products([n for n, _sku, gtin, *_ in lacking if gtin is None])
        moderation.first_brought(brought, feed.shop, now=now)
    return made


def _products(numbers: list[int]) -> set[int]:
    """What rows of the plan were matched to."""
    among, these = bulk.among(numbers)
    return {product_id for (product_id,) in bulk.rows(f"SELECT product_id FROM {PLAN} WHERE n {among}", these)}


def _new_rows(feed: Feed, lacking: list[tuple], classes: dict[bool, int]) -> list[tuple]:
    rows, seen = [], set()
    for n, sku, gtin, title, like_sku in lacking:
        upc = gtin_text(gtin) if gtin else None
        code = None if upc else own_code(feed.shop_id, like_sku or sku)
        title = (title or upc or sku)[:_TITLE_LENGTH]
        key = upc or code
        rows.append((n, upc, code, title, slug(title), classes[is_book(gtin)], key not in seen))
        seen.add(key)
    return rows


_INSERT = f"""
INSERT INTO catalogue_product (structure, is_public, upc, code, title, slug, description, meta_title, meta_description,
    priority, product_class_id, is_discountable, date_created, date_updated)
SELECT 'standalone', true, upc, code, title, slug, '', NULL, NULL, 0, product_class_id, true, %(now)s, %(now)s
FROM {_NEW} WHERE first ORDER BY upc, code
ON CONFLICT DO NOTHING
"""


_FOUND = f"""
UPDATE {PLAN} SET product_id = COALESCE(d.product_id, p.id)
FROM {_NEW} x JOIN catalogue_product p ON p.{{key}} = x.{{key}} LEFT JOIN titles_productredirect d ON d.old_id = p.id
WHERE x.n = {PLAN}.n AND x.{{key}} IS NOT NULL AND {PLAN}.n BETWEEN %s AND %s AND {PLAN}.product_id IS NULL
"""


def _adopt_gtins(low: int, high: int) -> None:
    """An article that its shop has given a GTIN at last: its product gets it, where no other product has it. Of several
    articles that were one title and gain different numbers, the first keeps the title."""
    # CROSS JOIN: else SQLite goes through every product without a GTIN for each slice.
    gained = bulk.rows(
        f"SELECT min(c.product_id), c.gtin FROM {PLAN} c CROSS JOIN catalogue_product p WHERE p.id = c.product_id"
        f" AND c.n BETWEEN %s AND %s AND c.verdict = %s AND c.gtin IS NOT NULL AND p.upc IS NULL GROUP BY c.gtin",
        [low, high, APPLY],
    )
    for product_id, gtin in gained:
        adopted = bulk.execute(
            "UPDATE catalogue_product SET upc = %(upc)s WHERE id = %(id)s AND upc IS NULL"
            " AND NOT EXISTS (SELECT 1 FROM catalogue_product o WHERE o.upc = %(upc)s)"
            " AND NOT EXISTS (SELECT 1 FROM titles_othergtin o WHERE o.gtin = %(gtin)s)",
            {"id": product_id, "upc": gtin_text(gtin), "gtin": gtin},
        )
        if not adopted:
            bulk.execute(
                f"UPDATE {PLAN} SET product_id = NULL WHERE n BETWEEN %s AND %s AND product_id = %s AND gtin = %s"
                " AND old_gtin IS NULL AND NOT is_new AND NOT EXISTS ("
                f"SELECT 1 FROM catalog_sync_pinnedarticle a WHERE a.stock_record_id = {PLAN}.stock_record_id)",
                [low, high, product_id, gtin],
            )


def follow_answers(words: dict[str, Any]) -> int:
    """What a person has answered since the plan was made, put into a slice of it: at the price that the answer sells
    at, until the list is compared with it. An answer about another number than the list has now is asked for anew. The
    records are locked: who answers meanwhile waits for the slice. Returns how many were answered."""
    if bulk.is_postgres():
        bulk.rows(_LOCK_ASKED, words)
    return bulk.execute(_ANSWERED, words)


_ASKED = f"{PLAN}.was_asked AND {PLAN}.n BETWEEN %(low)s AND %(high)s AND r.feed_id = %(feed)s AND r.sku = {PLAN}.sku"
_LOCK_ASKED = f"SELECT r.sku FROM catalog_sync_sourcerecord r, {PLAN} WHERE {_ASKED} ORDER BY r.sku FOR UPDATE OF r"
_ANSWERED = f"""
UPDATE {PLAN} SET stock_record_id = k.id, old_product_id = k.product_id, verdict = '{APPLY}',
    product_id = CASE WHEN verdict = '{APPLY}' THEN {PLAN}.product_id ELSE r.product_id END,
    parts = CASE WHEN verdict = '{APPLY}' THEN parts ELSE parts & ~{PRICE} END,
    offer_hash = CASE WHEN verdict = '{APPLY}' THEN {PLAN}.offer_hash ELSE {DIRTY} END
FROM catalog_sync_sourcerecord r
LEFT JOIN partner_stockrecord k ON k.partner_id = %(partner)s AND k.partner_sku = r.sku
WHERE {_ASKED} AND r.product_id IS NOT NULL
    AND (verdict = '{APPLY}' OR verdict = '{QUESTION}' AND ({PLAN}.gtin IS NULL OR {PLAN}.gtin = r.gtin))
"""


def answer(feed: Feed, sku: str, *, product_id: int) -> bool:
    """A person says which product an article is; applied when the feed is read next, whole: a list of changes does not
    say again what was asked. False: nobody asked."""
    with transaction.atomic():
        asked = SourceRecord.objects.filter(feed=feed, sku=sku, product_id=None)
        if not asked.update(product_id=product_id, offer_hash=DIRTY, stock_hash=DIRTY, facts_hash=DIRTY):
            return False
        Feed.objects.filter(pk=feed.pk).update(content_hash="", full_at=None)
        return True
