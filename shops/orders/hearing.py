"""What a shop's own system says of our orders becomes what the shop says: accepted, declined, handed over, by line.

A system says all of it each time, so that hearing it twice changes nothing. What staff answer in the portal meanwhile
stays: they were quicker. What the system takes otherwise than it was ordered stands on its line, for a person.

What may not be done when it is said (staff are answering at that moment; a parcel left, and another line is still to be
answered) is not lost: the system is asked for that order again each time, whether it changes there or not, until it is
done or nothing is left of the order."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from marketplace.foundation import leases
from marketplace.foundation.failpoints import failpoint
from marketplace.foundation.side_by_side import Lanes
from shops import absorbing, withholding
from shops.channels import Channel, ChannelError, channel_for
from shops.channels.base import Answer, LineSaid, OrderState, ParcelSaid, Receipt
from shops.models import DeliveryOption, ShopOrder, ShopOrderLine, ShopSystem, Supply, Transmission
from shops.orders import fulfilment, held, left_after_all, sayings
from shops.orders.changing import FulfilmentError
from shops.orders.counts import by_stock_record
from shops.orders.sayings import Saying
from shops.systems import SYSTEMS, keeping
from shops.systems.calling import SystemCallError
from shops.systems.keeping import EVERY

logger = logging.getLogger("halles.hearing")
# A connection may take as long as a channel lets it; one that hangs holds a lane, and no other shop.
LANES, LEASE_SECONDS = Lanes("hearing", 4), 900
Reason = ShopOrderLine.Reason
_FOR_A_PERSON = {Answer.CHANGED, Answer.SUBSTITUTED, Answer.BACK_ORDERED}
_OPEN = [ShopOrder.Status.NEW, ShopOrder.Status.ACCEPTED, ShopOrder.Status.PACKED]
MOST_AGAIN = 25  # asked for again each time, a call or a few each; of more, others the next time
AGAIN_SECONDS = 150.0  # and no longer: what was changed was asked for before it, within the same lease


def hear_systems(now: datetime) -> int:
    """Step: call the systems that were just connected, and ask the others what became of our orders. Returns how many
    answered, or were begun."""
    room = LANES.room
    rows = leases.claim(ShopSystem, now=now, limit=room, lease_seconds=LEASE_SECONDS) if room else []
    return LANES.each(partial(_heard, now=now), rows)


def _heard(row: ShopSystem, now: datetime) -> bool:
    try:
        return _hear_one(row, now)
    except Exception as error:  # what one system says, or a fault of ours about it, must not stop the other shops
        logger.exception("What %s says of orders could not be taken.", row)
        why = f"{type(error).__name__}: {error}"[: leases.MESSAGE_LENGTH]
        leases.finish(row, due_at=now + EVERY, attempts=0, last_error=why)
        return False


def _hear_one(row: ShopSystem, now: datetime) -> bool:
    began = time.monotonic()
    try:
        if keeping.FOUND not in row.options:
            keeping.check(row, now=now)
        takes_orders = row.shop.channel == row.kind or row.heard_at is not None
        if takes_orders:
            keeping.follow_places(row, now=now)
        channel = channel_for(row.shop, row.kind)
        again = _open_ones(row) if takes_orders else []
        channel.heard_there = row.heard_there
        said = _said(channel, row, again[:MOST_AGAIN]) if takes_orders else []
    except (ChannelError, SystemCallError) as error:
        why = error if isinstance(error, SystemCallError) else error.__cause__
        wait = keeping.failed(row, why.told, now=now) if isinstance(why, SystemCallError) else EVERY
        leases.finish(row, due_at=now + wait, attempts=0, last_error=str(error)[: leases.MESSAGE_LENGTH])
        return False
    keeping.worked(row, now=now)
    if not takes_orders:
        return leases.finish(row, due_at=None, attempts=0)
    # Its number contains it from here on, and not since the step began: meanwhile that may have been read.
    said_at = now + timedelta(seconds=time.monotonic() - began)
    failpoint("hearing.before_take")
    left, why_not = _take(row, said, again, channel, said_at, now)
    failpoint("hearing.before_finish")
    known = {"heard_at": now, "heard_there": channel.heard_there, "again": left}
    return leases.finish(row, due_at=now + EVERY, attempts=0, last_error=why_not, **known)


def _open_ones(row: ShopSystem) -> list[str]:
    """Of the orders to be heard of again those of which something is left to be done."""
    wanted = ShopOrder.objects.filter(shop=row.shop_id, number__in=row.again, status__in=_OPEN)
    found = set(wanted.values_list("number", flat=True)) if row.again else set()
    return [number for number in row.again if number in found]


def _said(channel: Channel, row: ShopSystem, again: list[str]) -> list[OrderState]:
    """What was changed, and how the orders are that are to be heard of again."""
    said = list(channel.states(row.heard_at or row.made_at))
    met = {each.number for each in said}
    return [*said, *_said_again(channel, [number for number in again if number not in met])]


def _said_again(channel: Channel, numbers: list[str]) -> list[OrderState]:
    """Each asked for by itself: one of which the system says nothing keeps nothing else from being heard, and is asked
    for another time."""
    said: list[OrderState] = []
    ends = time.monotonic() + AGAIN_SECONDS
    for number in numbers:
        if time.monotonic() >= ends:
            break
        try:
            said += channel.states_of([number])
        except ChannelError as error:
            logger.warning("%s says nothing of %s: %s", channel.kind, number, error)
        except Exception as error:
            logger.exception("What %s says of %s could not be read.", channel.kind, number)
            said.append(OrderState(number, Receipt(), problem=f"{type(error).__name__}: {error}"))
    return said


def _take(
    row: ShopSystem, said: list[OrderState], again: list[str], channel: Channel, said_at: datetime, now: datetime
) -> tuple[list[str], str]:
    """The numbers of the orders to be heard of again, those not asked for this time first; and what went wrong. One
    that fails stops no other."""
    done, refused, why_not = set(), [], ""
    numbers = [each.number for each in said]
    ours = ShopOrder.objects.select_related("shop").filter(shop=row.shop_id, number__in=numbers)
    orders = {order.number: order for order in ours}
    for each in (each for each in said if each.number in orders):
        if each.problem:
            if each.number in again:  # not only at that moment
                _say_unread(orders[each.number], row, now)
            why_not = f"{each.number}: {each.problem}"[: leases.MESSAGE_LENGTH]
            refused.append(each.number)
            continue
        try:
            is_done = hear(orders[each.number], each, channel, said_at=said_at, now=now)
        except Exception as error:
            logger.exception("What %s says of %s could not be taken.", row, each.number)
            why_not, is_done = f"{each.number}: {type(error).__name__}: {error}"[: leases.MESSAGE_LENGTH], False
        failpoint("hearing.after_order")
        if is_done:
            done.add(each.number)
        else:
            refused.append(each.number)
    left = [number for number in again if number not in done and number not in refused]
    return list(dict.fromkeys([*left[MOST_AGAIN:], *left[:MOST_AGAIN], *refused])), why_not


def hear(shop_order: ShopOrder, said: OrderState, channel: Channel, *, said_at: datetime, now: datetime) -> bool:
    """Do what the system says of one order, by `said_at`, and is not done yet. False: not all of it may be done now."""
    if held.is_being_answered(shop_order):  # what was pressed would come back
        return False
    by = str(SYSTEMS[channel.kind].label)
    entered = _entered(shop_order, said, channel)
    lines = said.receipt.lines
    if _came_otherwise(shop_order, said, channel):
        # Who has it by mail may take it out there: what it declines of that is no answer to its reader, and where it
        # has less then than is the reader's a person says what is. Nor is it taken off any number of ours by what the
        # system booked: that may go back.
        entered = frozenset(line.sku for line in lines if line.answer == Answer.DECLINED)
        lines = tuple(line for line in lines if line.answer != Answer.DECLINED)
    is_done = take_lines(shop_order, lines, by=by, now=now, entered=entered, said_at=said_at)
    failpoint("hearing.after_lines")
    if shop_order.delivery_kind != DeliveryOption.Kind.PICKUP:  # that needs the reader's code, at the counter
        for parcel in said.parcels:
            try:
                _hand_over(shop_order, said.parcels, parcel, by, said_at, now)
            except FulfilmentError:
                is_done = False
        left_after_all.report(shop_order, said.parcels, by=by, now=now)
    return is_done


def _entered(shop_order: ShopOrder, said: OrderState, channel: Channel) -> frozenset[str]:
    """The articles of our order of which all that is the reader's is in the system's, unless its shop took it out: none
    as long as it was only begun there, or came by another way."""
    stands = any(line.answer in (Answer.ACCEPTED, Answer.DECLINED) for line in said.receipt.lines)
    if not stands and not said.receipt.is_booked:
        return frozenset()
    sent = Transmission.objects.filter(shop_order=shop_order, outcome=Transmission.Outcome.SENT, channel=channel.kind)
    unbooked = sent.values_list("unbooked", flat=True).first()
    if unbooked is None:
        return frozenset()
    return frozenset(shop_order.lines.exclude(sku__in=unbooked).values_list("sku", flat=True))


def reflect(shop_order_id: int, receipt: Receipt, at: datetime, now: datetime) -> None:
    """The shop's number contains what its system booked of the order from `at` on, before anyone there answered it."""
    shop_order = ShopOrder.objects.select_related("shop").get(pk=shop_order_id)
    reflected_at = absorbing.reflection_time(shop_order.shop, recorded_at=at, booked_at=receipt.booked_at)
    for line in shop_order.lines.order_by("stock_record_id"):
        if line.sku not in receipt.unbooked:
            absorbing.reflect(line, line.left_units, reflected_at=reflected_at, now=now)


def _came_otherwise(shop_order: ShopOrder, said: OrderState, channel: Channel) -> bool:
    """An order that came by another channel, since the system did not answer, is in it after all: by what it had taken,
    or because its shop entered it there under our number. Its copies stay promised until they are handed over: what was
    booked there may be taken out again, of which nobody would say that the number has them back."""
    came = Transmission.objects.filter(shop_order=shop_order, fell_back_from=channel.kind)
    if said.receipt.is_booked:
        came.filter(perhaps_there=True).update(reference=said.receipt.reference[:120], perhaps_there=False)
    return came.exists()


def take_lines(
    shop_order: ShopOrder,
    lines: Iterable[LineSaid],
    *,
    by: str,
    now: datetime,
    entered: Collection[str] = (),
    said_at: datetime | None = None,
) -> bool:
    """What was said of lines, in all: declined ones first, since what is not there is not accepted either. `entered`:
    articles of which the system says, by `said_at`, all that it has. What it has less of, and does not decline, is for
    a person, and for nobody else to buy. False: not all of it is done now."""
    told = sorted(lines, key=lambda line: line.answer != Answer.DECLINED)
    going: Counter[str] = Counter()  # what it has of an article and does not decline
    for each in told:
        going[each.sku] += each.units if each.answer != Answer.DECLINED else 0
    is_done = True
    for each in told:
        for row in ShopOrderLine.objects.filter(shop_order=shop_order, sku=each.sku).order_by("pk"):
            try:
                _take_line(row, each, going[each.sku], by, now)
            except FulfilmentError:
                is_done = False
    is_whole = _keep_sayings(shop_order, told, going, entered, by, said_at or now, now)
    return is_done and is_whole


def _keep_sayings(
    shop_order: ShopOrder,
    told: list[LineSaid],
    going: Counter[str],
    entered: Collection[str],
    by: str,
    said_at: datetime,
    now: datetime,
) -> bool:
    """What a person has to answer, on its line; the line stays to be answered, and the shop is reminded of that.
    Whether the system's order has all that is still the reader's: where not, it is asked for until a person has done
    something about it, here or there."""
    skus = {each.sku for each in told} | set(entered)
    if not skus:
        return True
    with transaction.atomic():
        ShopOrder.objects.select_for_update(of=("self",)).get(pk=shop_order.pk)
        rows = ShopOrderLine.objects.select_related("shop_order").filter(shop_order=shop_order, sku__in=skus)
        lines = list(rows.order_by("pk"))
        lacks = _lacks([line for line in lines if line.sku in entered], going)
        for line in by_stock_record(lines):
            mine = [each for each in told if each.sku == line.sku and each.answer in _FOR_A_PERSON]
            said = [Saying(each.answer, each.units, each.detail, each.article, each.on) for each in mine]
            said += [Saying(Answer.TAKEN_OUT, lacks[line.pk])] if lacks[line.pk] else []
            sayings.keep(line, said, by=by, now=now)
            if line.sku in entered and line.supply == Supply.STOCK:
                again = absorbing.reflection_time(shop_order.shop, recorded_at=said_at)
                withholding.keep_taken_out(line, lacks[line.pk], reflected_at=again, by=by, now=now)
    return not lacks


def _lacks(lines: list[ShopOrderLine], going: Counter[str]) -> Counter[int]:
    """By line, how many are the reader's, have not left the shop and are not in the system's order."""
    lacks: Counter[int] = Counter()
    too_many: Counter[str] = Counter()
    for line in lines:
        too_many[line.sku] += line.left_units
    too_many -= going
    for line in lines:
        units = min(too_many[line.sku], line.left_units - line.handed_over)
        if units > 0:
            lacks[line.pk] = units
            too_many[line.sku] -= units
    return lacks


def _say_unread(shop_order: ShopOrder, row: ShopSystem, now: datetime) -> None:
    """What nobody understands a person has to look at there; it is gone once it can be read."""
    with translation.override(row.shop.language):
        said = Saying(Answer.CHANGED, detail=_("We cannot read the order there. Please look at it."))
    with transaction.atomic():
        ShopOrder.objects.select_for_update(of=("self",)).get(pk=shop_order.pk)
        for line in ShopOrderLine.objects.select_related("shop_order").filter(shop_order=shop_order):
            sayings.keep(line, [said], by=str(SYSTEMS[row.kind].label), now=now)


def _take_line(row: ShopOrderLine, said: LineSaid, going: int, by: str, now: datetime) -> None:
    if said.answer == Answer.DECLINED:
        _decline(row, said, going, by, now)
    elif said.answer == Answer.ACCEPTED:
        units = min(said.units - row.accepted, row.open_units)
        if units > 0:
            fulfilment.accept(row, units, by=by, now=now)


def _decline(row: ShopOrderLine, said: LineSaid, going: int, by: str, now: datetime) -> None:
    """What is the reader's still beyond what is going on there. How many it declined tells less: what the reader took
    back is taken out there as well, and what was declined here before it was sent has never been there."""
    others = ShopOrderLine.objects.filter(shop_order=row.shop_order_id, sku=row.sku).exclude(pk=row.pk)
    too_many = row.left_units + sum(line.left_units for line in others) - going
    units = min(said.units, too_many, row.left_units - row.handed_over)
    if units > 0:
        fulfilment.decline(row, units, by=by, reason=said.reason or Reason.OTHER, note=said.detail, now=now)


def _hand_over(
    shop_order: ShopOrder,
    parcels: tuple[ParcelSaid, ...],
    parcel: ParcelSaid,
    by: str,
    said_at: datetime,
    now: datetime,
) -> None:
    """One parcel, but what has left already: that of the parcels before it, or what staff said to be gone."""
    upto = parcels[: parcels.index(parcel) + 1]
    parts = {}
    for line in ShopOrderLine.objects.filter(shop_order=shop_order).order_by("pk"):
        gone = sum(each.units.get(line.sku, 0) for each in upto)
        parts[line.pk] = max(0, min(gone - line.handed_over, line.to_hand_over))
    if any(parts.values()):
        sent = {"carrier": parcel.carrier, "tracking": parcel.tracking}
        fulfilment.hand_over(shop_order, by=by, now=now, parts=parts, said_at=said_at, **sent)
