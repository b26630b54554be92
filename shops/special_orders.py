"""A title that no shop has: a shop that orders any title takes it from its distributor, at a price that is known.

Known is what a shop's feed calls recommended, or fixed by law. Without it the shop would have to ask, and nothing is
sold before its price is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models.functions import Coalesce
from oscar.apps.partner.models import StockRecord

from marketplace.foundation import money
from shops.models import Availability, Condition, Shop, StockTerms

PRICES = ("fixed", "recommended")
"""Kinds of price that hold in every shop, the surer first (`catalog_sync.records.PriceKind`)."""


@dataclass(frozen=True)
class KnownPrice:
    amount: Decimal
    currency: str
    kind: str

    @property
    def minor(self) -> int:
        return money.to_minor(self.amount, self.currency)


def known_price(product_id: int, currency: str) -> KnownPrice | None:
    """Of a new copy, the latest of the surest kind. One query."""
    records = StockRecord.objects.filter(
        product_id=product_id, price_currency=currency, terms__condition=Condition.NEW, terms__price_kind__in=PRICES
    )
    said = records.exclude(price=None).order_by("-date_updated", "-pk")
    # Of what a shop's own price rule makes of it no other shop need know
    priced = said.annotate(said=Coalesce("terms__listed_price", "price")).values_list("said", "terms__price_kind")
    price, kind = min(priced, key=lambda one: PRICES.index(one[1]), default=(None, ""))
    return None if price is None else KnownPrice(price, currency, kind)


def orders_any_title(shop: Shop) -> bool:
    return shop.status == Shop.Status.ACTIVE and Shop.Service.ORDERING in shop.services


def record_for(shop: Shop, product_id: int, *, currency: str, now: datetime) -> StockRecord | None:
    """The shop's record to order this title by: made, or its price and age brought up to date. None where the shop does
    not order, or no price is known."""
    known = known_price(product_id, currency) if orders_any_title(shop) else None
    if known is None:
        return None
    with transaction.atomic():
        record, _ = StockRecord.objects.update_or_create(
            partner_id=shop.partner_id,
            partner_sku=f"order-{product_id}",
            defaults={"product_id": product_id, "price": known.amount, "price_currency": currency, "num_in_stock": 0},
        )
        StockTerms.objects.update_or_create(
            stock_record=record,
            defaults={
                "availability": Availability.ORDERABLE,
                "as_of": now,
                "follows_runs": False,
                "price_kind": known.kind,
                "retired_at": None,
            },
        )
    return record
