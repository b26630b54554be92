"""The plan into the stock records: slice by slice in SKU order, a short transaction each, a statement per target.

Whatever is written is written only where it differs. A slice's products, records, prices, numbers, absorbed units,
facts and marks for the index belong together; so a run that is killed starts over and ends the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from catalog_sync import journal, merging, pricing, promises
from catalog_sync.banding import APPLY, PLAN
from catalog_sync.doors import giving_way
from catalog_sync.lanes import is_beside, number_lane
from catalog_sync.models import Feed, ReadRow, StockLane, SyncRun
from catalog_sync.planning import GONE, QUESTION, Plan
from catalog_sync.staging import Staged
from catalog_sync.titles import facts, matching, moves, sources
from marketplace.catalogue import changes
from marketplace.foundation import bulk, network
from marketplace.foundation.failpoints import failpoint
from marketplace.foundation.money import exponent
from shops import absorbing

LOCK_SECONDS = 0.15  # aimed at; the write lock is to be held for 0.2 s at most
NEW_SECONDS = 1.0  # where PostgreSQL locks nothing but rows that nobody else can see yet
_SKUS = f"SELECT c.sku FROM {PLAN} c WHERE c.n BETWEEN %(low)s AND %(high)s"  # of a slice
FIRST_SLICE, SMALLEST, LARGEST = 1000, 500, 20_000


def apply(
    row: ReadRow,
    run: SyncRun,
    plan: Plan,
    staged: Staged,
    *,
    vouched: bool,
    vouches: bool,
    now: datetime,
    alive: Callable[[], None],
) -> int:
    """Write what differs; `row` is that of the run's lane. `vouched`, `vouches`: what the feed lists followed its
    shop's runs before, and does from now on. `alive` is called in each transaction; it raises where the run was taken
    over. Returns the number of rows written."""
    words = _words(row, run, staged, now, vouches=vouches)
    words["shop_as_of"] = bulk.moment(run.feed.shop.complete_as_of) if vouched else None
    written = 0
    seconds = NEW_SECONDS if bulk.is_postgres() and not plan.planned_sold else LOCK_SECONDS
    for low, high in _slices(plan.planned, alive, seconds=seconds):
        written += _apply_slice(run, plan, words | {"low": low, "high": high}, now=now)
    for low, high in _slices(plan.gone, alive, seconds=LOCK_SECONDS):
        written += _retire_slice(run, words | {"low": low, "high": high}, now)
    if staged.refused:
        with transaction.atomic():
            alive()
            written += _execute(merging.UNVOUCH_UNREAD, words) + _execute(merging.SOIL_UNREAD, words)
    return written


def _words(row: ReadRow, run: SyncRun, staged: Staged, now: datetime, *, vouches: bool) -> dict[str, Any]:
    """The values of all statements."""
    feed, currency = run.feed, network.current().currency
    others = Feed.objects.filter(shop=feed.shop_id).exclude(pk=feed.pk).exists()
    return {
        "feed": feed.pk,
        "partner": feed.shop.partner_id,
        "run": run.pk,
        "now": bulk.moment(now),
        "currency": currency,
        "minor": 10 ** exponent(currency),
        "alone": vouches and staged.complete and run.lane == number_lane(feed) and not others,
        "shop": feed.shop_id,
        "others": others,
        "vouches": vouches,
        # Lines that could not be read at all may be what seems to be missing.
        "vouched": not staged.nameless,
        "zero": row.missing_is_zero,
        "beside": is_beside(feed, run.lane),
        "lane": run.lane,
        "as_of": bulk.moment(staged.as_of),
        "kind": feed.kind,
        "sender": feed.sender,
    }


def _execute(statement: str, words: dict[str, Any]) -> int:
    spoken = merging.words_of(connection.vendor) | merging.hashes_of(words["lane"])
    return bulk.execute(statement.format(**spoken), words)


def _slices(rows: int, alive: Callable[[], None], *, seconds: float) -> Iterator[tuple[int, int]]:
    """(low, high) row numbers, one transaction each; the size follows the time that the last one took, towards
    `seconds`."""
    low, size = 1, FIRST_SLICE
    while low <= rows:
        started = time.monotonic()
        with transaction.atomic():
            if bulk.is_postgres():
                # What a crash loses of it, the next run repeats
                bulk.execute(f"SET LOCAL synchronous_commit = off; {bulk.NO_JIT}; {bulk.BY_KEY}")
            moves.share_lock()
            alive()
            yield low, min(low + size - 1, rows)
            failpoint("sync.before_commit")
        failpoint("sync.after_commit")
        low += size
        pace = seconds / max(time.monotonic() - started, 0.001)
        size = max(SMALLEST, min(LARGEST, int(size * max(0.5, min(2.0, pace)))))


def _apply_slice(run: SyncRun, plan: Plan, words: dict[str, Any], *, now: datetime) -> int:
    feed = run.feed
    typed = giving_way.lock(feed, words)
    moves.follow_in_plan(feed.pk, words["low"], words["high"], since=run.started_at)
    if plan.asked and (answered := matching.follow_answers(words)):
        plan.answered += answered
        plan.planned_sold += answered
    sold = plan.planned_sold > 0
    made = matching.create_products(feed, words["low"], words["high"], now=now) if plan.to_match else 0
    written = made
    all_new = made == words["high"] - words["low"] + 1 and not _knows_some(plan, words)
    if typed:
        giving_way.lock_offers(typed, words)
    elif sold:
        _lock(merging.LOCK_PLANNED, words)
    ruled = pricing.has_any(feed.shop)
    if ruled:
        pricing.take_off(feed.shop.partner_id, _SKUS, words)
    journal.keep(run, words, anew=not sold and not plan.planned_known)
    products = [] if all_new or not plan.refolded else _products_to_fold(words)
    for statement in _statements(plan):
        written += _execute(statement, words)
    if sold:
        _ask_others_again(merging.SOIL_OTHERS, words)
        _absorb(feed, words, now)
    if all_new:
        folded = facts.fold_new(feed, words["low"], words["high"], now=now)
    else:
        folded = facts.refold(products, now=now)
    if ruled:
        pricing.lay_over(feed.shop, _SKUS, words, now=now)
    if typed:
        plan.typed += giving_way.follow(feed.shop, typed, now=now)
    shown = bulk.rows(
        f"SELECT product_id, old_product_id, was_retired FROM {PLAN} WHERE n BETWEEN %(low)s AND %(high)s"
        f" AND is_visible AND verdict IN ('{APPLY}', '{QUESTION}')",
        words,
    )
    seen = {product_id for product_id, old_product_id, _ in shown} | {old_product_id for _, old_product_id, _ in shown}
    changes.mark(folded | (seen - {None}))
    changes.mark_works(product_id for product_id, _, was_retired in shown if was_retired and product_id)
    return written + len(folded)


def _knows_some(plan: Plan, words: dict[str, Any]) -> bool:
    """Whether the feed spoke before of an article of a slice: one that leaves its title for a new one is folded with
    the title that it leaves."""
    known = f"SELECT 1 FROM {PLAN} WHERE n BETWEEN %(low)s AND %(high)s AND NOT is_new LIMIT 1"
    return plan.planned_known > 0 and bool(bulk.rows(known, words))


def _lock_feeds(words: dict[str, Any]) -> None:
    """Rows of the shop's feeds before its stock records, as whoever ends a run has them: lanes, then feeds."""
    if words["others"] and bulk.is_postgres():
        promises.lock_feeds(words["shop"])


def _ask_others_again(statement: str, words: dict[str, Any]) -> None:
    """Another feed of the shop has said something of the same article number: its list, even the same one, is compared
    again."""
    if words["others"] and _execute(statement, words):
        others = Feed.objects.filter(shop=words["shop"]).exclude(pk=words["feed"])
        StockLane.objects.filter(feed__in=others).update(content_hash="", full_at=None)
        others.update(content_hash="", full_at=None)


def _statements(plan: Plan) -> list[str]:
    """What a slice of this plan needs."""
    needed = [merging.UPDATE_SOURCE_RECORDS] if plan.planned_known else []
    needed += [merging.INSERT_SOURCE_RECORDS] if plan.planned_known < plan.planned else []
    needed += [merging.UPDATE_STOCK_RECORDS] if plan.planned_sold else []
    needed += [merging.INSERT_STOCK_RECORDS] if plan.planned_sold < plan.planned else []
    needed.append(merging.MERGE_TERMS)
    if plan.to_match or plan.refolded:
        needed.append(merging.CARRY_WORDS)
    if plan.questions:
        needed.append(merging.RETIRE_QUESTIONS)
    if plan.jumped:
        needed += [merging.UNVOUCH_KEPT_BACK, merging.SOIL_KEPT_BACK]
    return needed


def _lock(statement: str, words: dict[str, Any]) -> None:
    if bulk.is_postgres():
        bulk.rows(statement, words)


def _products_to_fold(words: dict[str, Any]) -> list[int]:
    """Products of a slice whose facts may change: not where another feed of the same kind says the very same. With
    them those that an article has left for another one."""
    # A scalar, not EXISTS: PostgreSQL would hash the records of all feeds for each slice.
    same = f"""
        SELECT DISTINCT c.product_id FROM {PLAN} c
        WHERE c.n BETWEEN %(low)s AND %(high)s AND c.verdict = '{APPLY}'
            AND (c.facts_changed OR c.was_retired OR c.product_id {bulk.differs()} c.old_product_id)
            AND CASE WHEN c.is_new THEN (
                SELECT 1 FROM catalog_sync_sourcerecord o JOIN catalog_sync_feed g ON g.id = o.feed_id
                WHERE o.product_id = c.product_id AND o.facts_hash = c.facts_hash AND g.kind = %(kind)s
                    AND g.sender = %(sender)s AND g.active AND o.retired_at IS NULL LIMIT 1) END IS NULL
        UNION SELECT c.old_product_id FROM {PLAN} c
        WHERE c.n BETWEEN %(low)s AND %(high)s AND c.verdict = '{APPLY}' AND c.old_product_id <> c.product_id
    """
    return [product_id for (product_id,) in bulk.rows(same, words)]


def _absorb(feed: Feed, words: dict[str, Any], now: datetime) -> None:
    """What the slice's numbers contain is no longer promised beside them. Only records with open units count."""
    promised = bulk.rows(
        "SELECT DISTINCT a.stock_record_id, c.as_of FROM shops_allocation a"
        " JOIN partner_stockrecord k ON k.id = a.stock_record_id"
        f" JOIN {PLAN} c ON c.sku = k.partner_sku"
        f" WHERE a.ended_at IS NULL AND k.partner_id = %(partner)s AND c.n BETWEEN %(low)s AND %(high)s"
        f" AND c.verdict = '{APPLY}' AND c.number_counts",
        words,
    )
    by_age: dict[Any, list[int]] = {}
    for stock_record_id, as_of in promised:
        by_age.setdefault(as_of, []).append(stock_record_id)
    for as_of, records in by_age.items():
        absorbing.absorb(shop_id=feed.shop_id, as_of=bulk.read_moment(as_of), now=now, stock_record_ids=records)


def _retire_slice(run: SyncRun, words: dict[str, Any], now: datetime) -> int:
    """What a complete and credible list no longer has is not sold until it has it again, and retired when the next such
    list lacks it too; or it is sold out, where the feed lists only what is in stock. Where lines of the list could not
    be read at all it may be among them: then it only grows old."""
    _lock_feeds(words)
    _lock(merging.LOCK_GONE, words)
    journal.keep_gone(run, words)
    gone = bulk.rows(
        f"SELECT product_id FROM {GONE} WHERE n BETWEEN %(low)s AND %(high)s AND (withdrawn OR %(vouched)s)", words
    )
    concerned = {product_id for (product_id,) in gone if product_id is not None}
    changes.mark(concerned)
    changes.mark_works(concerned)
    written = sum(_execute(statement, words) for statement in _gone_statements(beside=words["beside"]))
    sources.mark_retired(words)
    _ask_others_again(merging.SOIL_OTHERS_GONE, words)
    if words["zero"]:
        _absorb_sold_out(run.feed, words, now)
    return written


def _absorb_sold_out(feed: Feed, words: dict[str, Any], now: datetime) -> None:
    promised = bulk.rows(
        f"SELECT DISTINCT a.stock_record_id FROM {GONE} c"
        " JOIN partner_stockrecord k ON k.partner_id = %(partner)s AND k.partner_sku = c.sku"
        " JOIN shops_allocation a ON a.stock_record_id = k.id"
        " WHERE a.ended_at IS NULL AND c.n BETWEEN %(low)s AND %(high)s AND NOT c.withdrawn",
        words,
    )
    if promised:
        as_of = bulk.read_moment(words["as_of"])
        records = [stock_record_id for (stock_record_id,) in promised]
        absorbing.absorb(shop_id=feed.shop_id, as_of=as_of, now=now, stock_record_ids=records)


def _gone_statements(*, beside: bool) -> tuple[str, ...]:
    return (
        merging.SELL_OUT_TERMS,
        merging.SELL_OUT_STOCK_RECORDS,
        merging.SELL_OUT_SOURCE_RECORDS,
        merging.MISS_TERMS,
        merging.ABSENT_SOURCE_RECORDS if beside else merging.MISS_SOURCE_RECORDS,
        merging.RETIRE_GONE,
        merging.RETIRE_SOURCE_RECORDS,
        merging.UNVOUCH_GONE,
        merging.SOIL_GONE,
    )
