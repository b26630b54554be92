"""Elasticsearch 8.19: one server for any number of web and worker machines.

Names: ``halles.1a2b3c4d.live`` is an alias of the index that is searched, ``halles.1a2b3c4d.next`` of the one that is
being built (``halles`` is the setting, the digits are ``fields.version()``). What changes goes to both by their
aliases, which only ever name an index that was made here: a request can neither make one nor reach one that is gone.
"""

import json
import os
import re
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Any, TypeVar

from django.conf import LazySettings
from django.core.exceptions import ImproperlyConfigured
from elasticsearch import ApiError, ConnectionTimeout, Elasticsearch

from search.documents import TitleDocument
from search.engines import fields, query_dsl
from search.engines.base import Engine, SearchError, Status
from search.engines.clauses import Answer, Request
from search.engines.generations import rebuilding_alone
from search.engines.query import UnusableIndexError, only_search_errors

SECONDS_TO_SEARCH = 3.0
SECONDS_TO_WRITE = 30.0
SECONDS_OF_REST = 5.0
"""After a search that was not answered in time others are not even tried for so long: no page waits for each."""

GRACE = timedelta(days=1)
"""For so long after a new version's first index was built, those of other versions stay: they may run beside it."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
_TRIES = 3
_BATCH = 500
_BULKS_AT_ONCE = 2
_IN_MEMORY_BYTES = 4_000_000
_GONE, _NO_SHARD = 404, 503
_NO_INDEX, _CONFLICT = "index_not_found_exception", "version_conflict_engine_exception"
_EXISTS = "resource_already_exists_exception"
_SETTINGS = {
    "number_of_shards": 1,
    "auto_expand_replicas": "0-1",
    "max_regex_length": 20_000,
}
# While an index is built nobody searches it. What was removed from it is remembered, so that an older document that
# the builder has read before does not bring it back.
_BUILDING = {"refresh_interval": "-1", "gc_deletes": "24h", "translog.durability": "async"}
_BUILT: dict[str, str | None] = dict.fromkeys(_BUILDING)

T = TypeVar("T")
Change = tuple[int, bytes | None]
"""A product's id and its document as JSON; None: remove it."""


class ElasticsearchEngine(Engine):
    """The index called ``name`` of the server at ``address`` (which may carry a user and a password). One rebuild at a
    time among all processes that share ``path``, a directory; where two do not, the second replaces the first."""

    def __init__(self, address: str, name: str, path: Path) -> None:
        self._address = address
        self._path = path
        self._pattern = f"{name}.*"
        self._prefix = f"{name}.{fields.version()}"
        self._live = f"{self._prefix}.live"
        self._next = f"{self._prefix}.next"
        self._rests_until = 0.0

    @classmethod
    def from_settings(cls, settings: LazySettings) -> "ElasticsearchEngine":
        name = settings.SEARCH_INDEX_NAME
        if not _NAME.fullmatch(name):  # with a dot in it, one site could take another's indexes for its own
            raise ImproperlyConfigured(f"HALLES_INDEX_NAME is {name!r}: use small letters, digits, - and _ only.")
        return cls(settings.SEARCH_ADDRESS, name, Path(settings.SEARCH_INDEX_PATH))

    def answer(self, request: Request) -> Answer:
        with only_search_errors("search"):
            if time.monotonic() < self._rests_until:
                raise SearchError(f"The search server did not answer within {SECONDS_TO_SEARCH} seconds")
            bodies = query_dsl.searches(request)
            for _ in range(_TRIES):
                responses = self._searched(bodies)
                failed = [response for response in responses if "error" in response]
                if not failed:
                    return query_dsl.answer(request, responses)
                if failed[0]["status"] not in (_GONE, _NO_SHARD):
                    break  # else it may be that another index went live just now, and this one's is gone
            raise self._missing() if failed[0]["status"] == _GONE else SearchError(str(failed[0]["error"]))

    def write(self, documents: Iterable[TitleDocument]) -> int:
        # All are read before one is sent: there is no taking back, and few are held in memory.
        with SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as spool:
            number = 0
            for number, document in enumerate(documents, 1):  # noqa: B007
                spool.write(b"%d %s\n" % (document.product_id, _source(document)))

            def changes() -> Iterator[Change]:
                spool.seek(0)
                for line in spool:
                    product_id, _, source = line.partition(b" ")
                    yield int(product_id), source[:-1]

            if number:
                with only_search_errors("write"):
                    self._change(changes)
        return number

    def remove(self, product_ids: Iterable[int]) -> None:
        removed: list[Change] = [(product_id, None) for product_id in product_ids]
        if removed:
            with only_search_errors("remove"):
                self._change(lambda: iter(removed))

    def rebuild(self, documents: Iterable[TitleDocument]) -> int:
        with rebuilding_alone(self._path):
            with only_search_errors("rebuild"):
                since = self._in_use_since()
                self._sweep()
                index = self._make(secrets.token_hex(6), self._next, _BUILDING)
            try:
                number = self._fill(documents)
                with only_search_errors("rebuild"):
                    self._swap(index)
            except BaseException:
                with only_search_errors("rebuild"):
                    self._delete(index)
                raise
            with only_search_errors("rebuild"):
                self._sweep(of_others_before=since)
        return number

    def status(self) -> Status:
        try:
            with only_search_errors("open"):
                newest = {"newest": {"max": {"field": query_dsl.WRITTEN}}}
                found = self._client(SECONDS_TO_SEARCH).search(
                    index=self._live, size=0, track_total_hits=True, allow_partial_search_results=False, aggs=newest
                )
                stored = self._client(SECONDS_TO_SEARCH).indices.stats(index=self._live, metric="store")
                milliseconds = found["aggregations"]["newest"]["value"]
                return Status(
                    engine="elasticsearch",
                    healthy=True,
                    documents=found["hits"]["total"]["value"],
                    last_commit=datetime.fromtimestamp(milliseconds / 1000, tz=UTC) if milliseconds else None,
                    bytes=stored["_all"]["primaries"]["store"]["size_in_bytes"],
                )
        except SearchError as error:
            missing = isinstance(error.__cause__, ApiError) and error.__cause__.status_code == _GONE
            detail = str(self._missing() if missing else error)
            return Status(engine="elasticsearch", healthy=False, lost=missing, detail=detail)

    def _client(self, timeout_seconds: float) -> Elasticsearch:
        return _client(self._address, timeout_seconds, os.getpid())

    def _missing(self) -> SearchError:
        return SearchError(f"There is no search index {self._live} at the search server: run manage.py rebuild_index")

    def _searched(self, bodies: list[dict[str, Any]]) -> list[dict[str, Any]]:
        asked = [
            line for body in bodies for line in ({"index": self._live, "allow_partial_search_results": False}, body)
        ]
        try:
            responses = self._client(SECONDS_TO_SEARCH).msearch(searches=asked)["responses"]
        except ConnectionTimeout:
            self._rests_until = time.monotonic() + SECONDS_OF_REST
            raise
        if any(response.get("timed_out") for response in responses):
            raise SearchError(f"The search took longer than {SECONDS_TO_SEARCH} seconds")
        return responses

    def _change(self, changes: Callable[[], Iterator[Change]]) -> None:
        """Into the live index, and into one that is being built: also where the builder began after we did, since it
        may have read what it builds from before we wrote."""
        done: set[str] = set()
        while wanted := {index: alias for index, alias in self._targets().items() if index not in done}:
            for batch in _batches(changes()):
                lines = [line for alias in wanted.values() for change in batch for line in _lines(alias, change)]
                # What has gone meanwhile was a rebuild's index; what is live now comes in the next round
                self._bulk(lines, ignored=_NO_INDEX)
            self._client(SECONDS_TO_WRITE).indices.refresh(index=list(wanted.values()), ignore_unavailable=True)
            done.update(wanted)

    def _targets(self) -> dict[str, str]:
        """The alias by which to write to it, by index; makes an empty live index where there is none."""
        known = self._aliases()
        if not any(self._live in aliases for aliases in known.values()):
            if any(alias.endswith(".live") for aliases in known.values() for alias in aliases):
                raise UnusableIndexError(
                    f"The search index {self._pattern} was built by another version: run manage.py rebuild_index"
                )
            try:
                self._make("first", self._live, {})
            except ApiError as error:  # another process made it just now
                if _EXISTS not in str(error):
                    raise
            known = self._aliases()
        return {
            index: alias for alias in (self._live, self._next) for index, aliases in known.items() if alias in aliases
        }

    def _aliases(self) -> dict[str, list[str]]:
        found = self._client(SECONDS_TO_WRITE).indices.get_alias(index=self._pattern)
        return {index: list(facts["aliases"]) for index, facts in found.items()}

    def _make(self, name: str, alias: str, settings: dict[str, str]) -> str:
        index = f"{self._prefix}.{name}"
        self._client(SECONDS_TO_WRITE).indices.create(
            index=index, aliases={alias: {}}, mappings=query_dsl.mappings(), settings=_SETTINGS | settings
        )
        return index

    def _fill(self, documents: Iterable[TitleDocument]) -> int:
        """Each document unless it was written or removed meanwhile: its version must be lower than any of those."""
        number = 0
        sending: list[Future[None]] = []
        with ThreadPoolExecutor(_BULKS_AT_ONCE) as pool:
            for batch in _batches(documents):
                lines = [
                    line
                    for document in batch
                    for line in (
                        b'{"index":{"_index":"%s","_id":"%d","version":1,"version_type":"external"}}'
                        % (self._next.encode(), document.product_id),
                        _source(document),
                    )
                ]
                number += len(batch)
                with only_search_errors("rebuild"):
                    if len(sending) == _BULKS_AT_ONCE:
                        sending.pop(0).result()
                    sending.append(pool.submit(self._bulk, lines, ignored=_CONFLICT))
            with only_search_errors("rebuild"):
                for sent in sending:
                    sent.result()
        return number

    def _swap(self, index: str) -> None:
        indices = self._client(SECONDS_TO_WRITE).indices
        indices.refresh(index=index)
        indices.put_settings(index=index, settings={"index": _BUILT})
        indices.update_aliases(
            actions=[
                {"remove": {"index": self._pattern, "alias": self._live, "must_exist": False}},
                {"remove": {"index": index, "alias": self._next}},
                {"add": {"index": index, "alias": self._live}},
            ]
        )

    def _sweep(self, *, of_others_before: datetime | None = None) -> None:
        """Removes what is left of our own version: what is not live. Of other versions, which may be searched and built
        by programs that run beside this one, only what was made before that time."""
        made = self._made()
        for index, aliases in self._aliases().items():
            if index.startswith(f"{self._prefix}."):
                if self._live not in aliases:
                    self._delete(index)
            elif of_others_before and index in made and made[index] < of_others_before:
                self._delete(index)

    def _in_use_since(self) -> datetime | None:
        """When our own live index was made, where that is longer than `GRACE` ago: nobody goes back to what was before
        it, and whoever ran beside it has been replaced."""
        made = self._made()
        own = [made[index] for index, aliases in self._aliases().items() if self._live in aliases and index in made]
        since = min(own, default=None)
        return since if since and since < datetime.now(tz=UTC) - GRACE else None

    def _made(self) -> dict[str, datetime]:
        found = self._client(SECONDS_TO_WRITE).indices.get_settings(index=self._pattern, name="index.creation_date")
        milliseconds = {index: int(facts["settings"]["index"]["creation_date"]) for index, facts in found.items()}
        return {index: datetime.fromtimestamp(made / 1000, tz=UTC) for index, made in milliseconds.items()}

    def _delete(self, index: str) -> None:
        self._client(SECONDS_TO_WRITE).indices.delete(index=index, ignore_unavailable=True)

    def _bulk(self, lines: list[bytes], *, ignored: str) -> None:
        done = self._client(SECONDS_TO_WRITE).bulk(
            operations=lines, require_alias=True, filter_path=["errors", "items.*.error"]
        )
        if done["errors"]:
            errors = [found["error"] for item in done.get("items", []) for found in item.values() if "error" in found]
            if wrong := [error for error in errors if error["type"] != ignored]:
                raise SearchError(f"The search server refused {len(wrong)} changes, the first because {wrong[0]}")


@lru_cache(maxsize=16)
def _client(address: str, timeout_seconds: float, process: int) -> Elasticsearch:
    """Kept, since it is costly to make; per process, because a child must not use its parent's connections."""
    return Elasticsearch(address, max_retries=0, request_timeout=timeout_seconds)


def _source(document: TitleDocument) -> bytes:
    values: dict[str, Any] = {name: value for name, value in fields.fields_of(document).items() if value}
    values[query_dsl.WRITTEN] = time.time_ns() // 1_000_000
    return json.dumps(values, separators=(",", ":")).encode()


def _lines(alias: str, change: Change) -> list[bytes]:
    product_id, source = change
    doing = "delete" if source is None else "index"
    line = b'{"%s":{"_index":"%s","_id":"%d"}}' % (doing.encode(), alias.encode(), product_id)
    return [line] if source is None else [line, source]


def _batches(values: Iterable[T]) -> Iterator[list[T]]:
    reading = iter(values)
    while batch := list(islice(reading, _BATCH)):
        yield batch
