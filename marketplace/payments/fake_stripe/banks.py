"""What banks do outside of the API: dispute payments, send refunds and payouts back, have accounts changed."""

from __future__ import annotations

from marketplace.payments.fake_stripe import accounts, disputes, payouts, refunds
from marketplace.payments.fake_stripe.store import Body, Store


def dispute(
    store: Store, charge_id: str, now: int, *, amount_minor: int | None = None, reason: str = "fraudulent"
) -> str:
    """The reader's bank takes a captured charge back, whole or in part; the dispute's id."""
    with store.exclusive():
        return str(disputes.open_dispute(store, now, charge_id, amount_minor, reason)["id"])


def decide(store: Store, dispute_id: str, now: int, *, won: bool) -> Body:
    with store.exclusive():
        return disputes.close(store, now, dispute_id, won=won)


def fail_refund(store: Store, refund_id: str, now: int) -> Body:
    """The reader's bank cannot credit a refund and sends it back."""
    with store.exclusive():
        return refunds.fail(store, now, refund_id)


def fail_payout(store: Store, account_id: str, payout_id: str, now: int) -> Body:
    with store.exclusive():
        return payouts.fail(store, now, account_id, payout_id)


def change_bank_account(store: Store, account_id: str, last4: str, now: int) -> Body:
    """The shop, or whoever took it over, has its payouts go elsewhere."""
    with store.exclusive():
        return accounts.change_bank(store, now, account_id, last4)


def restrict(store: Store, account_id: str, now: int) -> None:
    """Stripe stops the account's transfers until it is told more."""
    with store.exclusive():
        accounts.restrict(store, now, account_id)
