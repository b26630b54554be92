"""How much each shop has to do, how often it says no, and how much of what others lacked came to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count, F, Q, Sum

from shops.models import ReroutedUnits, Shop, ShopLoad, ShopOrder, ShopOrderLine

DECLINES_WINDOW = timedelta(days=90)
ROUTED_WINDOW = timedelta(days=30)
# What a few orders weigh against: one no of one order is no habit.
_WEIGHT = 20  # units
_OPEN = (ShopOrder.Status.NEW, ShopOrder.Status.ACCEPTED)
_COLUMNS = ("open_orders", "orders_today", "declined_share", "routed_units")


def measure_load(now: datetime) -> int:
    """Step: measure each shop anew; a row is written where a figure is another. Returns how many."""
    open_orders = _counted(ShopOrder.objects.filter(status__in=_OPEN).values_list("shop").annotate(n=Count("pk")))
    asked = ShopOrderLine.objects.filter(shop_order__created_at__gte=now - DECLINES_WINDOW)
    answered = Q(shop_order__answered_at__isnull=False) | Q(shop_order__expired_at__isnull=False)
    # What a reader took back says nothing of the shop.
    by_shop = asked.filter(answered).values_list("shop_order__shop")
    units = _counted(by_shop.annotate(n=Sum(F("quantity") - F("cancelled"))))
    declined = _counted(by_shop.annotate(n=Sum(F("declined") - F("cancelled"))))
    moved = ReroutedUnits.objects.filter(rerouting__decided_at__gte=now - ROUTED_WINDOW, moved_to__isnull=False)
    moved = moved.exclude(moved_to__shop_order__shop=F("line__shop_order__shop"))  # what it offered instead itself
    routed = _counted(moved.values_list("moved_to__shop_order__shop").annotate(n=Sum("units")))
    today = _orders_today(now)
    before = {row.shop_id: row for row in ShopLoad.objects.all()}
    made, changed = [], []
    for pk in Shop.objects.order_by("pk").values_list("pk", flat=True):
        share = round(declined[pk] / (units[pk] + _WEIGHT), 3)
        figures = (open_orders[pk], today[pk], share, routed[pk])
        row = ShopLoad(shop_id=pk, **dict(zip(_COLUMNS, figures, strict=True)))
        if pk not in before:
            made.append(row)
        elif figures != tuple(getattr(before[pk], name) for name in _COLUMNS):
            changed.append(row)
    ShopLoad.objects.bulk_create(made, ignore_conflicts=True)
    ShopLoad.objects.bulk_update(changed, _COLUMNS)
    return len(made) + len(changed)


def full_days(shop: Shop) -> int:
    """How many days the orders of today fill, by what the shop can do in one: so much later is the next one ready. A
    query where the shop has a limit and its load was not read with it."""
    load = getattr(shop, "load", None) if shop.orders_per_day is not None else None
    return load.orders_today // max(shop.orders_per_day or 0, 1) if load else 0


def _orders_today(now: datetime) -> dict[int, int]:
    """By shop, since its own midnight."""
    found: dict[int, int] = defaultdict(int)
    for name in Shop.objects.order_by().values_list("timezone", flat=True).distinct():
        midnight = datetime.combine(now.astimezone(ZoneInfo(name)).date(), time(), tzinfo=ZoneInfo(name))
        of_zone = ShopOrder.objects.filter(shop__timezone=name, created_at__gte=midnight)
        found |= _counted(of_zone.values_list("shop").annotate(n=Count("pk")))
    return found


def _counted(rows: Iterable[tuple[int, int]]) -> dict[int, int]:
    return defaultdict(int, rows)
