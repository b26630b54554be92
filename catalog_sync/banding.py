"""Prices that are too far from everybody else's: kept back until a person vouches for them.

How far an article's own price moved is the comparison's matter (`planning`). Here: below the feed's floor; less than
half or more than double of what the other shops ask for a new copy, where at least three ask anything; a new book below
the price that its publisher has fixed by law. An article that had a price keeps it; a new one has none until then, and
is not sold.
"""

from __future__ import annotations

from typing import Any

from django.db import connection

from catalog_sync.models import Feed
from catalog_sync.staging import PRICE
from marketplace.foundation import bulk, network
from marketplace.foundation.money import exponent

PLAN = "sync_plan"
APPLY, JUMPED = "apply", "jumped"
FAR, LOW, FIXED = "far", "low", "fixed"
SHOPS = 3  # that sell a title new: of fewer, one slip is the median
FACTOR = 2


def words(feed: Feed) -> dict[str, Any]:
    """Values of the statements below; `partner` is the feed's."""
    currency = network.current().currency
    return {"floor": feed.price_floor_minor, "sold_in": currency, "minor": 10 ** exponent(currency)}


def hold_back(values: dict[str, Any]) -> None:
    """Mark the plan's rows whose price is out of the band."""
    number = {"number": "numeric" if connection.vendor == "postgresql" else "real"}
    for statement in (_FAR, _LOW, _FIXED, _KEEP_OLD, _HOLD_NEW):
        bulk.execute(statement.format(**number), values)


_ASKED = f"""
c.verdict = '{APPLY}' AND (c.parts & {PRICE}) <> 0 AND c.price_minor IS NOT NULL AND c.price_kind <> 'net'
    AND c.currency = %(sold_in)s AND (c.old_price IS NULL OR c.old_price <> c.price_minor)
"""

# The middle price of the others; of an even number the lower middle.
_FAR = f"""
UPDATE {PLAN} AS c SET held_price = c.price_minor, others_price = m.middle, held_for = '{FAR}'
FROM (
    SELECT x.product_id, CAST(round(x.price * %(minor)s) AS bigint) AS middle FROM (
        SELECT k.product_id, k.price, row_number() OVER (PARTITION BY k.product_id ORDER BY k.price) AS place,
            count(*) OVER (PARTITION BY k.product_id) AS shops
        FROM (SELECT DISTINCT c.product_id FROM {PLAN} c WHERE c.product_id IS NOT NULL AND c.condition = 'new'
            AND {_ASKED}) w
        JOIN partner_stockrecord k ON k.product_id = w.product_id
        LEFT JOIN shops_stockterms t ON t.stock_record_id = k.id
        WHERE k.partner_id <> %(partner)s AND k.price IS NOT NULL AND k.price_currency = %(sold_in)s
            AND COALESCE(t.condition, 'new') = 'new' AND t.retired_at IS NULL
    ) x WHERE x.shops >= {SHOPS} AND x.place = (x.shops + 1) / 2
) m
WHERE c.product_id = m.product_id AND c.condition = 'new' AND {_ASKED}
    AND (c.price_minor * {FACTOR} < m.middle OR c.price_minor > m.middle * {FACTOR})
"""

_LOW = f"""
UPDATE {PLAN} AS c SET held_price = c.price_minor, held_for = '{LOW}' WHERE c.price_minor < %(floor)s AND {_ASKED}
"""

# Fixed-price law (France: loi n° 81-766 of 10 August 1981; Germany: Buchpreisbindungsgesetz): whoever sells the book
# new asks what the publisher has fixed. Several sources may name it: the highest stands, so that none is undercut.
_FIXED = f"""
UPDATE {PLAN} AS c SET held_price = c.price_minor, others_price = m.fixed, held_for = '{FIXED}'
FROM (
    SELECT r.product_id, max(r.price_minor) AS fixed FROM catalog_sync_sourcerecord r
    WHERE r.price_kind = 'fixed' AND r.currency = %(sold_in)s AND r.condition = 'new' AND r.retired_at IS NULL
        AND r.feed_id <> %(feed)s AND r.product_id IN (SELECT c.product_id FROM {PLAN} c WHERE {_ASKED})
    GROUP BY r.product_id
) m
WHERE c.product_id = m.product_id AND c.condition = 'new' AND {_ASKED} AND c.price_minor < m.fixed
"""

_KEEP_OLD = f"""
UPDATE {PLAN} SET verdict = '{JUMPED}' WHERE held_price IS NOT NULL AND old_price IS NOT NULL
"""

_HOLD_NEW = f"""
UPDATE {PLAN} SET price_minor = NULL, offer_hash = 0 WHERE held_price IS NOT NULL AND old_price IS NULL
"""
