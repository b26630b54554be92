"""What goes back beside a shop order's refunds, so large that two operators must agree: a gift card bought online,
and a refund that a bank sent back and that somebody says was paid otherwise. The limit is that of large refunds; of one
payment all that was paid from the bank by one person alone counts."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from marketplace.foundation import audit, network
from marketplace.models import User
from marketplace.payments import gift_card_refunds, refunds
from marketplace.payments.models import GiftCardPurchase, MoneyCall, Payment, ProposedPayback
from marketplace.payments.refunds import RefundError


def pay_back_card(purchase: GiftCardPurchase, *, by: User, reason: str, now: datetime) -> ProposedPayback | None:
    """At once, or, above the limit, once another operator approves what is returned. Raises GiftCardError."""
    with transaction.atomic():
        row = GiftCardPurchase.objects.select_for_update().get(pk=purchase.pk)
        if waits := ProposedPayback.objects.filter(purchase=row, decided_at=None).first():
            return waits
        if row.state != GiftCardPurchase.State.PAID or not _is_large(row.amount_minor):
            gift_card_refunds.ask(row, by=by, reason=reason, now=now)
            return None
        gift_card_refunds.look(row, asked_at=now)
        return _ask(row, None, row.amount_minor, row.currency, reason, by, now)


def paid_from_bank(call: MoneyCall, *, by: User, how: str, now: datetime) -> ProposedPayback | None:
    """A refund that came back was paid in another way: noted at once, or, above the limit, once another operator says
    so too. Raises RefundError: somebody saw to it already."""
    with transaction.atomic():
        Payment.objects.select_for_update().get(pk=call.payment_id)
        if waits := ProposedPayback.objects.filter(call=call, decided_at=None).first():
            return waits
        if not MoneyCall.objects.filter(pk=call.pk, settled_at=None).exclude(failed_at=None).exists():
            raise RefundError(_("Somebody saw to it already."))
        if _is_large(call.amount_minor + _from_bank_alone(call.payment_id)):
            return _ask(None, call, call.amount_minor, call.currency, how, by, now)
        refunds.paid_elsewhere(call, by=by, how=how, now=now)
    return None


def approve(asked: ProposedPayback, *, by: User, now: datetime) -> None:
    """Another person than who asked. Raises RefundError, GiftCardError: it is the same person, somebody has decided
    already, or it cannot be any more."""
    with transaction.atomic():
        row = _undecided(asked)
        if row.asked_by_id == by.pk:
            raise RefundError(_("Who asks for a large refund cannot approve it: another operator does."))
        if row.purchase is not None:
            gift_card_refunds.ask(row.purchase, by=row.asked_by, reason=row.reason, now=now, asked_at=row.asked_at)
        elif row.call is not None and not refunds.paid_elsewhere(row.call, by=row.asked_by, how=row.reason, now=now):
            raise RefundError(_("Somebody saw to it already."))
        row.decided_by, row.decided_at, row.approved = by, now, True
        row.save(update_fields=["decided_by", "decided_at", "approved"])
        _note("payment.payback_approve", row, by)


def refuse(asked: ProposedPayback, *, by: User, now: datetime) -> None:
    """Anybody with the role, also who asked. Raises RefundError: somebody has decided already."""
    with transaction.atomic():
        row = _undecided(asked)
        row.decided_by, row.decided_at = by, now
        row.save(update_fields=["decided_by", "decided_at"])
        _note("payment.payback_refuse", row, by)


def waiting() -> list[ProposedPayback]:
    """For a second person, the oldest first."""
    rows = ProposedPayback.objects.filter(decided_at=None).order_by("asked_at", "pk")
    return list(rows.select_related("purchase__card", "call__payment__checkout__order", "asked_by"))


def _is_large(amount_minor: int) -> bool:
    most = network.current().refund_two_above_minor
    return bool(most) and amount_minor > most


def _from_bank_alone(payment_id: int) -> int:
    """Of this payment, what single persons said was paid in another way."""
    rows = MoneyCall.objects.filter(kind=MoneyCall.Kind.REFUND, payment=payment_id, settled_at__isnull=False)
    rows = rows.filter(failed_at__isnull=False, followed_by=None)
    agreed = ProposedPayback.objects.filter(approved=True, call__isnull=False).values("call")
    total: int = rows.exclude(pk__in=agreed).aggregate(sum=Sum("amount_minor", default=0))["sum"]
    return total


def _ask(
    purchase: GiftCardPurchase | None,
    call: MoneyCall | None,
    amount_minor: int,
    currency: str,
    reason: str,
    by: User,
    now: datetime,
) -> ProposedPayback:
    asked = ProposedPayback.objects.create(
        purchase=purchase,
        call=call,
        amount_minor=amount_minor,
        currency=currency,
        reason=reason[:200],
        asked_by=by,
        asked_at=now,
    )
    _note("payment.payback_ask", asked, by)
    return asked


def _undecided(asked: ProposedPayback) -> ProposedPayback:
    """What it is of is locked first, as everywhere."""
    if asked.call is not None:
        Payment.objects.select_for_update().get(pk=asked.call.payment_id)
    elif asked.purchase_id is not None:
        GiftCardPurchase.objects.select_for_update().get(pk=asked.purchase_id)
    row = ProposedPayback.objects.select_related("purchase", "call", "asked_by").get(pk=asked.pk)
    if row.decided_at is not None:
        raise RefundError(_("Somebody has decided this already."))
    return row


def _note(action: str, row: ProposedPayback, by: User) -> None:
    about = row.call.payment if row.call else row.purchase
    assert about is not None
    told = {"amount_minor": row.amount_minor, "asked_by": row.asked_by_id}
    audit.record(action, about, by=by, reason=row.reason, **told)
