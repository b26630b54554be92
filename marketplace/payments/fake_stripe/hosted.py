"""What people do on Stripe's own pages, outside of the API: the reader pays, a shop onboards, the bank pays out."""

from __future__ import annotations

from dataclasses import dataclass

from marketplace.payments.fake_stripe import accounts, expiry, intents, payouts, sessions
from marketplace.payments.fake_stripe.errors import no_such
from marketplace.payments.fake_stripe.store import Body, Store


@dataclass(frozen=True)
class PaymentPage:
    """One session as its page shows it. `lines` have name, description, quantity and amount_total (minor units)."""

    session_id: str
    status: str
    lines: tuple[Body, ...]
    total_minor: int
    currency: str
    display_name: str
    email: str
    locale: str
    success_url: str
    cancel_url: str
    was_declined: bool


def show(store: Store, session_id: str, now: int) -> PaymentPage:
    """Raises FakeStripeError (404) where there is no such session."""
    with store.exclusive():
        expiry.end_due(store, now)
        session = _session(store, session_id)
        intent = store.get(intents.KIND, session["payment_intent"] or "")
    return _page(session, intent)


def pay(store: Store, session_id: str, now: int, *, approved: bool) -> PaymentPage:
    """The reader presses "pay" with a card that is approved or declined. A session that is not open stays as it is."""
    with store.exclusive():
        expiry.end_due(store, now)
        session = _session(store, session_id)
        intent = store.get(intents.KIND, session["payment_intent"] or "")
        if session["status"] == "open":
            intent = intent or intents.create(store, now, session)
            if approved:
                intent = intents.approve(store, now, intent)
                session = sessions.complete(store, now, session, intent)
            else:
                intent = intents.refuse(store, now, intent)
                session["payment_intent"] = intent["id"]
                store.put(sessions.KIND, session, due_at=session["expires_at"])
    return _page(session, intent)


def onboarding_link(store: Store, token: str, now: int) -> Body:
    """{"account", "return_url", "refresh_url", "spent"}; `spent` also when its time is over. 404 without one."""
    link = store.get(accounts.LINK, token)
    if link is None:
        raise no_such("account link", token)
    return link | {"spent": link["spent"] or link["expires_at"] <= now}


def finish_onboarding(store: Store, token: str, now: int) -> Body:
    """The shop gave all that was asked: its account may receive transfers. A spent link changes nothing."""
    with store.exclusive():
        link = onboarding_link(store, token, now)
        if not link["spent"]:
            accounts.activate(store, link["account"])
            store.put(accounts.LINK, link | {"spent": True})
    return link


def activate_account(store: Store, account_id: str) -> None:
    """Onboarding without its page, for the demo's shops and for tests."""
    with store.exclusive():
        accounts.activate(store, account_id)


def pay_out(store: Store, account_id: str, amount_minor: int, currency: str, now: int) -> str:
    """`amount_minor` leaves the account's balance for its bank; the payout's id."""
    with store.exclusive():
        return str(payouts.pay(store, now, account_id, amount_minor, currency.lower())["id"])


def _session(store: Store, session_id: str) -> Body:
    session = store.get(sessions.KIND, session_id)
    if session is None:
        raise no_such("checkout.session", session_id)
    return session


def _page(session: Body, intent: Body | None) -> PaymentPage:
    return PaymentPage(
        session_id=session["id"],
        status=session["status"],
        lines=tuple(session["_lines"]),
        total_minor=session["amount_total"],
        currency=session["currency"].upper(),
        display_name=session["branding_settings"].get("display_name", ""),
        email=session["customer_email"] or "",
        locale=session["locale"] or "auto",
        success_url=session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"]),
        cancel_url=session["cancel_url"] or "",
        was_declined=session["status"] == "open" and bool(intent and intent["last_payment_error"]),
    )
