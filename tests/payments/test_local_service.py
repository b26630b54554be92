"""An outside service keeps the accounts: each call has its key first, what nobody knows is looked up, never made again
blindly."""

from __future__ import annotations

import json
from datetime import timedelta
from unittest.mock import ANY

import pytest
import requests
import responses
from django.utils import timezone

from marketplace.foundation import secrets
from marketplace.payments import invariants, local_currency, local_service
from marketplace.payments.local_provider import ServiceError
from marketplace.payments.models import LocalCall, LocalCurrency, LocalUse, Payment
from tests import factories
from tests.payments import paying

ROOT = "https://gonette.example.org/api"


@pytest.fixture
def service(db):
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def held(units: int = 1000):
    """A frozen checkout of which a part is to be paid there; nothing is called yet."""
    now = timezone.now()
    made = paying.checkout()
    currency = factories.local_currency(provider="service", service_address=ROOT)
    currency.service_key = secrets.seal("sesame", row=local_service.key_name(currency))
    currency.save()
    first = made.parcels.order_by("pk")[0].shop
    currency.acceptances.create(shop=first, basis_points=5000, account="librairie-a")
    [choice] = local_currency.choices([(first.pk, 3650)], None)
    assert (choice.account, choice.balance_minor) == (None, None)
    local_currency.enter(made.pk, choice, units, account="lea", code="1234")
    plan = local_currency.planned(made.pk, [(first.pk, 3650)], made.total_minor)
    assert local_currency.hold(plan, now=now)
    made.local_minor = plan.value_minor
    made.save(update_fields=["local_minor"])
    return made


def key(made) -> str:
    return f"checkout-{LocalUse.objects.get(checkout=made).reference}"


def confirm(made) -> bool:
    return local_currency.confirm(made.pk, now=timezone.now())


def sent(service, number: int) -> dict:
    return json.loads(service.calls[number].request.body)


def test_hold_take_and_pay_the_shop(service):
    now, made = timezone.now(), held()
    service.post(f"{ROOT}/holds", json={"state": "held"})
    service.post(f"{ROOT}/holds/{key(made)}/take", json={"state": "taken"})
    service.post(f"{ROOT}/payments", json={"state": "paid"})
    assert [confirm(made), confirm(made)] == [True, True]
    first = service.calls[0].request
    said = {"key": key(made), "amount": 1000, "currency": "GON", "account": "lea", "code": "1234"}
    until = (made.expires_at + timedelta(days=1)).isoformat()
    assert (sent(service, 0), first.headers["Authorization"]) == (said | {"until": until}, "Bearer sesame")
    assert (first.headers["Idempotency-Key"], LocalUse.objects.get().service_code) == (key(made), "")
    payment = paying.placed(now, made=made)
    paying.answer(payment, 0, 0, 0)
    paying.work(now)
    paying.handed_over(payment, now)
    paying.work(now + timedelta(days=8))
    for _ in range(3):
        local_service.move(now + timedelta(days=9))
    assert [call.request.url.removeprefix(ROOT) for call in service.calls] == [
        "/holds",
        f"/holds/{key(made)}/take",
        "/payments",
    ]
    assert (sent(service, 2)["account"], sent(service, 2)["amount"]) == ("librairie-a", 1000)
    assert paying.at_stripe(paying.parts_of(payment)[0].shop) == 3410 - 1000
    assert {name: texts for name, test in invariants.INVARIANTS.items() if (texts := test())} == {}


@pytest.mark.parametrize(
    ("becomes", "calls", "works"),
    [("held", ["POST", "GET"], True), ("refused", ["POST", "GET"], False), (None, ["POST", "GET", "POST"], True)],
)
def test_unknown_outcome_is_looked_up_before_anything_is_called_again(service, becomes, calls, works):
    made = held()
    service.post(f"{ROOT}/holds", body=requests.ConnectionError("reset"))
    with pytest.raises(ServiceError):
        confirm(made)
    address = f"{ROOT}/holds/{key(made)}"
    service.get(address, json={"state": becomes}) if becomes else service.get(address, status=404)
    service.post(f"{ROOT}/holds", json={"state": "held"})
    assert confirm(made) is works
    assert [call.request.method for call in service.calls] == calls
    assert {call.request.headers.get("Idempotency-Key", key(made)) for call in service.calls} == {key(made)}


def test_refused_is_told_and_nothing_is_left(service):
    made = held()
    service.post(f"{ROOT}/holds", status=409, json={"state": "refused"})
    assert [confirm(made), confirm(made)] == [False, False]
    assert len(service.calls) == 1
    local_currency.release_hold(made.pk, now=timezone.now())  # nothing is held there, so nothing is to be freed
    assert local_service.move(timezone.now()) == 0
    assert (LocalUse.objects.get().held, LocalCall.objects.get().kind) == (False, "hold")
    assert not local_currency.hold_again(made.pk, now=timezone.now())  # the payer's word was for one payment


def test_never_called_needs_no_freeing(service):
    made = held()
    local_currency.release_hold(made.pk, now=timezone.now())
    assert (local_service.move(timezone.now()), LocalCall.objects.filter(kind="free").count()) == (0, 0)


def test_given_back_is_paid_to_its_payer_and_what_is_refused_is_a_persons(service):
    now, made = timezone.now(), held()
    service.post(f"{ROOT}/holds", json={"state": "held"})
    service.post(f"{ROOT}/holds/{key(made)}/take", json={"state": "taken"})
    service.post(f"{ROOT}/payments", status=422, json={"state": "refused"})
    assert confirm(made)
    payment = paying.placed(now, made=made)
    paying.answer(payment, 2, 1, 3)
    paying.work(now)
    for _ in range(3):
        local_service.move(now)
    back = LocalCall.objects.get(kind="pay")
    assert (back.account, back.amount_minor, back.parked_at is not None) == ("lea", 1000, True)
    assert Payment.objects.get().other_back_minor == 1000


def test_what_was_not_taken_is_paid_to_nobody(service):
    now, made = timezone.now(), held()
    service.post(f"{ROOT}/holds", json={"state": "held"})
    service.post(f"{ROOT}/holds/{key(made)}/take", status=409, json={"state": "freed"})
    service.post(f"{ROOT}/payments", json={"state": "paid"})
    assert confirm(made)
    payment = paying.placed(now, made=made)
    paying.answer(payment, 2, 1, 3)
    paying.work(now)
    for _ in range(3):
        local_service.move(now)
    assert list(LocalCall.objects.order_by("pk").values_list("kind", "done_at", "parked_at")) == [
        ("hold", ANY, None),
        ("take", None, now),
        ("pay", None, None),
    ]
    LocalCall.objects.filter(kind="take").update(done_at=now, due_at=None)  # a person saw to it
    assert local_service.move(now) == 1
    assert LocalCall.objects.get(kind="pay").done_at == now


def test_one_call_that_cannot_be_made_does_not_stop_the_others(service):
    now = timezone.now()
    for made in (held(), None):
        if made is None:
            LocalCurrency.objects.update(code="OLD")  # its key was sealed under the other code
            made = held()
        service.post(f"{ROOT}/holds", json={"state": "held"})
        service.post(f"{ROOT}/holds/{key(made)}/free", json={"state": "freed"})
        assert confirm(made)
        local_currency.release_hold(made.pk, now=now)
    assert local_service.move(now) == 1
    first, second = LocalCall.objects.filter(kind="free").order_by("pk")
    assert (first.done_at, first.last_error != "", second.done_at) == (None, True, now)
