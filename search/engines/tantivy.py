"""The embedded engine: tantivy, an index in a directory, written by one process at a time and read by all."""

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import tantivy
from django.conf import LazySettings
from tantivy import Occur

from search.documents import TitleDocument
from search.engines import clauses, fields
from search.engines.base import Engine, SearchError, Status
from search.engines.clauses import Answer, Clause, Count, Request
from search.engines.fields import FIELDS, Kind
from search.engines.generations import Generations, Stamp, bytes_in, stamp
from search.engines.query import UnusableIndexError, only_search_errors

_MOST_BUCKETS = 10_000
_MANY_VALUES = 30
_HEAP_BYTES = 32_000_000
_HEAP_BYTES_REBUILDING = 64_000_000
_THREADS_REBUILDING = 2
_PAUSE_SECONDS = 0.02
_BATCH = 1000
_PHRASED, _COUNTED, _PLAIN = "position", "freq", "basic"
_INDEX_OPTIONS = {Kind.WORDS: _PHRASED, Kind.TERMS: _COUNTED, Kind.KEYS: _PLAIN, Kind.CODES: _PLAIN}


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for name, kind in FIELDS.items():
        if kind in (Kind.WORDS, Kind.TERMS):
            builder.add_text_field(name, tokenizer_name="whitespace", index_option=_INDEX_OPTIONS[kind])
        elif kind in (Kind.KEYS, Kind.CODES, Kind.ORDER_TEXT):
            builder.add_text_field(name, tokenizer_name="raw", index_option=_PLAIN, fast=kind is not Kind.KEYS)
        elif kind is Kind.NUMBERS:
            builder.add_unsigned_field(name, indexed=True, fast=True)
        elif kind in (Kind.ORDER_NUMBER, Kind.WEIGHT):
            builder.add_unsigned_field(name, fast=True)
        else:
            builder.add_bytes_field(name, stored=True)
    return builder.build()


SCHEMA = _schema()


@dataclass(slots=True)
class _Reading:
    """What this process has open, and the stamps of the files it was read from."""

    index: tantivy.Index
    searcher: tantivy.Searcher
    meta: Path
    meta_stamp: Stamp | None
    pointer_stamp: Stamp


class TantivyEngine(Engine):
    """An index in ``path``. A change waits ``patience_seconds`` for another process that is writing."""

    def __init__(self, path: Path, *, patience_seconds: float = 10.0) -> None:
        self._patience_seconds = patience_seconds
        self._generations = Generations(Path(path), fields.version())
        self._path = Path(path)
        self._lock = threading.Lock()
        self._open: _Reading | None = None

    @classmethod
    def from_settings(cls, settings: LazySettings) -> "TantivyEngine":
        return cls(Path(settings.SEARCH_INDEX_PATH))

    def answer(self, request: Request) -> Answer:
        with only_search_errors("search"):
            searcher = self._searcher()
            asked = _every([_query(request.match, scored=True), *map(_filter, request.filters.values())])
            order: dict[str, Any] = {"weight_by_field": "weight"}
            if request.order:
                descending = request.order.startswith("-")
                direction = tantivy.Order.Desc if descending else tantivy.Order.Asc
                order = {"order_by_field": request.order.removeprefix("-"), "order": direction}
            found = searcher.search(asked, limit=max(1, request.limit), offset=request.offset, **order)
            addresses = [address for _, address in found.hits[: request.limit]]
            return Answer(
                ids=tuple(searcher.fast_field_values("product", addresses)),  # type: ignore[arg-type]
                total=found.count,
                counts=_counts(searcher, request),
                shown=tuple(_shown(searcher, address) for address in addresses) if request.shown else (),
            )

    def write(self, documents: Iterable[TitleDocument]) -> int:
        reading, number = iter(documents), 0
        batch = list(islice(reading, _BATCH))
        if batch:
            with self._writing("write") as writer:
                while batch:
                    with only_search_errors("write"):
                        self._generations.note(batch)
                        _replace(writer, batch)
                    number += len(batch)
                    batch = list(islice(reading, _BATCH))
        return number

    def remove(self, product_ids: Iterable[int]) -> None:
        product_ids = list(product_ids)
        if product_ids:
            with self._writing("remove") as writer, only_search_errors("remove"):
                self._generations.note(product_ids)
                _remove(writer, product_ids)

    def rebuild(self, documents: Iterable[TitleDocument]) -> int:
        with self._generations.rebuilding():
            with only_search_errors("rebuild"):
                directory = self._generations.new()
                index = tantivy.Index(SCHEMA, path=str(directory))
                writer = index.writer(heap_size=_HEAP_BYTES_REBUILDING, num_threads=_THREADS_REBUILDING)
            try:
                number = 0
                for number, document in enumerate(documents, 1):  # noqa: B007
                    with only_search_errors("rebuild"):
                        writer.add_document(_document(document))
                with only_search_errors("rebuild"):
                    writer.commit()
                    self._swap(directory, writer)
            except BaseException:
                self._generations.discard(directory)
                raise
        return number

    def status(self) -> Status:
        try:
            with only_search_errors("open"):
                searcher = self._searcher()
                directory = self._generations.current() or self._path
                committed = datetime.fromtimestamp((directory / "meta.json").stat().st_mtime, tz=UTC)
                size = bytes_in(directory)
        except SearchError as error:
            return Status(engine="tantivy", healthy=False, lost=True, detail=str(error))
        return Status(engine="tantivy", healthy=True, documents=searcher.num_docs, last_commit=committed, bytes=size)

    def _searcher(self) -> tantivy.Searcher:
        """The newest commit. A ``stat`` of two files notices what any process has written since the last call."""
        with self._lock:
            pointer = self._generations.stamp()
            if pointer is None:
                raise SearchError(f"There is no search index in {self._path}: run manage.py rebuild_index")
            if self._open is None or self._open.pointer_stamp != pointer:
                self._open = self._read(pointer)
            meta_stamp = stamp(self._open.meta)
            if meta_stamp != self._open.meta_stamp:
                self._open.index.reload()
                self._open.searcher = self._open.index.searcher()
                self._open.meta_stamp = meta_stamp
            return self._open.searcher

    def _read(self, pointer: Stamp) -> _Reading:
        try:
            directory, index = self._open_live()
        except ValueError:  # another generation went live, and this one's directory is gone
            directory, index = self._open_live()
        index.config_reader("manual")
        meta = directory / "meta.json"
        meta_stamp = stamp(meta)
        index.reload()
        return _Reading(index, index.searcher(), meta, meta_stamp, pointer)

    def _open_live(self) -> tuple[Path, tantivy.Index]:
        directory = self._generations.current()
        if directory is None:
            raise SearchError(f"There is no search index in {self._path}: run manage.py rebuild_index")
        return directory, tantivy.Index.open(str(directory))

    @contextmanager
    def _writing(self, doing: str) -> Iterator[tantivy.IndexWriter]:
        """A writer of the live generation; commits at the end, or leaves everything as it was."""
        with only_search_errors(doing):
            writer = self._writer()
        try:
            yield writer
            with only_search_errors(doing):
                writer.commit()
        except BaseException:
            writer.rollback()
            raise
        finally:
            writer.wait_merging_threads()  # merges would be lost with the writer; also frees the lock

    def _writer(self) -> tantivy.IndexWriter:
        deadline = time.monotonic() + self._patience_seconds
        while True:
            directory = self._generations.current()
            if directory is None:
                first = self._generations.new()
                tantivy.Index(SCHEMA, path=str(first))
                self._generations.make_first(first)
                continue
            try:
                writer = tantivy.Index.open(str(directory)).writer(heap_size=_HEAP_BYTES, num_threads=1)
            except ValueError as error:
                if "LockBusy" in str(error):
                    if time.monotonic() > deadline:
                        raise SearchError(f"The search index in {directory} is busy: another process writes") from error
                    time.sleep(_PAUSE_SECONDS)
                elif self._generations.current() == directory:
                    raise UnusableIndexError(f"The search index in {directory} is damaged: {error}") from error
                continue
            if self._generations.current() == directory:
                return writer
            writer.wait_merging_threads()  # another generation went live while this one waited

    def _swap(self, directory: Path, writer: tantivy.IndexWriter) -> None:
        live = None
        with suppress(UnusableIndexError):
            live = self._writer()  # held so that nobody else writes between the journal's last line and the swap
        try:
            for change in self._generations.noted():
                _remove(writer, [change]) if isinstance(change, int) else _replace(writer, [change])
            writer.commit()
            writer.wait_merging_threads()
            self._generations.make_live(directory)
        finally:
            if live:
                live.wait_merging_threads()


def _remove(writer: tantivy.IndexWriter, product_ids: list[int]) -> None:
    # Not delete_documents_by_term: for a number it makes a term of another type and deletes nothing.
    writer.delete_documents_by_query(tantivy.Query.term_set_query(SCHEMA, "product", product_ids))


def _replace(writer: tantivy.IndexWriter, documents: list[TitleDocument]) -> None:
    """One deletion for all of them; of a title that comes twice the later document."""
    latest = {document.product_id: document for document in documents}
    _remove(writer, list(latest))
    for document in latest.values():
        writer.add_document(_document(document))


def _document(document: TitleDocument) -> tantivy.Document:
    values: dict[str, Any] = fields.fields_of(document)  # type: ignore[assignment]
    values["shown"] = [shown.encode() for shown in values["shown"]]
    return tantivy.Document.from_dict(values, SCHEMA)


def _shown(searcher: tantivy.Searcher, address: tantivy.DocAddress) -> str:
    stored: bytes = searcher.doc(address).get_first("shown")  # type: ignore[assignment]
    return stored.decode()


def _counts(searcher: tantivy.Searcher, request: Request) -> dict[str, dict[object, int]]:
    """Facets without a filter of their own are counted together, each of the others under all filters but its own."""
    match = _unscored(request.match)
    together = [name for name in request.counts if name not in request.filters]
    counted: dict[str, dict[object, int]] = {}
    for names in filter(None, [together, *([name] for name in request.counts if name in request.filters)]):
        filters = [_filter(clause) for name, clause in request.filters.items() if name not in names]
        wanted = {name: _aggregation(request.counts[name]) for name in names}
        found = searcher.aggregate(_every([match, *filters]), wanted)
        for name in names:
            counted[name] = _buckets(request.counts[name], found[name]["buckets"])
    return counted


def _aggregation(count: Count) -> dict[str, Any]:
    if not count.ranges:
        return {"terms": {"field": count.field, "size": _MOST_BUCKETS}}
    ranges = [
        {**({} if low is None else {"from": low}), **({} if high is None else {"to": high + 1})}
        for low, high in count.ranges
    ]
    return {"range": {"field": count.field, "ranges": ranges}}


def _buckets(count: Count, buckets: list[dict[str, Any]]) -> dict[object, int]:
    if not count.ranges:
        return {bucket["key"]: bucket["doc_count"] for bucket in buckets}
    return {
        (
            int(bucket["from"]) if "from" in bucket else None,
            int(bucket["to"]) - 1 if "to" in bucket else None,
        ): bucket["doc_count"]
        for bucket in buckets
    }


def _every(queries: list[tantivy.Query]) -> tantivy.Query:
    return queries[0] if len(queries) == 1 else tantivy.Query.boolean_query([(Occur.Must, query) for query in queries])


def _filter(clause: Clause) -> tantivy.Query:
    return tantivy.Query.const_score_query(_unscored(clause), 0.0)


def _unscored(clause: Clause) -> tantivy.Query:
    return _query(clause, scored=False)


def _query(clause: Clause, *, scored: bool) -> tantivy.Query:
    """The library's query for a clause; unscored, what only adds to the score is left out."""
    match clause:
        case clauses.Fixed(inner, score):
            inner_query = _unscored(inner)
            return tantivy.Query.const_score_query(inner_query, score) if scored else inner_query
        case clauses.Boosted(inner, factor):
            inner_query = _query(inner, scored=scored)
            return tantivy.Query.boost_query(inner_query, factor) if scored else inner_query
        case clauses.All(must, should):
            parts = [(Occur.Must, _query(part, scored=scored)) for part in must]
            parts += [(Occur.Should, _query(part, scored=True)) for part in should if scored]
            return parts[0][1] if len(parts) == 1 else tantivy.Query.boolean_query(parts)
        case clauses.Any(any_of, at_least):
            parts = [(Occur.Should, _query(part, scored=scored)) for part in any_of]
            return tantivy.Query.boolean_query(parts, minimum_number_should_match=at_least)
        case clauses.Best(any_of):
            queries = [_query(part, scored=scored) for part in any_of]
            return tantivy.Query.disjunction_max_query(queries)
        case _:
            return _leaf(clause)


def _leaf(clause: Clause) -> tantivy.Query:
    query = tantivy.Query
    match clause:
        case clauses.Everything():
            return query.all_query()
        case clauses.Term(field, value):
            return query.term_query(SCHEMA, field, value, _INDEX_OPTIONS.get(FIELDS[field], _PLAIN))
        case clauses.OneOf(field, values) if len(values) > _MANY_VALUES:
            return query.term_set_query(SCHEMA, field, values)
        case clauses.OneOf(field, values) if values:  # an eighth of the time of a set
            return query.boolean_query([(Occur.Should, _leaf(clauses.Term(field, value))) for value in values])
        case clauses.Between(field, low, high):
            return query.range_query(SCHEMA, field, tantivy.FieldType.Unsigned, low, high)
        case clauses.Phrase(field, words, open_end):
            phrase = query.phrase_prefix_query if open_end else query.phrase_query
            return phrase(SCHEMA, field, list(words))
        case clauses.Near(field, word, typos, prefix):
            return query.fuzzy_term_query(SCHEMA, field, word, typos, True, prefix)
        case clauses.Nothing() | clauses.OneOf():
            return query.empty_query()
    raise TypeError(clause)
