"""Records as a file in our own form (docs/formats.md): JSON Lines that read back to the identical records."""

import json
from collections.abc import Iterable
from typing import Any, Protocol

from catalog_sync.canonical_json import as_json
from catalog_sync.records import CatalogRecord, Chunk

VERSION = 1


class Writable(Protocol):
    """A text file, or a command's output."""

    def write(self, text: str, /) -> object: ...


def write_jsonl(records: Iterable[CatalogRecord], stream: Writable, *, complete: bool = False) -> int:
    """Write records with the header and the line that proves the end; returns how many.

    `complete`: these are all articles of the shop, so that a reader may retire what is not among them.
    """
    _write(stream, {"halles": VERSION})
    count = 0
    for record in records:
        _write(stream, as_json(record))
        count += 1
    _write(stream, {"end": count, "complete": complete})
    return count


def write_reading(chunks: Iterable[Chunk], stream: Writable) -> int:
    """Write what a feed's reading gives, chunk by chunk, withdrawn articles among it; returns how many lines.

    The file is complete only where the reading was and refused nothing: an article that could not be read is not gone.
    """
    _write(stream, {"halles": VERSION})
    count, refused, complete = 0, 0, False
    for chunk in chunks:
        for record in chunk.records:
            _write(stream, as_json(record))
        for sku in chunk.gone:
            _write(stream, {"gone": sku})
        count += len(chunk.records) + len(chunk.gone)
        refused += len(chunk.refused)
        complete = chunk.complete
    _write(stream, {"end": count, "complete": complete and not refused})
    return count


def _write(stream: Writable, values: dict[str, Any]) -> None:
    stream.write(json.dumps(values, ensure_ascii=False, separators=(",", ":")) + "\n")
