"""A shop sets its price rules: what one would do, and saying, ordering and taking it back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max, Q, QuerySet, TextField
from django.db.models.functions import Cast
from oscar.apps.catalogue.models import Product
from oscar.apps.partner.models import StockRecord

from catalog_sync import price_rules, pricing
from catalog_sync.models import PriceRule, SourceRecord
from marketplace.foundation import audit
from search import text
from shops.models import Condition, Shop

MOST_RULES = 30
LOOKED_AT = 1000
SHOWN = 8
_FACTS = ("publisher", "worn", "change_bp", "change_minor", "rounding", "floor_minor")


@dataclass(frozen=True)
class Shown:
    """An article that a rule names: what its list says, what it is sold for now and what it would be; minor units."""

    product: Product
    listed_minor: int
    now_minor: int
    then_minor: int


@dataclass(frozen=True)
class Preview:
    """Of the articles that were `looked` at, up to a thousand, so many that the rule `named`, and so many that would be
    sold for another price than now (`changed`); some of each, those first."""

    looked: int
    named: int
    changed: int
    some: list[Shown]


def add(rule: PriceRule, *, by: object, now: datetime) -> None:
    """After those that are there."""
    with transaction.atomic():
        Shop.objects.select_for_update().get(pk=rule.shop_id)
        last = PriceRule.objects.filter(shop=rule.shop_id).aggregate(last=Max("place", default=0))["last"]
        rule.place = last + 1
        rule.save()
        _said("shop.price_rule", rule, by, now)


def remove(rule: PriceRule, *, by: object, now: datetime) -> None:
    """What it named has the next rule's price that fits, or its list's."""
    with transaction.atomic():
        _said("shop.price_rule_end", rule, by, now)
        rule.delete()


def move_up(rule: PriceRule, *, by: object, now: datetime) -> bool:
    """Tried before the one that was tried before it. False: it is the first."""
    with transaction.atomic():
        Shop.objects.select_for_update().get(pk=rule.shop_id)
        rows = list(PriceRule.objects.filter(shop=rule.shop_id))
        here = next((number for number, row in enumerate(rows) if row.pk == rule.pk), 0)
        if here == 0:
            return False
        rows[here - 1 : here + 1] = [rows[here], rows[here - 1]]
        for place, row in enumerate(rows, start=1):
            PriceRule.objects.filter(pk=row.pk).update(place=place)
        _said("shop.price_rule_up", rows[here - 1], by, now)
    return True


def preview(rule: PriceRule, *, now: datetime) -> Preview:
    """What a rule that is not saved would do, after those that are."""
    rules = [*pricing.rules_of(rule.shop), rule]
    pks = list(_named(rule).order_by("pk").values_list("pk", flat=True)[:LOOKED_AT])
    found = pricing.work_out(rule.shop, rules, pks, today=now.date())
    named = [one for one in found if next((row for row in rules if price_rules.fits(row, one.article)), None) is rule]
    named.sort(key=lambda one: one.sold_minor == one.now_minor)
    some = named[:SHOWN]
    titles = Product.objects.in_bulk([one.product_id for one in some])
    return Preview(
        looked=len(found),
        named=len(named),
        changed=sum(one.sold_minor != one.now_minor for one in named),
        some=[Shown(titles[one.product_id], one.article.listed_minor, one.now_minor, one.sold_minor) for one in some],
    )


def publishers_like(shop: Shop, name: str) -> set[str]:
    """How a publisher is written among the shop's titles, however it was typed."""
    wanted = text.key(name)
    ours = StockRecord.objects.filter(partner_id=shop.partner_id).values_list("product__facts__publisher", flat=True)
    return {one for one in ours.distinct() if one and text.key(one) == wanted}


def ruled(shop: Shop) -> QuerySet[StockRecord]:
    """What a rule sells for another price than its list says."""
    rows = StockRecord.objects.filter(partner_id=shop.partner_id, terms__listed_price__isnull=False)
    return rows.select_related("product", "terms").order_by("product__title", "pk")


def _named(rule: PriceRule) -> QuerySet[StockRecord]:
    """Roughly: as far as SQL can tell."""
    rows = StockRecord.objects.filter(partner_id=rule.shop.partner_id, price__isnull=False)
    if rule.subject:
        rows = rows.annotate(codes=Cast("product__facts__subject_codes", TextField()))
        rows = rows.filter(codes__contains=f'"{rule.subject}')
    if rule.publisher:
        rows = rows.filter(product__facts__publisher__in=publishers_like(rule.shop, rule.publisher))
    if rule.worn:
        new = Q(terms=None) | Q(terms__condition=Condition.NEW)
        rows = rows.filter(new if rule.worn == PriceRule.Worn.NEW else ~new)
    if rule.feed_id:
        rows = rows.filter(partner_sku__in=SourceRecord.objects.filter(feed=rule.feed_id).values("sku"))
    return rows


def _said(action: str, rule: PriceRule, by: object, now: datetime) -> None:
    said: dict[str, Any] = {name: getattr(rule, name) for name in _FACTS} | {"code": rule.subject}
    audit.record(action, rule, by=by, shop_id=rule.shop_id, place=rule.place, feed=rule.feed_id, **said)
    pricing.due(rule.shop_id, now)
