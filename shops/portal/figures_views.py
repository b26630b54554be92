"""How a shop answered, what it lacked, what came back, what sold, and what was asked near it in vain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.db.models import F, Sum
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from marketplace.payments.models import DailySales
from search import misses
from shops import figures
from shops.figures import Figures
from shops.models import Return, Shop, ShopOrderLine
from shops.portal.access import StaffRequest, Workplace, page, portal_page
from shops.portal.words import REASONS

BEST_SELLERS = 10
_BACK = dict(Return.Reason.choices)


@require_safe
@portal_page
def figures_page(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    """`days`: 30 or 90; 30 where it is neither."""
    shop, now = workplace.shop, timezone.now()
    days = next((days for days in figures.WINDOWS if str(days) == request.GET.get("days")), figures.WINDOWS[0])
    measured, measured_at = figures.of_shop(shop, days)
    context = {
        "days": days,
        "windows": figures.WINDOWS,
        "measured": measured,
        "measured_at": measured_at,
        "rows": _rows(measured, figures.middles(days)),
        "fewest_shops": figures.FEWEST_SHOPS,
        "declined": [(REASONS.get(code, code), units) for code, units in measured.declined.items()],
        "returns": [(_BACK.get(code, code), number) for code, number in measured.returns.items()],
        "kept_percent": percent(shop.kept_share),
        "sold": _sold(shop, days, now),
        "best_sellers": _best_sellers(shop, days, now),
        "asked": misses.asked_near(shop, now=now),
        "asked_days": misses.KEPT.days,
        "asked_km": misses.NEAR_KM,
        "asked_fewest": misses.FEWEST,
        "has_place": shop.latitude is not None,
    }
    return page(request, workplace, "portal/figures.html", context)


def _rows(measured: Figures, middles: dict[str, float]) -> list[tuple[str, str, str]]:
    """(what, the shop's, the network's middle), in words; a dash where there is none."""
    return [
        (label, written(getattr(measured, name)), written(middles.get(name)))
        for name, label, written in (
            ("response_minutes", _("From an order to your answer, as a rule"), duration),
            ("on_time", _("Orders answered before the deadline"), percent),
            ("declined_share", _("Copies that you declined, or that nobody answered for"), percent),
            ("accuracy", _("Copies that were where your list said"), percent),
            ("returned_share", _("Copies that came back"), percent),
        )
    ]


def percent(share: float | None) -> str:
    return "–" if share is None else _("%(percent)s%%") % {"percent": round(share * 100)}


def duration(minutes: float | None) -> str:
    """ "25 minutes", "3 hours"; two days and more in days."""
    if minutes is None:
        return "–"
    if minutes < 90:
        number = round(minutes)
        return ngettext("%(number)s minute", "%(number)s minutes", number) % {"number": number}
    if (hours := round(minutes / 60)) < 48:
        return ngettext("%(number)s hour", "%(number)s hours", hours) % {"number": hours}
    number = round(hours / 24)
    return ngettext("%(number)s day", "%(number)s days", number) % {"number": number}


def _sold(shop: Shop, days: int, now: datetime) -> Iterable[Mapping[str, object]]:
    """By currency: copies, and what readers pay for them in minor units."""
    rows = DailySales.objects.filter(shop=shop, day__gt=(now - timedelta(days=days)).date())
    return rows.order_by("currency").values("currency").annotate(copies=Sum("units"), sum_minor=Sum("goods_minor"))


def _best_sellers(shop: Shop, days: int, now: datetime) -> Sequence[Mapping[str, object]]:
    """Titles by copies that readers got or get, most first."""
    since = now - timedelta(days=days)
    lines = ShopOrderLine.objects.filter(shop_order__shop=shop, shop_order__created_at__gte=since)
    sums = lines.order_by().values("product", "title").annotate(copies=Sum(F("quantity") - F("declined")))
    return [*sums.filter(copies__gt=0).order_by("-copies", "title")[:BEST_SELLERS]]
