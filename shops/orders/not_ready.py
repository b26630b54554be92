"""What was accepted from the shelf and is neither ready nor sent: its shop is reminded, then its reader is told, before
the day that was said is over. They wait until a day of their own, have another shop looked for, or take their money
back (`late_days`). What is ordered for a day is followed by `back_orders`.

What waits for somebody else is left alone meanwhile: what staff have pressed and is not carried out yet, what another
shop is looked for, what the reader was offered instead or sends back."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import override

from marketplace.foundation import audit, links
from marketplace.foundation.failpoints import failpoint
from shops import mailing
from shops.models import DeskAction, Rerouting, Return, ShopOrder, ShopSystem
from shops.orders import reader_mail, ready_times

logger = logging.getLogger("halles.not_ready")
Status = ShopOrder.Status
BATCH = 50
AGAIN_AFTER = timedelta(minutes=5)
# After a reminder that came late (the worker stood still) the shop has so long before its reader is told.
LEAST_TIME = timedelta(minutes=30)
# It may have left, and only the shop's system knows, which does not answer: so long nobody is told otherwise.
UNHEARD_FOR = timedelta(days=1)


def watch_ready(now: datetime) -> int:
    """Step: remind shops of what is not ready, tell readers. Each once for each day that was said. Returns how many
    were told."""
    due = ShopOrder.objects.filter(status__in=[Status.ACCEPTED, Status.PACKED], ready_watch_at__lte=now)
    if not due.exists():  # as `leases.waiting` says
        return 0
    related = _with_what_waits(due).select_related("shop", "order__checkout", "order__user", "delivery_option__point")
    return sum(_follow(row, now) for row in related.order_by("ready_watch_at", "pk")[:BATCH])


def _with_what_waits(rows: QuerySet[ShopOrder]) -> QuerySet[ShopOrder]:
    of_it = {"shop_order": OuterRef("pk")}
    looking = Rerouting.objects.filter(outcome=Rerouting.Outcome.LOOKING, **of_it)
    back = Return.objects.filter(ended_at=None, **of_it)
    pressed = DeskAction.objects.filter(due_at__isnull=False, **of_it)
    its_system = ShopSystem.objects.filter(shop=OuterRef("shop"), kind=OuterRef("shop__channel"))
    silent = its_system.filter(failing_since__isnull=False)
    return rows.annotate(waits=Exists(looking) | Exists(back) | Exists(pressed), is_unheard=Exists(silent))


def _follow(shop_order: ShopOrder, now: datetime) -> bool:
    """What is next of it. What fails is tried again later and stops no other; `verify` tells of it."""
    try:
        by_day = ready_times.by_day(now, ZoneInfo(shop_order.shop.timezone))
        if by_day > now or shop_order.waits:  # type: ignore[attr-defined]
            return _look_again(shop_order, max(by_day, now + AGAIN_AFTER))
        if shop_order.ready_reminded_at is None:
            return _remind(shop_order, now)
        if shop_order.is_unheard and now < (shop_order.tell_at or now) + UNHEARD_FOR:  # type: ignore[attr-defined]
            return _look_again(shop_order, now + AGAIN_AFTER)
        if _may_still_leave(shop_order, now):
            return _look_again(shop_order, _middle(shop_order))
        return _tell(shop_order, now)
    except Exception:
        logger.exception("Order %s, which is not ready, cannot be followed; it is tried again.", shop_order)
        return _look_again(shop_order, now + AGAIN_AFTER)


def _look_again(shop_order: ShopOrder, at: datetime) -> bool:
    _look(shop_order, at)
    return False


def _may_still_leave(shop_order: ShopOrder, now: datetime) -> bool:
    """It lies packed, and the courier brings it in a span of which half is not over."""
    has_span = shop_order.expected_until is not None and shop_order.expected_from == shop_order.ready_by
    return shop_order.status == Status.PACKED and has_span and now < _middle(shop_order)


def _middle(shop_order: ShopOrder) -> datetime:
    begins, ends = shop_order.expected_from, shop_order.expected_until
    assert begins is not None
    assert ends is not None
    return begins + (ends - begins) / 2


def _remind(shop_order: ShopOrder, now: datetime) -> bool:
    shop = shop_order.shop
    with transaction.atomic():
        tell_at = max(shop_order.tell_at or now, now + LEAST_TIME)
        if not _look(shop_order, tell_at, ready_reminded_at=now):
            return False
        where, lines = f"/portal/{shop.slug}/orders/{shop_order.number}/", list(shop_order.lines.all())
        with override(shop.language):
            until = date_format(localtime(tell_at, ZoneInfo(shop.timezone)), "DATETIME_FORMAT")
        left = [line for line in lines if line.to_hand_over and not ready_times.is_undated(line)]
        mailing.post(
            "shop_order_not_ready",
            shop,
            mailing.About.LATE,
            dedupe_key=f"shop_order_not_ready:{shop_order.number}:{_day(shop_order)}",
            context={
                "shop_order": shop_order,
                "lines": left,
                "is_sent": _is_sent(shop_order),
                "is_packed": shop_order.status == Status.PACKED,
                "until": until,
                "url": links.absolute(where),
                "later": [(row, links.absolute(f"{where}lines/{row.pk}/offer/")) for row in left],
            },
            now=now,
            answer_by=tell_at,
        )
        failpoint("not_ready.before_commit")
    failpoint("not_ready.after_commit")
    return True


def _tell(shop_order: ShopOrder, now: datetime) -> bool:
    with transaction.atomic():
        if not _look(shop_order, None, late_at=now):
            return False
        lines, sent = list(shop_order.lines.all()), _is_sent(shop_order)
        reader_mail.not_ready(shop_order, lines, sent=sent, key=_day(shop_order), now=now)
        audit.record("shop_order.not_ready", shop_order, shop_id=shop_order.shop_id, sent=sent)
        failpoint("not_ready.before_commit")
    failpoint("not_ready.after_commit")
    return True


def _is_sent(shop_order: ShopOrder) -> bool:
    return shop_order.delivery_kind != "pickup"


def _day(shop_order: ShopOrder) -> str:
    return f"{shop_order.ready_by:%Y-%m-%dT%H:%M}"


def _look(shop_order: ShopOrder, at: datetime | None, **done: Any) -> bool:
    """Write when it is looked at next, once, if nobody did anything with it meanwhile. Not its version: whoever has its
    page open may still answer."""
    still = ShopOrder.objects.filter(
        pk=shop_order.pk,
        version=shop_order.version,
        status__in=[Status.ACCEPTED, Status.PACKED],
        ready_watch_at=shop_order.ready_watch_at,
    )
    return still.update(ready_watch_at=at, **done) == 1
