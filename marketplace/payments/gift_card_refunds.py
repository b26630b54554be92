"""A gift card bought online is paid back, while nothing of it was used: asked for by an operator, made by the step that
watches purchases, sent back perhaps by the buyer's bank."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from marketplace.foundation import audit, leases
from marketplace.foundation.failpoints import failpoint
from marketplace.models import User
from marketplace.payments import gateway, gift_cards, incidents, ledger
from marketplace.payments.gift_cards import GiftCardError
from marketplace.payments.models import GiftCardPurchase
from marketplace.payments.refunds import FAILED

State = GiftCardPurchase.State
# The right of withdrawal of the Union (Directive 2011/83/EU, article 9); where there is none the operator is as kind.
WITHIN = timedelta(days=14)


def look(row: GiftCardPurchase, *, asked_at: datetime) -> None:
    """Raises GiftCardError where it could not be paid back, whatever is left on the card."""
    if row.state != State.PAID or row.paid_at is None or row.card_id is None:
        raise GiftCardError(_("It is not paid, or paid back already."))
    if asked_at > row.paid_at + WITHIN:
        raise GiftCardError(_("It was bought more than 14 days ago."))


def ask(purchase: GiftCardPurchase, *, by: User, reason: str, now: datetime, asked_at: datetime | None = None) -> None:
    """Take all of it off the card, and owe it to the buyer. `asked_at`: where another person had to agree first. Raises
    GiftCardError: too late, used, or asked before."""
    with transaction.atomic():
        row = GiftCardPurchase.objects.select_for_update().get(pk=purchase.pk)
        look(row, asked_at=asked_at or now)
        assert row.card_id is not None
        if not gift_cards.pay_back(row.card_id, row.amount_minor, by=by, now=now):
            raise GiftCardError(_("Something of this card was used."))
        changes = {"state": State.REFUNDING, "refunded_by": by, "seed": "", "message": "", "due_at": now, "attempts": 0}
        GiftCardPurchase.objects.filter(pk=row.pk).update(lease_until=None, lease_token="", parked_at=None, **changes)
        audit.record("gift_card.refund", row, by=by, reason=reason, amount_minor=row.amount_minor)


def key_of(purchase: GiftCardPurchase) -> str:
    return f"gift-card-refund:{purchase.pk}:{purchase.refund_round}"


def carry_out(purchase: GiftCardPurchase, *, now: datetime) -> bool:
    """Make the refund that is due, after a look whether an earlier try has made it. The row is leased."""
    key, number = key_of(purchase), purchase.refund_number
    failpoint("refund.before_call")
    try:
        made = next(
            (row for row in gateway.list_refunds(intent_id=purchase.intent_id) if row.metadata.get("key") == key), None
        ) or gateway.refund(
            purchase.intent_id,
            purchase.amount_minor,
            metadata={"key": key},
            idempotency_key=f"{purchase.reference}:{key}{f':{number}' if number else ''}",
        )
    except gateway.PaymentGatewayError as error:
        refused = error.permanent and not error.unknown_outcome
        number += error.key_spent or refused
        leases.postpone(purchase, error=str(error), now=now, permanent=error.permanent, refund_number=number)
        return False
    failpoint("refund.after_call")
    with transaction.atomic():
        if not leases.finish(purchase, state=State.REFUNDED, refund_id=made.id, refunded_at=now):
            return False
        ledger.post(
            "gift_card_refund",
            debit=ledger.GIFT_CARDS,
            credit=ledger.STRIPE,
            amount_minor=purchase.amount_minor,
            currency=purchase.currency,
            key=key,
            cause=f"gift card purchase {purchase.pk} paid back",
            now=now,
            stripe_id=made.balance_transaction_id,
        )
    return True


def note_failure(found: gateway.Refund, *, now: datetime) -> bool:
    """The buyer's bank sent it back: the money is on the card again, and a person hears of it. False: it is no refund
    of ours, has not failed, or is noted. Raises PaymentGatewayError while the refund is not recorded yet."""
    if found.status not in FAILED or not found.intent_id:
        return False
    with transaction.atomic():
        row = GiftCardPurchase.objects.select_for_update().filter(intent_id=found.intent_id).first()
        if row and row.state == State.REFUNDING and found.metadata.get("key") == key_of(row):
            raise gateway.PaymentGatewayError(f"Refund {found.id} is not recorded yet.", permanent=False)
        if row is None or row.state != State.REFUNDED or row.refund_id != found.id:
            return False
        assert row.card_id is not None
        GiftCardPurchase.objects.filter(pk=row.pk).update(
            state=State.PAID, refund_id="", refunded_at=None, refund_round=row.refund_round + 1
        )
        gift_cards.paid_back_in_vain(row.card_id, row.amount_minor, now=now)
        ledger.post(
            "gift_card_refund_failed",
            debit=ledger.STRIPE,
            credit=ledger.GIFT_CARDS,
            amount_minor=row.amount_minor,
            currency=row.currency,
            key=f"{found.id}:failed",
            cause=f"refund {found.id} of gift card purchase {row.pk} came back: {found.failure_reason}"[:200],
            now=now,
            stripe_id=found.failure_transaction_id,
        )
        buyer = row.buyer_email or "the buyer"
        text = (
            f"The refund {found.id} of gift card purchase {row.pk} came back from the buyer's bank. The money is on "
            f"card {row.card} again: tell {buyer}, pay it otherwise, or give the card a new code."
        )
        incidents.report(f"gift-card-refund:{found.id}", text, now=now)
        audit.record("gift_card.refund_failed", row, reason=found.failure_reason, amount_minor=row.amount_minor)
    return True
