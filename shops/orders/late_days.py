"""A day that was said is about to be over, and what its shop accepted for it is not ready: its reader decides. They
wait until a day of their own, have another shop looked for, or take it back (`fulfilment.cancel`).

What is on the shelf is late once its reader was told (`not_ready`); what is ordered for a day, from the afternoon
before it on (`back_orders`)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F
from django.utils.formats import date_format
from django.utils.timezone import localdate
from django.utils.translation import gettext as _

from marketplace.foundation import audit
from marketplace.foundation.failpoints import failpoint
from shops.models import Cancellation, Rerouting, ShopOrder, ShopOrderLine
from shops.orders import fulfilment, leaving, missing, ready_times
from shops.orders.changing import FulfilmentError, changing
from shops.orders.counts import by_stock_record, still_here, takes_a_part
from shops.orders.transitions import Asked, Event

Reason = ShopOrderLine.Reason
LONGEST = timedelta(days=90)
# Of what is ordered for a day: on the day before, from then on.
TOLD_BEFORE, TOLD_FROM = timedelta(days=1), time(16)
# Who accepted it so shortly before has ordered it for that day: its reader is told on the day itself, from noon on, and
# some hours after the shop's word, as far as the day has them.
LEAST_TIME, NOON, EVENING, AFTER_ITS_WORD = timedelta(hours=20), time(12), time(20), timedelta(hours=4)
_WAITS = [ShopOrder.Status.NEW, ShopOrder.Status.ACCEPTED]


def today(shop_order: ShopOrder, *, now: datetime) -> date:
    return localdate(now, ZoneInfo(shop_order.shop.timezone))


def is_late(line: ShopOrderLine, *, now: datetime) -> bool:
    """Without a query, where its order and shop are known."""
    order = line.shop_order
    if order.is_late:
        is_here = line.to_hand_over > 0 and not ready_times.is_undated(line)
        return is_here and not _waits(line, today(order, now=now))
    if not ready_times.is_ordered(line) or order.status not in _WAITS or line.expected_on is None:
        return False
    return told_from(order, line.expected_on) <= now


def told_from(shop_order: ShopOrder, on: date) -> datetime:
    """From when the reader of what is ordered for a day is told that it is not there yet. While another line is
    still to be answered nobody knows when this one was: as if it were a moment ago."""
    zone = ZoneInfo(shop_order.shop.timezone)
    before = ((on - TOLD_BEFORE, TOLD_FROM), (on, NOON), (on, EVENING))
    at, noon, evening = (datetime.combine(day, hour, zone).astimezone(UTC) for day, hour in before)
    if shop_order.answered_at is None:
        return noon
    if at - shop_order.answered_at >= LEAST_TIME:
        return at
    return min(evening, max(noon, shop_order.answered_at + AFTER_ITS_WORD))


def late_units(line: ShopOrderLine) -> int:
    """How many of a line are not there, or not sent."""
    return line.to_hand_over if line.shop_order.is_late else line.accepted - line.packed


def wait_until(line: ShopOrderLine, on: date, *, by: object, now: datetime) -> None:
    """The reader waits until `on`: the shop is asked, and the reader told, before it, as of every day that was said
    (`back_orders`, `not_ready`). FulfilmentError where it is not late any more, or the day cannot be."""
    first = first_day(line, now=now)
    if not first <= on <= today(line.shop_order, now=now) + LONGEST:
        first_words = date_format(first, "DATE_FORMAT")
        raise FulfilmentError(_("Choose a day from %(first)s on, within three months.") % {"first": first_words})
    if not is_late(line, now=now):
        raise FulfilmentError(_changed())
    with transaction.atomic():
        # As `changing` does: who is at it has read its lines, and would write the old day back with them.
        locked = ShopOrder.objects.select_for_update(of=("self",)).select_related("shop", "delivery_option")
        shop_order = locked.get(pk=line.shop_order_id)
        there = ShopOrderLine.objects.filter(pk=line.pk, expected_on=line.expected_on)
        was_late = shop_order.is_late and shop_order.late_at == line.shop_order.late_at
        still = there.filter(accepted__gt=F("handed_over" if was_late else "packed"))
        if not (was_late or shop_order.status in _WAITS) or not still.update(expected_on=on):
            raise FulfilmentError(_changed())
        rows = list(shop_order.lines.all())
        if not was_late or all(_waits(row, today(shop_order, now=now)) for row in rows if row.to_hand_over):
            ready_times.anew(shop_order, rows, now=now)
            shop_order.save(update_fields=ready_times.COLUMNS)
        audit.record(
            "shop_order.wait", shop_order, by=by, shop_id=shop_order.shop_id, line=line.pk, units=late_units(line),
            until=on.isoformat(),
        )  # fmt: skip


def _waits(line: ShopOrderLine, day: date) -> bool:
    """Whether its reader said, or was told, a day that is to come: what else of its order is late stays late."""
    return line.expected_on is not None and line.expected_on > day


def first_day(line: ShopOrderLine, *, now: datetime) -> date:
    """The first day until which its reader may wait: of what is ordered, one before which the shop is asked again."""
    return today(line.shop_order, now=now) + (1 if line.shop_order.is_late else 2) * timedelta(days=1)


def gone_with(line: ShopOrderLine) -> dict[ShopOrderLine, int]:
    """What leaves the shop where its reader does not wait for a line: what of it does not lie ready, answered or not;
    all that is still there where they want this part whole."""
    if takes_a_part(line.shop_order):
        return {line: line.open_units + late_units(line)}
    rows = {row.pk: row for row in line.shop_order.lines.all()}
    return {rows[pk]: units for pk, units in still_here(rows.values()).items()}


def may_look_elsewhere(line: ShopOrderLine) -> bool:
    """Whether another shop could have all of it."""
    return all(missing.can_be_replaced(row) for row in gone_with(line))


def look_elsewhere(line: ShopOrderLine, *, by: object, now: datetime) -> Rerouting:
    """The reader does not wait: this shop does not supply it any more, and is told, and another one is looked for at
    what was agreed, or less (`checkout.rerouting`). FulfilmentError where it is not late any more, or no other shop can
    have it."""
    with changing(line.shop_order, now, Event.LEAVE, Asked(line.pk)) as (shop_order, lines):
        row = lines[line.pk]
        row.shop_order = shop_order
        if not is_late(row, now=now):
            raise FulfilmentError(_changed())
        if not may_look_elsewhere(row):
            raise FulfilmentError(_("No other shop can have this: wait for it, or take your money back."))
        units = {one.pk: number for one, number in gone_with(row).items()}
        before = missing.counted(lines[pk] for pk in units)
        with leaving.from_shop(shop_order, lines, now) as told:
            for one in by_stock_record(lines[pk] for pk in units):
                one.decline_reason = Reason.LATER if one is row else one.decline_reason or Reason.INCOMPLETE
                leaving.set_apart(one, units[one.pk], told=told, cause=Cancellation.Cause.LATE, now=now)
        counts = {str(pk): number for pk, number in units.items()}
        audit.record("shop_order.leave", shop_order, by=by, shop_id=shop_order.shop_id, line=row.pk, units=counts)
        fulfilment.settle(shop_order, lines, now)
        is_whole = not takes_a_part(shop_order)
        made = missing.write_down(shop_order, row, missing.gone(before), before, is_whole=is_whole, now=now, due_at=now)
        failpoint("late_day.before_commit")
    failpoint("late_day.after_commit")
    return made


def _changed() -> str:
    return _("The shop did something with this order meanwhile. Here is how it stands now.")
