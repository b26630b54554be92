from __future__ import annotations

import pytest

from marketplace.payments import gateway
from marketplace.payments.fake_stripe.faults import Fault, plan
from tests.payments.stand_in import StandIn

DAY = 24 * 3600


@pytest.fixture
def stand_in():
    with StandIn().in_use() as stand_in:
        yield stand_in


def _refund(intent: gateway.Intent, amount_minor: int, key: str) -> gateway.Refund:
    return gateway.refund(intent.id, amount_minor, metadata={}, idempotency_key=key)


def _error(call, *arguments) -> gateway.PaymentGatewayError:
    with pytest.raises(gateway.PaymentGatewayError) as caught:
        call(*arguments)
    return caught.value


def test_the_same_key_gives_the_same_answer_and_one_effect(stand_in):
    intent = stand_in.captured(2500)
    assert _refund(intent, 500, "k") == _refund(intent, 500, "k")
    assert [kind for kind, _, _ in stand_in.movements_minor()] == ["charge", "refund"]


def test_another_key_is_another_refund(stand_in):
    """The negative control: without a stored key a repeated call pays twice."""
    intent = stand_in.captured(2500)
    _refund(intent, 500, "k1")
    _refund(intent, 500, "k2")
    assert [kind for kind, _, _ in stand_in.movements_minor()] == ["charge", "refund", "refund"]


def test_the_same_key_with_other_parameters_is_refused(stand_in):
    intent = stand_in.captured(2500)
    _refund(intent, 500, "k")
    error = _error(_refund, intent, 600, "k")
    assert (error.permanent, error.code) == (True, "idempotency_error")


def test_an_error_after_execution_began_is_replayed(stand_in):
    intent = stand_in.captured(2500)
    first = _error(_refund, intent, 9999, "k")
    assert str(_error(_refund, intent, 9999, "k")) == str(first)
    assert first.code == "amount_too_large"


@pytest.mark.parametrize(("fault", "effects"), [("server_error", 0), ("server_error_after", 1)])
def test_a_500_is_replayed_and_leaves_the_outcome_unknown(stand_in, fault, effects):
    intent = stand_in.captured(2500)
    plan(stand_in.store, Fault(fault, on="POST /v1/refunds"))
    for _ in range(2):
        error = _error(_refund, intent, 500, "k")
        assert (error.permanent, error.unknown_outcome) == (False, True)
    assert len(list(gateway.list_refunds(intent_id=intent.id))) == effects


def test_a_request_refused_while_reading_is_not_kept(stand_in):
    intent = stand_in.captured(2500)
    too_long = {"x": "y" * 501}
    with pytest.raises(gateway.PaymentGatewayError):
        gateway.refund(intent.id, 500, metadata=too_long, idempotency_key="k")
    assert _refund(intent, 500, "k").amount_minor == 500


def test_a_429_is_not_kept(stand_in):
    intent = stand_in.captured(2500)
    plan(stand_in.store, Fault("rate_limit", on="POST /v1/refunds"))
    error = _error(_refund, intent, 500, "k")
    assert (error.permanent, error.unknown_outcome, error.code) == (False, False, "rate_limit")
    assert _refund(intent, 500, "k").amount_minor == 500


def test_a_key_is_forgotten_after_a_day(stand_in):
    """Why a retry later than that must look the object up first."""
    intent = stand_in.captured(2500)
    _refund(intent, 500, "k")
    stand_in.now += DAY - 1
    _refund(intent, 500, "k")
    assert len(list(gateway.list_refunds(intent_id=intent.id))) == 1
    stand_in.now += 1
    _refund(intent, 500, "k")
    assert len(list(gateway.list_refunds(intent_id=intent.id))) == 2


def test_v2_runs_again_after_an_error_and_keeps_a_result_for_thirty_days(stand_in):
    plan(stand_in.store, Fault("server_error", on="POST /v2/core/accounts"))
    make = {
        "country": "CA",
        "currency": "CAD",
        "email": "a@example.org",
        "display_name": "A",
        "metadata": {},
        "idempotency_key": "a",
    }
    with pytest.raises(gateway.PaymentGatewayError):
        gateway.create_account(**make)
    account = gateway.create_account(**make)
    stand_in.now += 29 * DAY
    assert gateway.create_account(**make).id == account.id


def test_a_broken_connection_after_the_effect_is_healed_by_the_same_key(stand_in):
    intent = stand_in.captured(2500)
    plan(stand_in.store, Fault("drop_after", on="POST /v1/refunds"))
    assert _error(_refund, intent, 500, "k").unknown_outcome
    assert _refund(intent, 500, "k").amount_minor == 500
    assert stand_in.balance_minor() == 2500 - 103 - 500


@pytest.mark.parametrize(("fault", "unknown_outcome"), [("unreachable", False), ("drop_before", True)])
def test_a_broken_connection_before_the_effect_changes_nothing(stand_in, fault, unknown_outcome):
    intent = stand_in.captured(2500)
    plan(stand_in.store, Fault(fault, on="POST /v1/refunds", times=2))
    for _ in range(2):
        error = _error(_refund, intent, 500, "k")
        assert (error.permanent, error.unknown_outcome) == (False, unknown_outcome)
    assert list(gateway.list_refunds(intent_id=intent.id)) == []
    assert _refund(intent, 500, "k").amount_minor == 500
