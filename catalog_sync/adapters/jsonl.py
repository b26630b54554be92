"""JSON Lines of our own schema: one article per line, with a line that proves the end.

Layout: docs/formats.md and docs/catalog-record.schema.json. The first line may be a header, {"halles": 1, "complete":
true, "as_of": "2026-03-05T08:00:00Z"}; {"gone": SKU} withdraws an article; {"end": N} comes last and counts the lines
between. A line is read for itself: what is broken in it costs that line alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from catalog_sync import cleaning
from catalog_sync.adapters.base import ChunkWriter, FileAdapter
from catalog_sync.adapters.spreadsheet import stamp_notes
from catalog_sync.canonical_fields import FIELDS
from catalog_sync.canonical_json import Defaults, Understood, from_json
from catalog_sync.exporting import VERSION
from catalog_sync.reading.decoding import Decoding, refuse_web_page
from catalog_sync.reading.fetching import LocalFile
from catalog_sync.reading.json_text import NotJsonError, parse
from catalog_sync.reading.lines import Line, read_lines
from catalog_sync.reading.stamps import CLOCK_TOLERANCE, as_of, read_stamp
from catalog_sync.reasons import Reason, feed_error, reason
from catalog_sync.records import Chunk, Cursor, Issue, Lane, Refused, raw_text

NAMES = frozenset({"halles", "end", "gone", *FIELDS})
SEARCHED_LINES = 100  # among which one has to be of our form


@dataclass
class _Ending:
    """What header and last line say, and how many lines came between."""

    counted: int = 0
    expected: int | None = None
    all_listed: bool = True
    after_end: bool = False

    def why_not(self) -> Reason | None:
        """Why the end is not proved; None where it is."""
        if self.expected is None:
            return reason("end_missing")
        if self.after_end or self.expected != self.counted:
            return reason("end_differs", expected=self.expected, found=self.counted)
        return None if self.all_listed else reason("delta_only")


class JsonLines(FileAdapter):
    kind = "jsonl"
    position_word = "line"

    def read(self, file: LocalFile, lane: Lane, since: Cursor | None) -> Iterator[Chunk]:
        header = self._recognise(file)
        stamp = read_stamp(str(header.get("as_of", "")), self.feed.timezone) or file.stamp
        counts_from = as_of(stamp, file.received_at, file.lateness)
        notes = [Decoding("utf-8", "declared").note()]
        notes += [] if header.get("as_of") else stamp_notes(file)
        writer, ending = ChunkWriter(counts_from, notes), _Ending(all_listed=header.get("complete") is not False)
        defaults = Defaults(self.feed.currency, self.contains_our_orders, self.speaks_for(lane))
        latest = file.received_at - CLOCK_TOLERANCE
        for line in read_lines(file.path):
            values = self._object(line, writer, ending)
            if values is None:
                continue
            understood = from_json(values, defaults, counts_from)
            moment = min(understood.as_of or writer.as_of, latest)
            if moment != writer.as_of:  # numbers of another time are another chunk
                if not writer.is_empty():
                    yield writer.take()
                writer.as_of = moment
            _hand_over(understood, line, writer)
            if writer.is_full():
                yield writer.take()
        why_not = ending.why_not()
        yield self.last_chunk(writer, whole=why_not is None, why_not=why_not)

    def _recognise(self, file: LocalFile) -> dict[str, Any]:
        """The header, empty without one. Raises `FeedError` for what is no file of ours."""
        first = Line(0, "", None)
        for line in read_lines(file.path):
            values = _parsed(line)
            is_first, first = not first.number, first if first.number else line
            if isinstance(values, dict) and NAMES & set(values):
                return _checked(values) if is_first and "halles" in values else {}
            if line.number >= SEARCHED_LINES:
                break
        refuse_web_page(first.text)
        if first.text.startswith("{") and not isinstance(_parsed(first), dict):
            raise feed_error("file_damaged", permanent=False, detail="JSON")
        found = {"{": "JSON", "[": "JSON", "<": "XML"}.get(first.text[:1], "text")
        raise feed_error("file_wrong_kind", permanent=True, found=found, expected="JSON Lines")

    def _object(self, line: Line, writer: ChunkWriter, ending: _Ending) -> dict[str, Any] | None:
        """The article on a line; None where there is none, or it was dealt with here."""
        values = _parsed(line)
        if isinstance(values, dict) and "halles" in values and not ending.counted:
            return None
        if isinstance(values, dict) and "end" in values:
            ending.after_end = ending.expected is not None
            ending.expected = values["end"] if type(values["end"]) is int else -1
            ending.all_listed &= values.get("complete") is not False
            return None
        ending.counted += 1
        ending.after_end = ending.expected is not None
        if isinstance(values, Reason):
            writer.refused.append(Refused(raw_text(line.text), values, line.number))
        elif not isinstance(values, dict):
            why = reason("json_broken", detail="{…}")
            writer.refused.append(Refused(raw_text(line.text), why, line.number))
        elif "gone" in values and "sku" not in values:
            self._withdraw(values["gone"], line, writer)
        else:
            return values
        return None

    def _withdraw(self, sku: Any, line: Line, writer: ChunkWriter) -> None:
        number = cleaning.sku(sku) if isinstance(sku, str) else ""
        if number:
            writer.gone.append(number)
        else:
            writer.refused.append(Refused(raw_text(line.text), reason("sku_missing"), line.number))


def _checked(header: dict[str, Any]) -> dict[str, Any]:
    if header["halles"] != VERSION:
        found = f"halles {header['halles']}"
        raise feed_error("file_wrong_kind", permanent=True, found=found, expected=f"halles {VERSION}")
    return header


def _hand_over(understood: Understood, line: Line, writer: ChunkWriter) -> None:
    if understood.record is None:
        why = understood.refused or reason("sku_missing")
        writer.refused.append(Refused(raw_text(line.text), why, line.number, understood.sku))
        return
    writer.records.append(understood.record._replace(as_of=writer.as_of))
    writer.issues.extend(Issue(understood.sku, why, line.number) for why in understood.issues)


def _parsed(line: Line) -> Any:
    """A line's JSON value, or the `Reason` why it has none."""
    if line.problem is not None:
        return line.problem
    try:
        return parse(line.text)
    except NotJsonError as problem:
        return reason("json_broken", detail=problem)
