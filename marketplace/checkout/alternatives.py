"""What a shop may offer a reader in the place of what it lacks, what that costs, and what becomes of it.

Taken, it is a frozen plan of its own in a new shop order of the same shop, which has accepted it; the units move there
as they do to another shop (`rerouting`), with their share of the delivery that is paid already. The reader pays what
was agreed or less, never more. Not taken, all goes on as if it had not been offered; so it does where nobody answers,
unless the reader had agreed at the checkout to have the same later than said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from oscar.apps.partner.models import StockRecord

from marketplace.checkout import alternative_plans, taking_over
from marketplace.checkout.alternative_plans import AlternativeError, Part, What
from marketplace.checkout.planning import PlannedParcel
from marketplace.foundation import audit, money, network
from marketplace.foundation.failpoints import failpoint
from marketplace.payments import captures
from marketplace.payments.models import Payment
from shops import slots, stock
from shops.models import Alternative, Rerouting, ShopOrder, ShopOrderLine
from shops.orders import alternatives as offers
from shops.orders import fulfilment, missing
from shops.orders.alternatives import Offered
from shops.orders.counts import still_here, takes_a_part

Kind, State = Alternative.Kind, Alternative.State
# Who has less time to answer would hardly do it.
LEAST_TIME = timedelta(hours=2)


def refusal(shop_order: ShopOrder, *, now: datetime) -> str:
    """Why nothing may be offered in the place of its lines, for staff; empty where it may."""
    payment = _payment_of(shop_order)
    if shop_order.is_download or payment is None:
        return _("For this order nothing else can be offered here. Write to the reader.")
    if taking_over.is_bound(payment, shop_order):
        return _("The payment of this order cannot be changed any more: nothing else can be offered in its place.")
    ends = captures.waits_until(payment)
    if ends is not None and ends - now < LEAST_TIME:
        return _("The payment of this order waits for no answer any more: nothing else can be offered in its place.")
    return ""


def answer_by(
    shop_order: ShopOrder, within: timedelta, *, parts: Sequence[Part] | None = None, now: datetime
) -> datetime:
    """By when its reader answers that has so long: never later than the payment waits; of `parts` that are all that is
    left, nor than the shop must begin to pack what the courier brings."""
    payment = _payment_of(shop_order)
    ends = [captures.waits_until(payment) if payment else None]
    if parts is not None and _goes_whole(shop_order, parts):
        slot = slots.of(shop_order)
        ends.append(_packed_from(shop_order, slot) if slot else None)
    return min([now + within, *(end for end in ends if end is not None)])


def parts_of(shop_order: ShopOrder, line: ShopOrderLine, units: int) -> list[Part]:
    """What would be declined with `units` of a line, as `fulfilment.decline` does: all of it where the reader wants it
    whole."""
    lines = {one.pk: one for one in shop_order.lines.all()}
    gone = {line.pk: units} if takes_a_part(shop_order) else still_here(lines.values())
    return [Part(lines[pk], n, _worth(lines[pk], n)) for pk, n in gone.items()]


def _worth(line: ShopOrderLine, units: int) -> int:
    """What the reader pays for the next units that are declined."""
    before, after = line.declined, line.declined + units
    return line.paid_minor * after // line.quantity - line.paid_minor * before // line.quantity


class Priced(NamedTuple):
    total_minor: int
    agreed_minor: int


def priced(shop_order: ShopOrder, parts: Sequence[Part], what: What, *, now: datetime) -> Priced:
    """What the reader would pay for all parts, and what they agreed to pay. AlternativeError says to staff why it
    cannot be offered."""
    if (slot := slots.of(shop_order)) and _goes_whole(shop_order, parts):
        _check_slot(shop_order, slot, what, now)
    planned, borne = alternative_plans.planned(shop_order, parts, what, now=now)
    return Priced(planned.total_minor - sum(borne), sum(part.agreed_minor for part in parts))


def offered(shop_order: ShopOrder, parts: Sequence[Part], what: What, within: timedelta, *, now: datetime) -> Offered:
    """As `fulfilment.decline` is told of it. AlternativeError says to staff why it cannot be."""
    return Offered(
        kind=Kind.OTHER if what.record else Kind.LATER,
        unit_price_minor=what.unit_price_minor,
        total_minor=priced(shop_order, parts, what, now=now).total_minor,
        answer_by=answer_by(shop_order, within, parts=parts, now=now),
        record_id=what.record.pk if what.record else None,
        expected_on=what.expected_on,
    )


def price_of(record: StockRecord, part: Part, currency: str) -> int:
    """What one costs in the shop, as prices are shown; what the reader paid for what it is instead of, where that is
    less."""
    most = alternative_plans.most_minor(part, tax_included=network.current().tax_included)
    known = record.price is not None and record.price_currency == currency
    return min(money.to_minor(record.price, currency), most) if known else most


def _goes_whole(shop_order: ShopOrder, parts: Sequence[Part]) -> bool:
    """Whether nothing of it is left beside the parts."""
    going = {part.line.pk: part.units for part in parts}
    return all(line.left_units <= going.get(line.pk, 0) for line in shop_order.lines.all())


def _check_slot(shop_order: ShopOrder, slot: slots.Choice, what: What, now: datetime) -> None:
    """Its place in the courier's round is kept for what is offered, so that must be there by then."""
    local = date_format(slot.begins.astimezone(ZoneInfo(shop_order.shop.timezone)), "DATETIME_FORMAT")
    said = {"when": local}
    if what.expected_on is not None and what.expected_on >= slot.day:
        raise AlternativeError(_("The courier comes %(when)s, before that day. Write to the reader.") % said)
    if _packed_from(shop_order, slot) - now < LEAST_TIME:
        raise AlternativeError(_("The courier comes %(when)s: the reader has no time to answer.") % said)


def _packed_from(shop_order: ShopOrder, slot: slots.Choice) -> datetime:
    return slot.begins - timedelta(minutes=shop_order.shop.preparation_minutes)


def take(alternative: Alternative, *, by: object, now: datetime) -> ShopOrder:
    """The reader wants it. AlternativeError where they have said so already, or it cannot be had any more."""
    with transaction.atomic():
        row, payment = _locked(alternative)
        if row.state != State.OPEN or now >= row.answer_by:
            raise AlternativeError(_("This was answered already, or the time for it is over."))
        made = _take(row, payment, by=by, now=now)
        failpoint("alternative.before_commit")
    failpoint("alternative.after_commit")
    return made


def refuse(alternative: Alternative, *, elsewhere: bool, by: object, now: datetime) -> None:
    """The reader does not want it. `elsewhere`: another shop is to be looked for; else they do not pay for it."""
    with transaction.atomic():
        row, _payment = _locked(alternative)
        if row.state != State.OPEN:
            raise AlternativeError(_("This was answered already, or the time for it is over."))
        offers.end(row, State.REFUSED, now=now)
        rerouting, shop_order = row.rerouting, row.rerouting.shop_order
        looks = elsewhere and may_look_elsewhere(rerouting)
        Alternative.objects.filter(pk=row.pk).update(looks_elsewhere=looks)
        audit.record(
            "shop_order.offer_refuse", shop_order, by=by, shop_id=shop_order.shop_id, units=row.units, title=row.title,
            elsewhere=looks,
        )  # fmt: skip
        if looks:
            Rerouting.objects.filter(pk=rerouting.pk).update(due_at=now)
        else:
            missing.decided([rerouting], now=now)
        failpoint("alternative.before_commit")
    failpoint("alternative.after_commit")


def withdraw(alternative: Alternative, *, by: object, now: datetime) -> None:
    """The shop takes back what its reader has not answered: what was declined is gone as if nothing had been offered.
    AlternativeError where they were quicker, or the time is over."""
    with transaction.atomic():
        row, _payment = _locked(alternative)
        if now >= row.answer_by or not offers.end(row, State.RECALLED, now=now):
            raise AlternativeError(_("This was answered already, or the time for it is over."))
        rerouting, shop_order = row.rerouting, row.rerouting.shop_order
        audit.record(
            "shop_order.offer_withdraw", shop_order, by=by, shop_id=shop_order.shop_id, units=row.units,
            title=row.title,
        )  # fmt: skip
        if row.looks_elsewhere:
            Rerouting.objects.filter(pk=rerouting.pk).update(due_at=now)
        else:
            missing.decided([rerouting], now=now)
        failpoint("alternative.before_commit")
    failpoint("alternative.after_commit")


def may_look_elsewhere(rerouting: Rerouting) -> bool:
    """Whether another shop could have all of it."""
    return all(missing.can_be_replaced(part.line) for part in rerouting.parts.select_related("line"))


def is_open(alternative: Alternative, payment: Payment, *, now: datetime) -> bool:
    """Whether its rerouting still waits for the reader; the caller has locked the payment. Once the time is over it
    ends here: taken where silence takes it (then nothing is left to decide), else not."""
    if alternative.state != State.OPEN:
        return False
    if now < alternative.answer_by:
        waits = {"due_at": alternative.answer_by, "lease_until": None, "lease_token": ""}
        Rerouting.objects.filter(pk=alternative.rerouting_id).update(**waits)
        return True
    if offers.silence(alternative) == "takes":
        try:
            with transaction.atomic():
                _take(_read(alternative), payment, by="system", now=now)
        except AlternativeError:  # it cannot be had any more
            return False
        return True
    return False


def _take(row: Alternative, payment: Payment, *, by: object, now: datetime) -> ShopOrder:
    rerouting = row.rerouting
    declined, ends = rerouting.shop_order, captures.waits_until(payment)
    if taking_over.is_bound(payment, declined) or (ends is not None and ends <= now):
        raise AlternativeError(_("The payment cannot be changed any more."))
    parts = list(rerouting.parts.select_related("line__shop_order").order_by("line__stock_record_id", "pk"))
    planned, borne = _planned(row, [Part(part.line, part.units, part.agreed_minor) for part in parts], now)
    if planned.total_minor - sum(borne) > row.total_minor:
        raise AlternativeError(_("It would cost more than was said by now."))
    if not offers.end(row, State.TAKEN, now=now):
        raise AlternativeError(_("This was answered already, or the time for it is over."))
    lines = taking_over.write(declined, planned, borne=borne, bearer=declined.bearer, latest=ends, now=now)
    held = {offers.held_record(row, part.line): line.pk for part, line in zip(parts, lines, strict=True)}
    if promised := {record: pk for record, pk in held.items() if record is not None}:
        stock.promise(row.key, promised, now=now)
    made = taking_over.follow(declined, planned, parts, lines, now=now)
    if _goes_along(row, made, now):
        made.expected_from, made.expected_until = declined.expected_from, declined.expected_until
        made.save(update_fields=["expected_from", "expected_until"])
    audit.record(
        "shop_order.offer_take", declined, by=by, shop_id=declined.shop_id, units=row.units, title=row.title,
        made=made.number,
    )  # fmt: skip
    audit.record("shop_order.replace", made, by=by, shop_id=made.shop_id, instead_of=declined.number)
    missing.decided([rerouting], now=now)
    fulfilment.accept_all(made, by="shop", now=now)
    return made


def _goes_along(row: Alternative, made: ShopOrder, now: datetime) -> bool:
    """Whether the courier brings it when they would have brought what it is instead of: it has the place that is held
    for it, or for another offer, or one beside what they bring the reader anyway. False: it is too late for that, the
    round is full, or the courier had no slots."""
    place = offers.place_of(row)
    visit = place or slots.of_reader(row.rerouting.shop_order)
    in_time = visit is not None and now < _packed_from(made, visit)
    if visit is None or not in_time or (row.expected_on is not None and row.expected_on >= visit.day):
        offers.leave_place(row, now=now)
        return False
    if place is None:
        slots.hold([(visit.slot_id, visit.day)], key=row.key, now=now)
    return slots.promise(row.key, {made.shop_id: made.pk}) > 0


def _planned(row: Alternative, parts: Sequence[Part], now: datetime) -> tuple[PlannedParcel, list[int]]:
    record = row.stock_record if row.kind == Kind.OTHER else None
    if row.kind == Kind.OTHER and record is None:
        raise AlternativeError(_("The shop does not have it any more."))
    what = What(row.line_id, record, row.unit_price_minor, row.expected_on)
    return alternative_plans.planned(row.rerouting.shop_order, parts, what, now=now)


def _payment_of(shop_order: ShopOrder) -> Payment | None:
    return Payment.objects.filter(checkout__order=shop_order.order_id).first()


def _locked(alternative: Alternative) -> tuple[Alternative, Payment]:
    """As whoever decides a rerouting locks: the payment, then what hangs on it."""
    payments = Payment.objects.select_for_update(of=("self",))
    payment = payments.get(checkout__order__shop_orders__reroutings=alternative.rerouting_id)
    return _read(alternative), payment


def _read(alternative: Alternative) -> Alternative:
    way = "rerouting__shop_order__delivery_option"
    related: Mapping[str, None] = dict.fromkeys(
        [
            *("rerouting__shop_order__shop", "rerouting__shop_order__bearer", "rerouting__shop_order__order__checkout"),
            *(f"{way}__receiving_shop", f"{way}__point", "line", "stock_record__product__facts"),
        ]
    )
    return Alternative.objects.select_related(*related).get(pk=alternative.pk)
