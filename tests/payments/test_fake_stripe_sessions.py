from __future__ import annotations

import pytest
import stripe

from marketplace.payments import gateway
from marketplace.payments.fake_stripe import hosted
from marketplace.payments.fake_stripe.errors import FakeStripeError
from tests.payments.stand_in import LONG_AGO, StandIn

WEEK = 7 * 24 * 3600
PARAMS = {
    "mode": "payment",
    "success_url": "https://halles.example.org/paid/",
    "line_items": [
        {"quantity": 2, "price_data": {"currency": "cad", "unit_amount": 500, "product_data": {"name": "A"}}},
        {"quantity": 1, "price_data": {"currency": "cad", "unit_amount": 90, "product_data": {"name": "B"}}},
    ],
}


@pytest.fixture
def stand_in():
    with StandIn().in_use() as stand_in:
        yield stand_in


@pytest.mark.parametrize("minutes", [29, 24 * 60 + 1])
def test_a_session_lives_between_half_an_hour_and_a_day(stand_in, minutes):
    with pytest.raises(gateway.PaymentGatewayError, match="between 30 minutes and 24 hours") as caught:
        stand_in.open_session(minutes=minutes)
    assert caught.value.permanent


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"success_url": None}, "success_url"),
        ({"success_url": "/paid/"}, "Not a valid URL"),
        ({"line_items": None}, "line_items"),
        ({"line_items": [{"quantity": 1}]}, "price_data"),
        ({"line_items": [PARAMS["line_items"][0] | {"quantity": 0}]}, "must be positive"),
        ({"mode": "subscription"}, "mode=payment only"),
        ({"ui_mode": "elements"}, "hosted_page only"),
        ({"client_reference_id": "x" * 201}, "at most 200"),
        ({"payment_intent_data": {"application_fee_amount": 5}}, "application_fee_amount"),
        ({"payment_method_types": ["card"]}, "payment_method_types"),
    ],
)
def test_a_session_is_refused_with_the_reason(stand_in, changes, message):
    params = {name: value for name, value in (PARAMS | changes).items() if value is not None}
    with pytest.raises(stripe.InvalidRequestError, match=message):
        stand_in.client.v1.checkout.sessions.create(params)


def test_lines_of_two_currencies_are_refused(stand_in):
    euro = {"quantity": 1, "price_data": {"currency": "eur", "unit_amount": 5, "product_data": {"name": "C"}}}
    with pytest.raises(stripe.InvalidRequestError, match="same currency"):
        stand_in.client.v1.checkout.sessions.create(PARAMS | {"line_items": [*PARAMS["line_items"], euro]})


def test_an_amount_below_the_least_is_refused(stand_in):
    with pytest.raises(gateway.PaymentGatewayError) as caught:
        stand_in.open_session(49)
    assert caught.value.code == "amount_too_small"


def test_the_page_shows_lines_total_and_the_network_s_name(stand_in):
    session = stand_in.open_session(1290)
    page = hosted.show(stand_in.store, session.id, stand_in.now)
    assert [(line["name"], line["quantity"], line["amount_total"]) for line in page.lines] == [("L’Étranger", 1, 1290)]
    assert (page.total_minor, page.currency, page.display_name, page.locale) == (1290, "CAD", "Halles", "fr")
    assert page.success_url == f"https://halles.example.org/paid/?session={session.id}"


def test_automatic_capture_completes_as_paid_at_once(stand_in):
    created = stand_in.client.v1.checkout.sessions.create(PARAMS)
    hosted.pay(stand_in.store, created.id, stand_in.now, approved=True)
    session = stand_in.client.v1.checkout.sessions.retrieve(created.id, {"expand": ["payment_intent"]})
    assert (session.payment_status, session.payment_intent.status) == ("paid", "succeeded")
    assert stand_in.balance_minor() == 1090 - 62


def test_a_declined_card_leaves_the_page_open(stand_in):
    session = stand_in.open_session()
    assert hosted.pay(stand_in.store, session.id, stand_in.now, approved=False).was_declined
    assert hosted.show(stand_in.store, session.id, stand_in.now).was_declined
    assert gateway.retrieve_session(session.id).status == "open"


def test_paying_twice_pays_once(stand_in):
    session = stand_in.open_session()
    for _ in range(2):
        assert hosted.pay(stand_in.store, session.id, stand_in.now, approved=True).status == "complete"
    assert stand_in.event_kinds().count("checkout.session.completed") == 1


def test_a_session_ends_by_time(stand_in):
    session = stand_in.open_session(minutes=31)
    stand_in.now += 31 * 60 - 1
    assert gateway.retrieve_session(session.id).status == "open"
    stand_in.now += 1
    ended = gateway.retrieve_session(session.id)
    assert (ended.status, ended.url) == ("expired", "")
    assert stand_in.event_kinds() == ["checkout.session.expired"]
    assert hosted.pay(stand_in.store, session.id, stand_in.now, approved=True).status == "expired"
    assert stand_in.balance_minor() == 0


def test_a_refused_attempt_ends_with_its_session(stand_in):
    session = stand_in.open_session(minutes=31)
    hosted.pay(stand_in.store, session.id, stand_in.now, approved=False)
    intent_id = gateway.retrieve_session(session.id).intent_id
    stand_in.now += 31 * 60
    intent = gateway.retrieve_intent(intent_id)
    assert (intent.status, intent.cancellation_reason) == ("canceled", "automatic")


def test_a_completed_session_does_not_end_by_time(stand_in):
    intent = stand_in.authorised()
    stand_in.now += 24 * 3600
    assert [session.status for session in gateway.list_sessions(created_since=LONG_AGO)] == ["complete"]
    assert gateway.retrieve_intent(intent.id).status == "requires_capture"


def test_the_intent_of_an_open_session_is_ended_by_expiring_the_session(stand_in):
    session = stand_in.open_session()
    hosted.pay(stand_in.store, session.id, stand_in.now, approved=False)
    intent_id = gateway.retrieve_session(session.id).intent_id
    with pytest.raises(gateway.PaymentGatewayError, match="Expire the Checkout Session"):
        gateway.cancel_intent(intent_id, idempotency_key="x")
    gateway.expire_session(session.id, idempotency_key="e")
    assert gateway.retrieve_intent(intent_id).status == "canceled"


def test_an_authorisation_ends_after_a_week(stand_in):
    intent = stand_in.authorised()
    stand_in.now += WEEK - 1
    assert gateway.retrieve_intent(intent.id).status == "requires_capture"
    stand_in.now += 1
    ended = gateway.retrieve_intent(intent.id)
    assert (ended.status, ended.cancellation_reason, gateway.is_paid(ended)) == ("canceled", "expired", False)
    with pytest.raises(gateway.PaymentGatewayError):
        gateway.capture(intent.id, 2500, idempotency_key="c")


def test_an_unknown_session_has_no_page(stand_in):
    with pytest.raises(FakeStripeError) as caught:
        hosted.show(stand_in.store, "cs_test_none", stand_in.now)
    assert caught.value.status == 404


def test_an_onboarding_link_is_spent_by_use_and_by_time(stand_in):
    account = stand_in.shop_account(active=False)
    urls = {"refresh_url": "https://halles.example.org/r/", "return_url": "https://halles.example.org/b/"}
    tokens = [gateway.account_link(account.id, **urls, idempotency_key=f"l{n}").url.split("/")[-2] for n in range(2)]
    stand_in.now += 300
    assert hosted.finish_onboarding(stand_in.store, tokens[0], stand_in.now)["spent"]
    assert not gateway.retrieve_account(account.id).can_receive
    stand_in.now -= 1
    assert not hosted.finish_onboarding(stand_in.store, tokens[1], stand_in.now)["spent"]
    assert hosted.onboarding_link(stand_in.store, tokens[1], stand_in.now)["spent"]
    assert gateway.retrieve_account(account.id).can_receive


def test_an_account_answers_only_the_parts_that_were_asked_for(stand_in):
    account = stand_in.shop_account()
    bare = stand_in.client.v2.core.accounts.retrieve(account.id)
    assert (bare.configuration, bare.identity, bare.requirements) == (None, None, None)
