"""JSON lists, one object at a time."""

import json

import pytest

from catalog_sync.reading import json_records
from catalog_sync.reading.decoding import Decoding
from catalog_sync.reading.json_records import LARGEST_RECORD, JsonEnding, split_json

UTF8 = Decoding("utf-8", "valid UTF-8")
TRICKY = {"a": 'br{ac]es "quoted" \\', "b": [{"c": {}}], "@graph": [1]}


def split(tmp_path, text: str, names=("stocks",)):
    path = tmp_path / "list.json"
    path.write_text(text, encoding="utf-8")
    ending = JsonEnding()
    return list(split_json(path, UTF8, names, ending)), ending.closed


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([TRICKY, {"n": 2}]),
        json.dumps({"total": 2, "stocks": [TRICKY, {"n": 2}], "more": {"stocks": [{"n": 3}]}}),
        "\ufeff  [ " + json.dumps(TRICKY, indent=3) + ' ,\n "text", 5, {"n":2} ] \n',
    ],
    ids=["list", "named", "spaced"],
)
@pytest.mark.parametrize("block", [1, 7, 1 << 20])
def test_objects_of_the_list_are_found_whatever_the_blocks(tmp_path, monkeypatch, text, block):
    monkeypatch.setattr("catalog_sync.reading.decoding.BLOCK", block)
    pieces, closed = split(tmp_path, text)
    assert ([piece.value for piece in pieces], closed) == ([TRICKY, {"n": 2}], True)


def test_object_without_a_list_is_the_record(tmp_path):
    pieces, closed = split(tmp_path, '{"a": {"stocks": [{"n": 1}]}}')
    assert ([piece.value for piece in pieces], closed) == ([{"a": {"stocks": [{"n": 1}]}}], True)


def test_cut_list_delivers_what_is_whole(tmp_path):
    text = json.dumps([{"n": number, "t": "x" * 20} for number in range(20)])
    for cut in range(1, len(text), 7):
        pieces, closed = split(tmp_path, text[:cut])
        whole = [piece.value["n"] for piece in pieces if piece.problem is None]
        assert (whole, closed) == (list(range(len(whole))), False)
        assert [piece.problem.code for piece in pieces if piece.problem] in ([], ["record_cut"])


def test_mistake_inside_an_object_costs_that_object(tmp_path):
    pieces, closed = split(tmp_path, '[{"n":1},{"n":},{"n":3}]')
    assert [(piece.number, piece.problem is None) for piece in pieces] == [(1, True), (2, False), (3, True)]
    assert closed


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, '{"a":' * 100_000, "[{]}", '[{"n":1}]]', '[{"n":1}] more', '[{"n":1}]["x"]', "]", '["' + "x" * 50],
    ids=["arrays", "objects", "crossed", "closed twice", "text after", "list after", "closed", "open text"],
)
def test_list_that_is_none_is_not_closed(tmp_path, text):
    pieces, closed = split(tmp_path, text)
    assert len(pieces) <= 1
    assert not closed


def test_record_that_never_ends_is_given_up(tmp_path):
    pieces, closed = split(tmp_path, '[{"n":1},{"a":"' + "x" * (LARGEST_RECORD + json_records.LARGEST_RECORD // 2))
    assert [piece.problem and piece.problem.code for piece in pieces] == [None, "record_too_large"]
    assert not closed
