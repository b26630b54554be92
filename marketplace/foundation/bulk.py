"""Many rows at once on both databases: temporary tables, filled by COPY on PostgreSQL and `executemany` on SQLite.

Sets of rows go through a temporary table and one statement per target; an ORM object per row costs ten times as much.
"""

from __future__ import annotations

import gc
import json
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, cast

from django.db import connection, transaction

# The types a temporary table may use, as (PostgreSQL, SQLite).
_TYPES = {
    "text": ("text", "text"),
    "integer": ("integer", "integer"),
    "bigint": ("bigint", "integer"),
    "boolean": ("boolean", "bool"),
    "moment": ("timestamptz", "text"),
    "date": ("date", "text"),
    "json": ("jsonb", "text"),
}

_RARELY = (100_000, 50, 1000)
# Compiling a large statement takes PostgreSQL longer than running it on a slice: without this a first import is 5 to 20
# times slower. For the transaction at hand.
NO_JIT = "SET LOCAL jit = off"
# For statements that join some thousand rows of a temporary table to large tables by their keys: PostgreSQL tends to
# hash a whole table for each of them.
BY_KEY = "SET LOCAL enable_hashjoin = off"


_collecting = threading.Lock()
_working = 0  # how many are in it now, of all threads
_usual = gc.get_threshold()


@contextmanager
def rarely_collecting() -> Iterator[None]:
    """For work that makes millions of small objects and no cycles: Python looks for garbage less often. Looking takes
    a third of the time of a sync otherwise, for each look goes over everything that is imported. As usual again when
    the last one is through."""
    global _working, _usual
    with _collecting:
        _working += 1
        if _working == 1:
            _usual = gc.get_threshold()
            gc.set_threshold(*_RARELY)
    try:
        yield
    finally:
        with _collecting:
            _working -= 1
            if not _working:
                gc.set_threshold(*_usual)


def is_postgres() -> bool:
    return connection.vendor == "postgresql"


def differs() -> str:
    """The operator "is not the same, NULLs included"."""
    return "IS DISTINCT FROM" if is_postgres() else "IS NOT"


def moment(value: datetime | None) -> Any:
    """A time as a raw statement's parameter: SQLite stores what Django would, so that texts compare."""
    return connection.ops.adapt_datetimefield_value(value)


def read_moment(value: Any) -> datetime:
    """A time as a raw statement gives it back."""
    if isinstance(value, datetime):
        return value
    return datetime.fromisoformat(value).replace(tzinfo=UTC)


def create_temporary(name: str, columns: Mapping[str, str], *, key: str = "") -> None:
    """A fresh temporary table of this connection. `columns` maps names to keys of `_TYPES`; `key` is indexed."""
    drop_temporary(name)
    position = 0 if is_postgres() else 1
    lines = [f"{column} {_TYPES[kind][position]}" for column, kind in columns.items()]
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE {name} ({', '.join(lines)})")
    if key:
        index(name, key)


def index(name: str, column: str) -> None:
    """Index a column of a temporary table."""
    execute(f"CREATE INDEX {'' if is_postgres() else 'temp.'}{name}_{column} ON {name} ({column})")


def drop_temporary(*names: str) -> None:
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute(f"DROP TABLE IF EXISTS {'pg_temp' if is_postgres() else 'temp'}.{name}")


def load(name: str, columns: Sequence[str], rows: Iterable[Any]) -> None:
    """Add rows to a temporary table; their values are in the order of `columns`. On SQLite the savepoint spares a
    transaction per row, and locks nothing but the temporary database."""
    names = ", ".join(columns)
    with connection.cursor() as cursor:
        if is_postgres():
            with cursor.copy(f"COPY {name} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            return
        marks = ", ".join(["%s"] * len(columns))
        cursor.execute("SAVEPOINT halles_load")
        cursor.executemany(f"INSERT INTO temp.{name} ({names}) VALUES ({marks})", cast(Any, rows))
        cursor.execute("RELEASE SAVEPOINT halles_load")


def load_numbers(name: str, column: str, numbers: Sequence[int]) -> None:
    """Add rows of one number to a temporary table."""
    if is_postgres():
        copy_text(name, [column], "".join([f"{number}\n" for number in numbers]))
    else:
        execute(f"INSERT INTO temp.{name} ({column}) SELECT value FROM json_each(%s)", [json.dumps(numbers)])


def copy_text(name: str, columns: Sequence[str], text: str) -> None:
    """The same on PostgreSQL, of rows that are in the text form of COPY already."""
    with connection.cursor() as cursor, cursor.copy(f"COPY {name} ({', '.join(columns)}) FROM STDIN") as copy:
        copy.write(text)


def analyse(name: str, *columns: str) -> None:
    """Tell PostgreSQL how large a temporary table is, and what its `columns` hold that statements join and choose by;
    without it joins are planned for a handful of rows. The wide columns left out would take most of the time."""
    if is_postgres():
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {name} ({', '.join(columns)})")


def among(ids: Iterable[int] | Iterable[str], name: str = "ids") -> tuple[str, dict[str, Any]]:
    """(condition, its parameter) for "is one of these": `f"id {condition}"`. One parameter however many there are."""
    if is_postgres():
        return f"= ANY(%({name})s)", {name: list(ids)}
    return f"IN (SELECT value FROM json_each(%({name})s))", {name: json.dumps(list(ids))}


@contextmanager
def large_statements() -> Iterator[None]:
    """For large statements outside any transaction, planned without compiling, with room for a million keys."""
    if not is_postgres():
        yield
        return
    with transaction.atomic():
        execute(f"{NO_JIT}; SET LOCAL work_mem = '64MB'")
        yield


def execute(sql: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> int:
    """Run one statement and say how many rows it wrote."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return max(cursor.rowcount, 0)


def rows(sql: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> list[tuple]:
    """All rows of one query."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()
