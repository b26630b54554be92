"""Prices that are too far from everybody else's: kept back until a person vouches for them.

How far an article's own price moved is the comparison's matter (`planning`). Here: below the feed's floor; less than
half or more than double of what the other shops ask for a new copy, where at least three ask anything; a new book below
the price that its publisher has fixed by law. An article that had a price keeps it; a new one has none until then, and
is not sold.
"""

from __future__ import annotations

from typing import Any

from catalog_sync.models import Feed, SourceRecord
from catalog_sync.staging import PRICE
from marketplace.foundation import bulk, network
from marketplace.foundation.money import exponent

PLAN, ASKED, MEASURE = "sync_plan", "sync_asked", "sync_measure"
APPLY, JUMPED = "apply", "jumped"
FAR, LOW, FIXED = "far", "low", "fixed"
SHOPS = 3  # that sell a title new: of fewer, one slip is the median
FACTOR = 2
_ONE = "sync_one"  # what `hold_back` reads and writes, of one article
_COLUMNS = {
    "product_id": "bigint",
    "price_minor": "bigint",
    "currency": "text",
    "price_kind": "text",
    "condition": "text",
    "verdict": "text",
    "parts": "integer",
    "old_price": "bigint",
    "offer_hash": "bigint",
    "held_price": "bigint",
    "others_price": "bigint",
    "held_for": "text",
}


def words(feed: Feed) -> dict[str, Any]:
    """Values of the statements below; `partner` is the feed's."""
    currency = network.current().currency
    return {"floor": feed.price_floor_minor, "sold_in": currency, "minor": 10 ** exponent(currency)}


def is_out_of_band(feed: Feed, record: SourceRecord, product_id: int) -> bool:
    """Whether an article's stored price would be kept back, were it new to this title."""
    asked = {
        "product_id": product_id,
        "price_minor": record.price_minor,
        "currency": record.currency,
        "price_kind": record.price_kind,
        "condition": record.condition,
        "verdict": APPLY,
        "parts": PRICE,
    }
    bulk.create_temporary(_ONE, _COLUMNS)
    bulk.load(_ONE, list(asked), [tuple(asked.values())])
    hold_back({"feed": feed.pk, "partner": feed.shop.partner_id, **words(feed)}, plan=_ONE)
    held = bool(bulk.rows(f"SELECT 1 FROM {_ONE} WHERE held_for IS NOT NULL"))
    bulk.drop_temporary(_ONE)
    return held


def hold_back(values: dict[str, Any], *, plan: str = PLAN) -> None:
    """Mark the plan's rows whose price is out of the band.

    What it is measured by is put aside first, so that PostgreSQL knows how many titles there are: in one statement it
    takes them for a handful and compares each article with each."""
    spoken = {"number": "numeric" if bulk.is_postgres() else "real", "plan": plan}
    with bulk.large_statements():
        bulk.execute(_LOW.format(**spoken), values)
        for asked, measure, out_of_it in ((_APART, _MIDDLE, _FAR), (_FIXED, _FIXED_PRICE, _BELOW)):
            _put_aside(ASKED, asked.format(**spoken), values)
            if bulk.rows(f"SELECT 1 FROM {ASKED} LIMIT 1"):
                _put_aside(MEASURE, measure.format(**spoken), values)
                bulk.execute(out_of_it.format(**spoken), values)
        for statement in (_KEEP_OLD, _HOLD_NEW):
            bulk.execute(statement.format(**spoken), values)
        bulk.drop_temporary(ASKED, MEASURE)


def _put_aside(name: str, query: str, values: dict[str, Any]) -> None:
    bulk.drop_temporary(name)
    bulk.execute(f"CREATE TEMPORARY TABLE {name} AS {query}", values)
    bulk.analyse(name, "product_id")


_PRICED = f"""
c.verdict = '{APPLY}' AND (c.parts & {PRICE}) <> 0 AND c.price_minor IS NOT NULL AND c.price_kind <> 'net'
    AND c.currency = %(sold_in)s AND (c.old_price IS NULL OR c.old_price <> c.price_minor)
"""

_LOW = f"""
UPDATE {{plan}} AS c SET held_price = c.price_minor, held_for = '{LOW}' WHERE c.price_minor < %(floor)s AND {_PRICED}
"""

# Only where some other shop's price is as far can the middle be.
_APART = f"""
SELECT DISTINCT c.product_id FROM {{plan}} c
JOIN partner_stockrecord k ON k.product_id = c.product_id AND k.partner_id <> %(partner)s
WHERE c.condition = 'new' AND {_PRICED} AND k.price_currency = %(sold_in)s
    AND (k.price > CAST(c.price_minor AS {{number}}) * {FACTOR} / %(minor)s
        OR k.price < CAST(c.price_minor AS {{number}}) / {FACTOR} / %(minor)s)
"""

_FIXED = f"""
SELECT DISTINCT c.product_id FROM {{plan}} c
JOIN catalog_sync_sourcerecord r ON r.product_id = c.product_id AND r.price_kind = 'fixed'
WHERE c.condition = 'new' AND {_PRICED}
"""

# The middle price of the others; of an even number the lower middle.
_MIDDLE = f"""
SELECT x.product_id, CAST(round(x.price * %(minor)s) AS bigint) AS price_minor FROM (
    SELECT k.product_id, k.price, row_number() OVER (PARTITION BY k.product_id ORDER BY k.price) AS place,
        count(*) OVER (PARTITION BY k.product_id) AS shops
    FROM {ASKED} w
    JOIN partner_stockrecord k ON k.product_id = w.product_id
    LEFT JOIN shops_stockterms t ON t.stock_record_id = k.id
    WHERE k.partner_id <> %(partner)s AND k.price IS NOT NULL AND k.price_currency = %(sold_in)s
        AND COALESCE(t.condition, 'new') = 'new' AND t.retired_at IS NULL
) x WHERE x.shops >= {SHOPS} AND x.place = (x.shops + 1) / 2
"""

_FAR = f"""
UPDATE {{plan}} AS c SET held_price = c.price_minor, others_price = m.price_minor, held_for = '{FAR}'
FROM {MEASURE} m
WHERE c.product_id = m.product_id AND c.condition = 'new' AND {_PRICED}
    AND (c.price_minor * {FACTOR} < m.price_minor OR c.price_minor > m.price_minor * {FACTOR})
"""

# Fixed-price law (France: loi n° 81-766 of 10 August 1981; Germany: Buchpreisbindungsgesetz): whoever sells the book
# new asks what the publisher has fixed. Several sources may name it: the highest stands, so that none is undercut.
_FIXED_PRICE = f"""
SELECT r.product_id, max(r.price_minor) AS price_minor FROM {ASKED} w
JOIN catalog_sync_sourcerecord r ON r.product_id = w.product_id
WHERE r.price_kind = 'fixed' AND r.currency = %(sold_in)s AND r.condition = 'new' AND r.retired_at IS NULL
    AND r.feed_id <> %(feed)s
GROUP BY r.product_id
"""

_BELOW = f"""
UPDATE {{plan}} AS c SET held_price = c.price_minor, others_price = m.price_minor, held_for = '{FIXED}'
FROM {MEASURE} m
WHERE c.product_id = m.product_id AND c.condition = 'new' AND {_PRICED} AND c.price_minor < m.price_minor
"""

_KEEP_OLD = f"""
UPDATE {{plan}} SET verdict = '{JUMPED}' WHERE held_price IS NOT NULL AND old_price IS NOT NULL
"""

_HOLD_NEW = """
UPDATE {plan} SET price_minor = NULL, offer_hash = 0 WHERE held_price IS NOT NULL AND old_price IS NULL
"""
