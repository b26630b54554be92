"""Packed lists: what comes out is read, and never more than the limit."""

import gzip
import io
import zipfile

import pytest
from openpyxl import Workbook

from catalog_sync.adapters import adapter_for
from catalog_sync.conformance import FeedUnderTest
from catalog_sync.reading.unpacking import unpacked
from catalog_sync.reasons import FeedError
from catalog_sync.records import Lane

LIST = "sku;titre;prix;quantité\na;Nana;20,00;2\nb;Germinal;9,50;0\n".encode()


def packed(way: str, content: bytes = LIST) -> bytes:
    if way == "gzip":
        return gzip.compress(content)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("liesmich.txt", "short")
        archive.writestr("export/stock.csv", content)
        archive.writestr("export/", "")
    return file.getvalue()


def code_of(path, folder, most_bytes: int = 10_000) -> str:
    with pytest.raises(FeedError) as caught:
        unpacked(path, folder, most_bytes=most_bytes)
    assert caught.value.reason is not None
    return caught.value.reason.code


@pytest.mark.parametrize("way", ["gzip", "zip"])
def test_packed_list_is_read_as_the_list_itself(way, tmp_path):
    path = tmp_path / "stock.csv.packed"
    path.write_bytes(packed(way))
    chunks = list(adapter_for(FeedUnderTest("csv", str(path))).fetch(Lane.CATALOGUE, None))
    assert [record.title for chunk in chunks for record in chunk.records] == ["Nana", "Germinal"]
    assert chunks[-1].complete


@pytest.mark.parametrize("way", ["gzip", "zip"])
def test_bomb_is_stopped_at_the_limit(way, tmp_path):
    path = tmp_path / "bomb"
    path.write_bytes(packed(way, b"0" * 5_000_000))
    assert path.stat().st_size < 10_000
    assert code_of(path, tmp_path) == "file_too_large"
    assert (tmp_path / "unpacked").stat().st_size <= 10_000


@pytest.mark.parametrize("way", ["gzip", "zip"])
@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_cut_file_is_told(way, kept, tmp_path):
    path = tmp_path / "cut"
    content = packed(way, LIST * 50)
    path.write_bytes(content[: int(len(content) * kept)])
    assert code_of(path, tmp_path) == "file_damaged"


def test_locked_zip_is_told(tmp_path):
    content = bytearray(packed("zip"))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        while (at := content.find(mark, at + 1)) >= 0:
            content[at + place] |= 1
    path = tmp_path / "locked.zip"
    path.write_bytes(content)
    assert code_of(path, tmp_path) == "file_locked"


def test_spreadsheets_and_plain_files_stay_as_they_are(tmp_path):
    book = tmp_path / "book.xlsx"
    Workbook().save(book)
    plain = tmp_path / "plain.csv"
    plain.write_bytes(LIST)
    for path in (book, plain):
        assert unpacked(path, tmp_path, most_bytes=10) == path
