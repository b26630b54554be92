"""The statements that write a slice of the plan: one per target, each writing only rows that differ.

Named parameters: feed, shop, partner, run, now, currency, minor (minor units in one), alone (a complete list of the
shop's only feed, so that nobody else looks at the age of its numbers), shop_as_of, as_of (of the list), vouched, zero
(missing is sold out), low, high. Words in braces are the database's own.
"""

from catalog_sync.banding import APPLY, JUMPED, PLAN
from catalog_sync.hashing import ABSENT, DIRTY
from catalog_sync.planning import GONE, OWN_HASH, QUESTION
from catalog_sync.staging import CONDITION, PRICE, REFUSED, SOME_FACTS, STAGE, STOCK, TITLE

_SLICE = "c.n BETWEEN %(low)s AND %(high)s"
_WORDS = {
    "postgresql": {
        "differs": "IS DISTINCT FROM",
        "patch": "jsonb_strip_nulls(r.facts || c.facts)",
        "price": "CAST(c.price_minor AS numeric) / %(minor)s",
        "number": "numeric",
    },
    "sqlite": {
        "differs": "IS NOT",
        "patch": "json_patch(r.facts, c.facts)",
        "price": "c.price_minor / CAST(%(minor)s AS real)",
        "number": "real",
    },
}


def words_of(vendor: str) -> dict[str, str]:
    """What the statements leave to the database."""
    return _WORDS[vendor]


def hashes_of(lane: str) -> dict[str, str]:
    """The hash by which a lane compares what it says, and the other lane's."""
    (other,) = (name for name in OWN_HASH.values() if name != OWN_HASH[lane])
    return {"own": OWN_HASH[lane], "other": other}


# In order of key, as everybody locks them: in any other order PostgreSQL deadlocks.
LOCK_PLANNED = f"""
SELECT k.id FROM {PLAN} c JOIN partner_stockrecord k ON k.id = c.stock_record_id
WHERE {_SLICE} ORDER BY k.id FOR NO KEY UPDATE OF k
"""
LOCK_GONE = f"""
SELECT k.id FROM {GONE} c JOIN partner_stockrecord k ON k.partner_id = %(partner)s AND k.partner_sku = c.sku
WHERE {_SLICE} ORDER BY k.id FOR NO KEY UPDATE OF k
"""

# A number that did not count is not remembered as said: the next list that repeats it must be looked at again.
_OFFER_HASH = f"""
CASE WHEN (c.parts & {STOCK}) <> 0 AND (
    NOT c.number_counts AND (c.quantity {{differs}} c.number OR c.availability <> c.old_availability)
    OR COALESCE(c.as_of < %(shop_as_of)s, false)) THEN {DIRTY} ELSE c.offer_hash END
"""
# Then what the other lane said before is to be compared again.
_OTHER_STOCK = "c.number_counts AND (c.quantity {differs} r.quantity OR c.availability <> r.availability)"
_SAYS_MORE = f"(c.parts & {PRICE | CONDITION | TITLE | SOME_FACTS}) <> 0"  # than how many there are
_SAYS_FACTS = f"(c.parts & {TITLE | SOME_FACTS}) <> 0"
_MATCH = f"CASE WHEN c.verdict = '{QUESTION}' THEN NULL ELSE c.product_id END"

INSERT_SOURCE_RECORDS = f"""
INSERT INTO catalog_sync_sourcerecord (feed_id, sku, product_id, gtin, title, price_minor, currency, price_kind,
    quantity, availability, condition, {{own}}, {{other}}, facts_hash, row_hash, facts, as_of, said_as_of,
    changed_run_id, missed, retired_at)
SELECT %(feed)s, c.sku, {_MATCH}, c.gtin, c.title, c.price_minor, c.currency, c.price_kind, c.quantity,
    c.availability, c.condition, {_OFFER_HASH}, {DIRTY}, c.facts_hash, c.row_hash, c.facts,
    CASE WHEN c.number_counts THEN c.as_of END, CASE WHEN {_SAYS_MORE} THEN c.as_of END, %(run)s, 0, NULL
FROM {PLAN} c WHERE {_SLICE} AND c.is_new AND c.verdict IN ('{APPLY}', '{QUESTION}')
"""

UPDATE_SOURCE_RECORDS = f"""
UPDATE catalog_sync_sourcerecord AS r SET
    product_id = {_MATCH},
    gtin = COALESCE(c.gtin, CASE WHEN (c.parts & {TITLE}) <> 0 THEN NULL ELSE r.gtin END),
    title = CASE WHEN (c.parts & {TITLE}) <> 0 THEN c.title ELSE r.title END,
    facts = CASE WHEN c.facts IS NULL THEN r.facts WHEN (c.parts & {SOME_FACTS}) <> 0 THEN {{patch}}
        WHEN (c.parts & {TITLE}) <> 0 THEN c.facts ELSE r.facts END,
    price_minor = CASE WHEN (c.parts & {PRICE}) <> 0 THEN c.price_minor ELSE r.price_minor END,
    currency = CASE WHEN (c.parts & {PRICE}) <> 0 THEN c.currency ELSE r.currency END,
    price_kind = CASE WHEN (c.parts & {PRICE}) <> 0 THEN c.price_kind ELSE r.price_kind END,
    quantity = CASE WHEN c.number_counts THEN c.quantity ELSE r.quantity END,
    availability = CASE WHEN c.number_counts THEN c.availability ELSE r.availability END,
    condition = CASE WHEN (c.parts & {CONDITION}) <> 0 THEN c.condition ELSE r.condition END,
    {{own}} = {_OFFER_HASH},
    {{other}} = CASE WHEN {_OTHER_STOCK} THEN {DIRTY} ELSE r.{{other}} END,
    facts_hash = CASE WHEN {_SAYS_FACTS} THEN c.facts_hash ELSE r.facts_hash END,
    row_hash = c.row_hash,
    as_of = CASE WHEN c.number_counts THEN c.as_of ELSE r.as_of END,
    said_as_of = CASE WHEN {_SAYS_MORE} THEN c.as_of ELSE r.said_as_of END,
    changed_run_id = %(run)s,
    missed = 0,
    retired_at = NULL
FROM {PLAN} c
WHERE r.feed_id = %(feed)s AND r.sku = c.sku AND {_SLICE} AND NOT c.is_new AND c.verdict IN ('{APPLY}', '{QUESTION}')
    AND (r.{{own}} <> {_OFFER_HASH} OR ({_SAYS_FACTS} AND r.facts_hash <> c.facts_hash) OR r.retired_at IS NOT NULL
        OR r.missed > 0 OR r.product_id {{differs}} {_MATCH}
        OR ((c.parts & {PRICE}) <> 0 AND r.price_minor {{differs}} c.price_minor))
"""

# A reader pays in the marketplace's currency and never sees a trade price.
PRICE_SHOWN = """
CASE WHEN c.price_minor IS NULL OR c.currency <> %(currency)s OR c.price_kind = 'net' THEN NULL ELSE {price} END
"""

INSERT_STOCK_RECORDS = f"""
INSERT INTO partner_stockrecord (partner_id, partner_sku, product_id, price_currency, price, num_in_stock,
    num_allocated, low_stock_threshold, date_created, date_updated)
SELECT %(partner)s, c.sku, c.product_id, %(currency)s,
    CASE WHEN (c.parts & {PRICE}) = 0 THEN NULL ELSE {PRICE_SHOWN} END,
    CASE WHEN c.number_counts THEN c.quantity ELSE NULL END, 0, NULL, %(now)s, %(now)s
FROM {PLAN} c WHERE {_SLICE} AND c.stock_record_id IS NULL AND c.verdict = '{APPLY}'
ORDER BY c.n
"""

# Since the plan was made another lane may have brought a younger number.
_NUMBER = """
CASE WHEN c.number_counts AND NOT EXISTS (
    SELECT 1 FROM shops_stockterms t WHERE t.stock_record_id = k.id AND t.as_of > c.as_of) THEN c.quantity
    ELSE k.num_in_stock END
"""
_PRICE_OR_OLD = f"CASE WHEN (c.parts & {PRICE}) = 0 THEN k.price ELSE {PRICE_SHOWN} END"

UPDATE_STOCK_RECORDS = f"""
UPDATE partner_stockrecord AS k SET
    product_id = c.product_id,
    price = {_PRICE_OR_OLD},
    price_currency = CASE WHEN (c.parts & {PRICE}) = 0 THEN k.price_currency ELSE %(currency)s END,
    num_in_stock = {_NUMBER},
    date_updated = %(now)s
FROM {PLAN} c
WHERE k.id = c.stock_record_id AND {_SLICE} AND c.verdict = '{APPLY}'
    AND (k.product_id <> c.product_id OR k.price {{differs}} {_PRICE_OR_OLD}
        OR (c.number_counts AND k.num_in_stock {{differs}} c.quantity))
"""

_TERMS_COLUMNS = """stock_record_id, condition, signed, first_edition, note, availability, days, available_on, as_of,
    follows_runs, buffer, open_limit, retired_at, price_kind"""

# What goes with a number stays with the younger one, as in _NUMBER: an age that moved back would let an older list in.
_COUNTS = "(c.number_counts AND NOT COALESCE(t.as_of > c.as_of, false))"

# A row only where there is more to say than "new, in stock, as of the shop's last complete run"; one that is there is
# written only where it says something else now: what follows the shop's runs has their age. A stock record that this
# slice has made has no terms yet; its id is asked for one by one: PostgreSQL, which does not know yet how many the shop
# has, would go through all of them for each slice.
MERGE_TERMS = f"""
INSERT INTO shops_stockterms ({_TERMS_COLUMNS})
SELECT COALESCE(c.stock_record_id, (
        SELECT k.id FROM partner_stockrecord k WHERE k.partner_id = %(partner)s AND k.partner_sku = c.sku)),
    CASE WHEN (c.parts & {CONDITION}) <> 0 THEN c.condition ELSE COALESCE(t.condition, 'new') END,
    CASE WHEN (c.parts & {CONDITION}) <> 0 THEN c.signed ELSE COALESCE(t.signed, false) END,
    CASE WHEN (c.parts & {CONDITION}) <> 0 THEN c.first_edition ELSE COALESCE(t.first_edition, false) END,
    COALESCE(t.note, ''),
    CASE WHEN {_COUNTS} THEN c.availability WHEN t.stock_record_id IS NOT NULL THEN t.availability
        WHEN c.stock_record_id IS NULL THEN 'unknown' ELSE 'in_stock' END,
    CASE WHEN {_COUNTS} THEN c.days ELSE t.days END,
    CASE WHEN {_COUNTS} THEN c.available_on ELSE t.available_on END,
    CASE WHEN {_COUNTS} THEN c.as_of ELSE t.as_of END,
    CASE WHEN {_COUNTS} THEN %(vouches)s AND NOT COALESCE(c.as_of < %(shop_as_of)s, false)
        ELSE COALESCE(t.follows_runs, true) END,
    t.buffer, COALESCE(t.open_limit, 1), NULL,
    CASE WHEN (c.parts & {PRICE}) <> 0 THEN c.price_kind ELSE COALESCE(t.price_kind, 'retail') END
FROM {PLAN} c LEFT JOIN shops_stockterms t ON t.stock_record_id = c.stock_record_id
WHERE {_SLICE} AND c.verdict = '{APPLY}' AND (NOT %(alone)s OR COALESCE(c.as_of < %(shop_as_of)s, false)
    OR (c.stock_record_id IS NULL AND NOT c.number_counts)
    OR c.facts ->> 'note' IS NOT NULL OR c.facts ->> 'photo' IS NOT NULL
    OR (t.stock_record_id IS NULL AND (c.condition <> 'new' OR c.signed OR c.first_edition OR c.price_kind <> 'retail'
        OR c.availability <> 'in_stock' OR c.days IS NOT NULL OR c.available_on IS NOT NULL))
    OR (t.stock_record_id IS NOT NULL AND (NOT t.follows_runs OR t.retired_at IS NOT NULL
        OR t.condition <> c.condition OR t.signed <> c.signed OR t.first_edition <> c.first_edition
        OR t.price_kind <> c.price_kind OR t.availability <> c.availability OR t.days {{differs}} c.days
        OR t.available_on {{differs}} c.available_on))
    OR EXISTS (SELECT 1 FROM shops_allocation a WHERE a.stock_record_id = c.stock_record_id AND a.ended_at IS NULL))
ON CONFLICT (stock_record_id) DO UPDATE SET
    condition = excluded.condition, signed = excluded.signed, first_edition = excluded.first_edition,
    availability = excluded.availability, days = excluded.days, available_on = excluded.available_on,
    as_of = excluded.as_of, follows_runs = excluded.follows_runs, retired_at = NULL, price_kind = excluded.price_kind
"""

# What the shop says of this very copy. After the source records, which have what a list that says some things alone
# leaves as it was.
CARRY_WORDS = f"""
UPDATE shops_stockterms AS t SET note = COALESCE(r.facts ->> 'note', ''), photo = COALESCE(r.facts ->> 'photo', '')
FROM {PLAN} c
JOIN catalog_sync_sourcerecord r ON r.feed_id = %(feed)s AND r.sku = c.sku
JOIN partner_stockrecord k ON k.partner_id = %(partner)s AND k.partner_sku = c.sku
WHERE {_SLICE} AND c.verdict = '{APPLY}' AND c.facts IS NOT NULL AND t.stock_record_id = k.id
    AND (t.note <> COALESCE(r.facts ->> 'note', '') OR t.photo <> COALESCE(r.facts ->> 'photo', ''))
"""

# Records that a list no longer vouches for keep the age they have, and grow older from there.
_UNVOUCH = f"""
INSERT INTO shops_stockterms ({_TERMS_COLUMNS})
SELECT k.id, 'new', false, false, '', 'in_stock', NULL, NULL, %(shop_as_of)s, false, NULL, 1, {{retired_at}}, 'retail'
FROM {{source}} c JOIN partner_stockrecord k ON k.partner_id = %(partner)s AND k.partner_sku = c.sku
WHERE {{where}}
ON CONFLICT (stock_record_id) DO UPDATE SET follows_runs = false,
    as_of = CASE WHEN shops_stockterms.follows_runs AND excluded.as_of IS NOT NULL
        AND COALESCE(shops_stockterms.as_of < excluded.as_of, true) THEN excluded.as_of ELSE shops_stockterms.as_of END,
    retired_at = COALESCE(shops_stockterms.retired_at, excluded.retired_at)
WHERE shops_stockterms.follows_runs OR (excluded.retired_at IS NOT NULL AND shops_stockterms.retired_at IS NULL)
"""
_NO_TIME = "CASE WHEN false THEN %(now)s END"  # NULL, of the column's type
_KEPT_BACK = f"c.verdict = '{JUMPED}'"
_UNREAD = f"NOT EXISTS (SELECT 1 FROM {STAGE} s WHERE s.sku = c.sku)"

RETIRE_QUESTIONS = _UNVOUCH.format(
    source=PLAN, retired_at="%(now)s", where=f"{_SLICE} AND c.verdict = '{QUESTION}' AND NOT c.is_new"
)
UNVOUCH_KEPT_BACK = _UNVOUCH.format(source=PLAN, retired_at=_NO_TIME, where=f"{_SLICE} AND {_KEPT_BACK}")
UNVOUCH_UNREAD = _UNVOUCH.format(source=f"(SELECT DISTINCT sku FROM {REFUSED})", retired_at=_NO_TIME, where=_UNREAD)


def retire(source: str, where: str) -> str:
    """Take articles of a temporary table `source c` off sale."""
    return _UNVOUCH.format(source=source, retired_at="%(now)s", where=where)


# A credible list that lacks an article: once, and it is not sold; twice, and it is retired; or else it is sold out.
_RETIRED = f"{_SLICE} AND (c.withdrawn OR (%(vouched)s AND c.again AND NOT %(zero)s))"
_MISSED = f"{_SLICE} AND NOT c.withdrawn AND %(vouched)s AND NOT c.again AND NOT %(zero)s"
_SOLD_OUT = f"{_SLICE} AND NOT c.withdrawn AND %(vouched)s AND %(zero)s"

# Another list of the shop vouches for it.
_ALONE = """NOT (%(others)s AND EXISTS (
    SELECT 1 FROM catalog_sync_feed g JOIN catalog_sync_sourcerecord o ON o.feed_id = g.id AND o.sku = c.sku
    WHERE g.shop_id = %(shop)s AND g.id <> %(feed)s AND g.active AND g.lapsed_at IS NULL AND o.retired_at IS NULL
        AND o.missed = 0 AND (g.lane = 'stock' OR o.quantity IS NOT NULL)))"""

RETIRE_GONE = retire(GONE, f"{_RETIRED} AND {_ALONE}")
UNVOUCH_GONE = _UNVOUCH.format(source=GONE, retired_at=_NO_TIME, where=f"{_SLICE} AND NOT (c.withdrawn OR %(vouched)s)")

_SOIL = f"""
UPDATE catalog_sync_sourcerecord SET offer_hash = {DIRTY},
    stock_hash = CASE WHEN stock_hash = {ABSENT} THEN {ABSENT} ELSE {DIRTY} END
WHERE feed_id = %(feed)s AND (offer_hash <> {DIRTY} OR stock_hash NOT IN ({DIRTY}, {ABSENT}))
    AND sku IN (SELECT c.sku FROM {{source}} c WHERE {{where}})
"""
# Where another feed of the shop lists the same article number, its word is to be compared again.
_SOIL_OTHERS = f"""
UPDATE catalog_sync_sourcerecord SET offer_hash = {DIRTY},
    stock_hash = CASE WHEN stock_hash = {ABSENT} THEN {ABSENT} ELSE {DIRTY} END
WHERE feed_id IN (SELECT g.id FROM catalog_sync_feed g WHERE g.shop_id = %(shop)s AND g.id <> %(feed)s)
    AND sku IN (SELECT c.sku FROM {{source}} c WHERE {{where}})
    AND (offer_hash <> {DIRTY} OR stock_hash NOT IN ({DIRTY}, {ABSENT}))
"""
SOIL_OTHERS = _SOIL_OTHERS.format(
    source=PLAN,
    where=f"{_SLICE} AND c.verdict = '{APPLY}' AND c.number_counts"
    " AND (c.quantity {differs} c.number OR c.availability <> c.old_availability)",
)
SOIL_OTHERS_GONE = _SOIL_OTHERS.format(source=GONE, where=_SLICE)
SOIL_KEPT_BACK = _SOIL.format(source=PLAN, where=f"{_SLICE} AND {_KEPT_BACK}")
SOIL_UNREAD = _SOIL.format(source=REFUSED, where=_UNREAD)
SOIL_GONE = _SOIL.format(source=GONE, where=f"{_SLICE} AND NOT (c.withdrawn OR %(vouched)s)")

RETIRE_SOURCE_RECORDS = f"""
UPDATE catalog_sync_sourcerecord SET retired_at = %(now)s, changed_run_id = %(run)s
WHERE feed_id = %(feed)s AND retired_at IS NULL
    AND sku IN (SELECT c.sku FROM {GONE} c WHERE {_RETIRED})
"""

MISS_SOURCE_RECORDS = f"""
UPDATE catalog_sync_sourcerecord SET missed = 1, offer_hash = {DIRTY}, stock_hash = {DIRTY}, changed_run_id = %(run)s
WHERE feed_id = %(feed)s AND sku IN (SELECT c.sku FROM {GONE} c WHERE {_MISSED})
"""

# The stock lane beside a catalogue does not say what the shop sells: it never retires.
ABSENT_SOURCE_RECORDS = f"""
UPDATE catalog_sync_sourcerecord SET availability = 'unknown', stock_hash = {ABSENT}, offer_hash = {DIRTY},
    as_of = %(as_of)s, changed_run_id = %(run)s
WHERE feed_id = %(feed)s AND sku IN (SELECT c.sku FROM {GONE} c WHERE {_MISSED})
"""

# Findable, and not sold until a list has it again. Its number keeps its age.
MISS_TERMS = f"""
INSERT INTO shops_stockterms ({_TERMS_COLUMNS})
SELECT k.id, 'new', false, false, '', 'unknown', NULL, NULL, %(shop_as_of)s, false, NULL, 1, NULL, 'retail'
FROM {GONE} c JOIN partner_stockrecord k ON k.partner_id = %(partner)s AND k.partner_sku = c.sku
WHERE {_MISSED} AND {_ALONE}
ON CONFLICT (stock_record_id) DO UPDATE SET availability = 'unknown', follows_runs = false,
    as_of = CASE WHEN shops_stockterms.follows_runs AND excluded.as_of IS NOT NULL
        AND COALESCE(shops_stockterms.as_of < excluded.as_of, true) THEN excluded.as_of ELSE shops_stockterms.as_of END
"""

# 0 is the lowest number: it counts unless a younger one is there.
_NOT_YOUNGER = """
NOT EXISTS (SELECT 1 FROM shops_stockterms t WHERE t.stock_record_id = k.id AND t.as_of > %(as_of)s)
    AND NOT COALESCE(%(shop_as_of)s > %(as_of)s, false)
"""
SELL_OUT_STOCK_RECORDS = f"""
UPDATE partner_stockrecord AS k SET num_in_stock = 0, date_updated = %(now)s
FROM {GONE} c WHERE k.partner_id = %(partner)s AND k.partner_sku = c.sku AND {_SOLD_OUT} AND {_NOT_YOUNGER}
"""
SELL_OUT_TERMS = f"""
INSERT INTO shops_stockterms ({_TERMS_COLUMNS})
SELECT k.id, 'new', false, false, '', 'temporarily_unavailable', NULL, NULL, %(as_of)s, %(vouches)s, NULL, 1,
    NULL, 'retail'
FROM {GONE} c JOIN partner_stockrecord k ON k.partner_id = %(partner)s AND k.partner_sku = c.sku
WHERE {_SOLD_OUT} AND {_NOT_YOUNGER}
ON CONFLICT (stock_record_id) DO UPDATE SET availability = excluded.availability, as_of = excluded.as_of,
    follows_runs = excluded.follows_runs
"""
SELL_OUT_SOURCE_RECORDS = f"""
UPDATE catalog_sync_sourcerecord SET quantity = 0, availability = 'temporarily_unavailable', offer_hash = {DIRTY},
    stock_hash = {DIRTY}, as_of = %(as_of)s, changed_run_id = %(run)s
WHERE feed_id = %(feed)s AND sku IN (
    SELECT c.sku FROM {GONE} c JOIN partner_stockrecord k ON k.partner_id = %(partner)s AND k.partner_sku = c.sku
    WHERE {_SOLD_OUT} AND {_NOT_YOUNGER})
"""
