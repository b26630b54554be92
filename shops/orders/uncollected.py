"""What lies ready at the counter and nobody comes for: its reader is reminded, then it goes back.

The copies stay promised until the shop says that they are on its shelf, or its number contains them (DESIGN §5): the
time being over is no shop's word, and somebody may have handed them over without saying so. The money follows the
counts, as of every declined unit (`payments/captures.py`). The end compares the order's version as every answer does:
of a reader at the counter and the end at one moment one counts, and a hand-over that waits at the desk holds it."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from marketplace.foundation import audit, leases
from marketplace.foundation.failpoints import failpoint
from shops import opening
from shops.models import Cancellation, Shop, ShopOrder, Supply
from shops.orders import fulfilment, keep_times, leaving, reader_mail
from shops.orders.changing import BeingHandedOverError, FulfilmentError, changing
from shops.orders.counts import by_stock_record, still_here
from shops.orders.transitions import Event

logger = logging.getLogger("halles.uncollected")
Status = ShopOrder.Status
BATCH = 50
AGAIN_AFTER, ASKED_AGAIN_AFTER = timedelta(minutes=5), timedelta(minutes=30)
LONGER_DAYS = 7


def watch_pickups(now: datetime) -> int:
    """Step: remind readers of what waits for them, and take back what nobody came for. Returns how many."""
    due = ShopOrder.objects.filter(status=Status.PACKED, keep_watch_at__lte=now).order_by("keep_watch_at", "pk")
    related = ("shop", "order__checkout", "order__user", "delivery_option__point")
    return sum(_follow(row, now) for row in leases.waiting(due, *related, most=BATCH))


def _follow(shop_order: ShopOrder, now: datetime) -> bool:
    """What is next of it. What fails is tried again later and stops no other; `verify` tells of it."""
    try:
        if shop_order.keep_until is None or now < shop_order.keep_until:
            return _remind(shop_order, now)
        if shop_order.shop.uncollected == Shop.Uncollected.ASK:  # it may say otherwise meanwhile
            _look(shop_order, now + ASKED_AGAIN_AFTER)
            return False
        take_back(shop_order, by="system", now=now)
        return True
    except BeingHandedOverError:
        _look(shop_order, now + AGAIN_AFTER)
    except FulfilmentError:
        logger.info("Order %s changed while it was to go back.", shop_order)
    except Exception:
        logger.exception("Order %s, which nobody collected, cannot go back; it is tried again.", shop_order)
        _look(shop_order, now + AGAIN_AFTER)
    return False


def take_back(shop_order: ShopOrder, *, by: object, now: datetime, on_shelf: bool = False) -> None:
    """Nobody came: what is still there goes back and is not paid for. `on_shelf`: whoever says so has put it there, so
    that it is for sale at once. FulfilmentError before its time is over, and where somebody was quicker."""
    with transaction.atomic():
        with changing(shop_order, now, Event.TAKE_BACK) as (fresh, lines):
            _check_over(fresh, now)
            units = still_here(lines.values())
            rows = by_stock_record(lines[pk] for pk in units)
            with leaving.from_shop(fresh, lines, now):
                for row in rows:  # it lay ready: its shop knew of it, however that was told
                    cause = Cancellation.Cause.UNCOLLECTED
                    leaving.set_apart(row, units[row.pk], told=True, cause=cause, now=now)
            fresh.uncollected_at, fresh.keep_watch_at = now, None
            fresh.save(update_fields=["uncollected_at", "keep_watch_at"])
            counts = {str(pk): number for pk, number in units.items()}
            audit.record("shop_order.take_back", fresh, by=by, shop_id=fresh.shop_id, units=counts)
            fulfilment.settle(fresh, lines, now)
            taken = [(row, units[row.pk]) for row in rows]
            reader_mail.uncollected(fresh, list(lines.values()), taken, now=now)
        if on_shelf and any(row.supply == Supply.STOCK for row in rows):  # of what was ordered none waits
            fulfilment.put_back(shop_order, by=by, now=now, cause=Cancellation.Cause.UNCOLLECTED)
        failpoint("take_back.before_commit")
    failpoint("take_back.after_commit")


def keep_longer(shop_order: ShopOrder, *, by: object, now: datetime) -> None:
    """The shop keeps it a week longer, since the reader asked, or it was closed. FulfilmentError where it does not lie
    ready any more, or somebody said so a moment ago."""
    seen, shop = shop_order.keep_until, shop_order.shop
    if seen is None:
        raise FulfilmentError(_("This does not lie ready for its reader."))
    since = max(seen, now) + timedelta(days=LONGER_DAYS - shop.kept_days)
    until = keep_times.kept_until(shop, opening.hours_of([shop.pk], now=now)[shop.pk], since=since)
    with transaction.atomic():
        there = ShopOrder.objects.filter(pk=shop_order.pk, status=Status.PACKED, keep_until=seen)
        if not there.update(keep_until=until, keep_watch_at=keep_times.reminder(until, since=now)):
            raise FulfilmentError(_("Someone changed this order meanwhile. Look at it again, then repeat."))
        audit.record("shop_order.keep_longer", shop_order, by=by, shop_id=shop.pk, until=until.isoformat())
    shop_order.keep_until = until


def _check_over(shop_order: ShopOrder, now: datetime) -> None:
    if shop_order.keep_until and now < shop_order.keep_until:
        local = localtime(shop_order.keep_until, ZoneInfo(shop_order.shop.timezone))
        until = date_format(local, "DATETIME_FORMAT")
        raise FulfilmentError(_("It is kept for the reader until %(until)s.") % {"until": until})


def _remind(shop_order: ShopOrder, now: datetime) -> bool:
    with transaction.atomic():
        if not _look(shop_order, shop_order.keep_until, keep_reminded_at=now):
            return False
        shop_order.keep_reminded_at = now
        reader_mail.still_waits(shop_order, list(shop_order.lines.all()), now=now)
    return True


def _look(shop_order: ShopOrder, at: datetime | None, **done: datetime) -> bool:
    """Write when it is looked at next, once. Not its version: whoever has its page open may still answer."""
    still = ShopOrder.objects.filter(pk=shop_order.pk, status=Status.PACKED, keep_watch_at=shop_order.keep_watch_at)
    return still.update(keep_watch_at=at, **done) == 1
