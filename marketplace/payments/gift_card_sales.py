"""Gift cards bought online: the purchase, its hosted page, the card once it is paid, its code on the day.

Nothing here calls Stripe inside a transaction. What is paid is issued in one transaction with its ledger entries, from
the intent fetched again; whoever sees it first (event, return page, step) is the one winner, and the code is worked out
from the purchase, so that a crash changes nothing. Decision 0020."""

from __future__ import annotations

import logging
import secrets
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from marketplace.foundation import audit, leases, links, mail, network
from marketplace.foundation.failpoints import failpoint
from marketplace.payments import gateway, gift_cards, incidents, ledger
from marketplace.payments.gift_card_refunds import carry_out
from marketplace.payments.journals import home_zone
from marketplace.payments.models import GiftCard, GiftCardEntry, GiftCardPurchase
from marketplace.payments.sessions import IN_FLIGHT, LEAST_LIFE, LOOK_AGAIN

State = GiftCardPurchase.State
# No law: below it the provider's fee eats the card; above it a stolen card would buy too much at once.
LEAST_MINOR, MOST_MINOR = 500, 50_000
SUGGESTED_MINOR = (2500, 5000, 10_000)
FURTHEST = timedelta(days=365)
PAGE_LIFE = timedelta(hours=1)
MAILED_AT = time(8)
UNPAID = [State.NEW, State.OPEN, State.EXPIRED]
WAITING = [State.NEW, State.OPEN]
logger = logging.getLogger("halles.payments")


def start(
    amount_minor: int,
    *,
    buyer: tuple[str, str],
    recipient: tuple[str, str] = ("", ""),
    message: str = "",
    mail_on: date | None = None,
    once: str,
    language: str,
    now: datetime,
) -> GiftCardPurchase:
    """Remember what is to be bought; `buyer` and `recipient` are (name, e-mail). Without a recipient's e-mail the buyer
    prints it. `once` is the form's. Raises GiftCardError where the amount is out of bounds."""
    if not LEAST_MINOR <= amount_minor <= MOST_MINOR:
        raise gift_cards.GiftCardError(_("A gift card cannot be bought online for this amount."))
    mail_at = None
    if recipient[1]:
        day = mail_on or now.astimezone(home_zone()).date()
        mail_at = max(now, datetime.combine(day, MAILED_AT, tzinfo=home_zone()))
    values = {
        "amount_minor": amount_minor,
        "currency": network.current().currency,
        "language": language,
        "buyer_name": buyer[0],
        "buyer_email": buyer[1],
        "recipient_name": recipient[0],
        "recipient_email": recipient[1],
        "message": message,
        "mail_at": mail_at,
        "seed": secrets.token_urlsafe(24),
        "created_at": now,
        "expires_at": now + PAGE_LIFE,
        "due_at": now + LOOK_AGAIN,
    }
    return GiftCardPurchase.objects.get_or_create(once=once, defaults=values)[0]


def key_of(purchase: GiftCardPurchase) -> str:
    """What opens the page of a purchase without signing in: of this one, whatever has its id after a restore."""
    return links.key_of("halles.gift-card-purchase", purchase.reference)


def open_session(purchase: GiftCardPurchase, *, success_url: str, cancel_url: str, now: datetime) -> GiftCardPurchase:
    """The purchase with the address of its hosted page; called again it gives the same page. One that was not opened
    within half an hour is over. Raises PaymentGatewayError."""
    if purchase.session_id or purchase.state != State.NEW:
        return purchase
    if now > purchase.expires_at - LEAST_LIFE:  # Stripe opens none that would end so soon
        return refresh(purchase, now=now)
    failpoint("session.before_create")
    with translation.override(purchase.language):
        words = _("Gift card")
    try:
        session = gateway.create_checkout_session(
            [gateway.SessionLine(words, purchase.amount_minor)],
            currency=purchase.currency,
            expires_at=purchase.expires_at,
            success_url=success_url,
            cancel_url=cancel_url,
            client_reference_id=purchase.reference,
            transfer_group=f"gift_card_{purchase.reference}",
            metadata={"gift_card": str(purchase.pk)},
            idempotency_key=f"gift-card-session:{purchase.reference}",
            customer_email=purchase.buyer_email,
            locale=purchase.language,
            display_name=network.current().name,
            captured_at_once=True,
        )
    except gateway.PaymentGatewayError as error:
        if error.permanent and _look_up(purchase):  # an earlier request, whose answer never came, has made it
            return purchase
        raise
    failpoint("session.after_create")
    _found(purchase, session)
    return purchase


def refresh(purchase: GiftCardPurchase, *, now: datetime) -> GiftCardPurchase:
    """Fetch session and intent again; what is paid is issued, whatever we thought before. Safe to call at any time."""
    purchase.refresh_from_db()
    if purchase.state not in UNPAID:
        return purchase
    if not purchase.session_id and not _look_up(purchase):
        if now > purchase.created_at + IN_FLIGHT:
            never = GiftCardPurchase.objects.filter(pk=purchase.pk, state=State.NEW, session_id="")
            never.update(state=State.EXPIRED, due_at=None)
    else:
        session = gateway.retrieve_session(purchase.session_id)
        intent = gateway.retrieve_intent(session.intent_id) if session.intent_id else None
        if intent and intent.status == "succeeded":
            _paid(purchase, intent, now)
        elif session.status == "expired":
            over = GiftCardPurchase.objects.filter(pk=purchase.pk, state__in=WAITING)
            over.update(state=State.EXPIRED, due_at=None)
    purchase.refresh_from_db()
    return purchase


def watch(now: datetime) -> int:
    """Step: look again at purchases that no event has spoken of, tell codes on their day, carry refunds out."""
    done = 0
    for purchase in leases.claim(GiftCardPurchase, now=now):
        try:
            if purchase.state == State.REFUNDING:
                done += carry_out(purchase, now=now)
                continue
            told = purchase.state == State.PAID and tell(purchase, now=now)
            refresh(purchase, now=now)
        except gateway.PaymentGatewayError as error:
            waits = purchase.state in WAITING and not error.permanent
            put_off = leases.wait_for if waits else leases.postpone
            put_off(purchase, error=str(error), now=now)
            continue
        except Exception as error:  # one that cannot be issued must not stop the next; it shows on the board
            logger.exception("%s cannot be seen to; it is tried again.", purchase)
            leases.postpone(purchase, error=f"{type(error).__name__}: {error}", now=now)
            continue
        again = now + LOOK_AGAIN if purchase.state in WAITING else _told_at(purchase)
        leases.finish(purchase, due_at=again, attempts=0)
        done += told or again is None
    return done


def code_of(purchase: GiftCardPurchase, *, now: datetime) -> str:
    """The code of a card that its buyer may print now, else ""."""
    if purchase.state != State.PAID or purchase.mail_at or not purchase.seed:
        return ""
    found = gift_cards.made_by(_once(purchase), now=now)
    return found[1] if found else ""


def issued(purchase: GiftCardPurchase) -> GiftCardEntry | None:
    """The first movement of what was bought: that of its card, or of the one that its card replaced."""
    card = purchase.card
    while card and (before := getattr(card, "replaces", None)):
        card = before
    return card.entries.filter(kind=GiftCardEntry.Kind.ISSUE).first() if card else None


def tell(purchase: GiftCardPurchase, *, now: datetime) -> bool:
    """Mail the code to the recipient; from then on nobody can work it out again. True: it was told now."""
    told_at = _told_at(purchase)
    if told_at is None or told_at > now:
        return False
    with transaction.atomic():
        row = GiftCardPurchase.objects.select_for_update(of=("self",)).select_related("card").get(pk=purchase.pk)
        if row.state != State.PAID or not row.seed:
            return False
        assert row.card is not None
        if row.mail_at:
            code = gift_cards.code_from(_once(row))
            gift_cards.tell(row.card, code, language=row.language, now=now, purchase=row)
        GiftCardPurchase.objects.filter(pk=row.pk).update(seed="", message="")
    return True


def _paid(purchase: GiftCardPurchase, intent: gateway.Intent, now: datetime) -> None:
    asked = (purchase.amount_minor, purchase.currency, str(purchase.pk))
    if (intent.amount_received_minor, intent.currency, intent.metadata.get("gift_card")) != asked:
        _refuse(purchase, intent, now)
        return
    if not intent.balance_transaction_id:
        return  # the charge is not booked at Stripe yet: looked at again
    with transaction.atomic():
        won = GiftCardPurchase.objects.filter(pk=purchase.pk, state__in=UNPAID).update(
            state=State.PAID,
            intent_id=intent.id,
            charge_id=intent.latest_charge_id,
            transaction_id=intent.balance_transaction_id,
            paid_at=now,
            due_at=now,
            attempts=0,
            parked_at=None,  # an event may tell of what a person was to look at: its code is still to be told
        )
        if not won:
            return
        failpoint("gift_card.before_issue")
        card, _code = gift_cards.issue(
            purchase.amount_minor,
            currency=purchase.currency,
            paid_by=gift_cards.PaidBy.ONLINE,
            by=None,
            once=_once(purchase),
            now=now,
            recipient_email=purchase.recipient_email,
            language=purchase.language,
            mailed=False,
            stripe_id=intent.balance_transaction_id,
        )
        ledger.post(
            "fee",
            debit=ledger.STRIPE_FEES,
            credit=ledger.STRIPE,
            amount_minor=intent.fee_minor or 0,
            currency=purchase.currency,
            key=f"gift-card-fee:{purchase.pk}",
            cause=f"gift card {card}",
            now=now,
            stripe_id=intent.balance_transaction_id,
        )
        GiftCardPurchase.objects.filter(pk=purchase.pk).update(card=card)
        _tell_buyer(purchase, card, now)
    failpoint("gift_card.after_issue")


def _refuse(purchase: GiftCardPurchase, intent: gateway.Intent, now: datetime) -> None:
    text = (
        f"{intent.id} paid {intent.amount_received_minor} {intent.currency} (minor units) for purchase {purchase.pk} "
        f"of a gift card of {purchase.amount_minor} {purchase.currency}. No card is issued: look at it in Stripe's "
        f"dashboard, and refund it there."
    )
    with transaction.atomic():
        if GiftCardPurchase.objects.filter(pk=purchase.pk, state__in=UNPAID).update(state=State.REFUSED, due_at=None):
            incidents.report(f"gift-card-purchase:{purchase.pk}", text, now=now)
            audit.record("gift_card.purchase_refused", purchase, amount_minor=intent.amount_received_minor)


def _tell_buyer(purchase: GiftCardPurchase, card: GiftCard, now: datetime) -> None:
    mail.post(
        "gift_card_bought",
        to=purchase.buyer_email,
        language=purchase.language,
        dedupe_key=f"gift_card_bought:{purchase.pk}",
        context={"purchase": purchase, "card": card, "url": links.gift_card_url(purchase.pk, key_of(purchase))},
        now=now,
    )


def _told_at(purchase: GiftCardPurchase) -> datetime | None:
    """When its code is told and forgotten; None: it is, or it is not paid."""
    if purchase.state != State.PAID or not purchase.seed or purchase.paid_at is None:
        return None
    return purchase.mail_at or purchase.paid_at + gift_cards.PRINTED_WITHIN


def _once(purchase: GiftCardPurchase) -> str:
    return f"online:{purchase.seed}"


def _found(purchase: GiftCardPurchase, session: gateway.Session) -> None:
    row = GiftCardPurchase.objects.filter(pk=purchase.pk)
    row.filter(session_id="").update(session_id=session.id, session_url=session.url)
    row.filter(state=State.NEW).update(state=State.OPEN)
    purchase.refresh_from_db()


def _look_up(purchase: GiftCardPurchase) -> bool:
    """Find the session of a request whose answer never came."""
    for session in gateway.list_sessions(created_since=purchase.created_at - timedelta(minutes=1)):
        if session.client_reference_id == purchase.reference:
            _found(purchase, session)
            return True
    return False
