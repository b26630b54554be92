"""The money of what readers sent back: a checked return left a due row; here it becomes refunds, each by the rules and
bounds of every other one (`refunds.ask`), once.

Directive 2011/83/EU, article 13: all that was paid for the goods, and where nothing of the part stays with the reader,
its delivery at most at the price of the cheapest standard one; the way it was paid; within 14 days (`Return.refund_by`
says until when; what is late is on the operator's board)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, Sum
from django.utils import translation
from django.utils.translation import gettext as _

from marketplace.foundation import leases
from marketplace.foundation.failpoints import failpoint
from marketplace.models import User
from marketplace.payments import incidents, refunds, worth
from marketplace.payments.models import Dispute, Payment, RefundRequest
from marketplace.payments.refunds import RefundError, Wanted
from shops.models import Return, ReturnLine, ReturnRefund, ShopOrder
from shops.orders import reader_mail
from shops.returns import moving, rights
from shops.returns.asking import ReturnError

Kind, Basis = RefundRequest.Kind, Return.Basis
WHOLE = {Basis.WITHDRAWAL, Basis.FAULT}
WAITS = timedelta(hours=1)
SHOP_ORDER = "of__shop_order"
OURS = Q(once__startswith="return:") | Q(once__startswith="return-delivery:")


def refund_returns(now: datetime) -> int:
    """Step: ask for the refunds of checked returns. Returns how many."""
    rows = leases.claim(ReturnRefund, now=now)
    return incidents.one_by_one(rows, lambda row: _refund_or_park(row, now), step="refund_returns", now=now)


def once_of(line: ReturnLine) -> str:
    """What makes the refund of a returned line one, however often it is asked for."""
    return f"return:{line.pk}"


def once_of_delivery(shop_order: ShopOrder) -> str:
    return f"return-delivery:{shop_order.pk}"


def end_paid_by_hand(row: Return, *, reason: str, by: User, now: datetime) -> None:
    """An operator has looked: its money went back by hand, so that a checked return ends without any. Raises
    ReturnError."""
    if not reason.strip():
        raise ReturnError(_("Say in a few words what was done about it."))
    with transaction.atomic():
        list(Payment.objects.select_for_update().filter(checkout__order=row.shop_order.order_id))  # against the step
        moving.refunded(row, by=by, action="paid_by_hand", reason=reason[:200], now=now)
        over = {"due_at": None, "parked_at": None, "lease_until": None, "lease_token": "", "last_error": ""}
        ReturnRefund.objects.filter(of=row).update(**over, made_at=now)


def _refund_or_park(row: ReturnRefund, now: datetime) -> bool:
    try:
        return _refund(row, now)
    except RefundError as error:
        leases.postpone(row, error=str(error), now=now, permanent=True)
        return False


def _refund(claimed: ReturnRefund, now: datetime) -> bool:
    """False: the card is not charged yet, so there is nothing to give back; later."""
    with transaction.atomic():
        row = ReturnRefund.objects.select_related(f"{SHOP_ORDER}__order__checkout", f"{SHOP_ORDER}__shop").get(
            pk=claimed.pk
        )
        shop_order = row.of.shop_order
        payment = Payment.objects.select_for_update().filter(checkout__order=shop_order.order_id).first()
        if payment is None:
            raise RefundError(_("No payment of this order is known."))
        if payment.state in {Payment.State.AUTHORISED, Payment.State.OPEN, Payment.State.NEW}:
            leases.postpone(claimed, error="Nothing is captured yet.", now=now, due_at=now + WAITS, attempts=0)
            return False
        if not Return.objects.filter(pk=row.of_id, state=Return.State.CHECKED).exists():
            return False  # an operator ended it a moment ago
        _check_by_hand(row)
        with translation.override(reader_mail.language_of(shop_order.order)):
            made = [*_lines(payment, row, now), *_delivery(payment, row, now)]
        moving.refunded(row.of, now=now)
        failpoint("return_refund.before_commit")
        if not leases.finish(claimed, amount_minor=sum(one.amount_minor for one in made), made_at=now):
            transaction.set_rollback(True)
            return False
    failpoint("return_refund.after_commit")
    return True


def _check_by_hand(row: ReturnRefund) -> None:
    """Nothing says whether what a person gave back since this was asked for was for the same copies: a person looks.
    What was given back of the delivery alone is counted (`_delivery`)."""
    since = RefundRequest.objects.filter(shop_order=row.of.shop_order_id, asked_at__gte=row.of.asked_at).exclude(OURS)
    lines = row.of.lines.filter(refunded__gt=0).values("line")
    if since.filter(Q(line__in=lines) | Q(kind=Kind.OTHER)).exists():
        raise RefundError(_("Money was given back by hand since this was asked for: look."))


def check_disputes(payment: Payment) -> None:
    """A reader's bank that takes the money back, or has taken it, pays the same copies: a person looks."""
    settled = (Dispute.Status.WON, Dispute.Status.WARNING_CLOSED)
    if Dispute.objects.filter(payment=payment).exclude(status__in=settled).exists():
        raise RefundError(_("The reader’s bank disputes this payment: nothing is given back by itself."))


def _lines(payment: Payment, row: ReturnRefund, now: datetime) -> Sequence[RefundRequest]:
    """At most what is left of each line in copies and in money: what somebody gave back meanwhile is not given back
    again."""
    made = []
    for line in row.of.lines.filter(refunded__gt=0).select_related("line"):
        left = next(one for one in refunds.left(row.of.shop_order).lines if one.line.pk == line.line_id)
        units = min(line.refunded, left.units)
        if units and left.amount_minor:
            check_disputes(payment)
            wanted = Wanted(Kind.LINE, row.of.shop_order, left.line, units=units)
            made.append(refunds.ask(payment, wanted, reason=_reason(row), by=row.by, once=once_of(line), now=now))
    return made


def _delivery(payment: Payment, row: ReturnRefund, now: datetime) -> Sequence[RefundRequest]:
    """Of a withdrawal or a fault, once nothing of the shop's part stays with the reader."""
    shop_order = row.of.shop_order
    if Basis(row.of.basis) not in WHOLE or _stays(shop_order):
        return []
    there = refunds.left(shop_order).delivery_minor
    paid = sum(line.delivery_minor for line in shop_order.lines.all())
    most = paid
    if row.of.basis == Basis.WITHDRAWAL:
        chosen, standard = shop_order.delivery_minor, shop_order.standard_delivery_minor
        most = rights.delivery_back(paid, chosen_minor=chosen, standard_minor=standard)
    already = worth.returned([shop_order.pk]).get(shop_order.pk, worth.NOTHING).delivery_minor
    amount = min(there, most - already)
    once = once_of_delivery(shop_order)
    if amount < 1 or RefundRequest.objects.filter(once=once).exists():
        return []
    check_disputes(payment)
    wanted = Wanted(Kind.DELIVERY, shop_order, amount_minor=amount)
    return [refunds.ask(payment, wanted, reason=_reason(row), by=row.by, once=once, now=now)]


def _stays(shop_order: ShopOrder) -> bool:
    """Whether some copy was neither paid back nor came back."""
    unpaid = ReturnLine.objects.filter(line__shop_order=shop_order, of__checked_at__isnull=False)
    came = dict(unpaid.values_list("line_id").annotate(sum=Sum(F("good") + F("worn") - F("refunded"))).order_by())
    return any(units > came.get(line_id, 0) for line_id, units in refunds.units_left(shop_order).items())


def _reason(row: ReturnRefund) -> str:
    text = _("You withdrew: %(number)s") if row.of.basis == Basis.WITHDRAWAL else _("You sent it back: %(number)s")
    return text % {"number": row.of.number}
