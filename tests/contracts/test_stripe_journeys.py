"""The journeys of a payment through the gateway, on two backends: the stand-in, and Stripe's own test mode where
HALLES_STRIPE_TEST_KEY holds a key that begins with sk_test_ or rk_test_ (`make test-stripe`). No real money moves.

A test payment is made by Stripe's own test cards (https://docs.stripe.com/testing), since nobody sits before the hosted
page. Journeys to a shop's account need HALLES_STRIPE_TEST_ACCOUNT, one that can receive transfers."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import stripe

from marketplace.payments import gateway, gateway_watching
from marketplace.payments.fake_stripe import banks
from tests.payments.stand_in import StandIn

CURRENCY = "CAD"


@dataclass
class Mode:
    """`account_id` is "" where there is none to transfer to."""

    client: stripe.StripeClient
    stand_in: StandIn | None
    account_id: str

    @property
    def now(self) -> datetime:
        return self.stand_in.moment if self.stand_in else datetime.now(UTC)

    def key(self) -> str:
        return f"journey:{secrets.token_hex(8)}"

    def paid(self, amount_minor: int, card: str = "pm_card_bypassPending") -> str:
        """The id of an authorised intent."""
        if self.stand_in:
            return self.stand_in.authorised(amount_minor).id
        params = {"amount": amount_minor, "currency": CURRENCY.lower(), "capture_method": "manual", "confirm": True}
        methods = {"payment_method": card, "payment_method_types": ["card"], "transfer_group": self.key()}
        return self.client.v1.payment_intents.create({**params, **methods}).id  # type: ignore[arg-type]


@pytest.fixture(params=["stand-in", "Stripe's test mode"])
def mode(request: pytest.FixtureRequest) -> Iterator[Mode]:
    if request.param == "stand-in":
        stand_in = StandIn()
        with stand_in.in_use():
            yield Mode(stand_in.client, stand_in, stand_in.shop_account().id)
        return
    key = os.environ.get("HALLES_STRIPE_TEST_KEY", "")
    if not key:
        pytest.skip("HALLES_STRIPE_TEST_KEY holds no key of Stripe's test mode")
    if not key.startswith(("sk_test_", "rk_test_")):
        pytest.fail("HALLES_STRIPE_TEST_KEY is not a key of test mode: nothing was called.")
    client = stripe.StripeClient(key, http_client=stripe.RequestsClient(timeout=30), max_network_retries=0)
    with gateway.using(client):
        yield Mode(client, None, os.environ.get("HALLES_STRIPE_TEST_ACCOUNT", ""))


def test_session_is_made_once_by_its_key_looked_up_and_ended(mode):
    reference, key = secrets.token_hex(8), mode.key()

    def make() -> gateway.Session:
        return gateway.create_checkout_session(
            [gateway.SessionLine("L’Étranger", 1290, 2)],
            currency=CURRENCY,
            expires_at=until,
            success_url="https://halles.example.org/paid/",
            cancel_url="https://halles.example.org/basket/",
            client_reference_id=reference,
            transfer_group=reference,
            metadata={"checkout": reference},
            idempotency_key=key,
        )

    until = mode.now + timedelta(minutes=35)
    session = make()
    assert make().id == session.id
    listed = gateway.list_sessions(created_since=mode.now - timedelta(minutes=2))
    assert session.id in [found.id for found in listed if found.client_reference_id == reference]
    assert gateway.expire_session(session.id, idempotency_key=mode.key()).status == "expired"
    with pytest.raises(gateway.PaymentGatewayError) as refused:
        gateway.expire_session(session.id, idempotency_key=mode.key())
    assert refused.value.permanent


def test_part_is_captured_and_given_back_in_parts(mode):
    intent_id = mode.paid(5000)
    taken = gateway.capture(intent_id, 4000, idempotency_key=mode.key())
    assert (taken.status, taken.amount_received_minor) == ("succeeded", 4000)
    for amount in (1000, 500):
        gateway.refund(intent_id, amount, metadata={"key": str(amount)}, idempotency_key=mode.key())
    found = {refund.metadata["key"]: refund.amount_minor for refund in gateway.list_refunds(intent_id=intent_id)}
    assert found == {"1000": 1000, "500": 500}
    with pytest.raises(gateway.PaymentGatewayError) as refused:
        gateway.refund(intent_id, 2501, metadata={}, idempotency_key=mode.key())
    assert refused.value.permanent


def test_authorisation_is_released(mode):
    intent_id = mode.paid(1500)
    assert gateway.cancel_intent(intent_id, idempotency_key=mode.key()).status == "canceled"


def test_shop_is_paid_and_gives_back(mode):
    if not mode.account_id:
        pytest.skip("HALLES_STRIPE_TEST_ACCOUNT names no account that can receive transfers")
    intent = gateway.capture(mode.paid(5000), 5000, idempotency_key=mode.key())
    made = gateway.transfer(
        3000,
        currency=CURRENCY,
        destination=mode.account_id,
        source_charge_id=intent.latest_charge_id,
        transfer_group=intent.transfer_group,
        metadata={"key": "journey"},
        idempotency_key=mode.key(),
    )
    back = gateway.reverse_transfer(made.id, 1000, metadata={"key": "back"}, idempotency_key=mode.key())
    assert [found.id for found in gateway.list_reversals(made.id)] == [back.id]
    assert gateway.retrieve_transfer(made.id).amount_reversed_minor == 1000


def test_dispute_is_answered(mode):
    intent_id = mode.paid(2000, card="pm_card_createDispute")
    charge_id = gateway.capture(intent_id, 2000, idempotency_key=mode.key()).latest_charge_id
    if mode.stand_in:
        banks.dispute(mode.stand_in.store, charge_id, mode.stand_in.now)
    dispute = _dispute_of(charge_id, mode)
    assert [movement.amount_minor for movement in dispute.movements] == [-2000]
    evidence = {"uncategorized_text": "winning_evidence"}  # the word by which test mode decides for us
    answered = gateway_watching.submit_evidence(dispute.id, evidence, idempotency_key=mode.key())
    assert answered.is_submitted


def _dispute_of(charge_id: str, mode: Mode) -> gateway_watching.Dispute:
    """Test mode opens it a moment after the capture."""
    for _ in range(1 if mode.stand_in else 30):
        for found in gateway_watching.list_disputes(created_since=mode.now - timedelta(hours=1)):
            if found.charge_id == charge_id:
                return found
        time.sleep(0 if mode.stand_in else 1)
    raise AssertionError(f"No dispute of {charge_id} came.")
