"""JSON from strangers: bounded, exact in its numbers, and free of what a database cannot hold."""

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

from catalog_sync.reading.decoding import Decoding, decide, refuse_web_page, sample
from catalog_sync.reasons import feed_error

LARGEST_DOCUMENT = 16 * 1024 * 1024  # bytes of a file that has to be read whole
DEEPEST = 100  # arrays and objects inside one another
LONGEST_NUMBER = 40  # characters

# Half a surrogate pair is no character. Two that belong together are one.
_LONE_HALF = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    r"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)


class NotJsonError(ValueError):
    """The text is no JSON we take; the message says where it goes wrong."""


def parse(text: str) -> Any:
    """A JSON text as Python values; numbers with a point as `Decimal`, so that 12.90 is no float.

    Raises `NotJsonError` for broken, too deep or endless texts, and for NaN and Infinity, which are no JSON.
    """
    if "\\ud" in text or "\\uD" in text:
        text = _LONE_HALF.sub(r"\\ufffd", text)
    try:
        value = json.loads(text, parse_float=_decimal, parse_int=_integer, parse_constant=_refused)
        if text.count("[") + text.count("{") > DEEPEST:
            _check_depth(value)
    except RecursionError:
        raise NotJsonError("too deep") from None
    except ValueError as problem:
        raise NotJsonError(str(problem)) from None
    return value


def _decimal(text: str) -> Decimal:
    number = Decimal(text) if len(text) <= LONGEST_NUMBER else Decimal("Infinity")
    if not number.is_finite() or abs(number.adjusted()) > LONGEST_NUMBER:
        raise ValueError("a number is too long")
    return number


def _integer(text: str) -> int:
    if len(text) > LONGEST_NUMBER:
        raise ValueError("a number is too long")
    return int(text)


def _refused(text: str) -> None:
    raise ValueError(f"{text} is no JSON")


def _check_depth(value: Any) -> None:
    level, depth = [value], 0
    while level:
        if depth > DEEPEST:
            raise ValueError("too deep")
        inside: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                inside.extend(part for part in each.values() if isinstance(part, dict | list))
            elif isinstance(each, list):
                inside.extend(part for part in each if isinstance(part, dict | list))
        level, depth = inside, depth + 1


def read_document(path: Path, declared: str, expected: str) -> tuple[Any, Decoding]:
    """A JSON file as one value, and how its characters were read.

    Raises `FeedError` for a web page, an empty file, one larger than LARGEST_DOCUMENT, another kind of file, and a
    damaged one.
    """
    if path.stat().st_size > LARGEST_DOCUMENT:
        raise feed_error("file_too_large", permanent=True, limit=LARGEST_DOCUMENT // 1024**2)
    decoding = decide(path, declared)
    start = sample(path, decoding)
    refuse_web_page(start)
    if start.lstrip("\ufeff \t\r\n")[:1] not in ("{", "["):
        found = "XML" if start.lstrip("\ufeff \t\r\n").startswith("<") else "text"
        raise feed_error("file_wrong_kind", permanent=True, found=found, expected=expected)
    text = path.read_text(encoding=decoding.encoding, errors="replace").removeprefix("\ufeff")
    try:
        return parse(text), decoding
    except NotJsonError as problem:
        raise feed_error("file_damaged", permanent=False, detail=problem) from problem


def as_text(value: Any) -> str:
    """A JSON text or number as text, "12.90"; empty for anything else, true and false among them."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return ""
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def as_list(value: Any) -> list[Any]:
    """One value or a list of them as a list; nothing as an empty one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
