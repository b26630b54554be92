"""What a line's units are worth in money: one rule, so that capture, refund and transfer agree to the cent.

The first k units of a line of n that costs t are worth ⌊t·k/n⌋; all of them exactly t. The delivery share of a line
goes with its units (DESIGN: each part frozen by one plain rule)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from marketplace.payments.commission import frozen
from marketplace.payments.models import Payment, RefundRequest
from shops.models import ShopOrder, ShopOrderLine

# The network takes its share of what readers keep: what goes back to a reader takes its part of the commission along.
# (Otherwise a shop would pay for a sale that was undone, and more with every book that comes back.)
COMMISSION_GIVEN_BACK = True


@dataclass(frozen=True)
class Returned:
    """What people have given back of one shop order, beside declines, in minor units: of each line by its id, in all,
    and how much of it the shop bears. What is asked for counts, be it on its way or sent back by a bank."""

    of_lines: Mapping[int, int] = field(default_factory=dict)
    goodwill_of_lines: Mapping[int, int] = field(default_factory=dict)  # of these, what the network bears
    total_minor: int = 0
    shop_minor: int = 0
    delivery_minor: int = 0
    borne_of_lines: Mapping[int, int] = field(default_factory=dict)  # given back to its bearer before it was booked


NOTHING = Returned()


def units_worth(total_minor: int, units: int, quantity: int) -> int:
    return total_minor * units // quantity


def declined_worth(lines: Iterable[ShopOrderLine]) -> int:
    """What the reader does not pay, or gets back, for the units that were declined."""
    return sum(units_worth(line.paid_minor, line.declined, line.quantity) for line in lines)


def taken_over(lines: Iterable[ShopOrderLine]) -> int:
    """What the reader pays for lines that came after the order was placed, in the place of declined ones. Lines come
    with their shop order."""
    return sum(line.paid_minor for line in lines if line.shop_order.instead_of_id)


def due(payment: Payment, lines: Iterable[ShopOrderLine]) -> int:
    """What the reader pays of a payment, by all lines of its order: all of it, less what was declined, with what
    another shop took over."""
    rows = list(lines)
    return max(0, payment.amount_minor + payment.other_minor + taken_over(rows) - declined_in_all(rows))


def borne(lines: Iterable[ShopOrderLine], back: Returned = NOTHING) -> int:
    """What somebody else than the reader pays of one shop order, since its shop is dearer than the one before; not of
    units that the reader gave back before the shop earned them."""
    return sum(max(0, line.borne_left_minor - back.borne_of_lines.get(line.pk, 0)) for line in lines)


def borne_back(line: ShopOrderLine, units: int, refunded: int) -> int:
    """The part of the next `units` of a line in what is borne of it, after those declined or given back."""
    before = line.declined + refunded
    return units_worth(line.borne_minor, before + units, line.quantity) - units_worth(
        line.borne_minor, before, line.quantity
    )


def returned(shop_order_ids: Iterable[int]) -> dict[int, Returned]:
    """Of each shop order that has any; one query."""
    found: dict[int, list[RefundRequest]] = {}
    for request in RefundRequest.objects.filter(shop_order__in=list(shop_order_ids)).order_by("pk"):
        found.setdefault(request.shop_order_id or 0, []).append(request)
    return {shop_order_id: _sum(requests) for shop_order_id, requests in found.items()}


def _sum(requests: Iterable[RefundRequest]) -> Returned:
    of_lines: dict[int, int] = {}
    goodwill: dict[int, int] = {}
    of_bearer: dict[int, int] = {}
    total = shop = delivery = 0
    for request in requests:
        if request.line_id:
            of_lines[request.line_id] = of_lines.get(request.line_id, 0) + request.amount_minor
            if request.borne_by == RefundRequest.Bearer.NETWORK:
                goodwill[request.line_id] = goodwill.get(request.line_id, 0) + request.amount_minor
            elif not request.after_transfer:
                of_bearer[request.line_id] = of_bearer.get(request.line_id, 0) + request.borne_minor
        total += request.amount_minor
        shop += request.amount_minor * (request.borne_by == RefundRequest.Bearer.SHOP)
        delivery += request.amount_minor * (request.kind == RefundRequest.Kind.DELIVERY)
    return Returned(of_lines, goodwill, total, shop, delivery, of_bearer)


def not_paid_for(lines: Iterable[ShopOrderLine], back: Returned = NOTHING) -> int:
    """What the reader does not pay of one shop order since its units were declined. What was given back of it already
    is not given back again."""
    rows = list(lines)
    of_lines = sum(_not_paid_of(line, back) for line in rows)
    return min(of_lines, max(0, sum(line.paid_minor for line in rows) - back.total_minor))


def _not_paid_of(line: ShopOrderLine, back: Returned) -> int:
    worth = units_worth(line.paid_minor, line.declined, line.quantity)
    return min(worth, max(0, line.paid_minor - back.of_lines.get(line.pk, 0)))


def goodwill_undone(lines: Iterable[ShopOrderLine], back: Returned) -> int:
    """What the network gave back of one shop order of its own, of units that were declined afterwards: it went back for
    them, so it was no goodwill, and the shop earns nothing by it. Of what both gave the network's counts first."""
    rows, undone, of_lines = list(lines), 0, 0
    for line in rows:
        not_paid = _not_paid_of(line, back)
        worth = units_worth(line.paid_minor, line.declined, line.quantity)
        undone += min(worth - not_paid, back.goodwill_of_lines.get(line.pk, 0))
        of_lines += not_paid
    goodwill_left = back.total_minor - back.shop_minor - undone
    return undone + min(of_lines - not_paid_for(rows, back), goodwill_left)


def declined_in_all(lines: Iterable[ShopOrderLine]) -> int:
    """`not_paid_for` of an order's lines, whichever shop orders they are of."""
    by_shop_order: dict[int, list[ShopOrderLine]] = {}
    for line in lines:
        by_shop_order.setdefault(line.shop_order_id, []).append(line)
    back = returned(by_shop_order)
    return sum(not_paid_for(rows, back.get(key, NOTHING)) for key, rows in by_shop_order.items())


@dataclass(frozen=True)
class Earning:
    """Of one shop order handed over: what the shop earns, what the network keeps; minor units."""

    shop_minor: int
    kept_minor: int


def earning(shop_order: ShopOrder, lines: Iterable[ShopOrderLine], back: Returned = NOTHING) -> Earning:
    """Goods and delivery that were not declined, less what the shop gave back, less commission. What the network gave
    back of its own is no loss of the shop's, and no gain. What is borne it earns too, but for what came back."""
    rows = list(lines)
    paid = sum(line.paid_minor for line in rows) - not_paid_for(rows, back) - goodwill_undone(rows, back)
    gross = paid + borne(rows)
    gone = back.shop_minor + borne(rows) - borne(rows, back)
    agreed = commission(shop_order, rows)
    kept = agreed - commission_back(agreed, gross, gone)
    return Earning(gross - gone - kept, kept)


def commission_back(commission_minor: int, gross_minor: int, refunded_minor: int) -> int:
    """The part of the commission that goes back when `refunded_minor` of a shop order worth `gross_minor` are given
    back in all: its share by amount, rounded down; all of it when everything is given back."""
    if not COMMISSION_GIVEN_BACK or not gross_minor:
        return 0
    return commission_minor * min(refunded_minor, gross_minor) // gross_minor


def commission(shop_order: ShopOrder, lines: Iterable[ShopOrderLine]) -> int:
    """The network's share of the goods that were handed over, as it was frozen when they were sold."""
    lines = list(lines)
    for line in lines:
        line.shop_order = shop_order
    agreed = frozen(lines)
    return sum(
        agreed[line.pk].amount_minor - units_worth(agreed[line.pk].amount_minor, line.declined, line.quantity)
        for line in lines
    )
