from __future__ import annotations

import json
import time
from datetime import UTC, datetime

import pytest
import stripe

from marketplace.payments import gateway
from marketplace.payments.fake_stripe import hosted
from marketplace.payments.fake_stripe.delivery import PAUSES, deliver_due, sign, undelivered
from marketplace.payments.fake_stripe.faults import Fault, plan
from tests.payments.stand_in import LONG_AGO, StandIn

SECRET = "whsec_test"


class Inbox:
    """What the receiver took; `problems` are raised first."""

    def __init__(self, *problems: BaseException) -> None:
        self.problems = list(problems)
        self.kinds: list[str] = []
        self.ids: list[str] = []

    def post(self, payload: bytes, signature: str) -> None:
        if self.problems:
            raise self.problems.pop(0)
        event = gateway.construct_event(payload, signature, SECRET)
        self.kinds.append(event.kind)
        self.ids.append(event.id)


@pytest.fixture
def stand_in():
    with StandIn().in_use() as stand_in:
        yield stand_in


def _deliver(stand_in: StandIn, inbox: Inbox) -> int:
    return deliver_due(stand_in.store, SECRET, stand_in.moment, inbox.post)


def test_sign_makes_a_header_that_the_client_verifies():
    payload, stamp = '{"object": "event", "id": "evt_é"}'.encode(), int(time.time())
    assert sign(payload, SECRET, stamp) == stripe.WebhookSignature.generate_signature_header(
        payload.decode(), SECRET, stamp
    )
    assert stripe.Webhook.construct_event(payload, sign(payload, SECRET, stamp), SECRET).id == "evt_é"


def test_a_paid_session_tells_of_authorisation_and_completion(stand_in):
    stand_in.authorised()
    inbox = Inbox()
    assert _deliver(stand_in, inbox) == 4
    assert inbox.kinds == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.amount_capturable_updated",
        "checkout.session.completed",
    ]
    assert _deliver(stand_in, inbox) == 0


@pytest.mark.parametrize(
    ("act", "kinds"),
    [
        (lambda s: s.captured(), ["charge.captured", "payment_intent.succeeded"]),
        (lambda s: s.refund(s.captured(), 100), ["refund.created", "charge.refunded"]),
        (lambda s: s.transfer(100, s.shop_account(), s.captured()), ["payment_intent.succeeded", "transfer.created"]),
        (
            lambda s: s.reverse(s.transfer(100, s.shop_account(), s.captured()), 50),
            ["transfer.created", "transfer.reversed"],
        ),
        (
            lambda s: gateway.cancel_intent(s.authorised().id, idempotency_key="x"),
            ["charge.refunded", "payment_intent.canceled"],
        ),
        (
            lambda s: hosted.pay(s.store, s.open_session().id, s.now, approved=False),
            ["charge.failed", "payment_intent.payment_failed"],
        ),
    ],
)
def test_a_change_tells_its_events(stand_in, act, kinds):
    act(stand_in)
    assert stand_in.event_kinds()[-2:] == kinds


def test_an_event_holds_the_object_as_it_was_then(stand_in):
    intent = stand_in.captured(2500)
    event = next(e for e in gateway.list_events(created_since=LONG_AGO) if e.kind.endswith("capturable_updated"))
    body = stand_in.client.v1.events.retrieve(event.id)
    assert (body.data.object["id"], body.data.object["status"]) == (intent.id, "requires_capture")
    assert (body.api_version, "_session" in body.data.object.to_dict()) == (stripe.api_version, False)


def test_a_refused_event_is_tried_again_with_growing_pauses(stand_in):
    gateway.expire_session(stand_in.open_session().id, idempotency_key="e")
    inbox = Inbox(OSError("down"), OSError("down"))
    assert _deliver(stand_in, inbox) == 0
    assert [row["last_error"] for row in undelivered(stand_in.store)] == ["OSError: down"]
    stand_in.now += PAUSES[0] - 1
    assert (_deliver(stand_in, inbox), len(inbox.problems)) == (0, 1)
    stand_in.now += 1
    assert (_deliver(stand_in, inbox), len(inbox.problems)) == (0, 0)
    stand_in.now += PAUSES[1]
    assert _deliver(stand_in, inbox) == 1
    assert (inbox.kinds, undelivered(stand_in.store)) == (["checkout.session.expired"], [])


def test_an_event_is_given_up_after_the_last_try_and_is_still_listed(stand_in):
    gateway.expire_session(stand_in.open_session().id, idempotency_key="e")
    inbox = Inbox(*[OSError("down")] * (len(PAUSES) + 1))
    for pause in (*PAUSES, PAUSES[-1]):
        _deliver(stand_in, inbox)
        stand_in.now += pause
    assert (inbox.problems, _deliver(stand_in, inbox)) == ([], 0)
    assert [row["tries"] for row in undelivered(stand_in.store)] == [len(PAUSES) + 1]
    assert stand_in.event_kinds() == ["checkout.session.expired"]


def test_a_crash_while_delivering_repeats_the_event(stand_in):
    gateway.expire_session(stand_in.open_session().id, idempotency_key="e")
    inbox = Inbox(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        _deliver(stand_in, inbox)
    stand_in.now += PAUSES[0]
    assert _deliver(stand_in, inbox) == 1


def test_events_are_taken_in_bounded_batches(stand_in):
    stand_in.authorised()
    inbox = Inbox()
    assert [deliver_due(stand_in.store, SECRET, stand_in.moment, inbox.post, limit=3) for _ in range(3)] == [3, 1, 0]
    assert len(set(inbox.ids)) == 4


def test_delivery_ends_what_has_run_out(stand_in):
    stand_in.open_session(minutes=31)
    inbox = Inbox()
    stand_in.now += 31 * 60
    assert _deliver(stand_in, inbox) == 1
    assert inbox.kinds == ["checkout.session.expired"]


def test_a_lost_event_is_listed_but_not_delivered(stand_in):
    plan(stand_in.store, Fault("lose_event", on="checkout.session.completed"))
    stand_in.authorised()
    inbox = Inbox()
    _deliver(stand_in, inbox)
    assert "checkout.session.completed" not in inbox.kinds
    assert "checkout.session.completed" in stand_in.event_kinds()


def test_a_duplicate_event_is_delivered_twice_with_one_id(stand_in):
    plan(stand_in.store, Fault("duplicate_event", on="checkout.session.completed"))
    stand_in.authorised()
    inbox = Inbox()
    _deliver(stand_in, inbox)
    assert inbox.kinds.count("checkout.session.completed") == 2
    assert len(set(inbox.ids)) == 4


def test_a_delayed_event_comes_after_later_ones(stand_in):
    plan(stand_in.store, Fault("delay_event", on="checkout.session.completed", seconds=600))
    intent = stand_in.authorised()
    gateway.capture(intent.id, 2500, idempotency_key="c")
    inbox = Inbox()
    _deliver(stand_in, inbox)
    assert inbox.kinds[-1] == "payment_intent.succeeded"
    stand_in.now += 600
    _deliver(stand_in, inbox)
    assert inbox.kinds[-1] == "checkout.session.completed"


def test_a_fault_strikes_as_often_as_planned_and_only_where_it_waits(stand_in):
    plan(stand_in.store, Fault("rate_limit", on="POST /v1/checkout/sessions", times=2))
    gateway.list_sessions(created_since=datetime(2020, 1, 1, tzinfo=UTC))
    for _ in range(2):
        with pytest.raises(gateway.PaymentGatewayError):
            stand_in.open_session()
    assert stand_in.open_session().status == "open"


def test_the_payload_is_the_event_as_json(stand_in):
    stand_in.authorised()
    seen: list[dict] = []
    deliver_due(stand_in.store, SECRET, stand_in.moment, lambda payload, _: seen.append(json.loads(payload)))
    assert {body["object"] for body in seen} == {"event"}
    assert [body["type"] for body in seen] == stand_in.event_kinds()
