"""Files made to do harm: each ends soon and with its reason, in a child that may take little."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import Workbook

from catalog_sync.conformance import FeedUnderTest
from catalog_sync.doors.locations import read_in_child
from catalog_sync.reading import confined
from catalog_sync.reasons import FeedError
from catalog_sync.records import Lane

MB = 1024**2
HEADER = b"sku;titre;prix\n"
BOMB = b"".join(b'<!ENTITY x%d "%s">' % (n, b"&x%d;" % (n - 1) * 50 if n else b"lol" * 50) for n in range(9))


def read(path: Path, kind: str) -> tuple[str, int, set[str]]:
    """(code of the `FeedError` or "", articles read, codes of what was refused)."""
    articles, refused, code = 0, set(), ""
    try:
        with read_in_child(FeedUnderTest(kind, str(path)), str(path), Lane.CATALOGUE) as (chunks, _):
            for chunk in chunks:
                articles += len(chunk.records)
                refused |= {row.reason.code for row in chunk.refused}
    except FeedError as error:
        code = error.reason.code if error.reason else "?"
    return code, articles, refused


def packed(*contents: bytes, name: str = "list%d.csv") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, content in enumerate(contents):
            archive.writestr(name % number, content)
    return file.getvalue()


def cells_far_apart() -> bytes:
    """A workbook of two rows, and a cell at the far end: seventeen thousand million between them."""
    book, file = Workbook(), io.BytesIO()
    assert book.active is not None
    for cells in (["sku", "titre"], ["a", "T"]):
        book.active.append(cells)
    book.active.cell(1_048_576, 16_384, "x")
    book.save(file)
    return file.getvalue()


def google(start: bytes) -> bytes:
    return start + b"<rss><channel><item><id>a</id><title>&x8;T&x;</title></item></channel></rss>"


ONE_OF_OURS = b'{"sku":"a","title":"T"}\n'
SECRET = b'<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]>'

# {what: (kind, the file, (code of the error, articles read, codes of what was refused))}
FILES: dict[str, tuple[str, Callable[[], bytes], tuple[str, int, set[str]]]] = {
    "long line": ("csv", lambda: HEADER + b"a;" + b"x" * 100 * MB, ("reading_memory", 0, set())),
    "long line of ours": ("jsonl", lambda: ONE_OF_OURS + b"x" * 60 * MB, ("", 1, {"record_too_large"})),
    "very many cells": ("csv", lambda: HEADER + b"a;T;1\n" + b";" * 2_000_000 + b"\nb;T;1\n", ("", 2, set())),
    "very many columns": ("csv", lambda: HEADER.strip() + b";x" * 2_000_000 + b"\na;T;1\n", ("", 1, set())),
    "deep JSON": ("pass_culture", lambda: b'{"stocks": ' + b"[" * 5_000_000, ("file_without_articles", 0, set())),
    "deep JSON of ours": ("jsonl", lambda: ONE_OF_OURS + b"[" * 500_000, ("", 1, {"json_broken"})),
    "entity bomb": ("google_merchant", lambda: google(b"<!DOCTYPE x [" + BOMB + b"]>"), ("", 1, set())),
    "external entity": ("google_merchant", lambda: google(SECRET), ("", 1, set())),
    "zip in zip in zip": ("csv", lambda: packed(packed(packed(HEADER + b"a;T;1\n"))), ("file_damaged", 0, set())),
    "web page in a zip": ("csv", lambda: packed(b"<html><title>503</title>"), ("file_is_web_page", 0, set())),
    "program in gzip": ("csv", lambda: gzip.compress(b"\x7fELF\x02\x01"), ("file_no_list", 0, set())),
    "film": ("onix", lambda: b"\0\0\0\x20ftypisom" + bytes(range(256)) * 9, ("file_no_list", 0, set())),
    "cells far apart": ("xlsx", cells_far_apart, ("reading_memory", 0, set())),
}


@pytest.mark.parametrize("name", FILES)
def test_hostile_file_ends_with_its_reason(name, tmp_path, monkeypatch):
    monkeypatch.setattr(confined, "MEMORY_BYTES", 64 * MB)
    kind, content, expected = FILES[name]
    path = tmp_path / "list"
    path.write_bytes(content())
    assert read(path, kind) == expected


def test_zip_of_very_many_entries_is_no_burden_here(tmp_path, monkeypatch):
    """Its table of contents alone may fill the memory of the child that unpacks it, and never ours."""
    entry = packed(b"", name="%d")
    central = entry[entry.index(b"PK\x01\x02") : entry.index(b"PK\x05\x06")]
    count = 100_000
    start = entry[: entry.index(b"PK\x01\x02")]
    end = b"PK\x05\x06" + b"\0" * 4 + b"\xff\xff" * 2 + (len(central) * count).to_bytes(4, "little")
    end += len(start).to_bytes(4, "little") + b"\0\0"
    path = tmp_path / "many.zip"
    path.write_bytes(start + central * count + end)
    monkeypatch.setattr(confined, "MEMORY_BYTES", 16 * MB)
    code, read_articles, issues = read(path, "csv")
    assert (code in ("reading_memory", "file_empty"), read_articles, issues) == (True, 0, set())
