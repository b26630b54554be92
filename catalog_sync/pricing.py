"""A shop's price rules into what its articles are sold for (decision 0032).

Within a slice of a run, or of its undoing, prices are the list's (`take_off`); at its end, in the same transaction, the
rules are laid over what it wrote (`lay_over`). So guard, bands, journal and undo know the list's prices alone, and no
reader ever sees one that a rule was to change. What the list says stands in `StockTerms.listed_price` meanwhile.

A changed rule has effect within seconds; what others say of a title's subject or publisher is looked at every hour."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import transaction
from oscar.apps.partner.models import StockRecord

from catalog_sync import price_rules
from catalog_sync.models import Feed, PriceRule, PriceTask, SourceRecord
from catalog_sync.price_rules import Article
from marketplace.catalogue import changes
from marketplace.catalogue.models import ProductFacts
from marketplace.foundation import bulk, leases, network
from marketplace.foundation.money import exponent, to_decimal, to_minor
from shops.models import Condition, Shop, StockTerms

logger = logging.getLogger("halles.pricing")
AGAIN = timedelta(hours=1)
_SLICE = 1000
_LEASE_SECONDS = 900
_PRICED = "sync_priced"
_OURS = "SELECT k.id FROM partner_stockrecord k WHERE k.partner_id = %(priced_partner)s AND k.partner_sku IN ({skus})"
_COLUMNS = (
    *("pk", "product_id", "partner_sku", "price", "terms__listed_price", "terms__condition", "terms__price_kind"),
    *("product__facts__publisher", "product__facts__subject_codes", "product__facts__is_book", "product__facts__form"),
)


class Priced(NamedTuple):
    """A stock record, what its list says, what it is sold for now and what it is to be; in minor units."""

    pk: int
    product_id: int
    article: Article
    now_minor: int
    sold_minor: int


def rules_of(shop: Shop) -> list[PriceRule]:
    return list(PriceRule.objects.filter(shop=shop))


def has_any(shop: Shop) -> bool:
    """Whether prices of the shop are, or may still be, others than its lists say."""
    return PriceTask.objects.filter(shop=shop).exclude(due_at=None).exists()


def due(shop_id: int, now: datetime) -> None:
    """At once, also where a process is at it: that one then knows that it has lost its lease."""
    at_once = {"due_at": now, "lease_until": None, "lease_token": "", "parked_at": None}
    PriceTask.objects.update_or_create(shop_id=shop_id, defaults=at_once)


def due_if_ruled(shop_id: int, now: datetime) -> None:
    """An article of the shop came on sale beside its lists' readings."""
    if PriceRule.objects.filter(shop_id=shop_id).exists():
        due(shop_id, now)


def resolve_prices(now: datetime) -> int:
    """Step: the rules of each shop whose turn it is. Returns how many articles are sold for another price."""
    done = 0
    for task in leases.claim(PriceTask, now=now, limit=5, lease_seconds=_LEASE_SECONDS):
        try:
            done += _resolve(task.shop, now)
        except Exception as error:  # one that cannot be priced must not stop the next; it shows on the board
            logger.exception("The prices of %s cannot be worked out; it is tried again.", task.shop)
            leases.postpone(task, error=f"{type(error).__name__}: {error}", now=now)
            continue
        more = PriceRule.objects.filter(shop_id=task.shop_id).exists()
        leases.finish(task, due_at=now + AGAIN if more else None, attempts=0)
    return done


def _resolve(shop: Shop, now: datetime) -> int:
    done, last = 0, 0
    records = StockRecord.objects.filter(partner_id=shop.partner_id).order_by("pk")
    while pks := list(records.filter(pk__gt=last).values_list("pk", flat=True)[:_SLICE]):
        last = pks[-1]
        done += _resolve_slice(shop, pks, now)
    return done


def _resolve_slice(shop: Shop, pks: list[int], now: datetime) -> int:
    """Looked at first without locks: mostly nothing differs."""
    rules = rules_of(shop)
    wrong = [one.pk for one in work_out(shop, rules, pks, today=now.date()) if one.sold_minor != one.now_minor]
    if not wrong:
        return 0
    with transaction.atomic():
        rows = StockRecord.objects.filter(pk__in=wrong).order_by("pk").select_for_update(no_key=True)
        list(rows.values_list("pk", flat=True))
        changed = _write(work_out(shop, rules_of(shop), wrong, today=now.date()), now)
        changes.mark(changed)
    return len(wrong)


def take_off(partner_id: int, skus: str, words: dict[str, Any]) -> None:
    """In a transaction that has them locked: the prices of the lists again. `skus`: a query for article numbers."""
    ours, values = _OURS.format(skus=skus), words | {"priced_partner": partner_id}
    bulk.execute(
        "UPDATE partner_stockrecord AS k SET price = t.listed_price FROM shops_stockterms t"
        f" WHERE t.stock_record_id = k.id AND t.listed_price IS NOT NULL AND k.id IN ({ours})",
        values,
    )
    bulk.execute(
        "UPDATE shops_stockterms SET listed_price = NULL"
        f" WHERE listed_price IS NOT NULL AND stock_record_id IN ({ours})",
        values,
    )


def lay_over(shop: Shop, skus: str, words: dict[str, Any], *, now: datetime) -> None:
    """In the transaction that wrote them: the rules over the prices of the lists."""
    rules = rules_of(shop)
    if not rules:
        return
    found = bulk.rows(_OURS.format(skus=skus), words | {"priced_partner": shop.partner_id})
    _write(work_out(shop, rules, [pk for (pk,) in found], today=now.date()), now)


def work_out(shop: Shop, rules: Sequence[PriceRule], pks: Iterable[int], *, today: date) -> list[Priced]:
    """Of stock records of the shop that have a price. Nothing is written. Three queries."""
    rows = list(StockRecord.objects.filter(pk__in=pks, price__isnull=False).order_by("pk").values_list(*_COLUMNS))
    lists = _lists_of(shop, [row[2] for row in rows]) if rules else {}
    fixed = _fixed_by_law([row[1] for row in rows]) if rules else set()
    unit = 10 ** exponent(network.current().currency)
    found = []
    for row in rows:
        article = _article(row, lists.get(row[2], frozenset()), row[1] in fixed)
        sold = price_rules.sold_for(article, rules, country=shop.country, unit=unit, today=today)
        found.append(Priced(row[0], row[1], article, _minor(row[3]), sold))
    return found


def _article(row: tuple[Any, ...], feeds: frozenset[int], fixed: bool) -> Article:
    price, listed, condition, kind, publisher, subjects, is_book, form = row[3:]
    return Article(
        listed_minor=_minor(listed if listed is not None else price),
        condition=condition or Condition.NEW,
        price_kind=kind or "retail",
        fixed=fixed,
        publisher=publisher or "",
        subjects=subjects or (),
        feeds=feeds,
        facts=None if is_book is None else ProductFacts(is_book=is_book, form=form),
    )


def _lists_of(shop: Shop, skus: list[str]) -> dict[str, frozenset[int]]:
    """Which lists of the shop have an article number. What none has, as what is ordered for a reader at the price that
    holds in every shop, no rule names."""
    found: dict[str, set[int]] = defaultdict(set)
    feeds = list(Feed.objects.filter(shop=shop).values_list("pk", flat=True))
    rows = SourceRecord.objects.filter(feed__in=feeds, sku__in=skus, retired_at=None)
    for feed_id, sku in rows.values_list("feed_id", "sku"):
        found[sku].add(feed_id)
    return {sku: frozenset(feed_ids) for sku, feed_ids in found.items()}


def _fixed_by_law(product_ids: list[int]) -> set[int]:
    said = SourceRecord.objects.filter(price_kind="fixed", condition=Condition.NEW, retired_at=None)
    found = said.filter(product_id__in=product_ids).values_list("product_id", flat=True)
    return {product_id for product_id in found if product_id is not None}


def _write(priced: list[Priced], now: datetime) -> list[int]:
    """Of records that are locked. Returns the titles whose price is another."""
    currency = network.current().currency
    wrong = [one for one in priced if one.sold_minor != one.now_minor]
    if not wrong:
        return []
    ruled = [one.pk for one in wrong if one.sold_minor != one.article.listed_minor]
    StockTerms.objects.bulk_create([StockTerms(stock_record_id=pk) for pk in ruled], ignore_conflicts=True)
    bulk.create_temporary(_PRICED, {"id": "bigint", "price": "text", "listed": "text"}, key="id")
    bulk.load(_PRICED, ("id", "price", "listed"), [_texts(one, currency) for one in wrong])
    number = "numeric" if bulk.is_postgres() else "real"
    bulk.execute(
        f"UPDATE partner_stockrecord AS k SET price = CAST(p.price AS {number}), date_updated = %(now)s"
        f" FROM {_PRICED} p WHERE p.id = k.id",
        {"now": bulk.moment(now)},
    )
    bulk.execute(
        f"UPDATE shops_stockterms AS t SET listed_price = CAST(p.listed AS {number})"
        f" FROM {_PRICED} p WHERE p.id = t.stock_record_id"
    )
    bulk.drop_temporary(_PRICED)
    return [one.product_id for one in wrong]


def _texts(one: Priced, currency: str) -> tuple[int, str, str | None]:
    listed = one.article.listed_minor
    said = str(to_decimal(listed, currency)) if one.sold_minor != listed else None
    return one.pk, str(to_decimal(one.sold_minor, currency)), said


def _minor(amount: Decimal) -> int:
    return to_minor(amount, network.current().currency)
