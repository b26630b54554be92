"""Refunds so large that two operators must agree: one asks, another one approves or refuses. The limit is the
network's, and counts all that operators give back of an order: two halves are one refund."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from marketplace.foundation import audit, network
from marketplace.models import User
from marketplace.payments import carried_parcels, refunds
from marketplace.payments.models import Payment, ProposedRefund, RefundRequest
from marketplace.payments.refunds import RefundError, Wanted


@dataclass(frozen=True)
class Said:
    """What the form says beside what is wanted: `once` makes it asked for once, however often it is sent."""

    reason: str
    borne_by: str
    once: str


def ask(payment: Payment, wanted: Wanted, said: Said, *, by: User, now: datetime) -> RefundRequest | ProposedRefund:
    """An operator gives money back of a shop order: at once, or, above the limit, once another one approves. Raises
    RefundError."""
    with transaction.atomic():
        payment = Payment.objects.select_for_update().get(pk=payment.pk)
        if known := ProposedRefund.objects.filter(once=said.once).first():
            return known
        if not _needs_two(payment, wanted, said.once):
            return refunds.ask(
                payment, wanted, reason=said.reason, by=by, once=said.once, now=now, borne_by=said.borne_by
            )
        assert wanted.shop_order is not None
        asked = ProposedRefund.objects.create(
            payment=payment,
            shop_order=wanted.shop_order,
            line=wanted.line,
            kind=wanted.kind,
            units=wanted.units,
            amount_minor=refunds.worth(payment, wanted),
            borne_by=said.borne_by,
            reason=said.reason[:200],
            once=said.once,
            asked_by=by,
            asked_at=now,
        )
        _note("payment.refund_ask", asked, by)
    return asked


def approve(asked: ProposedRefund, *, by: User, now: datetime) -> RefundRequest:
    """Another person than who asked: the money goes back. Raises RefundError: it is the same person, somebody has
    decided already, or so much is not left any more."""
    with transaction.atomic():
        row = _undecided(asked)
        if row.asked_by_id == by.pk:
            raise RefundError(_("Who asks for a large refund cannot approve it: another operator does."))
        wanted = Wanted(row.kind, row.shop_order, row.line, units=row.units, amount_minor=_amount(row))
        made = refunds.ask(
            row.payment, wanted, reason=row.reason, by=row.asked_by, once=row.once, now=now, borne_by=row.borne_by
        )
        if made.amount_minor > row.amount_minor:
            raise RefundError(_("It would be more now than was asked for: refuse it, and ask anew."))
        row.decided_by, row.decided_at, row.request = by, now, made
        row.save(update_fields=["decided_by", "decided_at", "request"])
        _note("payment.refund_approve", row, by)
    return made


def refuse(asked: ProposedRefund, *, by: User, now: datetime) -> None:
    """Anybody with the role, also who asked. Raises RefundError: somebody has decided already."""
    with transaction.atomic():
        row = _undecided(asked)
        row.decided_by, row.decided_at = by, now
        row.save(update_fields=["decided_by", "decided_at"])
        _note("payment.refund_refuse", row, by)


def waiting() -> list[ProposedRefund]:
    """For a second person, the oldest first."""
    rows = ProposedRefund.objects.filter(decided_at=None).order_by("asked_at", "pk")
    return list(rows.select_related("shop_order__shop", "payment", "asked_by", "line"))


def _needs_two(payment: Payment, wanted: Wanted, once: str) -> bool:
    most = network.current().refund_two_above_minor
    if not most or RefundRequest.objects.filter(once=once).exists() or payment.state != Payment.State.CAPTURED:
        return False  # `refunds.ask` answers for what was asked already, and refuses the others
    return refunds.worth(payment, wanted) + carried_parcels.given_alone(payment) > most


def _undecided(asked: ProposedRefund) -> ProposedRefund:
    """The payment's lock first, as everywhere."""
    Payment.objects.select_for_update().get(pk=asked.payment_id)
    row = ProposedRefund.objects.select_related("payment", "shop_order", "line", "asked_by").get(pk=asked.pk)
    if row.decided_at is not None:
        raise RefundError(_("Somebody has decided this already."))
    return row


def _amount(row: ProposedRefund) -> int:
    return 0 if row.kind == RefundRequest.Kind.LINE else row.amount_minor


def _note(action: str, row: ProposedRefund, by: User) -> None:
    told = {"amount_minor": row.amount_minor, "asked_by": row.asked_by_id, "order": row.shop_order.number}
    audit.record(action, row.payment, by=by, reason=row.reason, shop_id=row.shop_order.shop_id, **told)
