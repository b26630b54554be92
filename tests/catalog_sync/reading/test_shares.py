"""One file read by several children, each some of its records: together they say what one says alone."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog_sync.adapters import adapter_for, onix, spreadsheet
from catalog_sync.conformance import FeedUnderTest
from catalog_sync.doors import locations
from catalog_sync.doors.locations import read_in_child
from catalog_sync.reading import csv_rows, shares
from catalog_sync.reading.fetching import LocalFile
from catalog_sync.reading.shares import Share, in_order
from catalog_sync.records import Chunk, Lane
from tests.catalog_sync.feeds import FIXTURES

HEADER = "<Header><Sender><SenderName>{}</SenderName></Sender><SentDateTime>20240305</SentDateTime></Header>"
PRODUCT = (
    "<Product><RecordReference>{0}</RecordReference><NotificationType>{1}</NotificationType><DescriptiveDetail>"
    "<TitleDetail><TitleType>01</TitleType><TitleElement><TitleElementLevel>01</TitleElementLevel>"
    "<TitleText>{2}</TitleText></TitleElement></TitleDetail></DescriptiveDetail></Product>"
)


@pytest.fixture(autouse=True)
def _short_turns(monkeypatch):
    monkeypatch.setattr(onix, "TURN", 3)


def message(tmp_path: Path, *products: str, end: str = "</ONIXMessage>") -> Path:
    path = tmp_path / "message.xml"
    path.write_text("<ONIXMessage release='3.0'>" + HEADER.format("A") + "".join(products) + end)
    return path


def titles(count: int) -> list[str]:
    return [PRODUCT.format(f"n{number}", "03", f"Title {number}") for number in range(count)]


def read(path: Path, of: int, monkeypatch) -> list[Chunk]:
    monkeypatch.setattr(locations, "shares", lambda size: [Share(number, of) for number in range(of)])
    with read_in_child(FeedUnderTest("onix", str(path)), str(path), Lane.CATALOGUE) as (chunks, _):
        return list(chunks)


def said(chunks: list[Chunk]) -> dict[str, object]:
    """What all chunks say together, in their order."""
    return {
        "records": [record for chunk in chunks for record in chunk.records],
        "refused": [row for chunk in chunks for row in chunk.refused],
        "issues": [issue for chunk in chunks for issue in chunk.issues],
        "gone": [sku for chunk in chunks for sku in chunk.gone],
        "notes": [note for chunk in chunks for note in chunk.notes],
        "complete": [chunk.complete for chunk in chunks][-1],
    }


@pytest.mark.parametrize("of", [2, 3])
@pytest.mark.parametrize("count", [1, 3, 4, 17])
def test_shares_say_what_one_reading_says(tmp_path, monkeypatch, of, count):
    path = message(tmp_path, *titles(count))
    alone = said(read(path, 1, monkeypatch))
    assert len(alone["records"]) == count
    assert alone["complete"] is True
    assert said(read(path, of, monkeypatch)) == alone


@pytest.mark.parametrize("name", ["onix30.xml", "onix21.xml", "onix30_update.xml"])
def test_shares_say_what_one_reading_says_of_fixtures(monkeypatch, name):
    path = FIXTURES / name
    assert said(read(path, 2, monkeypatch)) == said(read(path, 1, monkeypatch))


def test_shares_keep_the_order_of_repeated_and_withdrawn_articles(tmp_path, monkeypatch):
    same = [PRODUCT.format("same", "03", f"Title {number}") for number in range(10)]
    path = message(tmp_path, *same, PRODUCT.format("same", "05", "Gone"), *titles(4))
    together = read(path, 2, monkeypatch)
    assert [r.title for c in together for r in c.records if r.sku == "same"] == [f"Title {n}" for n in range(10)]
    assert [c.gone for c in together if c.gone] == [["same"]]
    assert said(together)["records"][-4:] == said(read(path, 1, monkeypatch))["records"][-4:]


def test_shares_of_a_cut_file_are_not_complete(tmp_path, monkeypatch):
    path = message(tmp_path, *titles(8), end="")
    together = said(read(path, 2, monkeypatch))
    assert len(together["records"]) == 8
    assert together["complete"] is False
    assert [note.code for note in together["notes"]].count("file_cut") == 1


def test_share_that_meets_changes_alone_keeps_the_whole_from_being_complete(tmp_path, monkeypatch):
    path = message(tmp_path, *titles(4), PRODUCT.format("part", "04", "Part"), *titles(8)[5:])
    assert said(read(path, 2, monkeypatch))["complete"] is False


def test_what_shares_count_is_added_up(tmp_path, monkeypatch):
    path = message(tmp_path, *[PRODUCT.format(f"n{n}", "03", "Bell \x07 rings") for n in range(8)])
    notes = said(read(path, 2, monkeypatch))["notes"]
    assert [dict(note.values)["count"] for note in notes if note.code == "control_characters"] == ["8"]


def test_second_header_begins_in_every_share(tmp_path, monkeypatch):
    path = message(tmp_path, *titles(5), HEADER.format("B"), *[PRODUCT.format(f"b{n}", "03", "T") for n in range(5)])
    assert said(read(path, 2, monkeypatch))["records"] == said(read(path, 1, monkeypatch))["records"]


def test_small_file_is_read_by_one():
    assert shares.shares(shares.LEAST_BYTES - 1) == [Share()]
    assert {share.of for share in shares.shares(shares.LEAST_BYTES)} == {len(shares.shares(shares.LEAST_BYTES))}


def test_share_of_nothing_is_no_error_but_a_file_of_nothing_is(tmp_path, monkeypatch):
    path = message(tmp_path)
    adapter = adapter_for(FeedUnderTest("onix", str(path)))
    adapter.share = Share(1, 2)
    assert [chunk.records for chunk in adapter.fetch(Lane.CATALOGUE, None)] == [[]]
    with pytest.raises(onix.FeedError, match="aucun article"):
        read(path, 2, monkeypatch)


LINES = st.lists(
    st.sampled_from(
        [
            "9782070360024;Étranger;7,60;3",
            "9782070360420;Peste;8,10;",
            *["9782070368228;La chute;9,20;1"] * 12,
            *[";;;"] * 4,
            '9782070360024;"Deux ""mots""";7,60;3',
            '9782070360420;"Une\nligne";7,60;3',
            "bad;Ragged",
            "bad;Too;1,00;1;many;cells",
            "",
            '9782070360024;7" single;7,60;3',
            '9782070360024;"never closed;7,60;3',
            "x;No number;1,00;2",
        ]
    ),
    max_size=60,
)


@pytest.fixture(scope="module")
def _small_blocks():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_rows, "_LINES", 4)
        patch.setattr(spreadsheet, "SAMPLE_PRICES", 3)
        patch.setattr(spreadsheet, "CHUNK_SIZE", 7)
        yield


@pytest.mark.usefixtures("_small_blocks")
@given(lines=LINES, of=st.integers(2, 4), newline=st.sampled_from(["\n", "\r\n"]), end=st.sampled_from(["", "\n"]))
@settings(deadline=None, max_examples=150)
def test_shares_of_a_list_say_what_one_reading_says(tmp_path_factory, lines, of, newline, end):
    path = tmp_path_factory.mktemp("lists") / "list.csv"
    path.write_text(
        newline.join(["ISBN;Titre;Prix;Stock", *(["9782070360024;Un;1,00;1"] * 5), *lines]) + end, newline=""
    )

    def chunks(share: Share) -> list[Chunk]:
        adapter = adapter_for(FeedUnderTest("csv", str(path)))
        adapter.share = share
        return list(adapter.fetch(Lane.CATALOGUE, None))

    alone = chunks(Share())
    together = list(in_order([iter(chunks(Share(number, of))) for number in range(of)]))
    assert said(together) == said(alone)
    assert together[-1].cursor == alone[-1].cursor


def test_workbook_is_read_by_one(tmp_path):
    plain, book = tmp_path / "list.csv", tmp_path / "list.xlsx"
    plain.write_text("ISBN;Titre")
    book.write_bytes(b"PK\x03\x04")
    adapter = adapter_for(FeedUnderTest("csv", str(plain)))
    files = [LocalFile(path, datetime(2026, 3, 5, tzinfo=UTC), None) for path in (plain, book)]
    assert [adapter.reads_in_shares(file) for file in files] == [True, False]


def large_list(folder: Path, name: str, rows: int, first: str = "") -> Path:
    path = folder / name
    lines = ["SKU;Titre;Prix;Stock", *([first] * 500 if first else ()), *(f"{n};Titre {n};7,60;3" for n in range(rows))]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_list_that_is_replaced_while_it_is_read_is_not_mixed(tmp_path, monkeypatch):
    path = large_list(tmp_path, "list.csv", 30_000)
    monkeypatch.setattr(locations, "shares", lambda size: [Share(number, 3) for number in range(3)])
    with read_in_child(FeedUnderTest("csv", str(path)), str(path), Lane.CATALOGUE) as (chunks, _):
        found = [next(chunks)]
        large_list(tmp_path, "next.csv", 10).replace(path)
        found += chunks
    assert sorted(int(record.sku) for chunk in found for record in chunk.records) == list(range(30_000))


def test_what_a_share_says_of_the_columns_is_kept_as_it_is(tmp_path, monkeypatch):
    path = tmp_path / "list.csv"
    lines = ["SKU;Titre;Prix;Stock;Inconnue", *(f"{n};Titre {n};7,60;3;x" for n in range(600))]
    path.write_text("\n".join(lines) + "\n")
    monkeypatch.setattr(locations, "shares", lambda size: [Share(number, 2) for number in range(2)])
    with read_in_child(FeedUnderTest("csv", str(path)), str(path), Lane.CATALOGUE) as (chunks, _):
        together = said(list(chunks))
    alone = said(list(adapter_for(FeedUnderTest("csv", str(path))).fetch(Lane.CATALOGUE, None)))
    assert together == alone
    assert [note.words() for note in together["notes"]] == [note.words() for note in alone["notes"]]


def test_first_share_of_blank_rows_alone_ends_nothing(tmp_path, monkeypatch):
    path = large_list(tmp_path, "list.csv", 3000, first=" ; ; ; ")
    monkeypatch.setattr(locations, "shares", lambda size: [Share(number, 2) for number in range(2)])
    with read_in_child(FeedUnderTest("csv", str(path)), str(path), Lane.CATALOGUE) as (chunks, _):
        together = said(list(chunks))
    assert (len(together["records"]), together["complete"]) == (3000, True)


def test_article_that_is_taken_back_twice_and_listed_again_is_listed(tmp_path, monkeypatch):
    gone = PRODUCT.format("back", "05", "Gone")
    path = message(tmp_path, gone, gone, PRODUCT.format("back", "03", "Back"))
    assert said(read(path, 1, monkeypatch))["gone"] == []
