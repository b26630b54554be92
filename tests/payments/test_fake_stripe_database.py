"""Both stores keep the same promises; the database's keeps them between threads and across processes too."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import UTC, datetime

import pytest
import stripe
from django.db import connection, transaction

from marketplace.payments import gateway
from marketplace.payments.fake_stripe import hosted
from marketplace.payments.fake_stripe.client import FakeHTTPClient
from marketplace.payments.fake_stripe.database import CalledInTransactionError, DatabaseStore
from marketplace.payments.fake_stripe.faults import Fault, plan
from marketplace.payments.fake_stripe.models import FakeStripeObject
from marketplace.payments.fake_stripe.steps import deliver_due_events
from marketplace.payments.fake_stripe.store import MemoryStore, SavedAnswer, Store
from tests.payments.stand_in import StandIn


@pytest.fixture(params=["memory", "database"])
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "memory":
        return MemoryStore()
    request.getfixturevalue("db")
    return DatabaseStore()


@pytest.fixture
def stand_in(committed_db):
    with StandIn(DatabaseStore()).in_use() as stand_in:
        yield stand_in


def _ids(bodies: list[dict]) -> list[str]:
    return [body["id"] for body in bodies]


def test_a_store_gives_copies(store):
    store.put("charge", {"id": "ch_1", "created": 5, "amount": 1})
    store.get("charge", "ch_1")["amount"] = 2
    assert store.get("charge", "ch_1") == {"id": "ch_1", "created": 5, "amount": 1}


def test_a_store_separates_kinds_and_accounts(store):
    store.put("charge", {"id": "ch_1", "created": 5}, account="acct_1")
    assert store.get("charge", "ch_1") is None
    assert store.get("refund", "ch_1", account="acct_1") is None
    assert store.get("charge", "ch_1", account="acct_1") == {"id": "ch_1", "created": 5}


def test_a_store_finds_newest_first_by_key_time_and_place(store):
    for number in range(5):
        store.put("refund", {"id": f"re_{number}", "created": number, "charge": f"ch_{number % 2}"})
    store.put("refund", {"id": "re_0", "created": 0, "charge": "ch_0", "changed": True})
    assert _ids(store.find("refund")) == ["re_4", "re_3", "re_2", "re_1", "re_0"]
    assert _ids(store.find("refund", charge="ch_0")) == ["re_4", "re_2", "re_0"]
    assert _ids(store.find("refund", after="re_3", limit=2)) == ["re_2", "re_1"]
    assert _ids(store.find("refund", created={"gt": 1, "lte": 3})) == ["re_3", "re_2"]
    assert _ids(store.find("refund", created={"gte": 1, "lt": 3})) == ["re_2", "re_1"]
    assert store.find("refund", charge="ch_9") == []


def test_a_store_gives_what_is_due_the_longest_due_first(store):
    store.put("delivery", {"id": "d_1", "created": 0}, due_at=30)
    store.put("delivery", {"id": "d_2", "created": 0}, due_at=20)
    store.put("delivery", {"id": "d_3", "created": 0})
    assert _ids(store.due("delivery", 19)) == []
    assert _ids(store.due("delivery", 30)) == ["d_2", "d_1"]
    assert _ids(store.due("delivery", 30, limit=1)) == ["d_2"]
    store.put("delivery", {"id": "d_2", "created": 0})
    assert _ids(store.due("delivery", 30)) == ["d_1"]


def test_a_store_replaces_the_answer_under_a_key(store):
    first, second = SavedAnswer("a", 200, {"id": "x"}, 10), SavedAnswer("b", 400, {"error": {}}, 20)
    assert store.saved_answer("k") is None
    store.save_answer("k", first)
    assert store.saved_answer("k") == first
    store.save_answer("k", second)
    assert store.saved_answer("k") == second


def test_a_savepoint_undoes_what_an_exception_passes(store):
    def fail() -> None:
        with store.savepoint():
            store.put("charge", {"id": "ch_2", "created": 1})
            store.save_answer("k", SavedAnswer("a", 200, {}, 10))
            raise LookupError

    with store.exclusive():
        store.put("charge", {"id": "ch_1", "created": 1})
        with pytest.raises(LookupError):
            fail()
    assert _ids(store.find("charge")) == ["ch_1"]
    assert store.saved_answer("k") is None


def test_a_whole_story_on_the_database(stand_in):
    intent, account = stand_in.captured(2500, part_minor=2000), stand_in.shop_account()
    transfer = stand_in.transfer(1000, account, intent)
    stand_in.reverse(transfer, 300)
    stand_in.refund(intent, 300)
    assert stand_in.movements_minor() == [
        ("charge", 2000, 88),
        ("transfer", -1000, 0),
        ("transfer_refund", 300, 0),
        ("refund", -300, 0),
    ]
    assert (stand_in.balance_minor(), stand_in.balance_minor(account.id)) == (912, 700)
    taken: list[bytes] = []
    moment = datetime.fromtimestamp(stand_in.now, UTC)
    assert deliver_due_events(moment, lambda payload, _: taken.append(payload)) == len(stand_in.event_kinds())
    assert deliver_due_events(moment, lambda payload, _: taken.append(payload)) == 0


def test_concurrent_captures_on_the_database_take_the_money_once(stand_in):
    intent = stand_in.authorised(2500)
    outcomes: list[str] = []

    def take(number: int) -> None:
        with stand_in.in_use():
            try:
                outcomes.append(gateway.capture(intent.id, 2500, idempotency_key=f"c{number}").status)
            except gateway.PaymentGatewayError as error:
                outcomes.append(error.code)
            finally:
                connection.close()

    threads = [threading.Thread(target=take, args=[number]) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["payment_intent_unexpected_state"] * 5 + ["succeeded"]
    assert stand_in.movements_minor() == [("charge", 2500, 103)]


def test_a_call_inside_an_open_transaction_is_refused(stand_in):
    """Its effect would stay at Stripe when the transaction is undone."""
    intent = stand_in.authorised(2500)
    with transaction.atomic(), pytest.raises(CalledInTransactionError):
        gateway.capture(intent.id, 2500, idempotency_key="c")
    assert stand_in.movements_minor() == []


def test_a_broken_connection_after_the_effect_leaves_the_effect(stand_in):
    intent = stand_in.captured(2500)
    plan(stand_in.store, Fault("drop_after", on="POST /v1/refunds"))
    with pytest.raises(gateway.PaymentGatewayError):
        gateway.refund(intent.id, 500, metadata={}, idempotency_key="r")
    assert [refund.amount_minor for refund in gateway.list_refunds(intent_id=intent.id)] == [500]


def test_another_process_sees_the_same_stripe(stand_in, tmp_path):
    if connection.vendor == "sqlite" and "memory" in str(connection.settings_dict["NAME"]):
        pytest.skip("a database in memory has one process")
    session = stand_in.open_session()
    script = (
        "import django; django.setup()\n"
        "from django.db import connections\n"
        f"connections['default'].settings_dict['NAME'] = {str(connection.settings_dict['NAME'])!r}\n"
        "from marketplace.payments.fake_stripe import hosted\n"
        "from marketplace.payments.fake_stripe.database import DatabaseStore\n"
        f"print(hosted.pay(DatabaseStore(), {session.id!r}, {stand_in.now}, approved=True).status)\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=120)
    assert (run.stdout.strip(), run.returncode) == ("complete", 0), run.stderr
    assert gateway.retrieve_session(session.id).status == "complete"


def test_the_clock_of_a_session_does_not_depend_on_who_asks(stand_in):
    session = stand_in.open_session(minutes=31)
    later = StandIn(DatabaseStore())
    later.now = stand_in.now + 31 * 60
    hosted.show(later.store, session.id, later.now)
    assert gateway.retrieve_session(session.id).status == "expired"


def test_private_keys_are_stored_and_not_answered(stand_in):
    session = stand_in.open_session()
    assert "_lines" in FakeStripeObject.objects.get(object_id=session.id).body
    answered = stripe.StripeClient("sk_test_x", http_client=FakeHTTPClient(stand_in.store, lambda: stand_in.now))
    assert "_lines" not in answered.v1.checkout.sessions.retrieve(session.id).to_dict()
