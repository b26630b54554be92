"""At "pay": plan once more, see that nothing changed since the reader looked, freeze every amount, hold the stock, all
in one transaction; then open the payment page.

Locks are taken in one order everywhere: basket, checkout, stock records by id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from oscar.apps.basket.models import Basket

from marketplace.checkout import checkouts
from marketplace.checkout.models import Checkout, CheckoutLine, CheckoutParcel
from marketplace.checkout.planning import Plan, PlannedLine
from marketplace.foundation import audit
from marketplace.foundation.failpoints import failpoint
from marketplace.payments import sessions
from marketplace.payments.models import Payment
from shops import stock
from shops.models import Shop


@dataclass(frozen=True)
class Refusal:
    """Why nothing was frozen. `reason`: changed (an amount differs from what the reader saw), short (a shop no longer
    has the copies: `short`), unpayable (of the `shops`: Stripe cannot pay them now), incomplete (a decision is open),
    empty, ended (it is no longer being filled in)."""

    reason: str
    short: Sequence[PlannedLine] = field(default=())
    shops: Sequence[Shop] = field(default=())


def pay(checkout: Checkout, *, seen: str, success_url: str, cancel_url: str, now: datetime) -> Refusal | Payment:
    """Freeze, hold, and open the hosted payment page. `seen` is the fingerprint of the plan that the reader saw.
    Called again while it is being paid, gives the same page. Raises PaymentGatewayError when the payment provider
    cannot be reached: the stock stays held, and the same call may be made again."""
    refusal = freeze_and_hold(checkout, seen=seen, now=now)
    if refusal:
        return refusal
    page = {"success_url": success_url, "cancel_url": cancel_url}
    return sessions.open_session(checkout, now=now, **page)  # type: ignore[arg-type]  # frozen: its times are set


def freeze_and_hold(checkout: Checkout, *, seen: str, now: datetime) -> Refusal | None:
    """None: it is frozen and its stock held (by this call or an earlier one)."""
    with transaction.atomic():
        Basket.objects.select_for_update().filter(pk=checkout.basket_id).first()
        Checkout.objects.select_for_update().filter(pk=checkout.pk).first()
        checkout.refresh_from_db()
        if checkout.state == Checkout.State.PAYING:
            return None
        other = checkouts.being_paid(Basket(pk=checkout.basket_id))
        if checkout.state != Checkout.State.OPEN or checkout.basket_id is None or other is not None:
            return Refusal("ended")
        plan = checkouts.plan_of(checkout, now=now)
        refusal = _refusal(checkout, plan, seen)
        if refusal:
            return refusal
        wanted = sorted((line.record.pk, line.quantity) for line in plan.lines)
        shortages = stock.hold(wanted, key=checkouts.hold_key(checkout), now=now)
        if shortages:  # somebody else was quicker since the plan was made; nothing is held
            gone = {shortage.stock_record_id for shortage in shortages}
            return Refusal("short", [line for line in plan.lines if line.record.pk in gone])
        write(checkout, plan, now)
        failpoint("holds.before_commit")
    return None


def _refusal(checkout: Checkout, plan: Plan, seen: str) -> Refusal | None:
    if not plan.parcels:
        return Refusal("empty")
    if plan.short:
        return Refusal("short", plan.short)
    if unpayable := checkouts.unpayable(plan):
        return Refusal("unpayable", shops=unpayable)
    if checkouts.next_step(checkout, plan) != "pay":
        return Refusal("incomplete")
    if plan.fingerprint() != seen:
        return Refusal("changed")
    return None


def write(checkout: Checkout, plan: Plan, now: datetime) -> None:
    """Freeze the plan: the checkout's sums, one row per parcel, one per line."""
    CheckoutParcel.objects.filter(checkout=checkout).delete()
    parcels = CheckoutParcel.objects.bulk_create(
        CheckoutParcel(
            checkout=checkout,
            shop=parcel.shop,
            delivery_option=parcel.option,
            goods_minor=parcel.goods_minor,
            delivery_minor=parcel.delivery_minor,
            delivery_tax_minor=parcel.delivery_tax_minor,
            delivery_tax_basis_points=parcel.delivery_tax_basis_points,
            tax_minor=parcel.tax_minor,
            total_minor=parcel.total_minor,
        )
        for parcel in plan.parcels
    )
    CheckoutLine.objects.bulk_create(
        _line(row, line) for row, parcel in zip(parcels, plan.parcels, strict=True) for line in parcel.lines
    )
    expires_at = now + timedelta(minutes=settings.CHECKOUT_MINUTES)
    values = {
        "state": Checkout.State.PAYING,
        "currency": plan.currency,
        "goods_minor": plan.goods_minor,
        "discount_minor": sum(line.discount_minor for line in plan.lines),
        "delivery_minor": plan.delivery_minor,
        "tax_minor": plan.tax_minor,
        "total_minor": plan.total_minor,
        "frozen_at": now,
        "expires_at": expires_at,
        "due_at": expires_at,
        "attempts": 0,
    }
    Checkout.objects.filter(pk=checkout.pk).update(**values)
    for name, value in values.items():
        setattr(checkout, name, value)
    audit.record("checkout.freeze", checkout, by=checkout.user or "reader", total_minor=plan.total_minor)


def _line(parcel: CheckoutParcel, line: PlannedLine) -> CheckoutLine:
    return CheckoutLine(
        parcel=parcel,
        basket_line_id=line.basket_line_id,
        stock_record=line.record,
        product_id=line.record.product_id,
        title=line.title[:255],
        quantity=line.quantity,
        unit_price_minor=line.unit_price_minor or 0,  # never without a price: that line would be short
        discount_minor=line.discount_minor,
        net_minor=line.net_minor,
        tax_minor=line.tax_minor,
        tax_basis_points=line.tax_basis_points,
        delivery_share_minor=line.delivery_share_minor,
        total_minor=line.total_minor,
    )
