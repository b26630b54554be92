"""Undo a run: prices, matches, conditions and facts as its journal kept them, its last slice first.

An article that a later run (or another feed of the shop) has changed since is left as it is, and listed. Quantities
are not put back: what a number absorbed stays absorbed, so these articles are not for sale until the next number
(DESIGN §5). Killed in between, it is asked for again and goes on with the slices that are left.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import translation
from django.utils.translation import gettext as _

from catalog_sync import journal, lanes, merging, pricing, runs
from catalog_sync.models import Feed, JournalPart, RecordIssue, StockLane, SyncRun
from catalog_sync.reasons import reason
from catalog_sync.titles import facts, moves
from marketplace.catalogue import changes, folding
from marketplace.foundation import audit, bulk, network
from marketplace.foundation.failpoints import failpoint
from marketplace.foundation.money import exponent
from shops import absorbing

State = SyncRun.State
UNDO = "sync_undo"
_COLUMNS = {
    "sku": "text",
    "known": "boolean",
    "product_id": "bigint",
    "gtin": "bigint",
    "title": "text",
    "price_minor": "bigint",
    "currency": "text",
    "price_kind": "text",
    "condition": "text",
    "facts_hash": "bigint",
    "facts": "json",
    "retired_at": "moment",
    "missed": "integer",
    "changed_run_id": "bigint",
    "stock_record_id": "bigint",
    "old_product_id": "bigint",
    "old_price": "text",
    "old_currency": "text",
    "terms_condition": "text",
    "terms_signed": "boolean",
    "terms_first_edition": "boolean",
    "terms_price_kind": "text",
    "terms_retired_at": "moment",
    "counted": "boolean",
    "is_free": "boolean",
}


class UndoError(Exception):
    """It cannot be undone; the message tells the person why."""


def can_be_undone(run: SyncRun) -> bool:
    is_there = run.lane in lanes.lanes_of(run.feed)  # its lane may have been given up
    return run.state in (State.DONE, State.FAILED) and run.undoes_id is None and is_there and run.journal.exists()


def undo(run: SyncRun, *, by: object, now: datetime) -> SyncRun:
    """Put back what the run changed. Returns the run of the undoing: `changed` articles put back, `refused` ones left
    and listed. Raises `UndoError`, and `runs.AlreadyRunningError` while the feed is read."""
    if not can_be_undone(run):
        raise UndoError(_why_not(run))
    feed = run.feed
    this = runs.begin(feed, now=now, lane=run.lane, undoes=run)
    try:
        for part_id in list(run.journal.order_by("-number").values_list("pk", flat=True)):
            with transaction.atomic():
                runs.beat(this)
                _put_back(this, run, JournalPart.objects.get(pk=part_id), now)
                failpoint("sync.before_commit")
            failpoint("sync.after_commit")
        with transaction.atomic():
            SyncRun.objects.filter(pk=run.pk).update(state=State.UNDONE)
            _read_again_from(feed, run)
            audit.record("sync_run.undo", run, by=by, shop_id=feed.shop_id, feed=feed.name, articles=this.changed)
            runs.close(this, State.DONE, notes=[reason("undo_done", count=this.changed, left=this.refused)])
    except runs.TakenOverError:
        raise
    except Exception:
        runs.close(this, State.FAILED, notes=[reason("run_interrupted")])
        raise
    return this


def _why_not(run: SyncRun) -> str:
    if run.state == State.UNDONE:
        return _("This reading is undone already.")
    return _("There is nothing to undo: this reading changed nothing, or it is too old.")


def _read_again_from(feed: Feed, run: SyncRun) -> None:
    """The feed's next reading looks at every article again, and a list of changes begins where this one began."""
    StockLane.objects.filter(feed=feed).update(content_hash="")
    Feed.objects.filter(pk=feed.pk).update(content_hash="")
    done = SyncRun.objects.filter(feed=feed, lane=run.lane, state=State.DONE, undoes=None, pushed=False)
    if not done.filter(pk__gt=run.pk).exists():
        row = lanes.row_of(feed, run.lane)
        type(row)._default_manager.filter(pk=row.pk).update(cursor=run.cursor_before)


def _put_back(this: SyncRun, run: SyncRun, part: JournalPart, now: datetime) -> None:
    """One slice, in one transaction; its part of the journal goes with it."""
    words = _words(run, now)
    moves.share_lock()
    bulk.create_temporary(UNDO, _COLUMNS, key="sku")
    bulk.load(UNDO, list(_COLUMNS), map(_row, journal.read(part)))
    for statement in _SINCE_MOVED:
        bulk.execute(statement)
    bulk.analyse(UNDO, "sku", "stock_record_id")
    if bulk.is_postgres():
        bulk.rows(_LOCK, words)
    if ruled := pricing.has_any(run.feed.shop):
        pricing.take_off(run.feed.shop.partner_id, _SKUS, {})
    _execute(_SET_FREE, words)
    concerned = [product_id for (product_id,) in bulk.rows(_PRODUCTS, words) if product_id is not None]
    for statement in (_RECORDS, _NEW_RECORDS, _STOCK_RECORDS, _TERMS, _NEW_TERMS):
        _execute(statement, words)
    counted = bulk.rows(f"SELECT stock_record_id FROM {UNDO} WHERE is_free AND counted AND stock_record_id IS NOT NULL")
    absorbing.distrust([stock_record_id for (stock_record_id,) in counted])
    facts.refold(concerned, now=now)
    if ruled:
        pricing.lay_over(run.feed.shop, _SKUS, {}, now=now)
    among, ids = bulk.among(concerned)
    folding.forget([product_id for (product_id,) in bulk.rows(_ORPHANS.format(among=among), words | ids)])
    changes.mark(concerned)
    free, left = bulk.rows(f"SELECT sum(CASE WHEN is_free THEN 1 ELSE 0 END), count(*) FROM {UNDO}")[0]
    this.read, this.changed, this.refused = this.read + left, this.changed + free, this.refused + left - free
    this.save(update_fields=["read", "changed", "refused"])
    if left - free:
        _list(this)
    bulk.drop_temporary(UNDO)
    part.delete()


def _list(this: SyncRun) -> None:
    with translation.override(this.feed.shop.language):
        why = reason("undo_changed_since")
        RecordIssue.objects.bulk_create(
            RecordIssue(run=this, kind=RecordIssue.Kind.REFUSED, code=why.code, sku=sku, text=why.words())
            for (sku,) in bulk.rows(f"SELECT sku FROM {UNDO} WHERE NOT is_free ORDER BY sku")
        )


def _row(kept: tuple[str, Any, Any, dict[str, Any], bool]) -> tuple[Any, ...]:
    sku, record, stock, terms, counted = kept
    before, shelf = record or {}, stock or {}
    found = before.get("facts")
    return (
        sku,
        record is not None,
        *(
            before.get(name)
            for name in journal.RECORD
            if name not in ("facts", "retired_at", "missed", "changed_run_id")
        ),
        found if found is None or isinstance(found, str) else journal.encode(found),
        before.get("retired_at"),
        before.get("missed", 0),
        before.get("changed_run_id"),
        shelf.get("id"),
        shelf.get("product_id"),
        shelf.get("price"),
        shelf.get("price_currency"),
        terms.get("condition", "new"),
        bool(terms.get("signed", False)),
        bool(terms.get("first_edition", False)),
        terms.get("price_kind", "retail"),
        terms.get("retired_at"),
        counted,
        False,
    )


def _words(run: SyncRun, now: datetime) -> dict[str, Any]:
    currency = network.current().currency
    return {
        "feed": run.feed_id,
        "partner": run.feed.shop.partner_id,
        "undone": run.pk,
        "now": bulk.moment(now),
        "currency": currency,
        "minor": 10 ** exponent(currency),
        "shop_as_of": bulk.moment(run.feed.shop.complete_as_of),
    }


def _execute(statement: str, words: dict[str, Any]) -> int:
    return bulk.execute(statement.format(**merging.words_of(connection.vendor)), words)


# Titles that a person has joined since lead to the kept one; an article that was parted stays where it is.
_SINCE_MOVED = (
    *(
        f"UPDATE {UNDO} SET {column} = d.product_id FROM titles_productredirect d WHERE d.old_id = {UNDO}.{column}"
        for column in ("product_id", "old_product_id")
    ),
    f"UPDATE {UNDO} SET product_id = k.product_id, old_product_id = k.product_id FROM catalog_sync_pinnedarticle n"
    f" JOIN partner_stockrecord k ON k.id = n.stock_record_id WHERE k.id = {UNDO}.stock_record_id",
)

_SKUS = f"SELECT u.sku FROM {UNDO} u"

_LOCK = f"""
SELECT k.id FROM {UNDO} c JOIN partner_stockrecord k ON k.partner_id = %(partner)s AND k.partner_sku = c.sku
ORDER BY k.id FOR NO KEY UPDATE OF k
"""

# What the run wrote last is still so: the article is the run's own, and its price is the one it wrote or the old one.
_SET_FREE = f"""
UPDATE {UNDO} AS u SET is_free = true
FROM catalog_sync_sourcerecord c
LEFT JOIN partner_stockrecord k ON k.partner_id = %(partner)s AND k.partner_sku = c.sku
WHERE c.feed_id = %(feed)s AND c.sku = u.sku AND c.changed_run_id = %(undone)s
    AND (u.stock_record_id IS NULL OR NOT (k.price {{differs}} CAST(u.old_price AS {{number}}))
        OR NOT (k.price {{differs}} {merging.PRICE_SHOWN}))
"""

_PRODUCTS = f"""
SELECT r.product_id FROM {UNDO} u JOIN catalog_sync_sourcerecord r ON r.feed_id = %(feed)s AND r.sku = u.sku
WHERE u.is_free
UNION SELECT u.product_id FROM {UNDO} u WHERE u.is_free
UNION SELECT k.product_id FROM {UNDO} u
JOIN partner_stockrecord k ON k.partner_id = %(partner)s AND k.partner_sku = u.sku WHERE u.is_free
"""

_RECORDS = f"""
UPDATE catalog_sync_sourcerecord AS r SET product_id = u.product_id, gtin = u.gtin, title = u.title,
    facts = COALESCE(u.facts, r.facts), facts_hash = u.facts_hash, price_minor = u.price_minor, currency = u.currency,
    price_kind = u.price_kind, condition = u.condition, retired_at = u.retired_at, missed = u.missed,
    changed_run_id = u.changed_run_id, offer_hash = {merging.DIRTY}, stock_hash = {merging.DIRTY}
FROM {UNDO} u WHERE r.feed_id = %(feed)s AND r.sku = u.sku AND u.is_free AND u.known
"""

_NEW_RECORDS = f"""
DELETE FROM catalog_sync_sourcerecord
WHERE feed_id = %(feed)s AND sku IN (SELECT u.sku FROM {UNDO} u WHERE u.is_free AND NOT u.known)
"""

_STOCK_RECORDS = f"""
UPDATE partner_stockrecord AS k SET product_id = u.old_product_id, price = CAST(u.old_price AS {{number}}),
    price_currency = u.old_currency, date_updated = %(now)s
FROM {UNDO} u WHERE k.id = u.stock_record_id AND u.is_free
    AND (k.product_id <> u.old_product_id OR k.price {{differs}} CAST(u.old_price AS {{number}}))
"""

_TERMS = f"""
UPDATE shops_stockterms AS t SET condition = u.terms_condition, signed = u.terms_signed,
    first_edition = u.terms_first_edition, price_kind = u.terms_price_kind, retired_at = u.terms_retired_at,
    note = CASE WHEN u.facts IS NULL THEN t.note ELSE COALESCE(u.facts ->> 'note', '') END,
    photo = CASE WHEN u.facts IS NULL THEN t.photo ELSE COALESCE(u.facts ->> 'photo', '') END
FROM {UNDO} u WHERE t.stock_record_id = u.stock_record_id AND u.is_free
"""

# What the run put on sale is taken off again; the record stays, since orders and baskets may name it.
_NEW_TERMS = merging.retire(UNDO, "c.is_free AND c.stock_record_id IS NULL")

# Titles that nothing speaks of any more.
_ORPHANS = """
SELECT p.id FROM catalogue_product p WHERE p.id {among}
    AND NOT EXISTS (SELECT 1 FROM catalog_sync_sourcerecord r WHERE r.product_id = p.id)
    AND NOT EXISTS (SELECT 1 FROM partner_stockrecord k WHERE k.product_id = p.id AND k.partner_id <> %(partner)s)
"""
