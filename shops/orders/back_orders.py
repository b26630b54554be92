"""What a shop has accepted for a day, and has not laid ready: it is asked two days before that day, and its reader is
told on the day before. The shop then says that it is there, or a new day, which the reader may refuse (`alternatives`);
who does not wait cancels, as until it is packed."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F
from django.utils.formats import date_format
from django.utils.timezone import localdate
from django.utils.translation import override

from marketplace.foundation import audit, links
from marketplace.foundation.failpoints import failpoint
from marketplace.foundation.models import MailMessage
from shops import mailing
from shops.models import ShopOrder, ShopOrderLine, Supply
from shops.orders import late_days, reader_mail, ready_times, undated

logger = logging.getLogger("halles.back_orders")
ASKED_BEFORE = timedelta(days=2)
# So long after its day a line is looked at: what was not told by then (the worker stood still) is old news.
LOOKED_AT_AFTER = timedelta(days=7)
_AT_ONCE = 500


def watch_back_orders(now: datetime) -> int:
    """Step: ask shops for what is to be there in two days; tell readers, from the afternoon before its day on, what is
    not there. Each once for each day that was said; what has none is `undated`'s. Returns how many were told."""
    return _watch_dated(now) + undated.watch_undated(now)


def _watch_dated(now: datetime) -> int:
    today = now.date()
    rows = ShopOrderLine.objects.filter(
        shop_order__status__in=[ShopOrder.Status.NEW, ShopOrder.Status.ACCEPTED],
        supply__in=[Supply.ORDER, Supply.PREORDER],
        accepted__gt=F("packed"),
        expected_on__range=(today - LOOKED_AT_AFTER, today + ASKED_BEFORE + timedelta(days=1)),
    )
    if not rows.exists():  # as `leases.waiting` says
        return 0
    related = ("shop_order__shop", "shop_order__order__checkout", "shop_order__order__user")
    lines = list(rows.select_related(*related, "shop_order__delivery_option__point").order_by("pk"))
    told = _told(lines)
    return sum(_look(line, told, now) for line in lines)


def _told(lines: list[ShopOrderLine]) -> set[str]:
    """Of the mails that could be due, those that are written already."""
    keys = [key for line in lines for key in (_asking(line), _telling(line))]
    found: set[str] = set()
    for start in range(0, len(keys), _AT_ONCE):
        rows = MailMessage.objects.filter(dedupe_key__in=keys[start : start + _AT_ONCE])
        found.update(rows.values_list("dedupe_key", flat=True))
    return found


def _asking(line: ShopOrderLine) -> str:
    return f"back_order_due:{line.pk}:{line.expected_on}"


def _telling(line: ShopOrderLine) -> str:
    return f"shop_order_not_there:{line.shop_order.number}:{line.pk}:{line.expected_on}"


def _look(line: ShopOrderLine, told: set[str], now: datetime) -> bool:
    """What is due of it. What fails is tried again and stops no other."""
    assert line.expected_on is not None
    zone = ZoneInfo(line.shop_order.shop.timezone)
    is_due = late_days.told_from(line.shop_order, line.expected_on) <= now
    is_near = line.expected_on - ASKED_BEFORE <= localdate(now, zone)
    try:
        if is_due and _telling(line) not in told and reader_mail.address_of(line.shop_order.order):
            return _tell(line, now) if ready_times.by_day(now, zone) == now else False
        if is_near and not is_due and _asking(line) not in told:
            _ask(line, line.expected_on, now)
            return True
    except Exception:
        logger.exception("Line %s, which is to be there on %s, cannot be followed.", line.pk, line.expected_on)
    return False


def _ask(line: ShopOrderLine, on: date, now: datetime) -> None:
    shop_order, shop = line.shop_order, line.shop_order.shop
    where = f"/portal/{shop.slug}/orders/{shop_order.number}/"
    with override(shop.language):
        day = date_format(on, "DATE_FORMAT")
    mailing.post(
        "back_order_due",
        shop,
        mailing.About.LATE,
        dedupe_key=_asking(line),
        context={
            "shop_order": shop_order,
            "line": line,
            "units": line.accepted - line.packed,
            "day": day,
            "url": links.absolute(where),
            "later_url": links.absolute(f"{where}lines/{line.pk}/offer/"),
        },
        now=now,
    )


def _tell(line: ShopOrderLine, now: datetime) -> bool:
    with transaction.atomic():
        shop_order = line.shop_order
        reader_mail.not_there(shop_order, list(shop_order.lines.all()), line, now=now)
        audit.record(
            "shop_order.not_there", shop_order, shop_id=shop_order.shop_id, line=line.pk,
            units=line.accepted - line.packed,
        )  # fmt: skip
        failpoint("back_order.before_commit")
    failpoint("back_order.after_commit")
    return True


def awaited(lines: Iterable[ShopOrderLine]) -> date | None:
    """The first day on which something accepted is to be there that does not lie ready; None: nothing is awaited."""
    days = (line.expected_on for line in lines if line.supply != Supply.STOCK and line.accepted > line.packed)
    return min((day for day in days if day), default=None)
