"""A stand-in for Stripe in memory with a clock of its own, and the shortest ways to its usual states."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count

import stripe

from marketplace.payments import gateway
from marketplace.payments.fake_stripe import balance, hosted
from marketplace.payments.fake_stripe.client import FakeHTTPClient
from marketplace.payments.fake_stripe.store import PLATFORM, MemoryStore, Store

START = 1_780_000_000
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class StandIn:
    def __init__(self, store: Store | None = None) -> None:
        self.store: Store = store or MemoryStore()
        self.now = START
        self._numbers = count(1)
        self.client = stripe.StripeClient(
            "sk_test_x", http_client=FakeHTTPClient(self.store, lambda: self.now), max_network_retries=0
        )

    @contextmanager
    def in_use(self) -> Iterator[StandIn]:
        with gateway.using(self.client):
            yield self

    @property
    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.now, UTC)

    def key(self) -> str:
        return f"key-{next(self._numbers)}"

    def open_session(self, amount_minor: int = 2500, *, key: str = "", minutes: int = 31) -> gateway.Session:
        return gateway.create_checkout_session(
            [gateway.SessionLine("L’Étranger", amount_minor)],
            currency="CAD",
            expires_at=self.moment + timedelta(minutes=minutes),
            success_url="https://halles.example.org/paid/?session={CHECKOUT_SESSION_ID}",
            cancel_url="https://halles.example.org/basket/",
            client_reference_id="checkout-1",
            transfer_group="checkout-1",
            metadata={"checkout": "1"},
            customer_email="reader@example.org",
            locale="fr",
            display_name="Halles",
            idempotency_key=key or self.key(),
        )

    def authorised(self, amount_minor: int = 2500) -> gateway.Intent:
        session = self.open_session(amount_minor)
        hosted.pay(self.store, session.id, self.now, approved=True)
        return gateway.retrieve_intent(gateway.retrieve_session(session.id).intent_id)

    def captured(self, amount_minor: int = 2500, part_minor: int | None = None) -> gateway.Intent:
        intent = self.authorised(amount_minor)
        amount = amount_minor if part_minor is None else part_minor
        return gateway.capture(intent.id, amount, idempotency_key=self.key())

    def shop_account(self, *, active: bool = True) -> gateway.Account:
        account = gateway.create_account(
            country="CA",
            currency="CAD",
            email="shop@example.org",
            display_name="Librairie du Port",
            metadata={"shop": "1"},
            idempotency_key=self.key(),
        )
        if active:
            hosted.activate_account(self.store, account.id)
        return gateway.retrieve_account(account.id)

    def transfer(self, amount_minor: int, account: gateway.Account, intent: gateway.Intent) -> gateway.Transfer:
        return gateway.transfer(
            amount_minor,
            currency="CAD",
            destination=account.id,
            source_charge_id=intent.latest_charge_id,
            transfer_group=intent.transfer_group,
            metadata={"shop_order": "100012-A"},
            idempotency_key=self.key(),
        )

    def refund(self, intent: gateway.Intent, amount_minor: int) -> gateway.Refund:
        return gateway.refund(intent.id, amount_minor, metadata={}, idempotency_key=self.key())

    def reverse(self, transfer: gateway.Transfer, amount_minor: int) -> gateway.Reversal:
        return gateway.reverse_transfer(transfer.id, amount_minor, metadata={}, idempotency_key=self.key())

    def balance_minor(self, account_id: str = PLATFORM) -> int:
        return balance.available(self.store, "cad", account=account_id)

    def movements_minor(self, account_id: str = PLATFORM) -> list[tuple[str, int, int]]:
        """(kind, amount, fee) of each movement, the first first."""
        listed = gateway.list_balance_transactions(created_since=LONG_AGO, account_id=account_id)
        return [(entry.kind, entry.amount_minor, entry.fee_minor) for entry in listed][::-1]

    def event_kinds(self) -> list[str]:
        return [event.kind for event in gateway.list_events(created_since=LONG_AGO)][::-1]
