"""How often a shop could hand over what its numbers said: the share of units that it kept its word on."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Count, Exists, F, OuterRef, Sum, Value
from django.db.models.functions import Coalesce

from shops.models import Shop, ShopOrderLine, StockIncident

WINDOW = timedelta(days=180)
# A shop nobody has ordered from yet, and what a few orders weigh against.
USUAL_SHARE = 0.95
_WEIGHT = 20  # units
_MISSING = (ShopOrderLine.Reason.SOLD, ShopOrderLine.Reason.NOT_FOUND, ShopOrderLine.Reason.DAMAGED)
_SAME = timedelta(days=2)  # between an incident and the answer that tells of it
_STEP = 0.01  # a smaller change is not written


def measure_keeping(now: datetime) -> int:
    """Step: work out each shop's share anew, from the units it answered for in the last half year. What it declined
    since the copy was not there counts against it, and so does each time that its till was faster; where both tell of
    the same copy, it counts once. Returns how many shops have another one."""
    since = now - WINDOW
    lines = ShopOrderLine.objects.filter(shop_order__answered_at__gte=since).order_by()
    by_shop = lines.values_list("shop_order__shop_id")
    answered = dict(by_shop.annotate(units=Sum(F("accepted") + F("declined") - F("cancelled"))))
    missing = dict(by_shop.filter(decline_reason__in=_MISSING).annotate(units=Sum(F("declined") - F("cancelled"))))
    told = ShopOrderLine.objects.filter(
        stock_record=OuterRef("stock_record"),
        decline_reason__in=_MISSING,
        declined__gt=0,
        shop_order__answered_at__gte=OuterRef("opened_at") - _SAME,
        shop_order__answered_at__lte=Coalesce(OuterRef("closed_at"), Value(now)) + _SAME,
    )
    faster = dict(
        StockIncident.objects.filter(~Exists(told), opened_at__gte=since)
        .order_by()
        .values_list("stock_record__partner__shop")
        .annotate(times=Count("pk"))
    )
    done = 0
    for shop_id, before in Shop.objects.order_by("pk").values_list("pk", "kept_share"):
        failed = missing.get(shop_id, 0) + faster.get(shop_id, 0)
        asked = max(answered.get(shop_id, 0), failed)
        share = round((asked - failed + USUAL_SHARE * _WEIGHT) / (asked + _WEIGHT), 3)
        if abs(share - before) >= _STEP:
            done += Shop.objects.filter(pk=shop_id).update(kept_share=share)
    return done
