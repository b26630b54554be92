"""A JSON list, one record at a time, however long it is: memory stays at one record.

The text is split at the braces of the objects in the list and each is parsed by itself. So a mistake inside an object
costs that object; of a cut file every whole object is delivered.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from catalog_sync.reading.decoding import Decoding, blocks, decide, refuse_web_page, sample
from catalog_sync.reading.json_text import DEEPEST, NotJsonError, parse
from catalog_sync.reasons import Reason, feed_error, reason

LARGEST_RECORD = 4_000_000  # characters
_OUTSIDE = re.compile(r'["{}\[\]]')
_INSIDE = re.compile(r'["\\]')
_CLOSED_BY = {"{": "}", "[": "]"}


class JsonPiece(NamedTuple):
    """One object, from 1 in the order of the file; `in_list`: of the list, not the outermost one; `problem`: why it
    cannot be used."""

    number: int
    text: str
    value: dict[str, Any]
    in_list: bool
    problem: Reason | None = None


@dataclass
class JsonEnding:
    """Valid once the pieces are read. `closed`: the outermost bracket closed, and nothing came after it."""

    closed: bool = False


def describe_json(path: Path, declared: str, expected: str) -> Decoding:
    """How the characters of a JSON file are read. Raises `FeedError` for an empty file, a web page, or no JSON."""
    decoding = decide(path, declared)
    start = sample(path, decoding)
    refuse_web_page(start)
    first = start.lstrip("\ufeff\0 \t\r\n")[:1]
    if first not in ("{", "["):
        found = "XML" if first == "<" else "text"
        raise feed_error("file_wrong_kind", permanent=True, found=found, expected=expected)
    return decoding


def split_json(path: Path, decoding: Decoding, names: tuple[str, ...], ending: JsonEnding) -> Iterator[JsonPiece]:
    """The objects of the outermost list, or of the lists called one of `names` in the outermost object; where it has
    none of them, that object itself."""
    splitter = _Splitter(names)
    for block in blocks(path, decoding):
        yield from splitter.feed(block)
        if splitter.lost:
            break
    yield from splitter.finish()
    ending.closed = splitter.closed and not splitter.lost


class _Splitter:
    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.buffer = ""
        self.at = 0  # where scanning goes on
        self.start: int | None = None  # of the record being read
        self.in_text: int | None = None  # where the open text begins
        self.stack: list[str] = []
        self.list_depth = 0  # of the brackets round the records, 0 outside of a list of them
        self.key = ""  # the last text in the outermost object
        self.number = 0
        self.met_list = False
        self.closed = False
        self.lost = False  # brackets do not match: nothing behind can be trusted

    def feed(self, block: str) -> Iterator[JsonPiece]:
        self.buffer += block
        yield from self._scan()
        keep = self.at if self.start is None else self.start
        if self.in_text is not None:
            keep = min(keep, self.in_text)
        if len(self.buffer) - keep > LARGEST_RECORD:
            self.lost = True
            self.start = None
            self.number += 1
            why = reason("record_too_large", limit=LARGEST_RECORD)
            yield JsonPiece(self.number, self.buffer[keep : keep + 200], {}, self.met_list, why)
            return
        self.buffer = self.buffer[keep:]
        self.at -= keep
        self.start = None if self.start is None else self.start - keep
        self.in_text = None if self.in_text is None else self.in_text - keep

    def finish(self) -> Iterator[JsonPiece]:
        if self.start is not None and (self.met_list or not self.lost):
            self.number += 1
            yield JsonPiece(self.number, self.buffer[self.start :], {}, self.met_list, reason("record_cut"))

    def _scan(self) -> Iterator[JsonPiece]:
        while not self.lost:
            if self.in_text is not None:
                found = _INSIDE.search(self.buffer, self.at)
                if not found or (found[0] == "\\" and found.end() >= len(self.buffer)):
                    self.at = found.start() if found else len(self.buffer)
                    return
                self.at = found.end() + (found[0] == "\\")
                if found[0] == '"':
                    if len(self.stack) == 1:
                        self.key = self.buffer[self.in_text + 1 : found.start()][:100]
                    self.in_text = None
                continue
            found = _OUTSIDE.search(self.buffer, self.at)
            if not found:
                if self.closed and self.buffer[self.at :].strip(" \t\r\n\0"):
                    self.lost = True
                self.at = len(self.buffer)
                return
            if self.closed:
                self.lost = True
                return
            self.at = found.end()
            yield from self._meet(found[0], found.start())

    def _meet(self, mark: str, place: int) -> Iterator[JsonPiece]:
        """One bracket, or the beginning of a text."""
        depth = len(self.stack)
        if mark == '"':
            self.in_text = place
        elif mark in _CLOSED_BY:
            if mark == "[" and not self.list_depth and (not depth or (depth == 1 and self.key in self.names)):
                self.list_depth, self.met_list, self.start = depth + 1, True, None
            elif mark == "{" and (not depth or self.list_depth == depth):
                self.start = place
            self.stack.append(mark)
            self.lost = len(self.stack) > DEEPEST
        elif not self.stack or _CLOSED_BY[self.stack.pop()] != mark:
            self.lost = True
        else:
            self.closed = not self.stack
            if mark == "]" and len(self.stack) < self.list_depth:
                self.list_depth = 0
            elif mark == "}" and self.start is not None and len(self.stack) == self.list_depth:
                yield self._piece(self.buffer[self.start : self.at])
                self.start = None

    def _piece(self, text: str) -> JsonPiece:
        self.number += 1
        try:
            return JsonPiece(self.number, text, parse(text), self.met_list)
        except NotJsonError as problem:
            return JsonPiece(self.number, text, {}, self.met_list, reason("json_broken", detail=problem))
