"""What goes wrong is told as what it is, by any system. The real faults are met in tests/systems."""

from __future__ import annotations

import re

import pytest
import responses
from django.utils.translation import override
from requests import ConnectionError

from shops.channels import ChannelError, lightspeed
from shops.channels import system as channel
from shops.systems import keeping
from shops.systems.access import Access
from shops.systems.calling import Caller, SystemCallError, within
from tests import factories
from tests.factories import NOON

URL, SECRET = "https://93.184.216.34/api", "s3cr3t-key"


@pytest.fixture
def caller() -> Caller:
    return Caller("Theirs", URL, {"Authorization": f"Bearer {SECRET}"}, [SECRET])


def fails(caller: Caller, *, method: str = "get") -> SystemCallError:
    with pytest.raises(SystemCallError) as caught:
        caller.get("/a") if method == "get" else caller.post("/a", {})
    assert SECRET not in str(caught.value) + str(caught.value.values) + repr(caught.value)
    return caught.value


@responses.activate
def test_answer_is_json_or_nothing(caller):
    responses.get(f"{URL}/a", json={"x": [1]}, headers={"Date": "Thu, 05 Mar 2026 12:00:00 GMT"})
    responses.post(f"{URL}/b", status=204)
    assert (caller.get("/a"), caller.post("/b", {})) == ({"x": [1]}, None)
    assert caller.began.isoformat() == "2026-03-05T12:00:00+00:00"


@responses.activate
@pytest.mark.parametrize(("status", "unknown"), [(301, False), (303, True), (308, False)])
def test_other_address_is_named_and_not_taken_for_maintenance(status, unknown, caller):
    there = {"Location": "https://www.example.org/api/a?token=x"}
    responses.post(f"{URL}/a", status=status, body="<title>Moved</title>", headers=there)
    error = fails(caller, method="post")
    assert (error.trouble, error.permanent, error.unknown_outcome) == ("system_address", True, unknown)
    assert error.values["detail"] == f"{status} → https://www.example.org/api/a"


@responses.activate
@pytest.mark.parametrize(
    ("status", "body", "trouble", "permanent"),
    [
        (401, "no", "system_key", True),
        (403, "no", "system_key", True),
        (404, "<title>Not found</title>", "system_refused", True),
        (422, '{"message": "quantity must be 1"}', "system_refused", True),
        (200, "<!DOCTYPE html><title>Maintenance</title>", "system_maintenance", False),
        (200, "{", "system_unclear", False),
        (503, "busy", "system_away", False),
    ],
)
def test_what_goes_wrong_is_told_as_what_it_is(status, body, trouble, permanent, caller):
    responses.get(f"{URL}/a", body=body, status=status)
    error = fails(caller)
    assert (error.trouble, error.permanent, error.unknown_outcome) == (trouble, permanent, False)


@responses.activate
@pytest.mark.parametrize(
    "body",
    [
        {"message": "No such item"},
        {"error": {"code": 404, "message": "No such item"}},
        {"errors": [{"code": "E1", "message": "No such item"}]},
        {"exception": "ValidationError: No such item", "exc": "Traceback …"},
    ],
)
def test_words_of_a_refusal_are_found_where_systems_have_them(body, caller):
    responses.get(f"{URL}/a", json=body, status=417)
    detail = fails(caller).values["detail"]
    assert (detail.endswith("No such item"), "Traceback" in detail, "{" in detail) == (True, False, False)


@responses.activate
def test_wait_that_is_asked_for_is_told(caller):
    responses.get(f"{URL}/a", status=429, headers={"Retry-After": "3600"})
    error = fails(caller)
    assert (error.trouble, error.later_seconds) == ("system_busy", 3600)


@responses.activate
def test_words_of_a_refusal_are_told_without_secrets(caller):
    responses.get(f"{URL}/a", json={"message": f"the key {SECRET} may not"}, status=400)
    error = fails(caller)
    assert error.values["detail"] == "400 the key … may not"


@responses.activate
@pytest.mark.parametrize(("status", "body", "unknown"), [(200, "<p>", True), (500, "", True), (429, "", False)])
def test_write_that_was_not_answered_may_have_happened(status, body, unknown, caller):
    responses.post(f"{URL}/a", body=body, status=status)
    assert fails(caller, method="post").unknown_outcome == unknown


def test_private_address_is_never_called(settings):
    error = fails(Caller("Theirs", "https://127.0.0.1/api", {}, []))
    assert (error.trouble, error.permanent) == ("system_address", True)


@responses.activate
def test_silence_is_told_in_plain_words(caller):
    responses.get(f"{URL}/a", body=ConnectionError("HTTPSConnectionPool(host='x'): Max retries exceeded"))
    with override("en"):
        assert str(fails(caller)) == "Theirs did not answer (no connection). We try again later."


@pytest.mark.django_db
@responses.activate
def test_system_that_always_has_one_page_more_is_given_up(monkeypatch):
    """It may be anybody's server: one that says so for ever would hold the hearing of all shops."""
    asked = []

    def page(request: object) -> tuple[int, dict[str, str], str]:
        asked.append(request)
        assert len(asked) < 3000
        return 200, {}, '{"data": [{"id": "1", "updated_at": "2020-01-01T00:00:00Z"}]}'

    responses.add_callback("GET", re.compile(".*/search"), callback=page)
    monkeypatch.setattr(channel, "HEARD_SECONDS", 0.3)
    monkeypatch.setattr(lightspeed, "FOUND", 1)
    shop = factories.shop(channel="lightspeed")
    options = {"customer_id": "1", keeping.FOUND: {}}
    keeping.keep(shop.pk, Access("lightspeed", "https://93.184.216.34", options, {"key": SECRET}), now=NOON)
    with pytest.raises(ChannelError) as caught:
        list(lightspeed.LightspeedChannel(shop).states(NOON))
    assert (caught.value.permanent, caught.value.unknown_outcome) == (False, False)


@responses.activate
def test_nothing_is_called_after_the_time_for_all_calls(caller):
    responses.post(f"{URL}/a", json={})
    with within(60.0):
        caller.post("/a", {})
        with within(0.0):
            error = fails(caller, method="post")
    assert (error.trouble, error.unknown_outcome, len(responses.calls)) == ("system_away", False, 1)
