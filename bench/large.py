"""The state that the large benchmarks begin from, built by the set: titles, and shops that hold offers of them.

The titles come from a catalogue without stock of its own, as a publisher's or a wholesaler's list would bring them,
so that a shop's list finds them known. Every offer of the other shops stands where a sync of theirs would have put it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dirty_feeds
from django.db import connection
from django.utils import timezone

from catalog_sync import staging, sync
from catalog_sync.doors.locations import feeds_folder, opened
from catalog_sync.models import Feed, SyncRun
from catalog_sync.staging import STAGE
from catalog_sync.titles import candidates, matching
from marketplace.foundation import bulk
from shops.models import Shop
from tests import factories

TITLES = "titles"  # the feed of the catalogue


def open_shop(name: str) -> Feed:
    shop = factories.shop(name, complete_as_of=None)
    return Feed.objects.create(shop=shop, name=name, kind="csv", location=f"{name}.csv", currency="CAD")


def feed(name: str) -> Feed:
    return Feed.objects.select_related("shop").get(name=name)


def path_of(name: str) -> Path:
    return feeds_folder() / f"{name}.csv"


def read(name: str) -> SyncRun:
    """Sync a feed; anything but a run that is done ends the program."""
    run = sync.run(feed(name), now=timezone.now())
    if run.state != SyncRun.State.DONE:
        raise SystemExit(f"The run of {name} is {run.state}: {[note['text'] for note in run.notes]}")
    return run


def open_network(shops: int) -> list[str]:
    """The network, the catalogue's feed, and so many shops without anything. Returns the names of the shops' feeds."""
    factories.network(country="CA", currency="CAD")
    matching.product_classes()
    names = [f"shop-{number}" for number in range(1, shops + 1)]
    for name in (TITLES, *names):
        open_shop(name)
    return names


def fill_titles(size: int) -> None:
    """So many titles with their facts and their source records, by three statements."""
    dirty_feeds.write(path_of(TITLES), size, shop=0, dirty=False)
    catalogue = feed(TITLES)
    with opened(catalogue, catalogue.lane, now=timezone.now()) as reading:
        staging.stage(reading.begin(None))
    words = {"now": bulk.moment(timezone.now()), "feed": catalogue.pk, "class": matching.product_classes()[True]}
    for statement in (_PRODUCTS, _FACTS[connection.vendor], _SOURCE_RECORDS):
        bulk.execute(statement, words)
    bulk.drop_temporary(STAGE)


def copy_offers(name: str, others: list[str]) -> None:
    """Give other shops what a shop has. Nothing is marked for the index."""
    source = feed(name)
    for other in map(feed, others):
        words = {
            "feed": source.pk,
            "other_feed": other.pk,
            "partner": source.shop.partner_id,
            "other_partner": other.shop.partner_id,
        }
        for statement in (_COPY_RECORDS, _COPY_STOCK, _COPY_TERMS):
            bulk.execute(statement, words)
        Shop.objects.filter(pk=other.shop_id).update(complete_as_of=source.shop.complete_as_of)


def of_known_titles(size: int) -> dict[str, tuple[str, str]]:
    """For `upserts.stored`: the rows of a shop whose product is one of the first so many, which a fresh state has."""
    known = f"(SELECT id FROM partner_stockrecord WHERE partner_id = {{partner}} AND product_id <= {size})"
    return {
        "catalog_sync_sourcerecord": ("feed_id, sku", f"feed_id = {{feed}} AND product_id <= {size}"),
        "partner_stockrecord": ("partner_id, partner_sku", f"id IN {known}"),
        "shops_stockterms": ("stock_record_id", f"stock_record_id IN {known}"),
    }


def settle() -> None:
    """What a database that has been running for a day has done by itself: titles filed by their blocks, statistics, the
    visibility map."""
    candidates.file_new()
    bulk.execute("DELETE FROM titles_titlechange")
    if bulk.is_postgres():
        for table in _TABLES:
            bulk.execute(f"VACUUM (ANALYZE) {table}")
        bulk.execute("CHECKPOINT")


def sizes(largest: int) -> Iterator[int]:
    """10,000 rows and ten times as many, up to the largest."""
    size = min(10_000, largest)
    while size < largest:
        yield size
        size *= 10
    yield largest


_TABLES = (
    *("catalogue_product", "titles_productfacts", "catalog_sync_sourcerecord", "partner_stockrecord"),
    *("shops_stockterms", "titles_titlechange"),
)

_PRODUCTS = f"""
INSERT INTO catalogue_product (structure, is_public, upc, code, title, slug, description, meta_title, meta_description,
    priority, product_class_id, is_discountable, date_created, date_updated)
SELECT 'standalone', true, CAST(gtin AS text), NULL, title, 'livre', '', NULL, NULL, 0, %(class)s, true, %(now)s,
    %(now)s FROM {STAGE} ORDER BY ordinal
"""
_FACT_COLUMNS = """product_id, gtin, subtitle, contributors, contributors_text, publisher, series, series_number,
    language, form, pages, publication_date, description, subject_codes, subject_path, audience, unit_size, tax_code,
    cover, cover_source, is_book, synthetic, provenance, updated_at, territory,
    age_limit"""
_FACTS = {
    "postgresql": f"""
INSERT INTO titles_productfacts ({_FACT_COLUMNS})
SELECT p.id, s.gtin, '', jsonb_build_array(jsonb_build_object('name', f->'contributors'->0->>0, 'role', 'author')),
    f->'contributors'->0->>0, f->>'publisher', '', '', f->>'language', '', NULL,
    CAST(f->>'publication_date' AS date), '', '[]', '[]', '', '', '', '', '', true, false,
    '{{"publisher": "titles", "language": "titles", "contributors": "titles", "publication_date": "titles", "title":
    "titles"}}', %(now)s, '', ''
FROM (SELECT gtin, ordinal, CAST(facts AS jsonb) AS f FROM {STAGE}) s
JOIN catalogue_product p ON p.upc = CAST(s.gtin AS text) ORDER BY s.ordinal
""",
    "sqlite": f"""
INSERT INTO titles_productfacts ({_FACT_COLUMNS})
SELECT p.id, s.gtin, '',
    json_array(json_object('name', json_extract(s.facts, '$.contributors[0][0]'), 'role', 'author')),
    json_extract(s.facts, '$.contributors[0][0]'), json_extract(s.facts, '$.publisher'), '', '',
    json_extract(s.facts, '$.language'), '', NULL, json_extract(s.facts, '$.publication_date'), '', '[]', '[]', '', '',
    '', '', '', true, false, '{{"publisher": "titles", "language": "titles", "contributors": "titles",
    "publication_date": "titles", "title": "titles"}}', %(now)s, '', ''
FROM {STAGE} s JOIN catalogue_product p ON p.upc = CAST(s.gtin AS text) ORDER BY s.ordinal
""",
}
_SOURCE_RECORDS = f"""
INSERT INTO catalog_sync_sourcerecord (feed_id, sku, product_id, gtin, title, price_minor, currency, price_kind,
    quantity, availability, condition, offer_hash, stock_hash, facts_hash, facts, as_of, said_as_of,
    changed_run_id, missed, retired_at)
SELECT %(feed)s, s.sku, p.id, s.gtin, s.title, NULL, s.currency, s.price_kind, NULL, 'unknown', s.condition,
    s.offer_hash, 0, s.facts_hash, {{facts}}, s.as_of, s.as_of, NULL, 0, NULL
FROM {STAGE} s JOIN catalogue_product p ON p.upc = CAST(s.gtin AS text) ORDER BY s.sku
"""
_SOURCE_RECORDS = _SOURCE_RECORDS.format(
    facts="CAST(s.facts AS jsonb)" if connection.vendor == "postgresql" else "s.facts"
)

_RECORD_COLUMNS = """sku, product_id, gtin, title, price_minor, currency, price_kind, quantity, availability, condition,
    offer_hash, stock_hash, facts_hash, facts, as_of, said_as_of, changed_run_id, missed, retired_at"""
_COPY_RECORDS = f"""
INSERT INTO catalog_sync_sourcerecord (feed_id, {_RECORD_COLUMNS})
SELECT %(other_feed)s, {_RECORD_COLUMNS} FROM catalog_sync_sourcerecord WHERE feed_id = %(feed)s ORDER BY sku
"""
_COPY_STOCK = """
INSERT INTO partner_stockrecord (partner_id, partner_sku, product_id, price_currency, price, num_in_stock,
    num_allocated, low_stock_threshold, date_created, date_updated)
SELECT %(other_partner)s, partner_sku, product_id, price_currency, price, num_in_stock, num_allocated, NULL,
    date_created, date_updated FROM partner_stockrecord WHERE partner_id = %(partner)s ORDER BY partner_sku
"""
_TERMS = """condition, signed, first_edition, note, availability, days, available_on, as_of, follows_runs, buffer,
    open_limit, retired_at, price_kind"""
_COPY_TERMS = f"""
INSERT INTO shops_stockterms (stock_record_id, {_TERMS})
SELECT o.id, {", ".join(f"t.{name.strip()}" for name in _TERMS.split(","))}
FROM shops_stockterms t JOIN partner_stockrecord k ON k.id = t.stock_record_id AND k.partner_id = %(partner)s
JOIN partner_stockrecord o ON o.partner_id = %(other_partner)s AND o.partner_sku = k.partner_sku ORDER BY o.id
"""
