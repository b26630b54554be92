"""What must be true of checkouts and orders. Each function returns its violations as short texts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum
from django.utils import timezone
from oscar.apps.order.models import Line, Order

from marketplace.checkout import checkouts, invariants_invoices, invariants_rerouting, tax
from marketplace.checkout.models import Checkout, CheckoutLine, CheckoutParcel, Voucher, VoucherUse
from marketplace.checkout.order_rows import order_number
from marketplace.foundation import money
from marketplace.payments.models import Payment
from shops.models import Allocation, Alternative, ShopOrder, ShopOrderLine, SlotBooking, Supply

PLACED_WITHIN = timedelta(minutes=15)


def one_order_per_checkout() -> list[str]:
    """A placed checkout has one order, which bears its number; no other has one; no order is without a checkout."""
    found = [
        f"checkout {checkout.pk} is {checkout.state}, its order is {checkout.order}"
        for checkout in Checkout.objects.select_related("order").filter(
            Q(state=Checkout.State.PLACED, order=None) | (~Q(state=Checkout.State.PLACED) & ~Q(order=None))
        )
    ]
    found += [
        f"order {checkout.order} belongs to checkout {checkout.pk}"
        for checkout in Checkout.objects.select_related("order").exclude(order=None)
        if checkout.order and checkout.order.number != order_number(checkout)
    ]
    return found + [f"order {order.number} has no checkout" for order in Order.objects.filter(checkout=None)]


def holds_have_a_checkout() -> list[str]:
    """Every open hold belongs to a checkout that is being paid or placed, and every such one holds all its units."""
    alive = [Checkout.State.PAYING, Checkout.State.PAID]
    wanted = {
        (f"checkout:{checkout_id}", record_id): units
        for checkout_id, record_id, units in CheckoutLine.objects.filter(
            parcel__checkout__state__in=alive, supply=Supply.STOCK
        )
        .values_list("parcel__checkout_id", "stock_record_id")
        .annotate(Sum("quantity"))
    }
    open_holds = Allocation.objects.filter(
        cause=Allocation.Cause.HOLD, ended_at=None, hold_key__startswith=checkouts.HOLD_PREFIX
    )
    held = {
        (key, record_id): units
        for key, record_id, units in open_holds.values_list("hold_key", "stock_record_id").annotate(Sum("units"))
    }
    found = [f"hold {key} of record {record} has no checkout being paid" for key, record in held.keys() - wanted.keys()]
    paying = {
        f"checkout:{pk}" for pk in Checkout.objects.filter(state=Checkout.State.PAYING).values_list("pk", flat=True)
    }
    for (key, record), units in wanted.items():
        # Paid and not yet placed: its hold may have ended, placing holds again or gives the payment back.
        if key in paying and held.get((key, record), 0) != units:
            found.append(f"{key} holds {held.get((key, record), 0)} of record {record}, not {units}")
    return sorted(found)


def slots_have_a_checkout() -> list[str]:
    """Every place that is held in a courier's slot belongs to a checkout that is being paid or placed, or to what a
    shop offers in the place of what the courier was to bring."""
    alive = [Checkout.State.PAYING, Checkout.State.PAID]
    keys = {f"checkout:{pk}" for pk in Checkout.objects.filter(state__in=alive).values_list("pk", flat=True)}
    keys |= {row.key for row in Alternative.objects.filter(state=Alternative.State.OPEN).only("pk")}
    held = SlotBooking.objects.filter(shop_order=None, ended_at=None).values_list("hold_key", flat=True)
    return [f"a place held for {key} has no checkout being paid" for key in sorted(set(held) - keys)]


def orders_are_split_exactly() -> list[str]:
    """Every order line is in one shop order, of the shop whose record it is; Σ lines = Σ shop orders = the order = what
    the checkout froze, to the minor unit."""
    found = [
        f"order line {line} is in no shop order"
        for line in Line.objects.filter(shop_order_line=None).values_list("pk", flat=True)
    ]
    strangers = ShopOrderLine.objects.exclude(stock_record=None).exclude(
        Q(stock_record__partner__shop=F("shop_order__shop"))
        | Q(supply=Supply.DIGITAL, stock_record__partner__shop__sells_for_all=True)  # sold by whom the reader chose
    )
    found += [f"line {pk} is in another shop's order" for pk in strangers.values_list("pk", flat=True)]
    by_lines = dict(ShopOrderLine.objects.values_list("shop_order_id").annotate(Sum("total_minor")))
    totals: dict[int, int] = {}
    for shop_order in ShopOrder.objects.only("pk", "number", "order_id", "total_minor", "instead_of_id"):
        if not shop_order.instead_of_id:  # what came later is in place of what was declined
            totals[shop_order.order_id] = totals.get(shop_order.order_id, 0) + shop_order.total_minor
        if by_lines.get(shop_order.pk, 0) != shop_order.total_minor:
            found.append(f"{shop_order.number}: lines {by_lines.get(shop_order.pk, 0)}, total {shop_order.total_minor}")
    for checkout in Checkout.objects.exclude(order=None).select_related("order"):
        order = checkout.order
        assert order is not None
        amounts = {
            checkout.total_minor,
            totals.get(order.pk, 0),
            money.to_minor(order.total_incl_tax, checkout.currency),
        }
        if len(amounts) > 1:
            found.append(f"order {order.number}: {sorted(amounts)}")
    return found


def frozen_amounts_are_exact() -> list[str]:
    """Net + tax + delivery share = line; Σ its taxes = its tax; Σ lines = parcel; Σ parcels = checkout. What a shop's
    order keeps of its lines' taxes is exact too."""
    found = [
        f"line {line.pk}: {line.net_minor} + {line.tax_minor} + {line.delivery_share_minor} ≠ {line.total_minor}"
        for line in CheckoutLine.objects.exclude(
            total_minor=F("net_minor") + F("tax_minor") + F("delivery_share_minor")
        )
    ]
    found += _taxes_that_differ("line", CheckoutLine.objects.all())
    found += _taxes_that_differ("shop order line", ShopOrderLine.objects.all())
    parcels = CheckoutParcel.objects.exclude(checkout__frozen_at=None).annotate(lines_minor=Sum("lines__total_minor"))
    found += [
        f"parcel {parcel.pk} is not the sum of its lines" for parcel in parcels.exclude(lines_minor=F("total_minor"))
    ]
    frozen = Checkout.objects.exclude(frozen_at=None).annotate(parcels_minor=Sum("parcels__total_minor"))
    return found + [
        f"checkout {row.pk} is not the sum of its parcels" for row in frozen.exclude(parcels_minor=F("total_minor"))
    ]


def _taxes_that_differ(kind: str, lines: QuerySet[Any]) -> list[str]:
    columns = lines.order_by("pk").values_list("pk", "tax_minor", "delivery_tax_minor", "tax_rate_milli", "tax_parts")
    found = []
    for pk, *amounts, kept in columns.iterator(chunk_size=2000):
        parts = tax.thawed(kept)
        sums = [sum(amount) for amount in zip(*((p.minor, p.delivery_minor, p.rate_milli) for p in parts), strict=True)]
        if amounts != (sums or [0, 0, 0]):
            found.append(f"{kind} {pk}: its taxes are {sums}, it says {amounts}")
    return found


def paid_checkouts_are_placed() -> list[str]:
    """What is paid becomes an order, or its payment goes back, within minutes."""
    late = Checkout.objects.filter(
        state=Checkout.State.PAID, payment__paid_at__lt=timezone.now() - PLACED_WITHIN
    ) | Checkout.objects.filter(
        state__in=[Checkout.State.PAYING, Checkout.State.ENDED], payment__state__in=["authorised", "captured"]
    )
    return [
        f"checkout {checkout.pk} is paid and has no order ({checkout.last_error or checkout.state})"
        for checkout in late
    ]


def vouchers_are_counted() -> list[str]:
    """Each use that is held counts once; only a checkout that is being paid or is placed holds one."""
    counted = Voucher.objects.annotate(held=Count("uses", filter=Q(uses__held=True)))
    found = [
        f"voucher {voucher}: {voucher.used} counted, {voucher.held} held"
        for voucher in counted.exclude(held=F("used")).order_by("pk")
    ]
    alive = [Checkout.State.PAYING, Checkout.State.PAID, Checkout.State.PLACED]
    strays = VoucherUse.objects.filter(held=True).exclude(checkout__state__in=alive).order_by("pk")
    return found + [f"checkout {use.checkout_id} holds a voucher and is not being paid" for use in strays]


def payments_are_what_was_frozen() -> list[str]:
    """What cards, a local currency and a voucher pay, and what the page asks for, are the checkout's total."""
    other = F("checkout__gift_minor") + F("checkout__local_minor") + F("checkout__voucher_minor")
    wrong = Payment.objects.exclude(amount_minor=F("checkout__total_minor") - other)
    wrong = wrong | Payment.objects.exclude(other_minor=other)
    return [f"payment {payment} is not what its checkout froze" for payment in wrong.order_by("pk")]


INVARIANTS: dict[str, Callable[[], list[str]]] = {
    "one order per checkout": one_order_per_checkout,
    "holds have a checkout being paid": holds_have_a_checkout,
    "held slots have a checkout being paid": slots_have_a_checkout,
    "orders are split exactly": orders_are_split_exactly,
    "frozen amounts are exact": frozen_amounts_are_exact,
    "paid checkouts are placed": paid_checkouts_are_placed,
    **invariants_invoices.INVARIANTS,
    **invariants_rerouting.INVARIANTS,
    "vouchers are counted": vouchers_are_counted,
    "payments are what was frozen": payments_are_what_was_frozen,
}
