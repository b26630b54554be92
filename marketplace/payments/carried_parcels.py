"""The money of parcels that one shop carries to another: what the other one gets for handing them over, and what goes
back to the reader where one is lost (`docs/decisions/0025`) or nobody collects it (0027)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, Sum
from django.utils import translation
from django.utils.translation import gettext as _

from marketplace.foundation import audit, leases, network
from marketplace.foundation.failpoints import failpoint
from marketplace.models import User
from marketplace.payments import incidents, ledger, refunds, returns
from marketplace.payments.models import Payment, RefundRequest
from marketplace.payments.refunds import RefundError, Wanted
from shops.models import Parcel, ParcelRefund, Return, Shop
from shops.orders import carrying, reader_mail

BATCH = 50
WAITS = timedelta(hours=1)
SHOP_ORDER = "parcel__shop_order"
OURS = Q(once__startswith="lost:") | Q(once__startswith="lost-delivery:")


def book_handovers(now: datetime) -> int:
    """Step: what a shop gets for a parcel that it handed to the reader for another, by the rule of the sale, from that
    shop's account to its own; its next transfer pays it. Returns how many."""
    done = Parcel.objects.filter(collected_at__isnull=False, fee_booked_at=None).exclude(carried_to=None)
    related = done.select_related("shop_order", "carried_to").order_by("collected_at", "pk")
    rows = incidents.batch(related, step="book_handovers", most=BATCH)
    return incidents.one_by_one(rows, lambda parcel: _book(parcel, now), step="book_handovers", now=now)


def _book(parcel: Parcel, now: datetime) -> bool:
    shop_order, receiver = parcel.shop_order, parcel.carried_to_id
    assert receiver is not None
    with transaction.atomic():
        both = Shop.objects.filter(pk__in=[shop_order.shop_id, receiver]).order_by("pk")  # as transfers lock them
        list(both.select_for_update(no_key=True, of=("self",)).values_list("pk", flat=True))
        if not Parcel.objects.filter(pk=parcel.pk, fee_booked_at=None).update(fee_booked_at=now):
            return False
        ledger.post(
            "handover",
            debit=ledger.shop_account(shop_order.shop_id),
            credit=ledger.shop_account(receiver),
            amount_minor=shop_order.handover_fee_minor,
            currency=shop_order.currency,
            key=f"handover:{parcel.pk}",
            cause=f"{shop_order.number} handed over by {parcel.carried_to}",
            now=now,
            order_id=shop_order.order_id,
        )
        failpoint("handover.before_commit")
    failpoint("handover.after_commit")
    return True


def refund_lost(now: datetime) -> int:
    """Step: give back the money of parcels that an operator gave up, and the price of what nobody collected elsewhere.
    Returns how many."""
    rows = leases.claim(ParcelRefund, now=now)
    return incidents.one_by_one(rows, lambda row: _refund_or_park(row, now), step="refund_lost", now=now)


def give_up(parcel: Parcel, *, borne_by: str, by: User, now: datetime) -> None:
    """As `carrying.give_up`, by one operator alone. RefundError where so much would go back of the payment that two
    must agree (`large_refunds`): asked with the payment locked, so that of two parcels at once one is seen."""
    with transaction.atomic():
        payments = Payment.objects.select_for_update().filter(checkout__order=parcel.shop_order.order_id)
        if needs_two(parcel, payments.first()):
            raise RefundError(
                _("So much goes back only where two operators agree: do it by hand, then give it up here.")
            )
        carrying.give_up(parcel, borne_by=borne_by, by=by, now=now)


def needs_two(parcel: Parcel, payment: Payment | None) -> bool:
    """Whether more than the network's limit would have gone back of its payment then, by operators who act alone."""
    most = network.current().refund_two_above_minor
    return bool(most) and _worth(parcel) + (given_alone(payment) if payment else 0) > most


def given_alone(payment: Payment) -> int:
    """What operators have given back of a payment without a second one, and what is due for parcels they gave up."""
    asked = RefundRequest.objects.filter(payment=payment, by__is_staff=True, proposal=None)
    due = ParcelRefund.objects.filter(parcel__shop_order__order__checkout__payment=payment, made_at=None)
    worth = sum(_worth(row.parcel) for row in due.select_related("parcel__shop_order"))
    return worth + int(asked.aggregate(sum=Sum("amount_minor", default=0))["sum"])


def _worth(parcel: Parcel) -> int:
    """Of its copies, as far as their money has not gone back; with the delivery where nothing else is left."""
    of_part = refunds.left(parcel.shop_order)
    of_lines = {one.line.pk: one for one in of_part.lines}
    worth = 0
    for line in parcel.lines.all():
        left = of_lines[line.line_id]
        worth += left.amount_minor * min(line.units, left.units) // left.units if left.units else 0
    return worth + of_part.delivery_minor


def settle_by_hand(parcel: Parcel, *, by: User, now: datetime) -> bool:
    """A person has looked, and the reader has the money of it already. False: it went back meanwhile."""
    with transaction.atomic():
        waiting = ParcelRefund.objects.filter(parcel=parcel, made_at=None, parked_at__isnull=False)
        if not waiting.update(made_at=now, due_at=None, parked_at=None, lease_until=None, lease_token=""):
            return False
        audit.record("parcel.settle_by_hand", parcel, by=by, shop_id=parcel.shop_order.shop_id)
    return True


def report_missing(now: datetime) -> int:
    """Step: parcels that are missing are on the operator's board, once each time. Returns how many were told."""
    missing = Parcel.objects.filter(missing_at__isnull=False, missing_ended_at=None)
    return sum(_report(parcel, now) for parcel in missing.select_related("shop_order__shop", "carried_to")[:BATCH])


def _report(parcel: Parcel, now: datetime) -> bool:
    text = (
        f"The parcel of {parcel.shop_order} from {parcel.shop_order.shop} to {parcel.carried_to} is missing "
        f"({parcel.get_missing_said_display()}). Ask both; if it is lost, give it up on the board’s page of parcels."
    )
    key = f"parcel:{parcel.pk}:{parcel.missing_at:%Y%m%d%H%M%S}"
    return incidents.report(key, text, now=now, shop_id=parcel.shop_order.shop_id)


def _refund_or_park(row: ParcelRefund, now: datetime) -> bool:
    try:
        return _refund(row, now)
    except RefundError as error:
        leases.postpone(row, error=str(error), now=now, permanent=True)
        return False


def _refund(claimed: ParcelRefund, now: datetime) -> bool:
    """False: the card is not charged yet, so there is nothing to give back; later."""
    with transaction.atomic():
        row = ParcelRefund.objects.select_related(f"{SHOP_ORDER}__order__checkout", f"{SHOP_ORDER}__shop").get(
            pk=claimed.pk
        )
        order = row.parcel.shop_order.order
        payment = Payment.objects.select_for_update().filter(checkout__order=order).first()
        if payment is None:
            raise RefundError(_("No payment of this order is known."))
        if payment.state in {Payment.State.AUTHORISED, Payment.State.OPEN, Payment.State.NEW}:
            leases.postpone(claimed, error="Nothing is captured yet.", now=now, due_at=now + WAITS, attempts=0)
            return False
        _check_by_hand(row)
        returns.check_disputes(payment)
        with translation.override(reader_mail.language_of(order)):
            made = _ask(payment, row, now)
        failpoint("parcel_refund.before_commit")
        if not leases.finish(claimed, amount_minor=sum(one.amount_minor for one in made), made_at=now):
            transaction.set_rollback(True)
            return False
    failpoint("parcel_refund.after_commit")
    return True


def _check_by_hand(row: ParcelRefund) -> None:
    """What was given back of it since it left, or is on its way back, may be for the same copies: a person looks."""
    part, since = row.parcel.shop_order_id, row.parcel.handed_over_at
    same = Q(kind=RefundRequest.Kind.OTHER) | Q(line__in=row.parcel.lines.values("line"))
    given = RefundRequest.objects.filter(same, shop_order=part, asked_at__gte=since).exclude(OURS)
    if given.exists() or Return.objects.filter(shop_order=part, ended_at=None).exists():
        raise RefundError(_("Money was given back by hand since this was asked for: look."))


def _ask(payment: Payment, row: ParcelRefund, now: datetime) -> list[RefundRequest]:
    """At most what is left of each line; with the last copies of the part its delivery too, where it was not made."""
    part, made = row.parcel.shop_order, []
    uncollected = row.parcel.uncollected_at is not None
    words = _("Nobody collected the parcel: %(number)s") if uncollected else _("The parcel was lost: %(number)s")
    reason = words % {"number": part.number}
    for line in row.parcel.lines.order_by("pk"):
        left = next(one for one in refunds.left(part).lines if one.line.pk == line.line_id)
        if (units := min(line.units, left.units)) and left.amount_minor:
            wanted, once = Wanted(RefundRequest.Kind.LINE, part, left.line, units=units), f"lost:{line.pk}"
            made.append(_made(payment, wanted, row, reason, once, now))
    left_of_part = refunds.left(part)
    if not uncollected and left_of_part.delivery_minor and not any(refunds.units_left(part).values()):
        wanted = Wanted(RefundRequest.Kind.DELIVERY, part)
        made.append(_made(payment, wanted, row, reason, f"lost-delivery:{row.pk}", now))
    return made


def _made(payment: Payment, wanted: Wanted, row: ParcelRefund, reason: str, once: str, now: datetime) -> RefundRequest:
    return refunds.ask(payment, wanted, reason=reason, by=row.by, once=once, now=now, borne_by=row.borne_by)  # type: ignore[arg-type]
