from __future__ import annotations

import threading
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.payments import gateway
from marketplace.payments.fake_stripe import hosted
from marketplace.payments.fake_stripe.balance import fee_of
from tests.payments.stand_in import LONG_AGO, StandIn


@pytest.fixture
def stand_in():
    with StandIn().in_use() as stand_in:
        yield stand_in


def _refusal(call, *arguments, **named) -> tuple[bool, str]:
    with pytest.raises(gateway.PaymentGatewayError) as caught:
        call(*arguments, **named)
    return caught.value.permanent, caught.value.code


@pytest.mark.parametrize(("amount", "fee"), [(1000, 59), (1290, 67), (2500, 103), (50, 31), (100_000, 2930)])
def test_fee_of_is_rounded_half_up(amount, fee):
    assert fee_of(amount) == fee


def test_an_authorisation_moves_no_money_and_a_capture_does_net_of_the_fee(stand_in):
    intent = stand_in.authorised(2500)
    assert stand_in.balance_minor() == 0
    gateway.capture(intent.id, 2500, idempotency_key="c")
    assert stand_in.balance_minor() == 2500 - 103


def test_a_partial_capture_releases_the_rest(stand_in):
    intent = stand_in.captured(2500, part_minor=2000)
    assert intent.amount_received_minor == 2000
    assert _refusal(gateway.capture, intent.id, 500, idempotency_key="c2") == (True, "payment_intent_unexpected_state")
    charge = stand_in.store.get("charge", intent.latest_charge_id)
    assert (charge["amount_captured"], charge["amount_refunded"], charge["refunded"]) == (2000, 500, False)
    assert stand_in.movements_minor() == [("charge", 2000, 88)]


@pytest.mark.parametrize(("amount", "code"), [(2501, "amount_too_large"), (0, "parameter_invalid_integer")])
def test_a_capture_is_bounded_by_the_authorisation(stand_in, amount, code):
    intent = stand_in.authorised(2500)
    assert _refusal(gateway.capture, intent.id, amount, idempotency_key="c") == (True, code)


def test_a_refund_is_bounded_by_what_was_captured(stand_in):
    intent = stand_in.captured(2500, part_minor=2000)
    stand_in.refund(intent, 1500)
    assert _refusal(stand_in.refund, intent, 501) == (True, "amount_too_large")
    stand_in.refund(intent, 500)
    assert _refusal(stand_in.refund, intent, 1) == (True, "charge_already_refunded")
    assert stand_in.balance_minor() == -88


def test_a_refund_needs_a_capture(stand_in):
    assert _refusal(stand_in.refund, stand_in.authorised(), 100) == (True, "charge_not_refundable")


def test_transfers_are_bounded_by_the_charge_less_refunds(stand_in):
    intent, account = stand_in.captured(2500), stand_in.shop_account()
    first = stand_in.transfer(1000, account, intent)
    stand_in.refund(intent, 500)
    assert _refusal(stand_in.transfer, 1001, account, intent)[0]
    stand_in.transfer(1000, account, intent)
    assert _refusal(stand_in.transfer, 1, account, intent)[0]
    stand_in.reverse(first, 300)
    stand_in.transfer(300, account, intent)
    assert stand_in.balance_minor(account.id) == 2000


def test_a_transfer_needs_a_captured_charge_and_an_account_that_can_receive(stand_in):
    account = stand_in.shop_account()
    assert _refusal(stand_in.transfer, 100, account, stand_in.authorised())[0]
    intent, closed = stand_in.captured(), stand_in.shop_account(active=False)
    assert _refusal(stand_in.transfer, 100, closed, intent) == (True, "insufficient_capabilities_for_transfer")


def test_a_transfer_without_a_source_needs_the_balance(stand_in):
    stand_in.captured(1000)
    account = stand_in.shop_account()
    params = {"amount": 942, "currency": "cad", "destination": account.id}
    with pytest.raises(Exception, match=r"insufficient available funds .*\(941 < 942\)"):
        stand_in.client.v1.transfers.create(params)
    stand_in.client.v1.transfers.create({**params, "amount": 941})
    assert (stand_in.balance_minor(), stand_in.balance_minor(account.id)) == (0, 941)


def test_a_transfer_has_its_charge_s_currency(stand_in):
    intent, account = stand_in.captured(), stand_in.shop_account()
    params = {"amount": 5, "currency": "eur", "destination": account.id, "source_transaction": intent.latest_charge_id}
    with pytest.raises(Exception, match="must be the same as the transfer currency"):
        stand_in.client.v1.transfers.create(params)


def test_a_reversal_is_bounded_by_the_transfer_and_by_the_shop_s_balance(stand_in):
    intent, account = stand_in.captured(2500), stand_in.shop_account()
    transfer = stand_in.transfer(2000, account, intent)
    assert _refusal(stand_in.reverse, transfer, 2001)[0]
    hosted.pay_out(stand_in.store, account.id, 1500, "CAD", stand_in.now)
    assert _refusal(stand_in.reverse, transfer, 501) == (True, "balance_insufficient")
    stand_in.reverse(transfer, 500)
    assert (stand_in.balance_minor(account.id), stand_in.balance_minor()) == (0, 2397 - 1500)


def test_a_canceled_payment_cannot_be_captured_nor_a_captured_one_canceled(stand_in):
    canceled = stand_in.authorised()
    gateway.cancel_intent(canceled.id, idempotency_key="x")
    refusal = _refusal(gateway.capture, canceled.id, 100, idempotency_key="c")
    assert refusal == (True, "payment_intent_unexpected_state")
    refusal = _refusal(gateway.cancel_intent, stand_in.captured().id, idempotency_key="y")
    assert refusal == (True, "payment_intent_unexpected_state")


def test_concurrent_captures_take_the_money_once(stand_in):
    intent = stand_in.authorised(2500)
    outcomes: list[str] = []

    def take(number: int) -> None:
        with stand_in.in_use():
            try:
                outcomes.append(gateway.capture(intent.id, 2500, idempotency_key=f"c{number}").status)
            except gateway.PaymentGatewayError as error:
                outcomes.append(error.code)

    threads = [threading.Thread(target=take, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["payment_intent_unexpected_state"] * 7 + ["succeeded"]
    assert stand_in.movements_minor() == [("charge", 2500, 103)]


MOVES = st.lists(
    st.tuples(st.sampled_from(["pay", "capture", "refund", "transfer", "reverse", "payout"]), st.integers(1, 4000)),
    max_size=30,
)


@settings(deadline=None, max_examples=60, derandomize=True)
@given(moves=MOVES)
def test_after_any_moves_every_balance_is_the_sum_of_its_movements(moves):
    with StandIn().in_use() as stand_in:
        account, intents, transfers = stand_in.shop_account(), [stand_in.authorised(3000)], []
        for move, amount in moves:
            # A refused move is one of the moves: it must change nothing.
            with suppress(gateway.PaymentGatewayError):
                if move == "pay":
                    intents.append(stand_in.authorised(amount + 50))
                elif move == "capture":
                    gateway.capture(intents[amount % len(intents)].id, amount, idempotency_key=stand_in.key())
                elif move == "refund":
                    stand_in.refund(intents[amount % len(intents)], amount)
                elif move == "transfer":
                    transfers.append(stand_in.transfer(amount, account, intents[amount % len(intents)]))
                elif move == "reverse" and transfers:
                    stand_in.reverse(transfers[amount % len(transfers)], amount)
                elif move == "payout" and stand_in.balance_minor(account.id) >= amount:
                    hosted.pay_out(stand_in.store, account.id, amount, "CAD", stand_in.now)
        _assert_balances_add_up(stand_in, account.id)
        for intent in intents:
            _assert_bounds(stand_in, intent)


def _assert_balances_add_up(stand_in: StandIn, account_id: str) -> None:
    for owner in ("", account_id):
        listed = gateway.list_balance_transactions(created_since=LONG_AGO, account_id=owner)
        assert sum(entry.net_minor for entry in listed) == stand_in.balance_minor(owner)
    assert stand_in.balance_minor(account_id) >= 0


def _assert_bounds(stand_in: StandIn, intent: gateway.Intent) -> None:
    taken = gateway.retrieve_intent(intent.id).amount_received_minor
    refunded = sum(refund.amount_minor for refund in gateway.list_refunds(intent_id=intent.id))
    assert refunded <= taken <= intent.amount_minor
