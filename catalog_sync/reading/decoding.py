"""Which characters the bytes of a file are.

Guessing from letter frequencies is wrong on French price lists, so the rule is fixed: byte order mark, strict UTF-8,
the declared charset, cp1252. The decision is recorded and shown to the shop.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from catalog_sync.reading.unpacking import PACKED
from catalog_sync.reading.xlsx_rows import MAGIC
from catalog_sync.reasons import Reason, feed_error, reason

BLOCK = 1 << 20
SAMPLE = 4096
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What a tired person picks beside the list, by how it begins.
_NO_LISTS = (
    ((b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM6", b"II*\0", b"MM\0*", b"8BPS"), "a picture"),
    ((b"%PDF",), "a PDF document"),
    ((b"MZ\x90\0", b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\0asm"), "a program"),
    ((b"\x1aE\xdf\xa3", b"RIFF", b"OggS", b"ID3", b"fLaC"), "a film or a sound"),
    ((b"7z\xbc\xaf", b"Rar!", b"\xfd7zXZ", b"BZh9", b"(\xb5/\xfd"), "packed in a way we do not unpack"),
    ((b"SQLite format 3\0", b"\x00\x01\x00\x00Standard"), "a database"),
)
_FILM = b"ftyp"  # MP4, MOV, HEIC: from the fifth byte on
_CONTROLS = bytes({*range(1, 9), *range(14, 27), *range(28, 32), 127})
_HTML = re.compile(r"^\s*(?:<!--.*?-->\s*)*(?:<!doctype\s+html|<html|<head|<body)", re.I | re.S)
_HTML_TITLE = re.compile(r"<(?:title|h1)[^>]*>(.*?)<", re.I | re.S)


@dataclass(frozen=True)
class Decoding:
    """`encoding` is a Python codec; `how` it was found: "mark", "zero bytes", "valid UTF-8", "UTF-8 with broken bytes",
    "declared", "assumed"."""

    encoding: str
    how: str

    def note(self) -> Reason:
        return reason("encoding_decided", encoding=self.encoding, how=self.how)


def what_it_is(start: bytes) -> str:
    """What a file that begins so is, where it is no list in any form: a key of `reasons.WORDS`; else empty."""
    if start.startswith(tuple(mark for mark, _ in _MARKS)):
        return ""
    for marks, found in _NO_LISTS:
        if start.startswith(marks):
            return found
    if start[4:8] == _FILM:
        return "a film or a sound"
    signs = start.replace(b"\0", b"")
    is_utf_16 = len(start) - len(signs) > len(start) // 4
    controls = len(signs) - len(signs.translate(None, _CONTROLS))
    return "bytes that are no text" if controls * 20 > len(signs) and not is_utf_16 else ""


def refuse_no_list(start: bytes) -> None:
    """Raise `FeedError` where a file begins like a picture, a film, a program or mere bytes; not for workbooks and
    packed lists, which are looked into."""
    found = "" if start.startswith((*MAGIC, *PACKED)) else what_it_is(start[:SAMPLE])
    if found:
        raise feed_error("file_no_list", permanent=True, found=found)


def decide(path: Path, declared: str = "") -> Decoding:
    """Read the whole file once, in blocks, and decide its encoding. An unknown declared charset is passed over."""
    with path.open("rb") as stream:
        start = stream.read(SAMPLE)
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return Decoding(encoding, "mark")
    if start[1::2].count(0) > len(start) // 4:
        return Decoding("utf-16-le", "zero bytes")
    if start[0::2].count(0) > len(start) // 4:
        return Decoding("utf-16-be", "zero bytes")
    if _decodes(path, "utf-8"):
        return Decoding("utf-8", "valid UTF-8")
    if declared and _is_codec(declared) and codecs.lookup(declared).name != "utf-8" and _decodes(path, declared):
        return Decoding(codecs.lookup(declared).name, "declared")
    return Decoding("cp1252", "assumed")


def _is_codec(name: str) -> bool:
    try:
        return bool(codecs.lookup(name)._is_text_encoding)  # type: ignore[attr-defined]
    except (LookupError, ValueError):
        return False


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    try:
        with path.open("rb") as stream:
            while block := stream.read(BLOCK):
                decoder.decode(block)
        # An incomplete character at the very end is a cut file, not another encoding.
    except UnicodeDecodeError:
        return False
    return True


def is_utf8_with_damage(path: Path) -> bool:
    """Whether a file is UTF-8 but for some broken bytes: it has more well-formed characters of several bytes, which
    other charsets hardly ever make by chance, than broken ones."""
    whole = broken = 0
    with path.open(encoding="utf-8", errors="replace", newline="") as stream:
        while block := stream.read(BLOCK):
            damaged = block.count("\ufffd")
            broken += damaged
            whole += len(block) - len(block.encode("ascii", "ignore")) - damaged
    return whole > broken


def blocks(path: Path, decoding: Decoding) -> Iterator[str]:
    """The text of a file, about a megabyte at a time; bytes without a character become U+FFFD."""
    with path.open(encoding=decoding.encoding, errors="replace", newline="") as stream:
        while block := stream.read(BLOCK):
            yield block


def sample(path: Path, decoding: Decoding, characters: int = 65_536) -> str:
    """The first characters of a file."""
    with path.open(encoding=decoding.encoding, errors="replace", newline="") as stream:
        return stream.read(characters)


def refuse_web_page(text: str) -> None:
    """Raise `FeedError` when the text is an HTML page, or holds nothing at all."""
    if not text.strip("\ufeff\0 \t\r\n"):
        raise feed_error("file_empty", permanent=False)
    if _HTML.match(text):
        heading = _HTML_TITLE.search(text)
        raise feed_error("file_is_web_page", permanent=False, title=heading[1].strip() if heading else "?")
