"""What would change: the staged articles compared with what is stored, in one statement that writes nothing of ours.

The plan is a temporary table with a row per article that differs, numbered by SKU, so that it can be applied slice by
slice in one order. Articles that are the same never reach it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection

from catalog_sync import banding
from catalog_sync.banding import APPLY, JUMPED, PLAN
from catalog_sync.hashing import ABSENT
from catalog_sync.lanes import is_beside, last_complete_as_of, number_lane
from catalog_sync.models import Feed, ReadRow
from catalog_sync.staging import CONDITION, PRICE, REFUSED, SAME, SOME_FACTS, STAGE, STOCK, TITLE, WITHDRAWN, Staged
from catalog_sync.titles import candidates
from marketplace.foundation import bulk

GONE = "sync_gone"
# The hash by which a lane compares what it says
OWN_HASH: dict[str, str] = {Feed.Lane.CATALOGUE: "offer_hash", Feed.Lane.STOCK: "stock_hash"}
_DIFFERING = "sync_differing"
_FEW = 5  # of a hundred staged articles: below it those that differ are put aside before they are compared
FACTOR = 99  # a price this many times as high or low is a slipped decimal mark, whatever the feed's limit

# What becomes of a planned row; APPLY and JUMPED with the band
OLDER, QUESTION, UNKNOWN = "older", candidates.QUESTION, "unknown"


@dataclass
class Plan:
    """Counts of a comparison; the rows are in the tables PLAN and GONE."""

    known: int  # articles of this feed that are stored and not retired
    known_in_stock: int  # of these, with a quantity above 0
    listed: int = 0
    planned: int = 0
    planned_known: int = 0  # of these, what this feed said something of before
    planned_sold: int = 0  # of these, what the shop has a stock record of
    new: int = 0
    changed: int = 0
    older: int = 0
    jumped: int = 0
    held: int = 0  # new articles whose price is kept back
    currency_changed: int = 0
    questions: int = 0
    alike: int = 0  # of these, articles without a GTIN that may be a title we have
    asked: int = 0  # what was a question before
    answered: int = 0  # of these, while the plan was applied
    typed: int = 0  # of what a person typed, taken over by a list while the plan was applied
    unknown: int = 0
    to_match: int = 0  # without a product yet, or whose product may have to be given a GTIN
    refolded: int = 0  # whose product's facts may change
    left: int = 0  # older than what is known, whole or their number: to be compared again
    prices_lost: int = 0
    stock_fell: int = 0
    withdrawn: int = 0
    missing: int = 0  # not listed in a complete file

    @property
    def unchanged(self) -> int:
        return self.listed - self.planned + self.older

    @property
    def known_listed(self) -> int:
        return self.listed - self.new

    @property
    def gone(self) -> int:
        return self.withdrawn + self.missing


def plan(feed: Feed, row: ReadRow, staged: Staged, *, lane: str, approved: bool, typed: bool = False) -> Plan:
    """Compare what a lane of the feed, read by `row`, says. With `approved` a person has vouched for the prices,
    however far they moved; who `typed` them has mended a slip: they may jump, but not leave the band."""
    words = {
        "feed": feed.pk,
        "partner": feed.shop.partner_id,
        "jump": feed.price_jump,
        "may_jump": approved or typed,
        "shop_as_of": bulk.moment(feed.shop.complete_as_of),
        "feed_as_of": bulk.moment(last_complete_as_of(feed, lane)),
        "number_as_of": bulk.moment(last_complete_as_of(feed, number_lane(feed))),
        "beside": is_beside(feed, lane),
        **banding.words(feed),
    }
    bulk.drop_temporary(PLAN, GONE, _DIFFERING)
    with bulk.large_statements():
        staged_rows = _put_aside_differing(words, lane) if bulk.is_postgres() else STAGE
        bulk.execute(f"CREATE TEMPORARY TABLE {PLAN} AS {_COMPARE.format(staged=staged_rows, **_words(lane))}", words)
        bulk.drop_temporary(_DIFFERING)
    bulk.index(PLAN, "n")
    bulk.analyse(PLAN, "n", "sku", "gtin", "product_id", "stock_record_id", "verdict")
    candidates.compare(feed)
    if not approved:
        banding.hold_back(words)
    with bulk.large_statements():
        known, in_stock = bulk.rows(_STORED, words)[0]
        some = not staged.same or bulk.rows(_LISTED_AGAIN, words)[0][0] + staged.same < known
        whole = staged.complete and credible(feed, lane, staged)
        bulk.execute(
            f"CREATE TEMPORARY TABLE {GONE} AS {_MISSING.format(**_words(lane))}",
            {**words, "some": some, "whole": whole, "zero": row.missing_is_zero},
        )
        bulk.index(GONE, "n")
        counted = _counted(Plan(known, in_stock, listed=staged.same), lane)
    counted.left += counted.missing if row.missing_is_zero else 0
    return counted


def _put_aside_differing(words: dict[str, Any], lane: str) -> str:
    """The table to compare: of a list that has hardly changed only what differs, so that PostgreSQL knows how little
    that is. It would hash all offers of all shops otherwise. A sample of the articles tells."""
    spoken = _words(lane)
    sampled, differ = bulk.rows(_SAMPLE.format(**spoken), words)[0]
    if differ * 100 > sampled * _FEW:
        return STAGE
    differing = f"SELECT s.* {_STAGED_BESIDE_STORED} WHERE {_DIFFERS}".format(**spoken)
    bulk.execute(f"CREATE TEMPORARY TABLE {_DIFFERING} AS {differing}", words)
    bulk.analyse(_DIFFERING, "sku", "gtin")
    return _DIFFERING


def credible(feed: Feed, lane: str, staged: Staged) -> bool:
    """Whether what this reading does not list is gone: not where it is older than the lane's last complete one."""
    last = last_complete_as_of(feed, lane)
    return last is None or (staged.as_of is not None and staged.as_of >= last)


def _words(lane: str) -> dict[str, Any]:
    found, finding = _FOUND[connection.vendor]
    return {
        "found": found,
        "finding": finding,
        "own": OWN_HASH[lane],
        "stock": STOCK,
        "price": PRICE,
        "condition": CONDITION,
        "title": TITLE,
        "facts": TITLE | SOME_FACTS,
        "factor": FACTOR,
        "jsonb": "::jsonb" if bulk.is_postgres() else "",
        "moment": "::timestamptz" if bulk.is_postgres() else "",
        "differs": bulk.differs(),
        # Its order is the cheapest, and that of an index in the locale C.UTF-8
        "sku_order": 'COLLATE "C"' if bulk.is_postgres() else "",
    }


def _counted(counted: Plan, lane: str) -> Plan:
    counted.listed += bulk.rows(f"SELECT count(*) FROM {STAGE}")[0][0]
    for verdict, is_new, rows, sold, lost, fell, held, currency_changed, *more in bulk.rows(
        _COUNT.format(**_words(lane))
    ):
        nameless, to_match, refolded, uncounted, asked = more
        counted.left += rows if verdict == OLDER else uncounted
        counted.planned += rows
        counted.planned_known += 0 if is_new else rows
        counted.planned_sold += sold
        counted.new += rows if is_new and verdict == APPLY else 0
        counted.changed += rows if not is_new and verdict == APPLY else 0
        counted.older += rows if verdict == OLDER else 0
        counted.jumped += rows if verdict == JUMPED else 0
        counted.questions += rows if verdict == QUESTION else 0
        counted.alike += nameless if verdict == QUESTION else 0
        counted.unknown += rows if verdict == UNKNOWN else 0
        counted.prices_lost += lost
        counted.stock_fell += fell
        counted.held += held if verdict == APPLY else 0
        counted.currency_changed += currency_changed
        counted.to_match += to_match
        counted.refolded += refolded
        counted.asked += asked
    for withdrawn, rows in bulk.rows(f"SELECT withdrawn, count(*) FROM {GONE} GROUP BY withdrawn"):
        if withdrawn:
            counted.withdrawn = rows
        else:
            counted.missing = rows
    return counted


_STORED = """
SELECT count(*), COALESCE(sum(CASE WHEN quantity > 0 THEN 1 ELSE 0 END), 0) FROM catalog_sync_sourcerecord
WHERE feed_id = %(feed)s AND retired_at IS NULL
"""
# Beside the rows that are passed over, which are few then
_LISTED_AGAIN = f"""
SELECT count(*) FROM {STAGE} s JOIN catalog_sync_sourcerecord r ON r.feed_id = %(feed)s AND r.sku = s.sku
WHERE r.retired_at IS NULL
"""
_COUNT = f"""
SELECT verdict, is_new, count(*), count(stock_record_id),
    sum(CASE WHEN old_price IS NOT NULL AND price_minor IS NULL AND (parts & {{price}}) <> 0 THEN 1 ELSE 0 END),
    sum(CASE WHEN old_quantity > 0 AND COALESCE(quantity, 0) = 0 AND number_counts THEN 1 ELSE 0 END),
    count(held_price),
    sum(CASE WHEN old_currency <> currency AND (parts & {{price}}) <> 0 THEN 1 ELSE 0 END),
    sum(CASE WHEN gtin IS NULL AND old_gtin IS NULL THEN 1 ELSE 0 END),
    sum(CASE WHEN product_id IS NULL OR (gtin IS NOT NULL AND (is_new OR old_gtin {{differs}} gtin)) THEN 1 ELSE 0 END),
    sum(CASE WHEN facts_changed OR was_retired OR product_id {{differs}} old_product_id THEN 1 ELSE 0 END),
    sum(CASE WHEN (parts & {{stock}}) <> 0 AND NOT number_counts
        AND (quantity {{differs}} number OR availability <> old_availability) THEN 1 ELSE 0 END),
    sum(CASE WHEN was_asked THEN 1 ELSE 0 END)
FROM {PLAN} GROUP BY verdict, is_new
"""

_DIFFERS = """
((r.sku IS NULL OR r.{own} <> s.offer_hash OR ((s.parts & {facts}) <> 0 AND r.facts_hash <> s.facts_hash)
    OR r.retired_at IS NOT NULL)
AND NOT (%(beside)s AND (r.retired_at IS NOT NULL OR COALESCE(r.missed, 0) > 0)))
"""
_STAGED_BESIDE_STORED = f"""
FROM {STAGE} s LEFT JOIN catalog_sync_sourcerecord r ON r.feed_id = %(feed)s AND r.sku = s.sku
"""
_SAMPLE = f"""
SELECT count(*), COALESCE(sum(CASE WHEN {_DIFFERS} THEN 1 ELSE 0 END), 0)
FROM (SELECT * FROM {STAGE} WHERE ordinal %% 512 = 1) s
LEFT JOIN catalog_sync_sourcerecord r ON r.feed_id = %(feed)s AND r.sku = s.sku
"""

# r: this source's stored record, p its product; k: the shop's stock record with its terms t; `found`: the title that
# has the GTIN, o: the one that has it beside its own; n: a person pinned the article to k's product. Without r, k is
# there where another feed of the shop lists the article. An article that gains a number leaves a title that has another
# one: it is the title of its number, or a new one. What most articles do not need is asked for each of the others.
_GTIN_OF_TITLE = "(SELECT pf.gtin FROM titles_productfacts pf WHERE pf.product_id = r.product_id)"
_FOUND = {
    "postgresql": ("f.product_id", "LEFT JOIN titles_productfacts f ON f.gtin = s.gtin"),  # all of them by one hash
    "sqlite": ("(SELECT f.product_id FROM titles_productfacts f WHERE f.gtin = s.gtin)", ""),
}
_COMPARE = f"""
SELECT row_number() OVER (ORDER BY c.sku {{sku_order}}) AS n, c.*,
    CASE
        WHEN c.is_older THEN '{OLDER}'
        WHEN c.has_jumped THEN '{JUMPED}'
        WHEN c.is_question THEN '{QUESTION}'
        WHEN c.product_id IS NULL AND c.gtin IS NULL AND ((c.parts & {{title}}) = 0 OR c.title = '') THEN '{UNKNOWN}'
        ELSE '{APPLY}'
    END AS verdict,
    c.is_new OR c.was_retired OR c.price_minor {{differs}} c.old_price OR c.product_id {{differs}} c.old_product_id
        OR (c.number_counts AND (c.availability <> c.old_availability
            OR ((c.quantity IS NULL OR c.quantity > c.allocated) <> (c.number IS NULL OR c.number > c.allocated))))
        OR ((c.parts & {{condition}}) <> 0 AND c.condition <> c.old_condition) AS is_visible
FROM (
    SELECT s.sku, s.gtin, s.title, s.price_minor, s.currency, s.price_kind, s.quantity, s.availability, s.condition,
        s.signed, s.first_edition, s.days, s.available_on, s.as_of, s.parts, s.offer_hash, s.facts_hash,
        s.row_hash,
        CASE WHEN r.facts_hash = s.facts_hash AND p.id IS NOT NULL THEN NULL ELSE s.facts{{jsonb}} END AS facts,
        r.sku IS NULL AS is_new, r.sku IS NOT NULL AND r.product_id IS NULL AS was_asked,
        r.retired_at IS NOT NULL OR t.retired_at IS NOT NULL AS was_retired,
        r.price_minor AS old_price, r.currency AS old_currency,
        CAST(NULL AS bigint) AS held_price, CAST(NULL AS bigint) AS others_price, CAST(NULL AS text) AS held_for,
        CAST(NULL AS text) AS like_sku,
        r.quantity AS old_quantity, r.gtin AS old_gtin, k.product_id AS old_product_id,
        k.id AS stock_record_id, k.num_in_stock AS number, COALESCE(k.num_allocated, 0) AS allocated,
        COALESCE(t.availability, 'in_stock') AS old_availability, COALESCE(t.condition, 'new') AS old_condition,
        (s.parts & {{facts}}) <> 0 AND (r.sku IS NULL OR r.facts_hash <> s.facts_hash) AS facts_changed,
        COALESCE(CASE WHEN s.parts = {{stock}} THEN s.as_of < r.as_of ELSE s.as_of < r.said_as_of END, false)
            OR (r.sku IS NOT NULL AND COALESCE(s.as_of < %(feed_as_of)s{{moment}}, false)) AS is_older,
        NOT %(may_jump)s AND (s.parts & {{price}}) <> 0 AND COALESCE(r.currency = s.currency AND (
            abs(s.price_minor - r.price_minor) * 100 > r.price_minor * %(jump)s
            OR s.price_minor >= r.price_minor * {{factor}} OR s.price_minor * {{factor}} <= r.price_minor), false)
            AS has_jumped,
        CASE
            WHEN r.sku IS NULL THEN n.stock_record_id IS NULL
                AND COALESCE((SELECT kf.gtin FROM titles_productfacts kf WHERE kf.product_id = k.product_id) <> s.gtin
                    AND o.product_id {{differs}} k.product_id, false)
            WHEN r.product_id IS NULL THEN r.gtin IS NOT NULL OR s.gtin IS NULL OR k.id IS NOT NULL
            ELSE COALESCE(r.gtin <> s.gtin
                AND COALESCE({{found}}, o.product_id) {{differs}} r.product_id, false)
        END AS is_question,
        CASE
            WHEN p.id IS NOT NULL
                AND (s.gtin IS NULL OR r.gtin = s.gtin OR r.gtin IS NULL AND (n.stock_record_id IS NOT NULL
                    OR (COALESCE({_GTIN_OF_TITLE}, {{found}}, o.product_id) IS NULL AND p.upc IS NULL))) THEN p.id
            WHEN p.id IS NOT NULL AND r.gtin IS NULL AND ({_GTIN_OF_TITLE} IS NOT NULL OR p.upc IS NOT NULL)
                THEN COALESCE({{found}}, o.product_id)
            WHEN r.sku IS NULL AND n.stock_record_id IS NOT NULL THEN k.product_id
            ELSE COALESCE({{found}}, o.product_id, k.product_id)
        END AS product_id,
        (s.parts & {{stock}}) <> 0 AND (k.id IS NULL OR NOT (
            (r.sku IS NOT NULL AND COALESCE(s.as_of < %(number_as_of)s{{moment}}, false))
            OR COALESCE(s.as_of < t.as_of, false) OR COALESCE(s.as_of < r.as_of, false)
            OR (COALESCE(t.follows_runs, true) AND COALESCE(s.as_of < %(shop_as_of)s{{moment}}, false))
            OR ((COALESCE(s.as_of = t.as_of, false) OR COALESCE(s.as_of = r.as_of, false)
                    OR (COALESCE(t.follows_runs, true) AND COALESCE(s.as_of = %(shop_as_of)s{{moment}}, false)))
                AND NOT COALESCE(s.quantity < k.num_in_stock
                    OR (s.quantity IS NOT NULL AND k.num_in_stock IS NULL), false)
                AND s.quantity {{differs}} k.num_in_stock)
        )) AS number_counts
    FROM {{staged}} s
    LEFT JOIN catalog_sync_sourcerecord r ON r.feed_id = %(feed)s AND r.sku = s.sku
    LEFT JOIN partner_stockrecord k ON k.partner_id = %(partner)s AND k.partner_sku = s.sku
    LEFT JOIN shops_stockterms t ON t.stock_record_id = k.id
    {{finding}}
    LEFT JOIN titles_othergtin o ON o.gtin = s.gtin
    LEFT JOIN catalog_sync_pinnedarticle n ON n.stock_record_id = k.id
    LEFT JOIN catalogue_product p ON p.id = r.product_id
    WHERE {_DIFFERS}
) c
"""

# `some`: whether anything lacks at all, which counting has told. Beside a catalogue: what the catalogue's own lists
# lack, or this lane's lacked before, is no news. `again`: an earlier list lacked it too; a run that was killed and
# starts over is no such list.
_MISSING = f"""
SELECT row_number() OVER (ORDER BY r.sku {{sku_order}}) AS n, r.sku, r.product_id,
    NOT %(beside)s AND r.missed > 0 AND EXISTS (
        SELECT 1 FROM catalog_sync_syncrun o WHERE o.id = r.changed_run_id AND o.state = 'done') AS again,
    EXISTS (SELECT 1 FROM {WITHDRAWN} w WHERE w.sku = r.sku) AS withdrawn
FROM catalog_sync_sourcerecord r
WHERE %(some)s AND r.feed_id = %(feed)s AND r.retired_at IS NULL
    AND NOT (%(beside)s AND (r.stock_hash = {ABSENT} OR r.missed > 0))
    AND NOT EXISTS (SELECT 1 FROM {STAGE} s WHERE s.sku = r.sku)
    AND NOT EXISTS (SELECT 1 FROM {SAME} l WHERE l.row_hash = r.row_hash)
    AND (EXISTS (SELECT 1 FROM {WITHDRAWN} w WHERE w.sku = r.sku)
        OR (%(whole)s AND NOT (%(zero)s AND COALESCE(r.quantity, 1) = 0)
            AND NOT EXISTS (SELECT 1 FROM {REFUSED} b WHERE b.sku = r.sku)))
"""
