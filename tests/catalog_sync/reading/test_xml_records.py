"""Splitting XML by its records."""

import pytest

from catalog_sync.reading import xml_records
from catalog_sync.reading.xml_records import XmlEnding, describe, parse, split_records
from catalog_sync.reasons import FeedError


@pytest.fixture
def split(tmp_path):
    def read(text: str, encoding: str = "utf-8") -> tuple[list[tuple[str, str]], bool]:
        """(text, code of the problem) of each piece, and whether the root was closed."""
        path = tmp_path / "feed.xml"
        path.write_bytes(text.encode(encoding))
        ending = XmlEnding()
        pieces = list(split_records(path, describe(path, ""), ("r",), ending))
        assert [piece.number for piece in pieces] == list(range(1, len(pieces) + 1))
        return [(piece.text, piece.problem.code if piece.problem else "") for piece in pieces], ending.closed

    return read


@pytest.mark.parametrize(
    ("text", "pieces", "closed"),
    [
        ("<x><r>1</r><r a='b'>2</r></x>", ["<r>1</r>", "<r a='b'>2</r>"], True),
        ("<x><rs/><r/><other><r>in</r></other></x>", ["<r/>", "<r>in</r>"], True),
        ("<x><!-- <r>no</r> --><r><!-- </r> -->1</r></x>", ["<r><!-- </r> -->1</r>"], True),
        ("<x><r><![CDATA[</r><r>]]></r></x>", ["<r><![CDATA[</r><r>]]></r>"], True),
        ("<p:x><p:r>1</p:r></p:x>", ["<p:r>1</p:r>"], True),
        ("<r>alone</r>", ["<r>alone</r>"], True),
        ("<x><r>1</r>", ["<r>1</r>"], False),
        ("<x><r>1</r></", ["<r>1</r>"], False),
        ("<x></x>", [], True),
    ],
)
def test_records_are_split(text, pieces, closed, split):
    assert split(text) == ([(piece, "") for piece in pieces], closed)


def test_cut_record_comes_with_its_problem(split):
    assert split("<x><r>1</r><r>2") == ([("<r>1</r>", ""), ("<r>2", "record_cut")], False)


def test_record_never_closed_costs_itself(split):
    pieces, closed = split("<x><r>1<r>2</r></x>")
    assert (pieces, closed) == ([("<r>1", "record_unreadable"), ("<r>2</r>", "")], True)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50])
def test_block_borders_change_nothing(size, split, monkeypatch):
    text = "<x><!-- <r> --><r a='1'>é<![CDATA[ </r> ]]></r>\n<r/><rr/><r >2</r ></x>"
    whole = split(text)
    monkeypatch.setattr("catalog_sync.reading.decoding.BLOCK", size)
    assert split(text) == whole
    assert [text for text, _ in whole[0]] == ["<r a='1'>é<![CDATA[ </r> ]]></r>", "<r/>", "<r >2</r >"]


def test_record_too_large_is_left_out(split, monkeypatch):
    monkeypatch.setattr(xml_records, "LARGEST_RECORD", 1000)
    monkeypatch.setattr("catalog_sync.reading.decoding.BLOCK", 100)
    pieces, closed = split("<x><r>1</r><r>" + "y" * 3000 + "</r><r>3</r></x>")
    assert [(text[:8], code) for text, code in pieces] == [
        ("<r>1</r>", ""),
        ("<r>yyyyy", "record_too_large"),
        ("<r>3</r>", ""),
    ]
    assert closed


@pytest.mark.parametrize(
    ("text", "inner"),
    [
        ("<r>caf&eacute; &amp; th&eacute;</r>", "café & thé"),
        ("<r>AT&T &c. &nosuch; &lt;</r>", "AT&T &c. &nosuch; <"),
        ("<r>a\x00b\x10c&#16;d&#x1F;e</r>", "a b c d e"),
        ("<r>&LT;&AMP;</r>", "<&"),
    ],
)
def test_parse_forgives(text, inner):
    element = parse(text).element
    assert element is not None
    assert element.text == inner


def test_parse_says_what_is_wrong():
    parsed = parse("<r><a></r>")
    assert (parsed.element, parsed.problem and parsed.problem.code) == (None, "record_unreadable")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "file_empty"),
        ("<!DOCTYPE html><html>", "file_is_web_page"),
        ('{"a": 1}', "file_wrong_kind"),
        ("a;b", "file_wrong_kind"),
    ],
)
def test_what_is_no_xml_says_what_it_is(text, code, tmp_path):
    path = tmp_path / "feed.xml"
    path.write_text(text)
    with pytest.raises(FeedError) as caught:
        describe(path, "")
    assert caught.value.reason is not None
    assert caught.value.reason.code == code


@pytest.mark.parametrize(
    ("declaration", "encoding"),
    [
        ('<?xml version="1.0" encoding="ISO-8859-1"?>', "latin-1"),
        ('<?xml version="1.0"?>', "utf-8"),
        ('<?xml version="1.0"?>', "cp1252"),
        ('<?xml version="1.0" encoding="UTF-8"?>', "cp1252"),
        ('<?xml version="1.0" encoding="UTF-16"?>', "utf-16"),
        ('<?xml version="1.0" encoding="windows-1250"?>', "cp1250"),
    ],
)
def test_declared_encoding_is_used_where_it_holds(declaration, encoding, split):
    assert split(f"{declaration}<x><r>été</r></x>", encoding) == ([("<r>été</r>", "")], True)


def test_records_that_never_close_cost_no_more_than_their_length(tmp_path):
    """Looking for each one's closing tag to the end of the block made a megabyte take most of a minute."""
    path = tmp_path / "open.xml"
    path.write_text("<rss><channel>" + "<item>" * 300_000, encoding="utf-8")
    document = describe(path, "")
    ending = XmlEnding()
    pieces = sum(1 for _ in split_records(path, document, ("item",), ending))
    assert (pieces, ending.closed) == (300_000, False)
