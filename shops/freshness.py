"""A shop whose stock was last read too long ago, or that paused, sells nothing from that moment on: SQL knows at once,
the index is told by this step."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from oscar.apps.partner.models import StockRecord

from marketplace.catalogue import changes
from shops.models import Shop


def is_for_sale(shop: Shop, *, now: datetime) -> bool:
    """Whether the shop is on sale and the promise of its complete lists still holds."""
    return shop.status == Shop.Status.ACTIVE and shop.fresh_until is not None and now <= shop.fresh_until


def follow_freshness(now: datetime) -> int:
    """Step: mark all titles of each shop that came on sale or went off it. Returns how many shops."""
    done = 0
    for shop in Shop.objects.order_by("pk"):
        for_sale = is_for_sale(shop, now=now)
        if for_sale == shop.counted_for_sale:
            continue
        with transaction.atomic():
            # Whoever changes the column marks the titles: two steps at once do it once.
            if Shop.objects.filter(pk=shop.pk, counted_for_sale=not for_sale).update(counted_for_sale=for_sale):
                records = StockRecord.objects.filter(partner_id=shop.partner_id).order_by()
                changes.mark(records.values_list("product_id", flat=True))
                done += 1
    return done
