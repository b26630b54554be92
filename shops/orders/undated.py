"""What a shop has ordered for a reader, and nobody said for when: the shop is asked for a day each week, and after four
weeks its reader is told that there is none. By law what was bought without a day is there within thirty days (Directive
2011/83/EU, article 18; France: Code de la consommation, L. 216-1); who does not wait cancels, as until it is packed."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F

from marketplace.foundation import audit, links
from marketplace.foundation.failpoints import failpoint
from marketplace.foundation.models import MailMessage
from shops import mailing
from shops.models import ShopOrder, ShopOrderLine, Supply
from shops.orders import reader_mail, ready_times

logger = logging.getLogger("halles.back_orders")
WEEK = timedelta(days=7)
TOLD_AFTER = 4  # weeks
# A shop that was asked for so many weeks is not asked any more: a person of the network sees the order's age.
MOST_WEEKS = 12
_AT_ONCE = 500


def watch_undated(now: datetime) -> int:
    """Ask shops for a day, tell readers that there is none; a part of the step of `back_orders`. How many were told."""
    rows = ShopOrderLine.objects.filter(
        shop_order__status__in=[ShopOrder.Status.NEW, ShopOrder.Status.ACCEPTED],
        shop_order__created_at__range=(now - (MOST_WEEKS + 1) * WEEK, now - WEEK),
        supply__in=[Supply.ORDER, Supply.PREORDER],
        accepted__gt=F("packed"),
        expected_on=None,
    )
    if not rows.exists():  # as `leases.waiting` says
        return 0
    related = ("shop_order__shop", "shop_order__order__checkout", "shop_order__order__user")
    lines = list(rows.select_related(*related, "shop_order__delivery_option__point").order_by("pk"))
    told = set[str]()
    for start in range(0, len(lines), _AT_ONCE):
        keys = [key for line in lines[start : start + _AT_ONCE] for key in (_asking(line, now), _telling(line))]
        told.update(MailMessage.objects.filter(dedupe_key__in=keys).values_list("dedupe_key", flat=True))
    return sum(_look(line, told, now) for line in lines)


def _asking(line: ShopOrderLine, now: datetime) -> str:
    return f"back_order_undated:{line.pk}:{(now - line.shop_order.created_at) // WEEK}"


def _telling(line: ShopOrderLine) -> str:
    return f"shop_order_undated:{line.shop_order.number}:{line.pk}"


def _look(line: ShopOrderLine, told: set[str], now: datetime) -> int:
    """What is due of it. What fails is tried again and stops no other."""
    done, shop_order = 0, line.shop_order
    is_day = ready_times.by_day(now, ZoneInfo(shop_order.shop.timezone)) == now
    is_due = is_day and now - shop_order.created_at >= TOLD_AFTER * WEEK
    try:
        if _asking(line, now) not in told:
            _ask(line, now)
            done += 1
        if is_due and _telling(line) not in told and reader_mail.address_of(shop_order.order):
            _tell(line, now)
            done += 1
    except Exception:
        logger.exception("Line %s, which was ordered without a day, cannot be followed.", line.pk)
    return done


def _ask(line: ShopOrderLine, now: datetime) -> None:
    shop_order, shop = line.shop_order, line.shop_order.shop
    where = f"/portal/{shop.slug}/orders/{shop_order.number}/"
    mailing.post(
        "back_order_undated",
        shop,
        mailing.About.LATE,
        dedupe_key=_asking(line, now),
        context={
            "shop_order": shop_order,
            "line": line,
            "units": line.accepted - line.packed,
            "weeks": (now - shop_order.created_at) // WEEK,
            "url": links.absolute(where),
            "later_url": links.absolute(f"{where}lines/{line.pk}/offer/"),
        },
        now=now,
    )


def _tell(line: ShopOrderLine, now: datetime) -> None:
    with transaction.atomic():
        shop_order = line.shop_order
        reader_mail.undated(shop_order, list(shop_order.lines.all()), line, now=now)
        units = line.accepted - line.packed
        audit.record("shop_order.undated", shop_order, shop_id=shop_order.shop_id, line=line.pk, units=units)
        failpoint("undated.before_commit")
    failpoint("undated.after_commit")
