"""Silence has an end: who has not answered is reminded, the reader is told what happens next before it does, and what
is still unanswered at the end is declined for the shop.

A shop that said nothing has not said that it cannot hand the copies over: where it was told of the order they stay
promised until its word or its number (DESIGN §5, `leaving`). What is gone is looked for elsewhere as after a decline.
The end compares the order's version as every answer does: of an answer and the end at one moment one counts."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import override

from marketplace.foundation import audit, leases, links, network
from marketplace.foundation.failpoints import failpoint
from shops import mailing
from shops.models import Cancellation, ShopOrder, ShopOrderLine
from shops.orders import answer_times, fulfilment, held, leaving, missing, reader_mail
from shops.orders.changing import FulfilmentError, changing
from shops.orders.counts import by_stock_record, still_here, takes_a_part
from shops.orders.transitions import Event

logger = logging.getLogger("halles.expiring")
Status, Reason = ShopOrder.Status, ShopOrderLine.Reason
BATCH = 50
AGAIN_AFTER = timedelta(minutes=5)


def follow_answers(now: datetime) -> int:
    """Step: remind shops, tell readers, end what nobody answered. Returns how many were looked at."""
    silent = ShopOrder.objects.filter(status=Status.NEW, watch_at__lte=now).order_by("watch_at", "pk")
    related = ("shop", "order__checkout", "order__user", "delivery_option__point")
    return sum(_follow(shop_order, now) for shop_order in leases.waiting(silent, *related, most=BATCH))


def _follow(shop_order: ShopOrder, now: datetime) -> bool:
    """What is next of it. What fails is tried again later and stops no other; `verify` tells of it."""
    try:
        if held.is_being_answered(shop_order):
            return _look_again(shop_order, now)
        if now >= shop_order.answer_due_at and not _may_wait_longer(shop_order, now):
            if ShopOrder.objects.filter(answer_times.untold(now), pk=shop_order.pk).exists():
                return _look_again(shop_order, now)  # who was never told is not silent
            return expire(shop_order, now=now)
        if shop_order.reminded_at is None and now < shop_order.answer_due_at:
            return _remind(shop_order, now)
        return _warn(shop_order, now)
    except Exception:
        logger.exception("The silence on order %s cannot be followed; it is tried again.", shop_order)
        _look_again(shop_order, now)
        return False


def _look_again(shop_order: ShopOrder, now: datetime) -> bool:
    seen = ShopOrder.objects.filter(pk=shop_order.pk, watch_at=shop_order.watch_at)
    return seen.update(watch_at=now + AGAIN_AFTER) == 1


def expire(shop_order: ShopOrder, *, now: datetime, last: bool = False) -> bool:
    """End what its shop has not answered; where the reader wanted this part whole, all of it. `last`: the payment
    cannot wait for the time to be over. False: somebody answered at the same moment, or has pressed an answer."""
    try:
        with changing(shop_order, now, Event.EXPIRE) as (fresh, lines):
            opened = [row for row in by_stock_record(lines.values()) if row.open_units]
            if held.is_being_answered(fresh) or not (last or fresh.answer_due_at <= now):
                raise FulfilmentError
            _end(fresh, lines, opened, now)
            failpoint("expire.before_commit")
    except FulfilmentError:
        return False
    failpoint("expire.after_commit")
    return True


def _end(shop_order: ShopOrder, lines: dict[int, ShopOrderLine], opened: list[ShopOrderLine], now: datetime) -> None:
    in_part = takes_a_part(shop_order)
    units = {row.pk: row.open_units for row in opened} if in_part else still_here(lines.values())
    ended = by_stock_record(lines[pk] for pk in units)
    before = missing.counted(ended)
    with leaving.from_shop(shop_order, lines, now) as told:
        for row in ended:
            row.decline_reason = Reason.NO_ANSWER if row.open_units else row.decline_reason or Reason.INCOMPLETE
            leaving.set_apart(row, units[row.pk], told=told, cause=Cancellation.Cause.NO_ANSWER, now=now)
    shop_order.expired_at, shop_order.watch_at = now, None
    shop_order.save(update_fields=["expired_at", "watch_at"])
    counts = {str(pk): number for pk, number in units.items()}
    audit.record("shop_order.expire", shop_order, by="system", shop_id=shop_order.shop_id, units=counts)
    fulfilment.settle(shop_order, lines, now)
    _look_elsewhere(shop_order, lines, opened[0], {row: before[row] for row in ended}, units, now)


def _look_elsewhere(
    shop_order: ShopOrder,
    lines: dict[int, ShopOrderLine],
    spoken_of: ShopOrderLine,
    before: missing.Counts,
    units: dict[int, int],
    now: datetime,
) -> None:
    """Have another shop looked for; the reader is told of what none is looked for."""
    in_part = takes_a_part(shop_order)
    sought = {row: was for row, was in before.items() if not in_part or missing.can_be_replaced(row)}
    if sought and missing.note(shop_order, _of(sought, spoken_of), sought, is_whole=not in_part, now=now):
        gone = [row for row in before if row not in sought]
    else:
        gone = list(before)
    if gone:
        taken = [(row, units[row.pk]) for row in gone]
        reader_mail.unanswered(shop_order, list(lines.values()), taken, rest=not in_part, now=now)


def _of(sought: missing.Counts, spoken_of: ShopOrderLine) -> ShopOrderLine:
    return spoken_of if spoken_of in sought else next(iter(sought))


def _remind(shop_order: ShopOrder, now: datetime) -> bool:
    shop = shop_order.shop
    with transaction.atomic():
        shop_order.reminded_at = now
        if not _note(shop_order, reminded_at=now):
            return False
        with override(shop.language):
            until = date_format(localtime(shop_order.answer_due_at, ZoneInfo(shop.timezone)), "DATETIME_FORMAT")
        mailing.post(
            "shop_order_reminder",
            shop,
            mailing.About.LATE,
            dedupe_key=f"shop_order_reminder:{shop_order.number}",
            context={
                "shop_order": shop_order,
                "lines": [line for line in shop_order.lines.all() if line.open_units],
                "answer_until": until,
                "url": links.absolute(f"/portal/orders/{shop_order.number}/"),
            },
            now=now,
            answer_by=shop_order.answer_due_at,
        )
    return True


def _warn(shop_order: ShopOrder, now: datetime) -> bool:
    """Tell the reader before the end; where they agreed to have it later, the shop has as long again, once."""
    later = _later(shop_order, now)
    with transaction.atomic():
        shop_order.warned_at = now
        if later:
            shop_order.answer_due_at = later
        if not _note(shop_order, warned_at=now, answer_due_at=shop_order.answer_due_at):
            return False
        lines = list(shop_order.lines.all())
        other = bool(getattr(_checkout(shop_order), "agrees_other_shop", False))
        other = other and any(line.open_units and missing.can_be_replaced(line) for line in lines)
        reader_mail.late(shop_order, lines, later=later is not None, other=other, now=now)
        audit.record("shop_order.warn", shop_order, shop_id=shop_order.shop_id, later=later is not None)
    return True


def _note(shop_order: ShopOrder, **done: datetime) -> bool:
    """Write what was done of it, once. Not its version: whoever has its page open may still answer."""
    still = ShopOrder.objects.filter(pk=shop_order.pk, status=Status.NEW, watch_at=shop_order.watch_at)
    return still.update(watch_at=answer_times.next_look(shop_order), **done) == 1


def _may_wait_longer(shop_order: ShopOrder, now: datetime) -> bool:
    return shop_order.warned_at is None and _later(shop_order, now) is not None


def _later(shop_order: ShopOrder, now: datetime) -> datetime | None:
    """How long its shop has where the reader agreed to have it later than said; None: no longer."""
    if not getattr(_checkout(shop_order), "agrees_later", False):
        return None
    since, shop = max(now, shop_order.answer_due_at), shop_order.shop
    later = answer_times.answer_due(
        answer_times.hours_of([shop], now=now)[shop.pk],
        ZoneInfo(shop.timezone),
        since=since,
        within=timedelta(hours=network.current().answer_within_hours),
        latest=shop_order.waits_until,
    )
    return later if later > since else None


def _checkout(shop_order: ShopOrder) -> object:
    return getattr(shop_order.order, "checkout", None)
