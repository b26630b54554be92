"""Disputes: as Stripe has them, their movements in the ledger, the evidence handed in, and who bears a lost one.

The network bears it (`disputes` in the ledger), unless an operator has a shop bear its part: whether a shop handed over
with proof is a person's judgement."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import reduce
from operator import or_

from django.db import transaction
from django.db.models import Q, Sum
from django.utils import translation
from django.utils.translation import gettext as _

from marketplace.foundation import audit, leases
from marketplace.foundation.failpoints import failpoint
from marketplace.foundation.money import display
from marketplace.models import User
from marketplace.payments import gateway, gateway_watching, incidents, ledger_corrections
from marketplace.payments.models import Dispute, DisputeShare, GiftCardPurchase, LedgerEntry, Payment
from shops.models import ShopOrder


class DisputeError(Exception):
    """It cannot be done; the message says why, to a person."""


def refresh(dispute_id: str, *, now: datetime) -> Dispute:
    """Fetch it again and record what it has become; safe in any order and number."""
    return record(gateway_watching.retrieve_dispute(dispute_id), now=now)


def record(found: gateway_watching.Dispute, *, now: datetime) -> Dispute:
    """Status only forward: a closed dispute stays closed. Each movement is booked once, by its id."""
    with transaction.atomic():
        of_intent, of_charge = Q(intent_id=found.intent_id), Q(charge_id=found.charge_id)
        named = [asked for asked, given in ((of_intent, found.intent_id), (of_charge, found.charge_id)) if given]
        payment = Payment.objects.filter(reduce(or_, named)).first() if named else None
        first = {
            "payment": payment,
            "charge_id": found.charge_id,
            "amount_minor": found.amount_minor,
            "currency": found.currency,
            "reason": found.reason,
            "status": found.status,
            "opened_at": found.created,
        }
        row, made = Dispute.objects.get_or_create(dispute_id=found.id, defaults=first)
        row = Dispute.objects.select_for_update(of=("self",)).select_related("payment__checkout").get(pk=row.pk)
        if made:
            audit.record("payment.dispute", row, reason=found.reason, amount_minor=found.amount_minor)
            _of_a_gift_card(found, now)
        if not row.is_closed:
            closed = found.status in Dispute.CLOSED
            row.status, row.evidence_due_by = found.status, found.evidence_due_by
            row.closed_at = now if closed else None
            row.save(update_fields=["status", "evidence_due_by", "closed_at"])
            if closed:
                audit.record("payment.dispute_closed", row, reason=found.status)
        for movement in found.movements:
            ledger_corrections.record_dispute(row, movement, now=now)
    return row


def _of_a_gift_card(found: gateway_watching.Dispute, now: datetime) -> None:
    """A stolen card buys gift cards first: a person blocks it while something is left on it."""
    purchase = GiftCardPurchase.objects.filter(intent_id=found.intent_id).exclude(intent_id="").first()
    if purchase:
        text = (
            f"Dispute {found.id} is of gift card {purchase.card}, bought online by {purchase.buyer_email}. Give it a "
            f"new code on the page of gift cards, and tell nobody: then what is left on it cannot be used."
        )
        incidents.report(f"gift-card-dispute:{found.id}", text, now=now)


def hand_in(dispute: Dispute, evidence: Mapping[str, str], *, by: User, now: datetime) -> None:
    """Freeze the evidence; the step `submit_evidence` hands it in. Raises DisputeError."""
    with transaction.atomic():
        row = Dispute.objects.select_for_update().get(pk=dispute.pk)
        if row.is_closed or row.submitted_at or row.due_at:
            raise DisputeError(_("The evidence is handed in already, or the dispute is closed."))
        changes = {"evidence": dict(evidence), "due_at": now, "attempts": 0, "parked_at": None}
        Dispute.objects.filter(pk=row.pk).update(**changes)
        audit.record("payment.dispute_evidence", row, by=by, fields=sorted(evidence))


def submit_evidence(now: datetime) -> int:
    """Step: hand in what a person had handed in. After an unknown outcome it looks whether the bank has it."""
    done = 0
    for row in leases.claim(Dispute, now=now, limit=10):
        failpoint("evidence.before_call")
        try:
            found = gateway_watching.retrieve_dispute(row.dispute_id)
            if not found.is_submitted:
                number = f":{row.evidence_number}" if row.evidence_number else ""
                key = f"evidence:{row.dispute_id}{number}"
                found = gateway_watching.submit_evidence(row.dispute_id, row.evidence, idempotency_key=key)
        except gateway.PaymentGatewayError as error:
            number_after = row.evidence_number + error.key_spent
            if error.permanent:
                leases.postpone(row, error=str(error), now=now, permanent=True, evidence_number=number_after)
            else:  # the bank waits until its day, and for no person
                leases.wait_for(row, error=str(error), now=now, evidence_number=number_after)
            continue
        failpoint("evidence.after_call")
        done += leases.finish(row, submitted_at=now)
        record(found, now=now)
    return done


def cost(dispute: Dispute) -> int:
    """What it has taken so far, fee included, less what came back; minor units."""
    account = ledger_corrections.DISPUTES
    sums = LedgerEntry.objects.filter(cause=f"dispute {dispute.dispute_id}").aggregate(
        taken=Sum("amount_minor", filter=Q(debit=account), default=0),
        back=Sum("amount_minor", filter=Q(credit=account), default=0),
    )
    return int(sums["taken"] - sums["back"])


def assign(
    dispute: Dispute, shop_order: ShopOrder, amount_minor: int, *, by: User, reason: str, now: datetime
) -> DisputeShare:
    """A lost dispute, or its part, becomes the debt of a shop of that order: kept back from its next transfers. Once
    for each shop order, and no more in all than the dispute cost. Raises DisputeError."""
    with transaction.atomic():
        row = Dispute.objects.select_for_update(of=("self",)).select_related("payment__checkout").get(pk=dispute.pk)
        if row.status != Dispute.Status.LOST:
            raise DisputeError(_("Only a lost dispute can be borne by a shop."))
        if row.payment is None or row.payment.checkout.order_id != shop_order.order_id:
            raise DisputeError(_("This shop order is not part of the disputed payment."))
        if row.shares.filter(shop_order=shop_order).exists():
            raise DisputeError(_("This shop bears its part already."))
        most = cost(row) - row.shares.aggregate(sum=Sum("amount_minor", default=0))["sum"]
        if not 1 <= amount_minor <= most:
            room = display(most, row.currency, translation.get_language() or "fr")
            raise DisputeError(_("At most %(amount)s is left to bear.") % {"amount": room})
        share = DisputeShare.objects.create(
            dispute=row, shop_order=shop_order, amount_minor=amount_minor, reason=reason[:200], by=by, at=now
        )
        ledger_corrections.record_dispute_share(share, now=now)
        audit.record(
            "payment.dispute_share",
            row,
            by=by,
            reason=reason,
            shop_id=shop_order.shop_id,
            amount_minor=amount_minor,
            shop_order=shop_order.number,
        )
    return share
