"""At "pay": plan once more, see that nothing changed since the reader looked, freeze every amount, hold the stock, all
in one transaction; then open the payment page.

Locks are taken in one order everywhere: basket, checkout, stock records by id, couriers' slots by id and day, gift
cards by id, vouchers, credit terms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from oscar.apps.basket.models import Basket

from marketplace.checkout import checkouts, ending, institutions, limits, order_rows, tax, vouchers
from marketplace.checkout.delivery import Quote
from marketplace.checkout.models import Checkout, CheckoutLine, CheckoutParcel
from marketplace.checkout.planning import Plan, PlannedLine, PlannedParcel
from marketplace.foundation import audit
from marketplace.foundation.failpoints import failpoint
from marketplace.foundation.people import as_reader
from marketplace.payments import gift_cards, local_currency, receivables, sessions
from marketplace.payments.gateway_records import PaymentGatewayError
from marketplace.payments.models import GiftCardUse, Payment
from marketplace.payments.stored_money import LEAST_CHARGE_MINOR
from shops import slots, stock
from shops.downloads import codes
from shops.models import Shop


@dataclass(frozen=True)
class Refusal:
    """Why nothing was frozen. `reason`: changed (an amount differs from what the reader saw), short (a shop no longer
    has the copies: `short`), not_sold (not for sale where it goes: `short`), age (the reader has not stated to be so
    old), untaxed (what is due there is not known: the plan says it line by line), barred (an
    institution may not buy its books from `shops`), unpayable (of the `shops`: neither Stripe nor the bank can pay
    them now), full (the courier's slot is taken meanwhile), gift (a gift card or local account holds less meanwhile),
    service (the outside service of the local currency refuses), voucher (it is used up, or this reader has used it),
    credit (the institution may not owe that much), small (less than the payment page takes), incomplete (a decision is
    open), empty, ended (it is no longer being filled in)."""

    reason: str
    short: Sequence[PlannedLine] = field(default=())
    shops: Sequence[Shop] = field(default=())


def pay(checkout: Checkout, *, seen: str, success_url: str, cancel_url: str, now: datetime) -> Refusal | Payment:
    """Freeze, hold, and open the hosted payment page. `seen` is the fingerprint of the plan that the reader saw.
    Called again while it is being paid, gives the same page. Raises PaymentGatewayError when the payment provider
    cannot be reached: the stock stays held, and the same call may be made again; when it refused (`permanent`) there
    never will be a page: the checkout has ended."""
    refusal = freeze_and_hold(checkout, seen=seen, now=now)
    if refusal:
        return refusal
    if checkout.local_minor and not local_currency.confirm(checkout.pk, now=now):
        return Refusal("service")
    if checkout.by_invoice or not checkout.charged_minor:
        return sessions.pay_without_page(checkout, now=now) or Refusal("ended")  # type: ignore[arg-type]
    if sessions.is_late(checkout, now=now):  # type: ignore[arg-type]  # frozen: its times are set
        ending.end(checkout, now=now, by=as_reader(checkout.user_id))
        return Refusal("ended")
    page = {"success_url": success_url, "cancel_url": cancel_url}
    try:
        return sessions.open_session(checkout, now=now, **page)  # type: ignore[arg-type]
    except PaymentGatewayError as error:
        if error.permanent and sessions.refused(checkout):  # type: ignore[arg-type]
            ending.end(checkout, now=now)
        raise


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
        local, cards = beside(checkout, plan, now=now)
        gift_minor = sum(amount for _, amount in cards)
        refusal = _refusal(checkout, plan, seen, gift_minor + local.value_minor) or _barred(checkout, plan, now)
        if refusal:
            return refusal
        wanted = sorted((line.record.pk, line.quantity) for line in plan.held)
        shortages = stock.hold(wanted, key=checkouts.hold_key(checkout), now=now)
        if shortages:  # somebody else was quicker since the plan was made; nothing is held
            gone = {shortage.stock_record_id for shortage in shortages}
            return Refusal("short", [line for line in plan.lines if line.record.pk in gone])
        keys = [(line.record.pk, line.quantity) for line in plan.downloads]
        if shortages := codes.hold(keys, key=checkouts.hold_key(checkout)):
            transaction.set_rollback(True)  # the copies that were held a moment ago are free again
            gone = {shortage.stock_record_id for shortage in shortages}
            return Refusal("short", [line for line in plan.lines if line.record.pk in gone])
        if slots.hold(slots_of(plan), key=checkouts.hold_key(checkout), now=now):
            transaction.set_rollback(True)
            return Refusal("full")
        if not local_currency.hold(local, now=now) or not gift_cards.hold(cards, now=now):
            transaction.set_rollback(True)
            return Refusal("gift")
        if plan.promotion:
            vouchers.use_promotion(checkout, plan.promotion)
        elif not plan.by_voucher:
            vouchers.take_off(checkout)  # one that lowers nothing is not used up
        if not vouchers.hold(checkout, now=now):
            transaction.set_rollback(True)
            return Refusal("voucher")
        owed_minor = plan.left_minor - gift_minor - local.value_minor
        if checkout.by_invoice and not receivables.hold(checkout, amount_minor=owed_minor, now=now):
            transaction.set_rollback(True)
            return Refusal("credit")
        write(checkout, plan, now, gift_minor=gift_minor, local_minor=local.value_minor)
        failpoint("holds.before_commit")
    return None


def beside(
    checkout: Checkout, plan: Plan, *, now: datetime
) -> tuple[local_currency.Planned, list[tuple[GiftCardUse, int]]]:
    """What the local currency that the reader asked for pays, then each gift card, of what a voucher leaves."""
    parts = [(parcel.shop.pk, parcel.total_minor) for parcel in plan.parcels]
    local = local_currency.planned(checkout.pk, parts, plan.left_minor)
    return local, gift_cards.planned(checkout.pk, plan.left_minor - local.value_minor, now=now)


def slots_of(plan: Plan) -> list[tuple[int, date]]:
    """The couriers' slots that its parcels go in."""
    chosen = [parcel.trip.slot for parcel in plan.parcels if parcel.trip and parcel.trip.slot and parcel.option]
    return [(slot.slot_id, slot.day) for slot in chosen]


def shown(plan: Plan, stored_minor: int) -> str:
    """The fingerprint of what the page says before one pays: the plan, and what gift cards, a local currency and a
    voucher pay of it."""
    other = stored_minor + plan.voucher_minor
    return f"{plan.fingerprint()}+{other}" if other else plan.fingerprint()


def _refusal(checkout: Checkout, plan: Plan, seen: str, stored_minor: int) -> Refusal | None:
    if not plan.parcels:
        return Refusal("empty")
    if plan.short:
        return Refusal("short", plan.short)
    if plan.not_sold:
        return Refusal("not_sold", plan.not_sold)
    if unpayable := checkouts.unpayable(plan):
        return Refusal("unpayable", shops=unpayable)
    if checkouts.next_step(checkout, plan) != "pay" or (plan.downloads and not checkout.agreed_to_download_at):
        return Refusal("incomplete")
    if plan.untaxed:
        return Refusal("untaxed")
    if limits.years(plan.lines) > checkout.age_stated:
        return Refusal("age")
    if shown(plan, stored_minor) != seen:
        return Refusal("changed")
    if 0 < plan.left_minor - stored_minor < LEAST_CHARGE_MINOR and not checkout.by_invoice:
        return Refusal("small")
    return None


def _barred(checkout: Checkout, plan: Plan, now: datetime) -> Refusal | None:
    institution = institutions.institution_of(checkout.user_id)
    barred = institutions.barred(institution, plan, now=now) if institution else []
    return Refusal("barred", shops=barred) if barred else None


def write(checkout: Checkout, plan: Plan, now: datetime, *, gift_minor: int = 0, local_minor: int = 0) -> None:
    """Freeze the plan: the checkout's sums, one row per parcel, one per line."""
    if checkout.country:
        order_rows.know_country(checkout.country)
    CheckoutParcel.objects.filter(checkout=checkout).delete()
    parcels = CheckoutParcel.objects.bulk_create(parcel_of(checkout, parcel) for parcel in plan.parcels)
    CheckoutLine.objects.bulk_create(
        line_of(row, line) for row, parcel in zip(parcels, plan.parcels, strict=True) for line in parcel.lines
    )
    expires_at = now + timedelta(minutes=settings.CHECKOUT_MINUTES)
    values = {
        "state": Checkout.State.PAYING,
        "currency": plan.currency,
        "goods_minor": plan.goods_minor,
        "discount_minor": plan.discount_minor,
        "delivery_minor": plan.delivery_minor,
        "tax_minor": plan.tax_minor,
        "total_minor": plan.total_minor,
        "gift_minor": gift_minor,
        "local_minor": local_minor,
        "voucher_minor": plan.voucher_minor,
        "frozen_at": now,
        "expires_at": expires_at,
        "due_at": expires_at,
        "attempts": 0,
    }
    Checkout.objects.filter(pk=checkout.pk).update(**values)
    for name, value in values.items():
        setattr(checkout, name, value)
    audit.record("checkout.freeze", checkout, by=as_reader(checkout.user_id), total_minor=plan.total_minor)


def parcel_of(checkout: Checkout, parcel: PlannedParcel) -> CheckoutParcel:
    return CheckoutParcel(
        checkout=checkout,
        shop=parcel.shop,
        is_download=parcel.is_download,
        delivery_option=parcel.option,
        **_promised(parcel),
        goods_minor=parcel.goods_minor,
        delivery_minor=parcel.delivery_minor,
        standard_delivery_minor=_standard_delivery(parcel),
        delivery_tax_minor=parcel.delivery_tax_minor,
        tax_minor=parcel.tax_minor,
        tax_note=parcel.tax_note,
        total_minor=parcel.total_minor,
    )


def _standard_delivery(parcel: PlannedParcel) -> int | None:
    """The cheapest way in which its shop would have sent it: what a reader who withdraws gets back of a dearer one
    (directive 2011/83/EU, article 13 (2)). What is collected is not sent."""
    sent = (option for option in parcel.options if not option.is_collected)
    quotes = [quote for option in sent if (quote := parcel.quotes.get(option.pk)) and quote.refusal is None]
    return min((quote.price_minor for quote in quotes), default=None)


def _promised(parcel: PlannedParcel) -> dict[str, object]:
    """When it lies ready or comes, and what it weighs, as the reader was told."""
    slot, quote = parcel.trip.slot if parcel.trip else None, parcel.quote or Quote()
    return {
        "slot_id": slot.slot_id if slot else None,
        "slot_day": slot.day if slot else None,
        "expected_from": quote.expected_from,
        "expected_until": quote.expected_until,
        "awaits_confirmation": quote.awaits_confirmation,
        "weight_grams": quote.weight_grams,
    }


def line_of(parcel: CheckoutParcel, line: PlannedLine) -> CheckoutLine:
    return CheckoutLine(
        parcel=parcel,
        basket_line_id=line.basket_line_id,
        stock_record=line.record,
        product_id=line.record.product_id,
        title=line.title[:255],
        supply=line.supply,
        expected_on=line.expected_on,
        age_years=line.limits.years,
        quantity=line.quantity,
        unit_price_minor=line.unit_price_minor or 0,  # never without a price: that line would be short
        discount_minor=line.discount_minor,
        net_minor=line.net_minor,
        tax_minor=line.tax_minor,
        tax_rate_milli=tax.rate_milli(line.rates),
        tax_parts=tax.frozen(line.tax_parts),
        delivery_share_minor=line.delivery_share_minor,
        delivery_tax_minor=line.delivery_tax_minor,
        total_minor=line.total_minor,
    )
