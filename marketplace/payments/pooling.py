"""Sales without a chosen shop: the network is the seller, pays the tax in the goods itself, keeps its commission, and
what is left goes into the solidarity pool, which `membership.share_pool` shares among the shops."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from marketplace.payments import earnings, incidents, ledger, membership
from marketplace.payments.ledger import COMMISSION, ORDERS, tax_account
from marketplace.payments.models import BankEarning
from shops.models import Shop, ShopOrder

BATCH = 50


def book_pooled(now: datetime) -> int:
    """Step: what is sold for the pool and handed over, once the delay of shops' earnings is over."""
    if not earnings.handed_over(now, pooled=True).exists():
        return 0
    due = incidents.batch(earnings.due(now, Shop.objects.all(), pooled=True), step="book_pooled", most=BATCH)
    return incidents.one_by_one(due, lambda shop_order: _book(shop_order, now), step="book_pooled", now=now)


def _book(shop_order: ShopOrder, now: datetime) -> bool:
    with transaction.atomic():
        if earnings.lock(shop_order) is None:
            return False
        earned, number = earnings.of(shop_order, now=now), shop_order.number
        BankEarning.objects.create(
            shop_order=shop_order,
            amount_minor=earned.shop_minor,
            commission_minor=earned.kept_minor,
            commission_tax=earned.taxes,
            booked_at=now,
        )
        earnings.mark(shop_order, now=now)
        cause, common = f"{number} handed over", {"currency": shop_order.currency, "now": now}
        pooled: Any = {**common, "order_id": shop_order.order_id, "shop_order": shop_order}
        membership.put_into_pool(earned.shop_minor, key=number, cause=cause, **pooled)
        kept: Any = {**common, "debit": ORDERS, "cause": cause, "shop_order": shop_order}
        ledger.post("commission", credit=COMMISSION, amount_minor=earned.kept_minor, key=f"pool-kept:{number}", **kept)
        ledger.share_with_partners(shop_order, earned.kept_minor, key=f"pool:{number}", now=now)
        for place, tax in earned.taxes:
            key = f"pool-tax:{place}:{number}"
            ledger.post("sales_tax", credit=tax_account(place), amount_minor=tax, key=key, **kept)
    return True
