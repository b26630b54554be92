"""What must always hold of stock and shop orders, as questions to the database: `verify` asks them all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.db.models import Count, F, IntegerField, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from oscar.apps.order.models import Order
from oscar.apps.partner.models import StockRecord

from marketplace.foundation import money
from shops import voting
from shops.models import (
    Allocation,
    Cancellation,
    DeskAction,
    Download,
    Handout,
    Reservation,
    Shop,
    ShopOrder,
    ShopOrderLine,
    SlotDay,
    Supply,
)
from shops.orders import answer_times, left_elsewhere
from shops.orders.counts import status_of
from shops.orders.leaving import OF_THE_READER

ENDED_WITHIN = timedelta(hours=1)
LOOKED_AT = timedelta(days=1)


def counters_that_differ() -> list[str]:
    """`num_allocated` is the sum of the record's open allocations."""
    open_rows = Allocation.objects.filter(stock_record=OuterRef("pk"), ended_at=None).order_by()
    total = open_rows.values("stock_record").annotate(total=Sum("units")).values("total")
    records = StockRecord.objects.annotate(
        counted=Coalesce("num_allocated", 0), promised=Coalesce(Subquery(total, output_field=IntegerField()), 0)
    )
    return [
        f"Stock record {record.pk} counts {record.counted} units, its open allocations are {record.promised}."
        for record in records.exclude(counted=F("promised"))
    ]


def ends_without_cause() -> list[str]:
    """An allocation that ended says when and why; an open one says neither."""
    odd = Allocation.objects.filter(Q(ended_at=None) ^ Q(ended_by=""))
    absorbed = Allocation.objects.filter(ended_by=Allocation.End.ABSORBED).exclude(reflected_at__lte=F("ended_at"))
    return [f"Allocation {row.pk} ended at {row.ended_at} by {row.ended_by or 'nothing'}." for row in odd] + [
        f"Allocation {row.pk} was absorbed at {row.ended_at}, before it was in the shop's number." for row in absorbed
    ]


def lines_without_their_units() -> list[str]:
    """Every unit of a line that was not declined has been promised once: it is open or absorbed, never both. What is
    ordered takes none."""
    ours = Q(allocations__cause=Allocation.Cause.LINE)
    kept = Sum("allocations__units", filter=ours & ~Q(allocations__ended_by=Allocation.End.RELEASED))
    waiting = Sum("allocations__units", filter=ours & Q(allocations__ended_at=None))
    lines = (
        ShopOrderLine.objects.filter(supply=Supply.STOCK)
        .exclude(stock_record=None)
        .annotate(kept=Coalesce(kept, 0), waiting=Coalesce(waiting, 0), wanted=F("quantity") - F("declined"))
    )
    odd = lines.filter(Q(kept__lt=F("wanted")) | Q(kept__gt=F("quantity")) | Q(waiting__gt=F("wanted")))
    found = [f"Line {row.pk} needs {row.wanted} units and has {row.kept}, {row.waiting} of them open." for row in odd]
    ordered = ShopOrderLine.objects.exclude(supply=Supply.STOCK).exclude(allocations=None).distinct()
    return found + [f"Line {pk} is ordered and takes stock." for pk in ordered.values_list("pk", flat=True)]


def orders_split_wrongly() -> list[str]:
    """The shop orders of an order add up to it, their lines to them, and every order line is in one of them."""
    found: list[str] = []
    orders = Order.objects.filter(shop_orders__isnull=False).distinct().annotate(unsplit=_unsplit())
    for order in orders.prefetch_related("shop_orders__lines").iterator(chunk_size=500):
        parts = list(order.shop_orders.all())
        total = money.to_minor(order.total_incl_tax, order.currency)
        placed = sum(part.total_minor for part in parts if not part.instead_of_id)
        if placed != total:
            found.append(f"Order {order.number} is {total}, its shop orders are {placed}.")
        if order.unsplit:
            found.append(f"Order {order.number} has {order.unsplit} lines in no shop order.")
        for part in parts:
            lines = list(part.lines.all())
            if sum(line.total_minor for line in lines) != part.total_minor:
                found.append(f"Shop order {part.number} is {part.total_minor}, its lines add up to another amount.")
            if status_of(lines) != part.status:
                found.append(f"Shop order {part.number} is {part.status}, its lines say {status_of(lines)}.")
    return found


def shop_orders_without_transmission() -> list[str]:
    """Every shop order is on its way to its shop, there, or parked for a person; a download needs none."""
    missing = ShopOrder.objects.filter(transmission=None, is_download=False)
    return [f"Shop order {row.number} has no transmission." for row in missing]


def cancellations_that_differ() -> list[str]:
    """A line's cancelled units are those of its cancellations by the reader, with those nobody came for, and what a
    shop put back is promised no more."""
    by_reader = Q(cancellations__cause__in=OF_THE_READER)
    left = Q(cancellations__cause=Cancellation.Cause.UNCOLLECTED)
    lines = ShopOrderLine.objects.annotate(
        told=Coalesce(Sum("cancellations__units", filter=by_reader), 0),
        left=Coalesce(Sum("cancellations__units", filter=left), 0),
    )
    odd = [
        f"Line {row.pk} counts {row.cancelled} cancelled units, {row.uncollected} of them not collected; its "
        f"cancellations {row.told} and {row.left}."
        for row in lines.exclude(told=F("cancelled"), left=F("uncollected"))
    ]
    apart = Allocation.objects.filter(cause=Allocation.Cause.CANCELLED, ended_at=None)
    waiting = {row.key for row in Cancellation.objects.filter(put_back_at=None)}
    return odd + [
        f"Allocation {row.pk} of {row.hold_key} was put back." for row in apart if row.hold_key not in waiting
    ]


def silence_without_end() -> list[str]:
    """No shop order waits for its shop longer than was said, once that was told; a download waits for none."""
    late = ShopOrder.objects.filter(
        status=ShopOrder.Status.NEW, is_download=False, answer_due_at__lt=timezone.now() - ENDED_WITHIN
    )
    late = late.exclude(pk__in=ShopOrder.objects.filter(answer_times.untold(timezone.now())).values("pk"))
    return [f"Shop order {row.number} should have been answered by {row.answer_due_at:%Y-%m-%d %H:%M}." for row in late]


def kept_without_end() -> list[str]:
    """What nobody came for goes back when its time is over, where its shop wants it so."""
    late = ShopOrder.objects.filter(
        status=ShopOrder.Status.PACKED,
        keep_until__lt=timezone.now() - ENDED_WITHIN,
        shop__uncollected=Shop.Uncollected.BACK,
    )
    waiting = DeskAction.objects.filter(due_at__isnull=False)  # a hand-over that is parked is on the board
    late = late.exclude(pk__in=waiting.values("shop_order"))
    return [f"Shop order {row.number} was kept until {row.keep_until:%Y-%m-%d %H:%M} only." for row in late]


def not_ready_without_a_word() -> list[str]:
    """Whoever waits for what is accepted hears that it is late; nobody is told in the night."""
    late = ShopOrder.objects.filter(
        status__in=[ShopOrder.Status.ACCEPTED, ShopOrder.Status.PACKED], ready_watch_at__lt=timezone.now() - LOOKED_AT
    )
    return [f"Shop order {row.number} should have been looked at {row.ready_watch_at:%Y-%m-%d %H:%M}." for row in late]


def kept_elsewhere_without_end() -> list[str]:
    """What nobody came for at another shop or a point goes back when its time is over, where its shop wants it so."""
    late = left_elsewhere.waiting().filter(
        keep_until__lt=timezone.now() - ENDED_WITHIN, shop_order__shop__uncollected=Shop.Uncollected.BACK
    )
    return [
        f"Parcel {row.pk} of {row.shop_order} was kept until {row.keep_until:%Y-%m-%d %H:%M} only."
        for row in late.select_related("shop_order")
    ]


def pressed_and_left() -> list[str]:
    """What was pressed at a desk is done, undone, or came back; one that a person must look at is on the board."""
    left = DeskAction.objects.filter(due_at__lt=timezone.now() - ENDED_WITHIN, parked_at=None)
    return [
        f"What was pressed on {row.shop_order} ({row.deed}) is not done." for row in left.select_related("shop_order")
    ]


def reservations_without_their_units() -> list[str]:
    """A running reservation holds its units or had them absorbed; one that is over holds none."""
    held = Allocation.objects.filter(hold_key__startswith="reservation:", cause=Allocation.Cause.HOLD)
    kept = held.filter(Q(ended_at=None) | Q(ended_by=Allocation.End.ABSORBED))
    units = dict(kept.values_list("hold_key").annotate(Sum("units")))
    running = {row.key: row.units for row in Reservation.objects.filter(ended_at=None)}
    waiting = set(held.filter(ended_at=None).values_list("hold_key", flat=True))
    found = [
        f"{key} holds {units.get(key, 0)} of {wanted}." for key, wanted in running.items() if units.get(key) != wanted
    ]
    return found + [f"{key} is over and holds copies." for key in sorted(waiting - running.keys())]


def codes_that_differ() -> list[str]:
    """`Download.codes_left` is the number of its free codes; a line has as many as were handed out to it, and shows
    them."""
    counted = Download.objects.annotate(free=Count("codes", filter=Q(codes__hold_key="")))
    found = [
        f"Download {row.pk} counts {row.codes_left} codes, {row.free} are free."
        for row in counted.filter(kind=Download.Kind.CODES).exclude(codes_left=F("free"))
    ]
    made = Handout.objects.filter(kind=Download.Kind.CODES, withdrawn_at=None).exclude(made_at=None)
    for row in made.prefetch_related("line__licence_codes"):
        if sorted(code.code for code in row.line.licence_codes.all()) != sorted(row.content.splitlines()):
            found.append(f"Line {row.line_id} shows codes that are not its own.")
    return found


def downloads_not_handed_out() -> list[str]:
    """Every line of a download has its handout; it is handed over once that is made, and not before."""
    lines = ShopOrderLine.objects.filter(supply=Supply.DIGITAL)
    found = [f"Line {pk} has no handout." for pk in lines.filter(handout=None).values_list("pk", flat=True)]
    odd = lines.filter(Q(handout__made_at=None, handed_over__gt=0) | Q(handout__made_at__isnull=False, handed_over=0))
    found += [f"Line {pk} and its handout differ." for pk in odd.values_list("pk", flat=True)]
    mixed = lines.exclude(shop_order__is_download=True) | ShopOrderLine.objects.filter(
        shop_order__is_download=True
    ).exclude(supply=Supply.DIGITAL)
    return found + [f"Line {pk} is in the wrong part." for pk in mixed.values_list("pk", flat=True)]


def _unsplit() -> Count:
    return Count("lines", filter=Q(lines__shop_order_line=None), distinct=True)


def slots_that_differ() -> list[str]:
    """`SlotDay.taken` is the number of its open bookings."""
    days = SlotDay.objects.annotate(open=Count("bookings", filter=Q(bookings__ended_at=None)))
    return [f"Slot {row} has {row.open} open bookings." for row in days.exclude(taken=F("open"))]


INVARIANTS: dict[str, Callable[[], list[str]]] = {
    "stock: counters are the sum of open allocations": counters_that_differ,
    "stock: allocations end once and say why": ends_without_cause,
    "stock: every line has its units": lines_without_their_units,
    "downloads: codes are counted, and each is one line's": codes_that_differ,
    "downloads: every line has its handout": downloads_not_handed_out,
    "slots: counters are the number of open bookings": slots_that_differ,
    "stock: reservations hold their units": reservations_without_their_units,
    "orders: cancelled units wait for the shop's word": cancellations_that_differ,
    "orders: shop orders add up to their order": orders_split_wrongly,
    "orders: silence has an end": silence_without_end,
    "orders: who waits hears that it is late": not_ready_without_a_word,
    "orders: what nobody collects goes back": kept_without_end,
    "parcels: what nobody collects elsewhere goes back": kept_elsewhere_without_end,
    "orders: what was pressed is done": pressed_and_left,
    "orders: every shop order goes to its shop": shop_orders_without_transmission,
    **voting.INVARIANTS,
}
