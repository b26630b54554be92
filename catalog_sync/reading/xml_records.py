"""XML feeds, one record at a time, whatever surrounds or spoils them.

The text is split at the record's own tags and each record is parsed by itself. So a bad byte, a control character or
an unclosed tag costs one record and not the file; a document type is never even parsed, so that no remote DTD is
fetched and no entity can expand; memory stays at one record; and of a cut file every whole record is delivered.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from html.entities import html5
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from lxml import etree

from catalog_sync.reading.decoding import Decoding, blocks, decide, is_utf8_with_damage, refuse_web_page, sample
from catalog_sync.reasons import Reason, feed_error, reason

LARGEST_RECORD = 4_000_000  # characters
LARGEST_TAIL = 65_536
NEAR = 4096
_DECLARED = re.compile(r"^\ufeff?\s*<\?xml[^>]*?encoding\s*=\s*[\"']([\w.:-]+)[\"']", re.I)
_ROOT = re.compile(r"<([A-Za-z_][\w.-]*(?::[\w.-]+)?)([^<>]*)>")
_SKIPPED = re.compile(r"<\?.*?\?>|<!--.*?-->|<!DOCTYPE(?:[^\[>]|\[.*?\])*>", re.S | re.I)
_PREFIX = re.compile(r"xmlns:([\w.-]+)\s*=\s*(\"[^\"<]*\"|'[^'<]*')")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_CONTROL_REFERENCE = re.compile(
    r"&#(?:0*(?:[0-8]|1[124-9]|2\d|3[01])|x0*(?:[0-8bcef]|1[0-9a-f])|0*6553[45]|x0*fff[ef]);", re.I
)
_NAMED = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31});")
_BARE_AMPERSAND = re.compile(r"&(?!#\d{1,7};|#x[0-9a-fA-F]{1,6};|(?:amp|lt|gt|quot|apos);)")
_XML_ENTITIES = frozenset({"amp", "lt", "gt", "quot", "apos"})


@dataclass(frozen=True)
class Document:
    """What stands before the first record. `root` is the outermost tag's name without prefix."""

    root: str
    attributes: str
    head: str
    decoding: Decoding


@dataclass(frozen=True)
class Piece:
    """One record's text, from 1 in the order of the file. `problem`: it cannot be used, and why."""

    number: int
    name: str
    text: str
    problem: Reason | None = None


@dataclass
class XmlEnding:
    """Valid once the pieces are read. `closed`: the root's closing tag came after the last record."""

    closed: bool = False


def describe(path: Path, declared: str) -> Document:
    """The encoding and outermost tag of an XML file. Raises `FeedError` for an empty file, a web page, or no XML."""
    start = sample(path, decide_start(path), 2048)
    named = _DECLARED.match(start)
    decoding = decide(path, named[1] if named else declared)
    if decoding.how == "assumed" and is_utf8_with_damage(path):  # a broken byte costs its record, not all accents
        decoding = Decoding("utf-8", "UTF-8 with broken bytes")
    text = sample(path, decoding)
    refuse_web_page(text)
    head = _SKIPPED.sub("", text)
    root = _ROOT.search(head)
    if not root or head.lstrip("\ufeff \t\r\n\0")[:1] != "<":
        raise feed_error("file_wrong_kind", permanent=True, found=_kind_of(text), expected="XML")
    return Document(root[1].rsplit(":", 1)[-1], root[2], head[: LARGEST_TAIL // 4], decoding)


def decide_start(path: Path) -> Decoding:
    """An encoding good enough to read the XML declaration, which is ASCII but for UTF-16."""
    with path.open("rb") as stream:
        start = stream.read(4)
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return Decoding("utf-16", "mark")
    if start[1:2] == b"\0":
        return Decoding("utf-16-le", "zero bytes")
    return Decoding("utf-16-be", "zero bytes") if start[:1] == b"\0" else Decoding("latin-1", "declaration only")


def _kind_of(text: str) -> str:
    first = text.lstrip("\ufeff \t\r\n")[:1]
    if first in ("{", "["):
        return "JSON"
    return "a spreadsheet file" if text.startswith("PK") else "text"


def split_records(path: Path, document: Document, names: tuple[str, ...], ending: XmlEnding) -> Iterator[Piece]:
    """The elements called one of `names` (local names; they do not nest in themselves), in order, as text.

    Comments and CDATA are passed over, so that a record commented out is none. A record that never closes, or is larger
    than LARGEST_RECORD, comes with a `problem`; the next record is found again behind it.
    """
    splitter = _Splitter(names)
    for block in blocks(path, document.decoding):
        yield from splitter.feed(block)
    yield from splitter.finish()
    ending.closed = not splitter.cut and (document.root in names or splitter.has_closed(document.root))


class _Splitter:
    def __init__(self, names: tuple[str, ...]) -> None:
        alternatives = "|".join(re.escape(name) for name in names)
        self.token = re.compile(rf"<!--|<!\[CDATA\[|<(/?)(?:[\w.-]+:)?({alternatives})(?=[\s/>])")
        self.buffer = ""
        self.at = 0  # where scanning goes on
        self.start: int | None = None  # of the record being read
        self.name = ""
        self.number = 0
        self.tail_from = 0  # just behind the last record
        self.cut = False
        self.reach = LARGEST_RECORD  # how far ahead a closing tag is looked for; not far while none are met

    def feed(self, block: str) -> Iterator[Piece]:
        self.buffer += block
        yield from self._scan(final=False)
        keep = (
            self.start if self.start is not None else max(self.tail_from, min(self.at, len(self.buffer) - LARGEST_TAIL))
        )
        self.buffer = self.buffer[keep:]
        self.at -= keep
        self.tail_from = max(0, self.tail_from - keep)
        if self.start is None:
            if len(self.buffer) > LARGEST_RECORD:  # a comment that never ends
                self.at += 1
        else:
            self.start = 0
            if len(self.buffer) > LARGEST_RECORD:
                yield self._piece(self.buffer[:200], reason("record_too_large", limit=LARGEST_RECORD))
                self.start, self.tail_from = None, self.at

    def finish(self) -> Iterator[Piece]:
        yield from self._scan(final=True)
        if self.start is not None:
            self.cut = True
            yield self._piece(self.buffer[self.start :], reason("record_cut"))

    def has_closed(self, root: str) -> bool:
        return re.search(rf"</(?:[\w.-]+:)?{re.escape(root)}\s*>", self.buffer[self.tail_from :]) is not None

    def _scan(self, final: bool) -> Iterator[Piece]:
        while found := self.token.search(self.buffer, self.at):
            text = found[0]
            if text.startswith("<!"):
                end = "-->" if text == "<!--" else "]]>"
                closed = self.buffer.find(end, found.end())
                if closed < 0 and not final:
                    self.at = found.start()
                    return
                self.at = closed + 3 if closed >= 0 else found.end()
                continue
            close = self.buffer.find(">", found.end())
            if close < 0 and not final:
                self.at = found.start()
                return
            if close < 0:
                self.at = found.end()
                continue
            self.at = close + 1
            yield from self._tag(found, close)
            self._skip_to_end(text)
        self.at = max(self.at, len(self.buffer) - 100) if not final else len(self.buffer)

    def _skip_to_end(self, opened: str) -> None:
        """Inside a plain record, go straight to its closing tag: looking at every tag is what costs."""
        if self.start is None:
            return
        end = self.buffer.find(f"</{opened[1:]}>", self.at, self.at + self.reach)
        if end < 0:
            return
        for hindrance in ("<!", opened + ">", opened + " "):
            if self.buffer.find(hindrance, self.at, end) >= 0:
                return
        self.at = end

    def _tag(self, found: re.Match[str], close: int) -> Iterator[Piece]:
        closing, name = found[1], found[2]
        if not closing:
            if self.start is not None:
                self.reach = NEAR
                yield self._piece(
                    self.buffer[self.start : found.start()], reason("record_unreadable", detail="not closed")
                )
            self.start, self.name = found.start(), name
            if self.buffer[close - 1] == "/":
                self._end(close)
                yield self._piece(self.buffer[found.start() : close + 1])
        elif self.start is not None and name == self.name:
            piece = self.buffer[self.start : close + 1]
            self.reach = LARGEST_RECORD
            self._end(close)
            yield self._piece(piece)

    def _end(self, close: int) -> None:
        self.start, self.tail_from = None, close + 1

    def _piece(self, text: str, problem: Reason | None = None) -> Piece:
        self.number += 1
        return Piece(self.number, self.name, text, problem)


def prefixes(document: Document) -> str:
    """The namespace prefixes declared before the first record, as attributes for `parse`."""
    found = dict(_PREFIX.findall(document.head))
    return "".join(f" xmlns:{prefix}={address}" for prefix, address in found.items())


_PARSER = etree.XMLParser(
    resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
)


def without_controls(text: str) -> str:
    """A text without the characters that XML has not."""
    return _CONTROL.sub(" ", text)


class ParsedPart(NamedTuple):
    """As `Parsed`, with an element of the standard library."""

    element: ElementTree.Element | None
    problem: Reason | None
    cleaned: bool


def parse_plain(text: str, declared_prefixes: str = "") -> ParsedPart:
    """The same as `parse`, twice as fast where nothing is wrong with the record: only then is it looked at again.

    The standard library's parser is safe here, since a record begins with its own tag: a document type, in which
    entities are declared, can only stand before it.
    """
    try:
        return ParsedPart(_plain(text, declared_prefixes), None, False)
    except (ElementTree.ParseError, ValueError):
        parsed = parse(text, declared_prefixes)
    if parsed.element is None:
        return ParsedPart(None, parsed.problem, parsed.cleaned)
    repaired = etree.tostring(parsed.element, encoding="unicode", with_tail=False)
    try:
        return ParsedPart(_plain(repaired, ""), None, parsed.cleaned)
    except (ElementTree.ParseError, ValueError) as problem:
        return ParsedPart(None, reason("record_unreadable", detail=problem), parsed.cleaned)


def _plain(text: str, declared_prefixes: str) -> ElementTree.Element:
    if not declared_prefixes:
        return ElementTree.fromstring(text)  # noqa: S314 see parse_plain
    return ElementTree.fromstring(f"<records{declared_prefixes}>{text}</records>")[0]  # noqa: S314


class Parsed(NamedTuple):
    """`element`, or the `problem` that prevented it; `cleaned`: control characters had to be taken out."""

    element: etree._Element | None
    problem: Reason | None
    cleaned: bool


def parse(text: str, declared_prefixes: str = "") -> Parsed:
    """One record's text as an element. Undeclared entities (&eacute;) become their characters; a bare "&" is
    forgiven."""
    clean = _CONTROL.sub(" ", text)
    if "&#" in clean:
        clean = _CONTROL_REFERENCE.sub(" ", clean)
    cleaned = clean != text
    if "&" in clean:
        clean = _NAMED.sub(_entity, clean)
    try:
        return Parsed(_parsed(clean, declared_prefixes), None, cleaned)
    except (etree.XMLSyntaxError, ValueError) as problem:
        detail = str(problem).split(", line")[0]
    try:
        return Parsed(_parsed(_BARE_AMPERSAND.sub("&amp;", clean), declared_prefixes), None, cleaned)
    except (etree.XMLSyntaxError, ValueError):
        return Parsed(None, reason("record_unreadable", detail=detail), cleaned)


def _entity(found: re.Match[str]) -> str:
    name = found[1]
    if name in _XML_ENTITIES:
        return found[0]
    return escape(html5.get(name + ";", f"&{name};"), quote=False)


def _parsed(text: str, declared_prefixes: str) -> etree._Element:
    if not declared_prefixes:
        return etree.fromstring(text, _PARSER)
    return etree.fromstring(f"<records{declared_prefixes}>{text}</records>", _PARSER)[0]


def drop_namespaces(element: etree._Element) -> None:
    """Rename every element of a record to its local name, in place: senders get their namespaces wrong."""
    for child in element.iter(etree.Element):
        tag = child.tag
        if tag[0] == "{":
            child.tag = tag[tag.index("}") + 1 :]
