"""JSON Lines of our own schema."""

import json
from datetime import UTC, datetime

import pytest

from catalog_sync.adapters import adapter_for
from catalog_sync.conformance import AdapterConformance, FeedUnderTest
from catalog_sync.reading.lines import LARGEST_LINE
from catalog_sync.records import Lane
from tests.catalog_sync.feeds import FIXTURES

HEADER = '{"halles":1,"as_of":"2024-03-05T08:15:00Z"}\n'


class TestJsonLines(AdapterConformance):
    kind = "jsonl"
    fixture = FIXTURES / "articles.jsonl"
    expected = {
        "L-1": {
            "gtin": 9782070368228,
            "title": "L'Étranger",
            "price": 750,
            "currency": "EUR",
            "price_kind": "fixed",
            "quantity": 3,
            "as_of": datetime(2024, 3, 5, 8, 0, tzinfo=UTC),
            "contributors": (("Albert Camus", "author"),),
            "subjects": (("clil", "3442", "Romans"),),
            "pages": 191,
            "publication_date": "1971-12",
        },
        "L-2": {"title": "Tasse “Halles”", "price": 1290, "availability": "unknown"},
        "9782070360246": {"quantity": 0, "availability": "temporarily_unavailable"},
        "L-4": {"price": None, "pages": None},
        "L-5": {"price": 360000, "quantity": 0, "days": 5, "availability": "orderable"},
        "L-10": {"price": None, "price_kind": "retail", "signed": True, "condition": "good"},
    }
    unknown_quantities = ("L-2", "L-4")
    expected_gone = ("L-9",)
    expected_refused = ("title_missing", "json_broken", "sku_missing", "json_broken")
    long_feed = ("", '{"sku":"NUMBER","title":"Title NUMBER","price":"1.00","quantity":1}\n', '{"end":0}')

    def test_wrong_charset_is_survived(self, tmp_path, reading):
        """JSON Lines are UTF-8 alone: each line that is not is refused for itself, with its number."""
        text = self.fixture.read_text(encoding="utf-8")
        other = self.broken(tmp_path, text.encode("cp1252"))
        refused = {each.position: each.reason.code for chunk in other.chunks for each in chunk.refused}
        assert {number: code for number, code in refused.items() if code == "characters_broken"} == {
            number: "characters_broken" for number, line in enumerate(text.splitlines(), 1) if not line.isascii()
        }
        lost = {"L-10"}
        assert [record.sku for record in other.records] == [r.sku for r in reading.records if r.sku not in lost]


def read(tmp_path, text: str | bytes, lane: Lane = Lane.CATALOGUE, **options):
    path = tmp_path / "list.jsonl"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(adapter_for(FeedUnderTest("jsonl", str(path), options=options)).fetch(lane, None))


def told(chunks) -> list[str]:
    return [each.reason.code for chunk in chunks for each in [*chunk.refused, *chunk.issues]]


def test_unknown_and_wrong_fields_are_named(tmp_path):
    (chunk,) = read(tmp_path, '{"sku":"A","title":"T","colour":"red","pages":"many"}\n{"end":1}')
    assert [(issue.position, issue.reason.code, dict(issue.reason.values)) for issue in chunk.issues] == [
        (1, "field_unknown", {"value": "colour"}),
        (1, "field_wrong", {"field": "pages", "value": "many"}),
    ]


@pytest.mark.parametrize(
    ("end", "complete", "note"),
    [
        ('{"end":2}\n', True, None),
        ("", False, "end_missing"),
        ('{"end":3}', False, "end_differs"),
        ('{"end":2,"complete":false}', False, "delta_only"),
        ('{"end":2}\n{"sku":"C","title":"T"}', False, "end_differs"),
        ('{"end":"2"}', False, "end_differs"),
    ],
)
def test_list_is_complete_only_where_its_end_is_proved(tmp_path, end, complete, note):
    chunk = read(tmp_path, '{"sku":"A","title":"T"}\n{"sku":"B","title":"T"}\n' + end)[-1]
    assert (chunk.complete, note in [each.code for each in chunk.notes]) == (complete, note is not None)


def test_header_may_say_that_not_all_is_listed(tmp_path):
    (chunk,) = read(tmp_path, '{"halles":1,"complete":false}\n{"sku":"A","title":"T"}\n{"end":1}')
    assert not chunk.complete


def test_numbers_of_another_time_are_another_chunk(tmp_path):
    lines = [{"sku": sku, "title": "T", "as_of": f"2024-03-0{day}T08:00:00+00:00"} for sku, day in ["A1", "B1", "C2"]]
    chunks = read(tmp_path, HEADER + "".join(json.dumps(line) + "\n" for line in lines) + '{"end":3}')
    assert [(chunk.as_of.day, [record.sku for record in chunk.records]) for chunk in chunks] == [
        (1, ["A", "B"]),
        (2, ["C"]),
    ]


def test_moment_of_the_future_is_not_believed(tmp_path):
    started = datetime.now(UTC)
    (chunk,) = read(tmp_path, '{"sku":"A","title":"T","as_of":"2999-01-01T00:00:00Z"}\n{"end":1}')
    assert chunk.as_of < started


@pytest.mark.parametrize(
    "line",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"sku":"B","title":"T","subjects":' + "[" * 200 + "]" * 200 + "}",
        '{"sku":"B","title":"T","quantity":NaN}',
        '{"sku":"B","title":"T","quantity":' + "9" * 5000 + "}",
        '{"sku":"B","title":"T","quantity":1e999999999}',
        '{"sku":"B","title":"' + "x" * LARGEST_LINE + '"}',
        b'{"sku":"B","title":"\xe9"}',
        "null",
        '"B"',
    ],
    ids=["arrays", "objects", "deep", "nan", "digits", "exponent", "long", "bytes", "null", "text"],
)
def test_hostile_line_costs_that_line_alone(tmp_path, line):
    line = line if isinstance(line, bytes) else line.encode()
    (chunk,) = read(tmp_path, b'{"sku":"A","title":"T"}\n' + line + b'\n{"sku":"C","title":"T"}\n{"end":3}\n')
    assert [record.sku for record in chunk.records] == ["A", "C"]
    assert [refused.position for refused in chunk.refused] == [2]
    assert chunk.complete


def test_half_characters_and_control_characters_are_taken_out(tmp_path):
    (chunk,) = read(
        tmp_path, '{"sku":"A","title":"x\\ud800y\\u0000z \\ud83d\\ude00","description":"\\udfff"}\n{"end":1}'
    )
    (record,) = chunk.records
    assert (record.title, record.description) == ("x\ufffdy z 😀", "\ufffd")


def test_stock_lane_needs_no_titles(tmp_path):
    (chunk,) = read(tmp_path, '{"sku":"A","quantity":2}\n{"end":1}', Lane.STOCK)
    assert [(record.sku, record.quantity) for record in chunk.records] == [("A", 2)]


def test_other_version_is_refused(tmp_path):
    with pytest.raises(Exception, match="halles 2"):
        read(tmp_path, '{"halles":2}\n{"sku":"A","title":"T"}\n')
