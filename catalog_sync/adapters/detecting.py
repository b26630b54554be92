"""Which kind of feed a file is, from its first megabyte: what it begins with, its outermost tag, its keys, its header.

The special kinds are asked first; a table that is none of them is `csv` or, as a workbook, `xlsx`.
"""

import codecs
import csv
import io
import re
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from catalog_sync import cleaning
from catalog_sync.adapters import (
    abelujo,
    booknet,
    google_merchant,
    lists,
    ofn,
    shopify_csv,
    tite_live,
    woocommerce_csv,
)
from catalog_sync.adapters.column_names import knows
from catalog_sync.adapters.column_proposal import find_layout
from catalog_sync.adapters.onix import ROOTS as ONIX_ROOTS
from catalog_sync.reading.csv_rows import LARGEST_CELL, decide_delimiter
from catalog_sync.reading.decoding import refuse_web_page
from catalog_sync.reading.json_text import NotJsonError, parse
from catalog_sync.reading.tables import column_name
from catalog_sync.reading.xlsx_rows import MAGIC
from catalog_sync.reasons import feed_error

SEARCHED = 1 << 20  # bytes
HEAD = 65_536  # characters in which lines, keys and header are looked for
SEARCHED_LINES = 20
_SKIPPED = re.compile(r"<\?[^>]{0,2000}>|<!--|-->|<!DOCTYPE[^>\[]{0,2000}(?:\[[^\]]{0,20000}\])?[^>]{0,200}>", re.I)
_ROOT = re.compile(r"<(?:[\w.-]{1,100}:)?([A-Za-z_][\w.-]{0,100})")

_OURS = frozenset({"halles", "sku", "gtin", "gone"})
_DFC = re.compile(r"dfc-b:|datafoodconsortium|DFC_BusinessOntology|w3id\.org/dfc", re.I)
_STOCKS = re.compile(r"\"stocks\"\s*:\s*\[")
_LINKED_DATA = re.compile(r"\"@(?:type|graph|context)\"\s*:")


def detect(path: Path | str) -> str:
    """The kind of feed in a file, a key of `lists()`. Reads SEARCHED bytes of it at most.

    Raises `FeedError` for an empty file, a web page without linked data, and what is recognised as no kind at all.
    """
    try:
        with Path(path).open("rb") as stream:
            start = stream.read(SEARCHED)
    except OSError as problem:
        raise feed_error("file_unreachable", permanent=False, location=path, detail=problem.strerror) from problem
    if start[:4] in MAGIC:
        return "xlsx"
    text = _decoded(start).lstrip("\ufeff\0 \t\r\n")
    if not text:
        raise feed_error("file_empty", permanent=False)
    found = _of_xml(text) if text[0] == "<" else _of_json(text) if text[0] in "{[" else _of_text(text[:HEAD])
    if not found:
        raise feed_error("kind_not_found", permanent=True, start=text[:60], known=", ".join(lists()))
    return found


def _decoded(start: bytes) -> str:
    """The text of a beginning, well enough to look at: UTF-16 by its mark or zero bytes, else UTF-8, else cp1252."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return start.decode("utf-16", errors="replace")
    head = start[:4096]
    if head[1::2].count(0) > len(head) // 4:
        return start.decode("utf-16-le", errors="replace")
    if head[::2].count(0) > len(head) // 4:
        return start.decode("utf-16-be", errors="replace")
    try:
        return codecs.getincrementaldecoder("utf-8")("strict").decode(start)
    except UnicodeDecodeError:
        return start.decode("cp1252", errors="replace")


def _of_xml(text: str) -> str:
    if re.search(r"<script\b[^<>]{0,1000}application/ld\+json", text, re.I):
        return "schema_org"
    refuse_web_page(text)
    root = _ROOT.search(_SKIPPED.sub("", text[:HEAD]))
    name = root[1] if root else ""
    if name in ONIX_ROOTS:
        return "onix"
    return "google_merchant" if name in google_merchant.ROOTS else ""


def _of_json(text: str) -> str:
    """A whole object of ours on the first line, or else on another where nothing speaks for a document."""
    ours = [_is_ours(line) for line in islice(io.StringIO(text), SEARCHED_LINES)]
    if ours[0]:
        return "jsonl"
    if _STOCKS.search(text):
        return "pass_culture"
    if _LINKED_DATA.search(text):
        return "dfc" if _DFC.search(text) else "schema_org"
    return "jsonl" if any(ours) else ""


def _is_ours(line: str) -> bool:
    try:
        values = parse(line)
    except NotJsonError:
        return False
    return isinstance(values, dict) and bool(_OURS & set(values)) and not any(name[:1] == "@" for name in values)


def _of_text(text: str) -> str:
    if any(line.count(tite_live.MARK) >= tite_live.FIELDS - 1 for line in text.splitlines()[:SEARCHED_LINES]):
        return "tite_live"
    rows = _first_rows(text)
    for kind, fits in _HEADERS.items():
        if any(fits(cells) for _, cells in rows):
            return kind
    return "csv" if find_layout(rows, knows, unnamed=False) is not None else ""


def _first_rows(text: str) -> list[tuple[int, list[str]]]:
    csv.field_size_limit(LARGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=decide_delimiter(text))
    rows: list[tuple[int, list[str]]] = []
    try:
        for row in islice(reader, SEARCHED_LINES):
            rows.append((reader.line_num, [cell.strip("\ufeff \t\u00a0\r\n") for cell in row]))
    except csv.Error:
        return rows
    return rows


def _is_shopify(cells: list[str]) -> bool:
    return set(cells) >= shopify_csv.PRODUCT_COLUMNS or set(cells) >= shopify_csv.INVENTORY_COLUMNS


def _is_booknet(cells: list[str]) -> bool:
    names = {cleaning.fold(cell) for cell in cells}
    return {booknet.ISBN, booknet.ON_HAND} <= names and len(booknet.COLUMNS & names) >= 4


def _is_ofn(cells: list[str]) -> bool:
    names = {ofn.column(cell) for cell in cells}
    return names >= ofn.NEEDED and bool(names & {"unit_type", "variant_unit_name", "on_demand"})


def _is_google(cells: list[str]) -> bool:
    names = {google_merchant.column(cell) for cell in cells}
    return names >= google_merchant.NEEDED and len(names & google_merchant.TELLING) >= 2


def _is_woocommerce(cells: list[str]) -> bool:
    fields = {woocommerce_csv.COLUMN_NAMES.get(column_name(cell), "") for cell in cells}
    return fields >= _VARIATIONS or ("type" in fields and len(fields & _PRODUCTS) >= 3)


_PRODUCTS = frozenset({"published", "in_stock", "backorders", "sale_price", "regular_price", "parent"})
_VARIATIONS = frozenset({"parent", "parent_title", "parent_sku"})
_HEADERS: dict[str, Callable[[list[str]], bool]] = {
    "shopify_csv": _is_shopify,
    "booknet": _is_booknet,
    "abelujo": abelujo.is_header,
    "ofn": _is_ofn,
    "woocommerce_csv": _is_woocommerce,
    "google_merchant": _is_google,
}
