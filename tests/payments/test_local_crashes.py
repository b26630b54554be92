"""A process that dies around a call to a local currency's service: the next one looks the call up by its key, and what
was done there once is never done twice. The service here forgives nothing: whatever is posted, it carries out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import responses
from django.db import connections
from django.utils import timezone

from marketplace.payments import invariants, local_currency, local_service
from marketplace.payments.models import LocalCall, LocalUse
from tests.checkout.test_crashes import dies_at
from tests.payments import paying
from tests.payments.test_local_service import ROOT, held

pytestmark = pytest.mark.usefixtures("committed_db")
LEASES_ARE_OVER = timedelta(minutes=30)
BECOMES = {"holds": "held", "take": "taken", "free": "freed", "payments": "paid"}


class Service:
    """Keeps what it carried out in a file, so that it outlives the process that asked."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def done(self) -> list[tuple[str, str]]:
        """(kind of call, key), in order."""
        return [tuple(row) for row in json.loads(self.file.read_text())] if self.file.exists() else []

    def post(self, request) -> tuple[int, dict, str]:
        kind = request.url.rpartition("/")[2]
        self.file.write_text(json.dumps([*self.done(), (kind, json.loads(request.body)["key"])]))
        return 200, {}, json.dumps({"state": BECOMES[kind]})

    def get(self, request) -> tuple[int, dict, str]:
        """Of a hold what was done with it last, of a payment whether it was made."""
        asked = request.url.rpartition("/")[2]
        number = asked.removeprefix("checkout-")
        found = [kind for kind, key in self.done() if key == asked or key.removeprefix(f"{kind}-") == number]
        return (200, {}, json.dumps({"state": BECOMES[found[-1]]})) if found else (404, {}, "{}")


@pytest.fixture
def service(tmp_path) -> Iterator[Service]:
    made = Service(tmp_path / "service.json")
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.add_callback(responses.POST, re.compile(f"{ROOT}/.*"), made.post)
        mock.add_callback(responses.GET, re.compile(f"{ROOT}/.*"), made.get)
        yield made


def work(later: timedelta = LEASES_ARE_OVER) -> int:
    connections.close_all()
    return local_service.move(timezone.now() + later)


def confirm(made) -> bool:
    connections.close_all()
    return local_currency.confirm(made.pk, now=timezone.now())


def prepared(kind: str, service: Service) -> tuple[str, Callable[[], object]]:
    """What is done at the service when nobody dies, and the work that does it."""
    made = held()
    reference = LocalUse.objects.get(checkout=made.pk).reference
    if kind == "holds":
        return f"checkout-{reference}", lambda: local_currency.confirm(made.pk, now=timezone.now())
    assert confirm(made)
    now = timezone.now()
    if kind == "free":
        local_currency.release_hold(made.pk, now=now)
        return f"free-{reference}", lambda: local_service.move(timezone.now())
    payment = paying.placed(now, made=made)
    if kind == "payments":
        assert work(timedelta()) == 1  # it is taken
        paying.answer(payment, 2, 1, 3)
        paying.work(now)
        key = LocalCall.objects.get(kind="pay").key
        return key, lambda: local_service.move(timezone.now())
    return f"take-{reference}", lambda: local_service.move(timezone.now())


def again(kind: str) -> None:
    """The next process, as often as it likes."""
    for _ in range(2):
        if kind == "holds":
            assert confirm(LocalCall.objects.get().use.checkout)
        else:
            work()


@pytest.mark.parametrize("where", ["local.before_call", "local.after_call"])
@pytest.mark.parametrize("kind", ["holds", "take", "free", "payments"])
def test_death_around_a_call_repeats_nothing_and_loses_nothing(kind, where, service):
    key, act = prepared(kind, service)
    before = service.done()
    assert dies_at(where, act)
    assert service.done() == before + ([(kind, key)] if where == "local.after_call" else [])
    again(kind)
    assert service.done() == [*before, (kind, key)]
    call = LocalCall.objects.get(key=key)
    assert (call.done_at is not None, call.parked_at) == (True, None)
    assert {name: texts for name, test in invariants.INVARIANTS.items() if (texts := test())} == {}


def test_without_the_look_up_it_is_done_twice(service, monkeypatch):
    """Negative control."""
    key, act = prepared("take", service)
    assert dies_at("local.after_call", act)
    monkeypatch.setattr(local_service, "_state", lambda call, currency: "")
    again("take")
    assert service.done()[1:] == [("take", key)] * 2
