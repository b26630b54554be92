"""Stripe's events: stored by their id first, then applied from the object fetched again. Order and number of their
arrival do not matter."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from marketplace.foundation import leases
from marketplace.foundation.failpoints import failpoint
from marketplace.payments import (
    accounts,
    disputes,
    gateway,
    gateway_watching,
    gift_card_refunds,
    gift_card_sales,
    incidents,
    refunds,
    sessions,
)
from marketplace.payments.models import GiftCardPurchase, Payment, StripeEvent
from shops.models import Shop

logger = logging.getLogger("halles.payments")


def store(payload: bytes, header: str, *, now: datetime | None = None) -> bool:
    """Keep a signed event; False where it is here already. Raises PaymentGatewayError when the signature is wrong."""
    return keep(gateway.construct_event(payload, header, settings.STRIPE_WEBHOOK_SECRET), now=now or timezone.now())


def keep(event: gateway.Event, *, now: datetime) -> bool:
    """Store an event that Stripe sent or listed, once. One of another API version is applied all the same, since its
    object is fetched again in ours; but somebody has to mend the webhook."""
    if event.api_version not in ("", gateway.API_VERSION):
        text = (
            f"Stripe sends events in API version {event.api_version}, Halles speaks {gateway.API_VERSION}. Make the "
            f"webhook's version {gateway.API_VERSION} in Stripe's dashboard."
        )
        incidents.report(f"api-version:{event.api_version}", text, now=now)
    row = StripeEvent(event_id=event.id, type=event.kind, object_id=event.object_id, received_at=now, due_at=now)
    row.payload = {"account": event.account, "object": event.object_kind, "created": event.created.isoformat()}
    before = StripeEvent.objects.filter(event_id=event.id).exists()
    StripeEvent.objects.bulk_create([row], ignore_conflicts=True)
    return not before


def apply_events(now: datetime) -> int:
    """Step: apply what came in, each from the object as it is now."""
    done = 0
    for row in leases.claim(StripeEvent, now=now, limit=50):
        failpoint("event.before_apply")
        try:
            _apply(row, now)
        except gateway.PaymentGatewayError as error:
            leases.postpone(row, error=str(error), now=now, permanent=error.permanent)
            continue
        except Exception as error:  # one event that nobody foresaw must not stop the others; it shows on the board
            logger.exception("Event %s cannot be applied.", row.event_id)
            leases.postpone(row, error=f"{type(error).__name__}: {error}", now=now)
            continue
        failpoint("event.after_apply")
        done += leases.finish(row, applied_at=now)
    return done


def deliver_fake_events(now: datetime) -> int:
    """Step of the stand-in: hand its due events to our inbox, signed, as Stripe would over the network."""
    if not settings.STRIPE_FAKE:
        return 0
    from marketplace.payments.fake_stripe.steps import deliver_due_events  # its tables exist only where it is installed

    return deliver_due_events(now, lambda payload, header: store(payload, header, now=now))


def _apply(row: StripeEvent, now: datetime) -> None:
    apply = APPLY.get(row.payload.get("object", ""))
    if apply is not None:  # else kept for the record: nothing of ours depends on it
        apply(row, now)


def _session(row: StripeEvent, now: datetime) -> None:
    for payment in Payment.objects.filter(session_id=row.object_id):
        sessions.refresh(payment, now=now)
    for purchase in GiftCardPurchase.objects.filter(session_id=row.object_id):
        gift_card_sales.refresh(purchase, now=now)


def _intent(row: StripeEvent, now: datetime) -> None:
    for payment in Payment.objects.filter(intent_id=row.object_id):
        sessions.refresh(payment, now=now)


def _refund(row: StripeEvent, now: datetime) -> None:
    if row.type in REFUND_MAY_HAVE_FAILED:
        found = gateway.retrieve_refund(row.object_id)
        if not refunds.note_failure(found, now=now):
            gift_card_refunds.note_failure(found, now=now)


def _account(row: StripeEvent, now: datetime) -> None:
    account_id = row.payload.get("account") or row.object_id
    for shop in Shop.objects.filter(stripe_account=account_id):
        accounts.look(shop, now=now)


def _dispute(row: StripeEvent, now: datetime) -> None:
    disputes.refresh(row.object_id, now=now)


def _payout(row: StripeEvent, now: datetime) -> None:
    account_id = row.payload.get("account", "")
    if row.type == "payout.failed":
        note_payout(
            gateway_watching.retrieve_payout(row.object_id, account_id=account_id), account_id=account_id, now=now
        )


def note_payout(payout: gateway_watching.Payout, *, account_id: str, now: datetime) -> None:
    """A payout that a bank sent back is an incident, and the shop whose it was is told."""
    if payout.status != "failed":
        return
    shop = Shop.objects.filter(stripe_account=account_id).first() if account_id else None
    text = (
        f"Payout {payout.id} of {payout.amount_minor} {payout.currency} (minor units) to {shop or 'the network'} came "
        f"back: {payout.failure_reason} The bank account at Stripe has to be mended."
    )
    if incidents.report(f"payout:{payout.id}", text, now=now, shop_id=shop.pk if shop else None) and shop:
        accounts.tell_of_payout(shop, payout, now=now)


REFUND_MAY_HAVE_FAILED = {"refund.failed", "refund.updated", "charge.refund.updated"}
# By the kind of object that an event names.
APPLY: dict[str, Callable[[StripeEvent, datetime], None]] = {
    "checkout.session": _session,
    "payment_intent": _intent,
    "refund": _refund,
    "v2.core.account": _account,
    "account": _account,
    "bank_account": _account,
    "dispute": _dispute,
    "payout": _payout,
}
