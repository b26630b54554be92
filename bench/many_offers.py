"""A catalogue of many titles that many shops offer, written by the set: what the searches at full size are made of."""

from __future__ import annotations

from datetime import timedelta

import large
from django.utils import timezone

from marketplace.catalogue import subjects
from marketplace.foundation import bulk
from shops.models import Shop
from tests import factories

OFFERS = 5  # of each title, in different shops; one in three has none left


def fill(titles: int, shops: int) -> None:
    """So many titles with author, publisher, subject, form and price, each offered by OFFERS of the shops."""
    large.open_network(shops)
    now = timezone.now()
    Shop.objects.update(complete_as_of=now, fresh_until=now + timedelta(days=3), counted_for_sale=True)
    for shop in Shop.objects.order_by("pk")[:shops]:
        factories.delivery_option(shop)
    subjects.load()
    large.fill_titles(titles)
    bulk.execute(_SUBJECTS)
    bulk.create_temporary("bench_shop", {"n": "bigint", "partner_id": "bigint"}, key="n")
    partners = Shop.objects.exclude(name=large.TITLES).order_by("pk").values_list("partner_id", flat=True)
    bulk.load("bench_shop", ["n", "partner_id"], list(enumerate(partners)))
    for number in range(OFFERS):
        words = {"number": number, "shops": shops, "now": bulk.moment(now)}
        bulk.execute(_STOCK, words)
    bulk.drop_temporary("bench_shop")
    large.settle()


_SUBJECTS = """
UPDATE titles_productfacts SET
    form = CASE product_id % 3 WHEN 0 THEN 'paperback' WHEN 1 THEN 'hardback' ELSE 'pocket' END,
    subject_codes = CASE product_id % 4 WHEN 0 THEN '["FBA"]' WHEN 1 THEN '["FFC"]' WHEN 2 THEN '["YFB"]'
        ELSE '["DCF"]' END,
    subject_path = CASE product_id % 4 WHEN 0 THEN '["F", "FB"]' WHEN 1 THEN '["F", "FF"]' WHEN 2 THEN '["Y", "YF"]'
        ELSE '["D", "DC"]' END
"""
_STOCK = """
INSERT INTO partner_stockrecord (partner_id, partner_sku, product_id, price_currency, price, num_in_stock,
    num_allocated, low_stock_threshold, date_created, date_updated)
SELECT s.partner_id, CAST(p.id AS text), p.id, 'CAD', 5 + (p.id * 13 + %(number)s * 171) %% 4000 / 100.0,
    (p.id + %(number)s) %% 3, 0, NULL, %(now)s, %(now)s
FROM catalogue_product p JOIN bench_shop s ON s.n = (p.id * 7 + %(number)s * 23) %% %(shops)s
"""
