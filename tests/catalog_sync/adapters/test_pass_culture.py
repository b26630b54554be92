"""Stock in the shape of pass Culture's pull: a file of it, and page after page."""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import responses

from catalog_sync.adapters import adapter_for, pass_culture
from catalog_sync.conformance import AdapterConformance, FeedUnderTest
from catalog_sync.reasons import FeedError
from catalog_sync.records import Cursor, Lane
from tests.catalog_sync.feeds import FIXTURES

URL = "https://stock.example/123"
REFS = ["9780439023481", "9780804429573", "9782070360246", "9782070368228"]


class TestPassCulture(AdapterConformance):
    kind = "pass_culture"
    fixture = FIXTURES / "pass_culture.json"
    expected = {
        "9780439023481": {"gtin": 9780439023481, "price": 1230, "quantity": 3, "availability": "in_stock"},
        "9780804429573": {"price": 700, "quantity": 0, "availability": "temporarily_unavailable"},
        "9782070360246": {"price": 990, "availability": "unknown"},
        "9782070368228": {"price": None, "quantity": 0},
    }
    unknown_quantities = ("9782070360246",)
    expected_refused = ("gtin_check_digit", "sku_missing")
    long_feed = (
        '{"stocks":[',
        '{"ref":"9782070368228","available":1,"n":NUMBER},\n',
        '{"ref":"9782070368228"}]}',
    )


@pytest.mark.parametrize(
    ("unit", "stated", "price"),
    [("cents", "1230", 1230), ("cents", "12.3", None), ("euros", "12.3", 1230), ("euros", '"12.30"', 1230)],
)
def test_prices_are_in_cents_or_euros_as_declared(tmp_path, unit, stated, price):
    path = tmp_path / "stock.json"
    path.write_text(f'{{"stocks":[{{"ref":"{REFS[0]}","available":1,"price":{stated}}}]}}')
    feed = FeedUnderTest("pass_culture", str(path), options={"prices_in": unit})
    (chunk,) = adapter_for(feed).fetch(Lane.CATALOGUE, None)
    assert [record.price for record in chunk.records] == [price]


def answer(refs: list[str]) -> str:
    return json.dumps({"stocks": [{"ref": ref, "available": 1, "price": 5} for ref in refs]})


def paged(request):
    """A system with two articles a page."""
    after = parse_qs(urlsplit(request.url).query).get("after", [""])[0]
    rest = [ref for ref in REFS if ref > after]
    return 200, {}, answer(rest[:2])


SINCE = Cursor(Lane.CATALOGUE, "2024-03-05T08:00:00Z")


def pull(since: Cursor | None = None, password: str = "", mode: str = "full", **options):
    feed = FeedUnderTest("pass_culture", URL, options=options, password=password, mode=mode)
    return list(adapter_for(feed).fetch(Lane.CATALOGUE, since))


@responses.activate
def test_pages_are_asked_for_until_an_empty_one():
    responses.add_callback("GET", URL, paged)
    before = datetime.now(UTC)
    chunks = pull(user="halles", password="secret")
    assert [record.sku for chunk in chunks for record in chunk.records] == REFS
    assert [chunk.complete for chunk in chunks] == [True]
    assert before <= chunks[0].as_of <= datetime.now(UTC)
    asked = [parse_qs(urlsplit(call.request.url).query) for call in responses.calls]
    assert asked == [
        {"limit": ["1000"]},
        {"limit": ["1000"], "after": [REFS[1]]},
        {"limit": ["1000"], "after": [REFS[3]]},
    ]
    assert responses.calls[0].request.headers["Authorization"].startswith("Basic ")


@responses.activate
def test_changes_are_asked_for_since_the_last_reading_began():
    responses.add_callback("GET", URL, paged)
    chunks = pull(SINCE, mode="delta")
    assert parse_qs(urlsplit(responses.calls[0].request.url).query)["modifiedSince"] == ["2024-03-05T08:00:00Z"]
    cursor = chunks[-1].cursor
    assert cursor is not None
    next_time = datetime.fromisoformat(cursor.value)
    assert timedelta(minutes=14) < chunks[-1].as_of - next_time < timedelta(minutes=16)
    assert not chunks[-1].complete


def code_of(**options) -> str:
    """Of the `FeedError` that ends a pull."""
    with pytest.raises(FeedError) as caught:
        pull(**options)
    return caught.value.reason.code if caught.value.reason else ""


@responses.activate
def test_no_change_is_no_error():
    responses.get(URL, body="")
    (chunk,) = pull(SINCE, mode="delta")
    assert (chunk.records, chunk.complete) == ([], False)
    assert code_of() == "file_without_articles"


@responses.activate
def test_cursor_that_does_not_advance_ends_the_reading():
    responses.get(URL, body=answer(REFS[:2]))
    assert code_of() == "paging_stuck"
    assert len(responses.calls) == 2


@responses.activate
def test_pages_that_go_round_end_the_reading():
    turns = iter(range(1000))
    responses.add_callback("GET", URL, lambda request: (200, {}, answer([REFS[next(turns) % 3]])))
    assert code_of() == "paging_stuck"


@responses.activate
def test_pages_without_end_are_given_up(monkeypatch):
    monkeypatch.setattr(pass_culture, "MOST_PAGES", 5)
    turns = iter(range(1000))
    responses.add_callback("GET", URL, lambda request: (200, {}, answer([str(next(turns))])))
    assert code_of() == "paging_endless"


@responses.activate
@pytest.mark.parametrize(
    ("status", "body", "code", "permanent"),
    [
        (404, "{}", "file_unreachable", True),
        (503, "", "file_unreachable", False),
        (200, '{"errors": {"siret": ["unknown"]}}', "file_wrong_kind", True),
        (200, answer(REFS)[:-20], "file_damaged", False),
        (200, "<html><title>Login</title>", "file_is_web_page", False),
        (200, "[" * 100_000, "file_damaged", False),
    ],
)
def test_answer_that_is_none_is_told(status, body, code, permanent):
    responses.get(URL, status=status, body=body)
    with pytest.raises(FeedError) as caught:
        pull()
    assert caught.value.reason is not None
    assert (caught.value.reason.code, caught.value.permanent) == (code, permanent)


@responses.activate
def test_first_reading_of_changes_asks_for_everything():
    responses.add_callback("GET", URL, paged)
    chunks = pull(mode="delta")
    assert "modifiedSince" not in parse_qs(urlsplit(responses.calls[0].request.url).query)
    assert chunks[-1].complete
