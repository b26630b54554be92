from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog_sync.adapters import lists
from catalog_sync.adapters.base import FeedSettings
from catalog_sync.adapters.detecting import detect
from catalog_sync.canonical_json import as_json
from catalog_sync.doors.locations import read_in_child
from catalog_sync.exporting import write_reading
from catalog_sync.exporting_onix import write_onix_reading
from catalog_sync.reading.fetching import open_local
from catalog_sync.reasons import FeedError, Reason
from catalog_sync.records import CatalogRecord, Chunk, Issue, Lane, Refused

SHOWN_ISSUES = 10
AUTO = "auto"


class Command(BaseCommand):
    help = "Read a feed's file without a database and say what was understood."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", help=f"{AUTO} (found out), {', '.join(lists())}")
        parser.add_argument("file")
        parser.add_argument("--records", action="store_true", help="print every record as a line of JSON")
        parser.add_argument("--jsonl", action="store_true", help="print the file in our own form, to be read as jsonl")
        parser.add_argument("--onix", action="store_true", help="print the file as an ONIX 3.0 message")
        parser.add_argument("--json", action="store_true", help="end with one line of JSON")
        parser.add_argument("--currency", default=settings.OSCAR_DEFAULT_CURRENCY, help="where the file names none")
        parser.add_argument("--language", default="fr")
        parser.add_argument("--encoding", default="", help="declared charset; found out where it is not given")

    def handle(self, *args: object, **options: Any) -> None:
        try:
            kind, found = kinds(options["kind"], options["file"])
            wanted = FeedSettings(kind, options["file"], options["currency"], options["language"], options["encoding"])
            told = Told(found)
            with read_in_child(wanted, wanted.location, Lane.CATALOGUE) as (chunks, _):
                self._show(told.counting(chunks), options)
        except FeedError as error:
            raise CommandError(str(error)) from None
        if not options["records"] and not options["jsonl"] and not options["onix"]:
            self.stdout.write(told.text())
        if options["json"]:
            self.stdout.write(json.dumps(told.as_json(), ensure_ascii=False))

    def _show(self, chunks: Iterator[Chunk], options: dict[str, Any]) -> None:
        if options["jsonl"]:
            write_reading(chunks, self.stdout)
        elif options["onix"]:
            self.stdout.ending = ""
            name = Path(options["file"]).stem
            written = write_onix_reading(chunks, self.stdout, sender=name, currency=options["currency"])
            if written.left_out:
                self.stderr.write(f"{written.left_out} articles cannot be said in ONIX and were left out.")
        for chunk in chunks:
            if options["records"]:
                for record in chunk.records:
                    self.stdout.write(json.dumps(as_json(record), ensure_ascii=False))


def kinds(asked: str, location: str) -> tuple[str, str]:
    """The kind to read a file as, and the kind it was found to be. Raises `FeedError` where it is to be found out and
    cannot be."""
    try:
        with open_local(location) as file:
            found = detect(file.path)
    except FeedError:
        if asked == AUTO:
            raise
        return asked, asked
    return (found if asked == AUTO else asked), found


class Told:
    """What a file was understood to say, counted chunk by chunk."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.records = self.refused = 0
        self.complete = False
        self.filled: Counter[str] = Counter()
        self.issues: Counter[str] = Counter()
        self.examples: dict[str, str] = {}
        self.notes: list[Reason] = []

    def counting(self, chunks: Iterable[Chunk]) -> Iterator[Chunk]:
        """The same chunks, counted as they pass."""
        for chunk in chunks:
            self.count(chunk)
            yield chunk

    def count(self, chunk: Chunk) -> None:
        self.records += len(chunk.records)
        self.refused += len(chunk.refused)
        self.complete = chunk.complete
        self.notes += chunk.notes
        for record in chunk.records:
            self.filled.update(name for name, value in zip(record._fields, record, strict=True) if value not in _EMPTY)
        told: list[Refused | Issue] = [*chunk.refused, *chunk.issues]
        for row in told:
            self.issues[row.reason.code] += 1
            self.examples.setdefault(row.reason.code, f"{row.position}: {row.reason.words()}")

    def text(self) -> str:
        lines = [f"{self.records} articles read, {self.refused} refused."]
        lines += [note.words() for note in self.notes]
        for code, count in self.issues.most_common(SHOWN_ISSUES):
            lines.append(f"{count:6d} × {self.examples[code]}")
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        charset = next((dict(note.values)["encoding"] for note in self.notes if note.code == "encoding_decided"), None)
        return {
            "records": self.records,
            "refused": self.refused,
            "complete": self.complete,
            "charset": charset,
            "kind_detected": self.kind,
            "fields": {
                name: round(self.filled[name] / self.records, 4) if self.records else 0.0
                for name in CatalogRecord._fields
            },
            "issues": [
                {"code": code, "count": count, "example": self.examples[code]}
                for code, count in self.issues.most_common()
            ],
        }


_EMPTY = (None, "", (), False)
