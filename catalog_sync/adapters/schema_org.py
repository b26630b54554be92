"""schema.org descriptions (JSON-LD): the scripts of a web page, or a file of products.

Source: schema.org's Product, Book, Offer and what they contain, and Google's pages on structured data. A page describes
what stands on it, so that its silence means nothing; a file is taken for the whole list. The @context is never fetched:
names are read by their last part.

Options: `delta`.
"""

import re
from collections.abc import Iterator
from typing import Any

from catalog_sync.adapters.base import ChunkWriter, FileAdapter
from catalog_sync.adapters.schema_org_facts import Nodes, Sale, read_sale, sales
from catalog_sync.adapters.spreadsheet import stamp_notes
from catalog_sync.reading.decoding import BLOCK, Decoding, decide, refuse_web_page, sample
from catalog_sync.reading.fetching import LocalFile
from catalog_sync.reading.json_records import JsonEnding, describe_json, split_json
from catalog_sync.reading.json_text import LARGEST_DOCUMENT, NotJsonError, parse
from catalog_sync.reading.stamps import as_of
from catalog_sync.reasons import Reason, feed_error, reason
from catalog_sync.records import Chunk, Cursor, Issue, Lane, Refused, raw_text

LISTS = ("@graph", "itemListElement", "dataFeedElement")
_TAG = re.compile(r"<script\b([^<>]{0,1000})>", re.I)
_END_TAG = re.compile(r"</script\b", re.I)
_LINKED_DATA = re.compile(r"type\s*=\s*[\"']?application/ld\+json", re.I)


class SchemaOrg(FileAdapter):
    kind = "schema_org"
    position_word = "record"

    def read(self, file: LocalFile, lane: Lane, since: Cursor | None) -> Iterator[Chunk]:
        decoding = decide(file.path, self.feed.encoding)
        page = self._page(file, decoding)
        writer = ChunkWriter(as_of(file.stamp, file.received_at, file.lateness), [decoding.note(), *stamp_notes(file)])
        ending = JsonEnding()
        pieces = scripts(page) if page else self._objects(file, ending)
        for number, (text, value, problem) in enumerate(pieces, 1):
            if problem is not None:
                writer.refused.append(Refused(raw_text(text), problem, number))
                continue
            self._take(value, text, number, writer, lane)
            if writer.is_full():
                yield writer.take()
        why_not = reason("delta_only") if page else None
        yield self.last_chunk(writer, whole=ending.closed, why_not=why_not)

    def _page(self, file: LocalFile, decoding: Decoding) -> str:
        """The text of a web page that holds linked data; empty for a file of JSON. Raises `FeedError` for any other
        page."""
        start = sample(file.path, decoding, BLOCK)
        if not start.lstrip("\ufeff\0 \t\r\n").startswith("<"):
            return ""
        if file.path.stat().st_size > LARGEST_DOCUMENT:
            raise feed_error("file_too_large", permanent=True, limit=LARGEST_DOCUMENT // 1024**2)
        text = file.path.read_text(encoding=decoding.encoding, errors="replace")
        if not any(True for _ in scripts(text)):
            refuse_web_page(text)
            raise feed_error("file_wrong_kind", permanent=True, found="XML", expected="JSON-LD (schema.org)")
        return text

    def _objects(self, file: LocalFile, ending: JsonEnding) -> Iterator[tuple[str, Any, Reason | None]]:
        decoding = describe_json(file.path, self.feed.encoding, "JSON-LD (schema.org)")
        for piece in split_json(file.path, decoding, LISTS, ending):
            yield piece.text, piece.value, piece.problem

    def _take(self, value: Any, text: str, number: int, writer: ChunkWriter, lane: Lane) -> None:
        """Every article a script or an object describes."""
        for sale in sales(value, Nodes(value)):
            self._sell(sale, text, number, writer, lane)

    def _sell(self, sale: Sale, text: str, number: int, writer: ChunkWriter, lane: Lane) -> None:
        record, reasons, why_not = read_sale(sale, self.feed, writer.as_of)
        if record.sku and not (record.title or record.gtin) and lane is Lane.CATALOGUE:
            why_not = reason("title_missing")
        if why_not is not None:
            writer.refused.append(Refused(raw_text(text), why_not, number, record.sku))
            return
        writer.records.append(
            record._replace(speaks_for=self.speaks_for(lane), contains_our_orders=self.contains_our_orders)
        )
        writer.issues.extend(Issue(record.sku, why, number) for why in reasons)


def scripts(page: str) -> Iterator[tuple[str, Any, Reason | None]]:
    """The linked data of a web page: text, value, and why it has none."""
    place = 0
    while found := _TAG.search(page, place):
        end = _END_TAG.search(page, found.end())
        place = end.end() if end else len(page)
        if not _LINKED_DATA.search(found[1]):
            continue
        text = page[found.end() : end.start() if end else len(page)].strip()
        if end is None:
            yield text, None, reason("record_cut")
            return
        try:
            yield text, parse(text), None
        except NotJsonError as problem:
            yield text, None, reason("json_broken", detail=problem)
