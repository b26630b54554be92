from __future__ import annotations

import json
import time
from datetime import UTC, datetime

import pytest
import requests
import responses
import stripe
import urllib3

from marketplace.payments import gateway, gateway_calling
from marketplace.payments.fake_stripe import hosted
from marketplace.payments.fake_stripe.client import FakeHTTPClient
from marketplace.payments.fake_stripe.delivery import sign
from marketplace.payments.fake_stripe.faults import Fault, plan
from tests.payments.stand_in import LONG_AGO, START, StandIn

SECRET = "whsec_test"
CAPTURE = "https://api.stripe.com/v1/payment_intents/pi_1/capture"
RETRIEVE = "https://api.stripe.com/v1/payment_intents/pi_1"


@pytest.fixture
def stand_in():
    with StandIn().in_use() as stand_in:
        yield stand_in


@pytest.fixture
def real_client():
    with gateway.using(stripe.StripeClient("sk_test_x", max_network_retries=gateway_calling.MAX_NETWORK_RETRIES)):
        yield


def test_create_checkout_session_opens_a_hosted_page(stand_in):
    session = stand_in.open_session(1290)
    assert session == gateway.Session(
        id=session.id,
        url=f"https://halles.example.org/fake-stripe/pay/{session.id}/",
        status="open",
        payment_status="unpaid",
        intent_id="",
        amount_minor=1290,
        currency="CAD",
        expires_at=datetime.fromtimestamp(START + 31 * 60, UTC),
        client_reference_id="checkout-1",
        metadata={"checkout": "1"},
    )
    assert gateway.retrieve_session(session.id) == session


def test_list_sessions_finds_a_session_of_unknown_outcome(stand_in):
    plan(stand_in.store, Fault("drop_after", on="POST /v1/checkout/sessions"))
    with pytest.raises(gateway.PaymentGatewayError) as caught:
        stand_in.open_session()
    assert caught.value.unknown_outcome
    found = [session.client_reference_id for session in gateway.list_sessions(created_since=LONG_AGO)]
    assert found == ["checkout-1"]


def test_is_paid_follows_the_intent_and_not_the_session(stand_in):
    session = stand_in.open_session(1290)
    hosted.pay(stand_in.store, session.id, stand_in.now, approved=False)
    refused = gateway.retrieve_intent(gateway.retrieve_session(session.id).intent_id)
    assert (refused.status, refused.decline_code, gateway.is_paid(refused)) == (
        "requires_payment_method",
        "generic_decline",
        False,
    )
    hosted.pay(stand_in.store, session.id, stand_in.now, approved=True)
    complete = gateway.retrieve_session(session.id)
    authorised = gateway.retrieve_intent(complete.intent_id)
    assert (complete.status, complete.payment_status, complete.url) == ("complete", "unpaid", "")
    assert (authorised.status, gateway.is_paid(authorised)) == ("requires_capture", True)
    assert authorised.id == refused.id
    taken = gateway.capture(authorised.id, 1290, idempotency_key="c")
    assert (taken.status, gateway.is_paid(taken)) == ("succeeded", True)


def test_retrieve_intent_gives_the_end_of_the_authorisation(stand_in):
    intent = stand_in.authorised(1290)
    assert intent.capture_before == datetime.fromtimestamp(START + 7 * 24 * 3600, UTC)
    assert (intent.amount_capturable_minor, intent.fee_minor, intent.balance_transaction_id) == (1290, None, "")
    assert (intent.transfer_group, intent.metadata) == ("checkout-1", {"checkout": "1"})


def test_capture_takes_a_part_and_gives_the_fee(stand_in):
    intent = stand_in.captured(2500, part_minor=2000)
    assert (intent.amount_minor, intent.amount_received_minor, intent.amount_capturable_minor) == (2500, 2000, 0)
    assert intent.fee_minor == 58 + 30
    assert intent.balance_transaction_id.startswith("txn_")


def test_cancel_intent_releases_the_authorisation(stand_in):
    intent = stand_in.authorised()
    canceled = gateway.cancel_intent(intent.id, idempotency_key="x")
    assert (canceled.status, canceled.cancellation_reason) == ("canceled", "requested_by_customer")
    assert not gateway.is_paid(canceled)
    assert stand_in.balance_minor() == 0


def test_expire_session_ends_it_and_a_second_time_is_refused(stand_in):
    session = stand_in.open_session()
    assert gateway.expire_session(session.id, idempotency_key="e1").status == "expired"
    with pytest.raises(gateway.PaymentGatewayError) as caught:
        gateway.expire_session(session.id, idempotency_key="e2")
    assert caught.value.permanent


def test_money_goes_to_a_shop_and_back(stand_in):
    intent, account = stand_in.captured(2500), stand_in.shop_account()
    transfer = stand_in.transfer(1500, account, intent)
    reversal = stand_in.reverse(transfer, 400)
    refund = stand_in.refund(intent, 500)
    assert (transfer.amount_minor, transfer.destination, transfer.currency) == (1500, account.id, "CAD")
    assert (reversal.amount_minor, reversal.transfer_id) == (400, transfer.id)
    assert (refund.status, refund.amount_minor, refund.intent_id) == ("succeeded", 500, intent.id)
    assert gateway.retrieve_transfer(transfer.id).amount_reversed_minor == 400
    assert [t.id for t in gateway.list_transfers(transfer_group="checkout-1")] == [transfer.id]
    assert list(gateway.list_reversals(transfer.id)) == [reversal]
    assert list(gateway.list_refunds(intent_id=intent.id)) == [refund]
    assert stand_in.movements_minor() == [
        ("charge", 2500, 103),
        ("transfer", -1500, 0),
        ("transfer_refund", 400, 0),
        ("refund", -500, 0),
    ]
    assert stand_in.movements_minor(account.id) == [("payment", 1500, 0), ("payment_refund", -400, 0)]


def test_account_can_receive_once_its_shop_has_onboarded(stand_in):
    account = stand_in.shop_account(active=False)
    assert (account.country, account.can_receive) == ("CA", False)
    assert account.requirements_due == ("identity.individual",)
    link = gateway.account_link(
        account.id,
        refresh_url="https://halles.example.org/portal/money/link/",
        return_url="https://halles.example.org/portal/money/",
        idempotency_key="l",
    )
    token = link.url.rstrip("/").rpartition("/")[2]
    assert link.url == f"https://halles.example.org/fake-stripe/onboarding/{token}/"
    hosted.finish_onboarding(stand_in.store, token, stand_in.now)
    assert gateway.retrieve_account(account.id).can_receive


def test_lists_go_through_all_pages(stand_in):
    intent = stand_in.captured(30_000)
    made = [stand_in.refund(intent, 100).id for _ in range(120)]
    assert [refund.id for refund in gateway.list_refunds(intent_id=intent.id)] == made[::-1]


def test_a_change_without_its_stored_key_is_refused(stand_in):
    with pytest.raises(ValueError, match="idempotency key"):
        gateway.capture("pi_1", 100, idempotency_key="")


@pytest.mark.parametrize(
    ("status", "error", "permanent", "unknown_outcome", "code"),
    [
        (400, {"type": "invalid_request_error", "code": "amount_too_large"}, True, False, "amount_too_large"),
        (400, {"type": "idempotency_error"}, True, False, "idempotency_error"),
        (401, {"type": "invalid_request_error"}, True, False, "invalid_request_error"),
        (402, {"type": "card_error", "code": "card_declined", "decline_code": "lost_card"}, True, False, "lost_card"),
        (404, {"type": "invalid_request_error", "code": "resource_missing"}, True, False, "resource_missing"),
        (409, {"type": "idempotency_error", "code": "key_in_use"}, False, False, "key_in_use"),
        (429, {"type": "invalid_request_error", "code": "rate_limit"}, False, False, "rate_limit"),
        (500, {"type": "api_error"}, False, True, "api_error"),
        (503, {"type": "api_error"}, False, True, "api_error"),
    ],
)
def test_an_error_answer_says_what_to_do(real_client, status, error, permanent, unknown_outcome, code):
    with responses.RequestsMock() as mock:
        mock.post(CAPTURE, status=status, json={"error": {"message": "no", **error}})
        with pytest.raises(gateway.PaymentGatewayError, match="Stripe: no") as caught:
            gateway.capture("pi_1", 100, idempotency_key="k")
        assert mock.calls[0].request.headers["Idempotency-Key"] == "k"
    answer = caught.value
    assert (answer.permanent, answer.unknown_outcome, answer.code) == (permanent, unknown_outcome, code)


NOT_CONNECTED = requests.exceptions.ConnectionError(
    urllib3.exceptions.MaxRetryError(
        None,
        "/",
        urllib3.exceptions.NewConnectionError(None, "refused"),  # type: ignore[arg-type]
    )
)


@pytest.mark.parametrize(
    ("problem", "unknown_outcome"),
    [
        (NOT_CONNECTED, False),
        (requests.exceptions.ConnectTimeout("slow"), False),
        (requests.exceptions.ReadTimeout("slow"), True),
        (requests.exceptions.ConnectionError("Connection reset by peer"), True),
    ],
)
def test_a_broken_connection_is_of_unknown_outcome_once_sent(real_client, problem, unknown_outcome):
    with responses.RequestsMock() as mock:
        mock.post(CAPTURE, body=problem)
        with pytest.raises(gateway.PaymentGatewayError) as caught:
            gateway.capture("pi_1", 100, idempotency_key="k")
    assert (caught.value.permanent, caught.value.unknown_outcome) == (False, unknown_outcome)


def _capture_while_handling_another_error() -> None:
    try:
        raise ConnectionRefusedError("of something else")
    except ConnectionRefusedError:
        gateway.capture("pi_1", 100, idempotency_key="k")


def test_another_error_being_handled_does_not_make_a_sent_request_unsent(real_client):
    with responses.RequestsMock() as mock:
        mock.post(CAPTURE, body=requests.exceptions.ReadTimeout("slow"))
        with pytest.raises(gateway.PaymentGatewayError) as caught:
            _capture_while_handling_another_error()
    assert caught.value.unknown_outcome


def test_a_failed_reading_has_no_unknown_outcome(real_client):
    with responses.RequestsMock() as mock:
        mock.get(RETRIEVE, status=500, json={"error": {"message": "no"}})
        mock.get(RETRIEVE, body=requests.exceptions.ReadTimeout("slow"))
        for _ in range(2):
            with pytest.raises(gateway.PaymentGatewayError) as caught:
                gateway.retrieve_intent("pi_1")
            assert (caught.value.permanent, caught.value.unknown_outcome) == (False, False)


def test_an_answer_that_is_not_json_is_of_unknown_outcome(real_client):
    with responses.RequestsMock() as mock:
        mock.post(CAPTURE, status=502, body="<html>Bad gateway</html>")
        with pytest.raises(gateway.PaymentGatewayError) as caught:
            gateway.capture("pi_1", 100, idempotency_key="k")
    assert (caught.value.permanent, caught.value.unknown_outcome) == (False, True)


def _signed(*, stamp: int, secret: str = SECRET, **changes: object) -> tuple[bytes, str]:
    event = {
        "id": "evt_1",
        "object": "event",
        "api_version": stripe.api_version,
        "created": START,
        "type": "charge.refunded",
        "data": {"object": {"id": "ch_1", "object": "charge"}},
    }
    payload = json.dumps(event | changes).encode()
    return payload, sign(payload, secret, stamp)


def test_construct_event_reads_a_signed_event(stand_in):
    payload, header = _signed(stamp=int(time.time()))
    assert gateway.construct_event(payload, header, SECRET) == gateway.Event(
        id="evt_1",
        kind="charge.refunded",
        object_id="ch_1",
        object_kind="charge",
        account="",
        api_version=stripe.api_version,
        created=datetime.fromtimestamp(START, UTC),
    )


@pytest.mark.parametrize("seconds", [-400, 400])
def test_construct_event_refuses_a_stamp_outside_the_tolerance(stand_in, seconds):
    payload, header = _signed(stamp=int(time.time()) + seconds)
    with pytest.raises(gateway.PaymentGatewayError) as caught:
        gateway.construct_event(payload, header, SECRET)
    assert (caught.value.permanent, caught.value.code) == (True, "event_refused")


def test_the_client_alone_would_take_a_stamp_in_the_future(stand_in):
    """The negative control of our own bound."""
    payload, header = _signed(stamp=int(time.time()) + 400)
    assert stand_in.client.construct_event(payload, header, SECRET).id == "evt_1"


@pytest.mark.parametrize(
    ("changes", "header"),
    [
        ({"secret": "whsec_other"}, None),
        ({"object": "v2.core.event"}, None),
        ({}, ""),
        ({}, "t=x,v1=y"),
    ],
)
def test_construct_event_refuses_what_is_not_a_signed_event(stand_in, changes, header):
    payload, signed = _signed(stamp=int(time.time()), **changes)
    with pytest.raises(gateway.PaymentGatewayError) as caught:
        gateway.construct_event(payload, signed if header is None else header, SECRET)
    assert caught.value.permanent


def test_construct_event_refuses_a_changed_body(stand_in):
    payload, header = _signed(stamp=int(time.time()))
    with pytest.raises(gateway.PaymentGatewayError):
        gateway.construct_event(payload.replace(b"evt_1", b"evt_2"), header, SECRET)


def test_retrieve_event_gives_what_was_listed(stand_in):
    stand_in.open_session()
    hosted.pay(stand_in.store, gateway.retrieve_session(stand_in.open_session().id).id, stand_in.now, approved=True)
    listed = list(gateway.list_events(created_since=LONG_AGO))
    assert [gateway.retrieve_event(event.id) for event in listed] == listed


def test_client_follows_the_settings(settings):
    settings.STRIPE_SECRET_KEY, settings.STRIPE_FAKE = "", True
    assert isinstance(gateway.client()._requestor._get_http_client(), FakeHTTPClient)
    settings.STRIPE_SECRET_KEY, settings.STRIPE_FAKE = "sk_test_y", False
    assert isinstance(gateway.client()._requestor._get_http_client(), stripe.RequestsClient)
    assert gateway.client() is gateway.client()
