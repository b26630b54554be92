"""Where the stand-in keeps its state: the contract, and a store in memory for tests. `database.py` is the other one."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol

Body = dict[str, Any]
PLATFORM = ""


@dataclass(frozen=True)
class SavedAnswer:
    """What was answered under an idempotency key; `fingerprint` is of the method, the path and the parameters."""

    fingerprint: str
    status: int
    body: Body
    kept_until: int


class Store(Protocol):
    """Bodies go in and come out as copies: changing one changes nothing until it is `put`."""

    def exclusive(self) -> AbstractContextManager[None]:
        """One request at a time, all or nothing: whoever holds it sees no other's half-done work."""

    def savepoint(self) -> AbstractContextManager[None]:
        """Inside `exclusive`: what an exception passing through undoes."""

    def get(self, kind: str, object_id: str, *, account: str = PLATFORM) -> Body | None: ...

    def put(self, kind: str, body: Body, *, account: str = PLATFORM, due_at: int | None = None) -> None:
        """Add the object, or replace the one with this body's id; `due_at` in Unix seconds, None when never."""

    def find(
        self,
        kind: str,
        *,
        account: str = PLATFORM,
        after: str | None = None,
        created: Mapping[str, int] | None = None,
        limit: int | None = None,
        **equals: Any,
    ) -> list[Body]:
        """Newest first, those made before the object `after`; `equals` compares top-level keys of the body."""

    def due(self, kind: str, now: int, *, limit: int | None = None) -> list[Body]:
        """Those whose `due_at` has come, the longest due first."""

    def saved_answer(self, key: str) -> SavedAnswer | None: ...

    def save_answer(self, key: str, answer: SavedAnswer) -> None: ...


def created_of(body: Body) -> int:
    """Unix seconds; v2 objects show their time as text and keep the number under "_created"."""
    return int(body["_created"] if "_created" in body else body["created"])


def created_matches(value: int, wanted: Mapping[str, int] | None) -> bool:
    tests = {"gt": value.__gt__, "gte": value.__ge__, "lt": value.__lt__, "lte": value.__le__}
    return all(tests[name](bound) for name, bound in (wanted or {}).items())


@dataclass(frozen=True)
class _Row:
    kind: str
    account: str
    created: int
    due_at: int | None
    body: Body


class MemoryStore:
    """One process, many threads; for tests."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._rows: dict[str, _Row] = {}
        self._answers: dict[str, SavedAnswer] = {}

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        with self._lock, self.savepoint():
            yield

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        rows, answers = dict(self._rows), dict(self._answers)
        try:
            yield
        except BaseException:
            self._rows, self._answers = rows, answers
            raise

    def get(self, kind: str, object_id: str, *, account: str = PLATFORM) -> Body | None:
        row = self._rows.get(object_id)
        return copy.deepcopy(row.body) if row and (row.kind, row.account) == (kind, account) else None

    def put(self, kind: str, body: Body, *, account: str = PLATFORM, due_at: int | None = None) -> None:
        kept, old = copy.deepcopy(body), self._rows.get(body["id"])
        if old:
            self._rows[body["id"]] = replace(old, body=kept, due_at=due_at)
        else:
            self._rows[body["id"]] = _Row(kind, account, created_of(body), due_at, kept)

    def find(
        self,
        kind: str,
        *,
        account: str = PLATFORM,
        after: str | None = None,
        created: Mapping[str, int] | None = None,
        limit: int | None = None,
        **equals: Any,
    ) -> list[Body]:
        ids = list(self._rows)
        older = ids[: ids.index(after)] if after else ids
        found = [
            copy.deepcopy(row.body)
            for row in (self._rows[object_id] for object_id in reversed(older))
            if (row.kind, row.account) == (kind, account)
            and created_matches(row.created, created)
            and all(row.body.get(name) == value for name, value in equals.items())
        ]
        return found[:limit]

    def due(self, kind: str, now: int, *, limit: int | None = None) -> list[Body]:
        rows = [row for row in self._rows.values() if row.kind == kind and row.due_at is not None and row.due_at <= now]
        return [copy.deepcopy(row.body) for row in sorted(rows, key=lambda row: row.due_at or 0)[:limit]]

    def saved_answer(self, key: str) -> SavedAnswer | None:
        return copy.deepcopy(self._answers.get(key))

    def save_answer(self, key: str, answer: SavedAnswer) -> None:
        self._answers[key] = copy.deepcopy(answer)
