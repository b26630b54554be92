"""A day that was said has come, and what its shop accepted for it does not lie ready: its reader decides. They wait
until a day of their own, have another shop looked for, or take it back (`fulfilment.cancel`)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F
from django.utils.timezone import localdate
from django.utils.translation import gettext as _

from marketplace.foundation import audit
from marketplace.foundation.failpoints import failpoint
from shops.models import Cancellation, Rerouting, ShopOrder, ShopOrderLine, Supply
from shops.orders import fulfilment, leaving, missing
from shops.orders.changing import FulfilmentError, changing
from shops.orders.counts import by_stock_record, still_here, takes_a_part
from shops.orders.transitions import Asked, Event

Reason = ShopOrderLine.Reason
LONGEST = timedelta(days=90)
_WAITS = [ShopOrder.Status.NEW, ShopOrder.Status.ACCEPTED]


def today(shop_order: ShopOrder, *, now: datetime) -> date:
    return localdate(now, ZoneInfo(shop_order.shop.timezone))


def is_late(line: ShopOrderLine, *, now: datetime) -> bool:
    """Without a query, where its order and shop are known."""
    awaited = line.supply in (Supply.ORDER, Supply.PREORDER) and line.accepted > line.packed
    order = line.shop_order
    return bool(awaited and order.status in _WAITS and line.expected_on and line.expected_on <= today(order, now=now))


def wait_until(line: ShopOrderLine, on: date, *, by: object, now: datetime) -> None:
    """The reader waits until `on`: the shop is asked two days before, as of every day that was said
    (`back_orders`). FulfilmentError where it is not late any more, or the day cannot be."""
    first = today(line.shop_order, now=now)
    if not first < on <= first + LONGEST:
        raise FulfilmentError(_("Choose a day after today, within three months."))
    if not is_late(line, now=now):
        raise FulfilmentError(_changed())
    with transaction.atomic():
        # As `changing` does: who is at it has read its lines, and would write the old day back with them.
        ShopOrder.objects.select_for_update(of=("self",)).get(pk=line.shop_order_id)
        there = ShopOrderLine.objects.filter(pk=line.pk, expected_on=line.expected_on, accepted__gt=F("packed"))
        if not there.filter(shop_order__status__in=_WAITS).update(expected_on=on):
            raise FulfilmentError(_changed())
        audit.record(
            "shop_order.wait", line.shop_order, by=by, shop_id=line.shop_order.shop_id, line=line.pk,
            units=line.accepted - line.packed, until=on.isoformat(),
        )  # fmt: skip


def gone_with(line: ShopOrderLine) -> dict[ShopOrderLine, int]:
    """What leaves the shop where its reader does not wait for a line: what of it does not lie ready, answered or not;
    all that is still there where they want this part whole."""
    if takes_a_part(line.shop_order):
        return {line: line.open_units + line.accepted - line.packed}
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
