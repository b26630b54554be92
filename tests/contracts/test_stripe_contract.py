"""What the gateway sends and reads, on two backends: the stand-in, and stripe-mock, which checks requests against
Stripe's own OpenAPI description and answers with fixed examples (so shapes only, no states).

STRIPE_MOCK_URL names a running stripe-mock (https://github.com/stripe/stripe-mock): scripts/with-stripe-mock.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import stripe

from marketplace.payments import gateway, gateway_watching
from marketplace.payments.fake_stripe import banks, hosted
from tests.payments.stand_in import LONG_AGO, StandIn


@dataclass(frozen=True)
class Backend:
    """The ids of objects in the states that the calls below need; stripe-mock takes any id."""

    name: str
    client: stripe.StripeClient
    now: datetime
    session_id: str
    authorised_id: str
    captured_id: str
    charge_id: str
    transfer_id: str
    account_id: str
    dispute_id: str
    payout_id: str


@pytest.fixture(params=["stand-in", "stripe-mock"])
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    made = _stand_in() if request.param == "stand-in" else _stripe_mock()
    with gateway.using(made.client):
        yield made


def _stand_in() -> Backend:
    stand_in = StandIn()
    with stand_in.in_use():
        captured, account = stand_in.captured(9000), stand_in.shop_account()
        banks.change_bank_account(stand_in.store, account.id, "4321", stand_in.now)
        return Backend(
            "stand-in",
            stand_in.client,
            stand_in.moment,
            stand_in.open_session().id,
            stand_in.authorised(2500).id,
            captured.id,
            captured.latest_charge_id,
            stand_in.transfer(5000, account, captured).id,
            account.id,
            banks.dispute(stand_in.store, stand_in.captured(700).latest_charge_id, stand_in.now),
            hosted.pay_out(stand_in.store, "", 100, "CAD", stand_in.now),
        )


def _stripe_mock() -> Backend:
    address = os.environ.get("STRIPE_MOCK_URL", "")
    if not address:
        pytest.skip("STRIPE_MOCK_URL names no running stripe-mock")
    client = stripe.StripeClient(
        "sk_test_123",
        base_addresses={"api": address},
        http_client=stripe.RequestsClient(timeout=10),
        max_network_retries=0,
    )
    now = datetime.now(UTC)
    return Backend("stripe-mock", client, now, "cs_test_1", "pi_1", "pi_2", "ch_1", "tr_1", "acct_1", "du_1", "po_1")


def test_create_checkout_session(backend):
    session = gateway.create_checkout_session(
        [gateway.SessionLine("L’Étranger", 1290, 2, "Librairie du Port"), gateway.SessionLine("Delivery", 500)],
        currency="CAD",
        expires_at=backend.now + timedelta(minutes=31),
        success_url="https://halles.example.org/paid/?session={CHECKOUT_SESSION_ID}",
        cancel_url="https://halles.example.org/basket/",
        client_reference_id="checkout-7",
        transfer_group="checkout-7",
        metadata={"checkout": "7"},
        customer_email="reader@example.org",
        locale="fr-CA",
        display_name="Halles",
        idempotency_key="contract:session",
    )
    assert isinstance(session, gateway.Session)
    assert session.id.startswith("cs_test_")


def test_retrieve_session(backend):
    assert isinstance(gateway.retrieve_session(backend.session_id), gateway.Session)


def test_expire_session(backend):
    session = gateway.expire_session(backend.session_id, idempotency_key="contract:expire")
    assert isinstance(session, gateway.Session)


def test_list_sessions(backend):
    assert isinstance(next(gateway.list_sessions(created_since=LONG_AGO)), gateway.Session)


def test_retrieve_intent(backend):
    intent = gateway.retrieve_intent(backend.captured_id)
    assert isinstance(intent, gateway.Intent)
    assert isinstance(gateway.is_paid(intent), bool)


def test_capture(backend):
    intent = gateway.capture(backend.authorised_id, 2000, idempotency_key="contract:capture")
    assert isinstance(intent, gateway.Intent)


def test_cancel_intent(backend):
    intent = gateway.cancel_intent(backend.authorised_id, idempotency_key="contract:cancel")
    assert isinstance(intent, gateway.Intent)


def test_refund(backend):
    refund = gateway.refund(backend.captured_id, 100, metadata={"line": "1"}, idempotency_key="contract:refund")
    assert isinstance(refund, gateway.Refund)
    assert isinstance(next(gateway.list_refunds(intent_id=backend.captured_id)), gateway.Refund)


def test_refunds_by_date(backend):
    gateway.refund(backend.captured_id, 100, metadata={}, idempotency_key="contract:by-date")
    found = next(gateway_watching.list_all_refunds(created_since=LONG_AGO))
    assert gateway.retrieve_refund(found.id).amount_minor == found.amount_minor


def test_disputes(backend):
    evidence = {"customer_name": "Léa", "shipping_tracking_number": "RR1", "uncategorized_text": "Handed over."}
    dispute = gateway_watching.submit_evidence(backend.dispute_id, evidence, idempotency_key="contract:evidence")
    assert isinstance(dispute, gateway_watching.Dispute)
    assert isinstance(gateway_watching.retrieve_dispute(backend.dispute_id), gateway_watching.Dispute)
    assert isinstance(next(gateway_watching.list_disputes(created_since=LONG_AGO)), gateway_watching.Dispute)


def test_payouts(backend):
    assert isinstance(gateway_watching.retrieve_payout(backend.payout_id), gateway_watching.Payout)
    assert isinstance(next(gateway_watching.list_payouts(created_since=LONG_AGO)), gateway_watching.Payout)


def test_bank_accounts(backend):
    found = next(gateway_watching.list_bank_accounts(backend.account_id))
    assert isinstance(found, gateway_watching.BankAccount)


def test_transfer_out_of_the_balance(backend):
    transfer = gateway.transfer(
        100,
        currency="CAD",
        destination=backend.account_id,
        source_charge_id="",
        transfer_group="checkout-1",
        metadata={},
        idempotency_key="contract:from-balance",
    )
    assert isinstance(transfer, gateway.Transfer)
    assert isinstance(next(gateway_watching.list_all_transfers(created_since=LONG_AGO)), gateway.Transfer)


def test_transfer(backend):
    transfer = gateway.transfer(
        100,
        currency="CAD",
        destination=backend.account_id,
        source_charge_id=backend.charge_id,
        transfer_group="checkout-1",
        metadata={"shop_order": "100012-A"},
        idempotency_key="contract:transfer",
    )
    assert isinstance(transfer, gateway.Transfer)
    assert isinstance(next(gateway.list_transfers(transfer_group="checkout-1")), gateway.Transfer)


def test_retrieve_transfer(backend):
    assert isinstance(gateway.retrieve_transfer(backend.transfer_id), gateway.Transfer)


def test_reverse_transfer(backend):
    reversal = gateway.reverse_transfer(
        backend.transfer_id, 50, metadata={"line": "1"}, idempotency_key="contract:reversal"
    )
    assert isinstance(reversal, gateway.Reversal)
    assert isinstance(next(gateway.list_reversals(backend.transfer_id)), gateway.Reversal)


def test_list_balance_transactions(backend):
    for account_id in ("", backend.account_id):
        listed = gateway.list_balance_transactions(created_since=LONG_AGO, account_id=account_id)
        assert isinstance(next(listed), gateway.BalanceTransaction)


def test_events(backend):
    event = next(gateway.list_events(created_since=LONG_AGO))
    assert isinstance(gateway.retrieve_event(event.id), gateway.Event)


def test_accounts(backend):
    if backend.name == "stripe-mock":
        pytest.skip("stripe-mock describes v1 only")
    account = gateway.create_account(
        country="CA",
        currency="CAD",
        email="shop@example.org",
        display_name="Librairie du Port",
        metadata={"shop": "1"},
        idempotency_key="contract:account",
    )
    assert gateway.retrieve_account(account.id) == account
    link = gateway.account_link(
        account.id,
        refresh_url="https://halles.example.org/portal/money/link/",
        return_url="https://halles.example.org/portal/money/",
        idempotency_key="contract:link",
    )
    assert isinstance(link, gateway.AccountLink)


@pytest.mark.parametrize(
    "params",
    [
        {"currency": "cad", "destination": "acct_1", "amount": 5, "sum": 5},
        {"currency": "cad", "amount": 5},
        {"currency": "cad", "destination": "acct_1", "amount": "five"},
    ],
    ids=["unknown", "missing", "badly typed"],
)
def test_both_backends_refuse_a_wrong_request(backend, params):
    with pytest.raises(stripe.InvalidRequestError):
        backend.client.v1.transfers.create(params)
