"""The day at a glance, for when the shop closes: what came, what was done, what stays for tomorrow."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count, F, Q, QuerySet, Sum
from django.http import HttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_safe

from marketplace.foundation.models import AuditEntry
from shops import queries
from shops.models import ParcelLine, Reservation, ShopOrder
from shops.portal.access import StaffRequest, Workplace, page, portal_page
from shops.portal.words import DELIVERIES, REASONS

Status = ShopOrder.Status
FIRST = date(2000, 1, 1)


@require_safe
@portal_page
def day(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    """`day`: which, as 2026-03-02; today where it is none. Days begin and end at the shop's midnight."""
    today = timezone.localdate()
    shown = min(max(_day(request.GET.get("day", "")) or today, FIRST), today)
    zone = ZoneInfo(workplace.shop.timezone)
    begins, ends = (datetime.combine(one, time(), zone) for one in (shown, shown + timedelta(days=1)))
    orders = queries.orders_for(request.user).filter(shop=workplace.shop)
    context = {
        "day": shown,
        "before": shown - timedelta(days=1),
        "after": shown + timedelta(days=1) if shown < today else None,
        "is_today": shown == today,
        "figures": _figures(orders, begins, ends),
        "handed_over": _handed_over(orders, begins, ends),
        "declined": _declined(workplace, begins, ends),
        "reserved": _sold(workplace, begins, ends),
    }
    return page(request, workplace, "portal/day.html", context)


def _day(said: str) -> date | None:
    try:
        return parse_date(said)
    except ValueError:
        return None


def _figures(orders: QuerySet[ShopOrder], begins: datetime, ends: datetime) -> dict[str, int]:
    """What came and was answered that day; what is open is open now."""

    def within(name: str) -> Q:
        return Q(**{f"{name}__gte": begins, f"{name}__lt": ends})

    return orders.aggregate(
        came=Count("pk", filter=within("created_at")),
        answered=Count("pk", filter=within("answered_at") & ~Q(status=Status.DECLINED)),
        declined=Count("pk", filter=within("answered_at") & Q(status=Status.DECLINED)),
        late=Count("pk", filter=within("expired_at")),
        new=Count("pk", filter=Q(status=Status.NEW)),
        accepted=Count("pk", filter=Q(status=Status.ACCEPTED)),
        packed=Count("pk", filter=Q(status=Status.PACKED)),
    )


def _handed_over(orders: QuerySet[ShopOrder], begins: datetime, ends: datetime) -> list[dict[str, object]]:
    """By kind of delivery: parcels, copies, what readers pay for these copies in minor units."""
    lines = ParcelLine.objects.filter(
        parcel__shop_order__in=orders,
        parcel__handed_over_at__gte=begins,
        parcel__handed_over_at__lt=ends,
        parcel__instead_of=None,
    )
    rows = lines.values("parcel__kind", "parcel__shop_order__currency").annotate(
        parcels=Count("parcel", distinct=True),
        copies=Sum("units"),
        goods_minor=Sum(F("units") * F("line__goods_minor") / F("line__quantity")),
    )
    return [
        row | {"word": DELIVERIES.get(row["parcel__kind"], ""), "currency": row["parcel__shop_order__currency"]}
        for row in rows.order_by("parcel__kind")
    ]


def _declined(workplace: Workplace, begins: datetime, ends: datetime) -> list[tuple[str, int]]:
    """By reason: copies."""
    entries = AuditEntry.objects.filter(shop=workplace.shop, action="shop_order.decline", at__gte=begins, at__lt=ends)
    counts: dict[str, int] = {}
    for facts in entries.values_list("facts", flat=True):
        units = facts.get("units")
        reason = str(facts.get("because", ""))
        counts[reason] = counts.get(reason, 0) + (units if isinstance(units, int) else 0)
    return [(str(REASONS.get(reason, reason)), units) for reason, units in sorted(counts.items())]


def _sold(workplace: Workplace, begins: datetime, ends: datetime) -> int:
    """Copies set aside and paid at the counter."""
    rows = Reservation.objects.filter(
        shop=workplace.shop, state=Reservation.State.SOLD, ended_at__gte=begins, ended_at__lt=ends
    )
    return rows.aggregate(units=Sum("units"))["units"] or 0
