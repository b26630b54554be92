from __future__ import annotations

import pytest
import stripe
import stripe.params as v1
import stripe.params.checkout as checkout
import stripe.params.v2.core as v2
import typing_extensions

from marketplace.payments.fake_stripe.checking import check, hints_of, read_form, read_json, refuse_unmodelled
from marketplace.payments.fake_stripe.errors import FakeStripeError
from marketplace.payments.fake_stripe.routing import ROUTES, Route, find_route
from tests.payments.stand_in import StandIn


def _problem(text: str, params_type: type, *, is_form: bool = True) -> tuple[str | None, str | None, str]:
    with pytest.raises(FakeStripeError) as caught:
        check(read_form(text) if is_form else read_json(text), params_type, is_form=is_form)
    assert (caught.value.status, caught.value.saved) == (400, False)
    return caught.value.code, caught.value.param, caught.value.message


def test_read_form_nests_by_brackets():
    assert read_form("a=1&b[c]=2&d[0][e]=3&d[1][e]=%C3%A9&f=") == {
        "a": "1",
        "b": {"c": "2"},
        "d": {"0": {"e": "3"}, "1": {"e": "é"}},
        "f": "",
    }


def test_check_gives_the_parameters_their_types():
    text = "amount=5&currency=cad&destination=acct_1&metadata[a]=7&expand[0]=x&expand[1]=y"
    assert check(read_form(text), v1.TransferCreateParams, is_form=True) == {
        "amount": 5,
        "currency": "cad",
        "destination": "acct_1",
        "metadata": {"a": "7"},
        "expand": ["x", "y"],
    }
    session = (
        "line_items[0][quantity]=2&line_items[0][price_data][currency]=cad&payment_intent_data[capture_method]=manual"
    )
    assert check(read_form(session), checkout.SessionCreateParams, is_form=True) == {
        "line_items": [{"quantity": 2, "price_data": {"currency": "cad"}}],
        "payment_intent_data": {"capture_method": "manual"},
    }


@pytest.mark.parametrize(
    ("text", "params_type", "code", "param"),
    [
        ("amount=5&currency=cad&destination=a&sum=5", v1.TransferCreateParams, "parameter_unknown", "sum"),
        ("amount=5&destination=a", v1.TransferCreateParams, "parameter_missing", "currency"),
        ("amount=5&destination=a&currency=", v1.TransferCreateParams, "parameter_missing", "currency"),
        ("amount=5.5&currency=cad&destination=a", v1.TransferCreateParams, "parameter_invalid_integer", "amount"),
        ("idempotency_key=k", v1.RefundCreateParams, "parameter_unknown", "idempotency_key"),
        ("reason=bored", v1.RefundCreateParams, None, "reason"),
        ("expand=x", v1.RefundCreateParams, None, "expand"),
        ("metadata=x", v1.RefundCreateParams, None, "metadata"),
        (f"metadata[{'k' * 41}]=x", v1.RefundCreateParams, None, f"metadata[{'k' * 41}]"),
        (f"metadata[k]={'x' * 501}", v1.RefundCreateParams, None, "metadata[k]"),
        ("&".join(f"metadata[{i}]=x" for i in range(51)), v1.RefundCreateParams, None, "metadata"),
        ("final_capture=maybe", v1.PaymentIntentCaptureParams, None, "final_capture"),
        ("created[since]=5", v1.BalanceTransactionListParams, "parameter_unknown", "created[since]"),
        ("ui_mode=hosted", checkout.SessionCreateParams, None, "ui_mode"),
        (
            "payment_intent_data[captures]=x",
            checkout.SessionCreateParams,
            "parameter_unknown",
            "payment_intent_data[captures]",
        ),
        (
            "line_items[0][price_data][product_data][name]=x",
            checkout.SessionCreateParams,
            "parameter_missing",
            "line_items[0][price_data][currency]",
        ),
    ],
)
def test_check_refuses_as_stripe_does(text, params_type, code, param):
    assert _problem(text, params_type)[:2] == (code, param)


@pytest.mark.parametrize(
    ("text", "params_type", "code", "param"),
    [
        ('{"configuration": {"seller": {}}}', v2.AccountCreateParams, "parameter_unknown", "configuration[seller]"),
        ('{"contact_email": 5}', v2.AccountCreateParams, None, "contact_email"),
        ('{"dashboard": "big"}', v2.AccountCreateParams, None, "dashboard"),
        ('{"account": "a", "use_case": {}}', v2.AccountLinkCreateParams, "parameter_missing", "use_case[type]"),
        (
            '{"account": "a", "use_case": {"type": "account_onboarding", "account_onboarding": {"configurations": [], '
            '"refresh_url": "u"}}}',
            v2.AccountLinkCreateParams,
            "parameter_unknown",
            "use_case[account_onboarding][configurations]",
        ),
    ],
)
def test_check_reads_json_by_the_same_types(text, params_type, code, param):
    assert _problem(text, params_type, is_form=False)[:2] == (code, param)


@pytest.mark.parametrize("text", ["{", "[]"])
def test_read_json_refuses_what_is_no_object(text):
    with pytest.raises(FakeStripeError):
        read_json(text)


def test_a_literal_is_closed_although_the_client_leaves_it_open():
    _, _, message = _problem("reason=bored", v1.RefundCreateParams)
    assert message == "Invalid reason: must be one of duplicate, fraudulent, requested_by_customer"


def _leaves(hint: object, at: str, seen: frozenset[object]) -> set[str]:
    """Every dotted name that a type allows, lists transparent."""
    found = set()
    for part in [hint, *typing_extensions.get_args(hint)]:
        if typing_extensions.is_typeddict(part) and part not in seen:
            for name, inner in hints_of(part).items():
                path = f"{at}.{name}" if at else name
                found |= {path} | _leaves(inner, path, seen | {part})
        elif part is not hint:
            found |= _leaves(part, at, seen)
    return found


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_what_a_route_models_exists_in_the_pinned_client(route: Route):
    assert sorted(route.modelled - _leaves(route.params_type, "", frozenset())) == []


def test_refuse_unmodelled_names_the_parameter():
    params = {"amount": 5, "transfer_data": {"destination": "acct_1"}}
    with pytest.raises(FakeStripeError) as caught:
        refuse_unmodelled(params, frozenset({"amount", "transfer_data.amount"}))
    assert caught.value.param == "transfer_data.destination"
    refuse_unmodelled(params, frozenset({"amount", "transfer_data.destination"}))


def test_an_application_fee_is_refused_and_not_ignored():
    """Stripe would take it: with separate charges and transfers it must never be sent."""
    stand_in = StandIn()
    with stand_in.in_use():
        intent = stand_in.authorised()
    with pytest.raises(stripe.InvalidRequestError, match="application_fee_amount"):
        stand_in.client.v1.payment_intents.capture(intent.id, {"application_fee_amount": 100})


def test_find_route_answers_404_to_what_is_not_modelled():
    with pytest.raises(FakeStripeError) as caught:
        find_route("post", "/v1/customers")
    assert caught.value.status == 404


def test_a_live_key_is_refused():
    stand_in = StandIn()
    client = stripe.StripeClient("sk_live_x", http_client=stand_in.client._requestor._get_http_client())
    with pytest.raises(stripe.AuthenticationError, match="live keys"):
        client.v1.balance.retrieve()
