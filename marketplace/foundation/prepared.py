"""Statements that every page or order makes: written as querysets and models, compiled once. Compiling one takes Django
ten times as long as SQLite takes to answer it, and its text is the same each time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from itertools import islice
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, NotSupportedError, connection, connections
from django.db.backends.utils import CursorWrapper
from django.db.models import AutoField, Field, Model, QuerySet
from django.db.models.query import get_related_populators

Value = int | str | datetime
Row = TypeVar("Row", bound=Model)


@contextmanager
def _carried_out(sql: str, parameters: Sequence[Any]) -> Iterator[CursorWrapper]:
    """The cursor after it carried out a statement. PostgreSQL parses and plans the statement once for each connection
    instead of each time (`prepare_threshold` in the settings): planning a join of nine tables takes it ten times as
    long as answering."""
    if connection.vendor != "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            yield cursor
        return
    from psycopg import RawCursor  # installed where PostgreSQL is used

    connection.ensure_connection()
    kept: Any = RawCursor(connection.connection)
    wrapped = connection.make_debug_cursor(kept) if connection.queries_logged else connection.make_cursor(kept)
    with wrapped as cursor:
        try:
            cursor.execute(_numbered(sql), parameters)
        except NotSupportedError:
            # A migration has changed a column since this connection planned the statement: it is planned anew with the
            # next request, whose connection is another; what is in no transaction is carried out at once, unplanned.
            connection.close_at = 0.0
            if connection.in_atomic_block:
                raise
            kept.execute(_numbered(sql), parameters, prepare=False)
        yield cursor


@lru_cache(maxsize=1_000)
def _numbered(sql: str) -> str:
    """`%s, %s` as PostgreSQL's own `$1, $2`, once: psycopg would look for them in each long statement each time."""
    first, *others = sql.split("%s")
    text = first + "".join(f"${number}{part}" for number, part in enumerate(others, start=1))
    return text.replace("%%", "%")


class Prepared:
    """`Prepared(build)`: `build(*values)` gives a queryset. `rows(*values)` answers as one of plain rows would
    (`values_list`), `objects(*values)` as one of model objects (with `select_related`, `defer` and annotations, without
    prefetching). `values` (integers, texts, moments, sequences of integers for `__in`) are put in its compiled text.

    The queryset may depend on its values only as parameters, and on the number of values in a sequence."""

    def __init__(self, build: Callable[..., QuerySet[Any, Any]]) -> None:
        self._build = build
        self._statements: dict[tuple[object, ...], _Statement] = {}

    def rows(self, *values: Value | Sequence[int]) -> list[tuple[Any, ...]]:
        return self._statement(values).rows(_flat(values))

    def objects(self, *values: Value | Sequence[int]) -> list[Any]:
        return self._statement(values).objects(_flat(values))

    def _statement(self, values: Sequence[Value | Sequence[int]]) -> _Statement:
        shape = (connection.vendor, *(type(value) if isinstance(value, Value) else len(value) for value in values))
        statement = self._statements.get(shape)
        if statement is None:
            statement = self._statements[shape] = _Statement(self._build, values)
        return statement


class _Statement:
    """Compiled with a mark in place of each value; the marks tell which parameter is which value."""

    def __init__(self, build: Callable[..., QuerySet[Any, Any]], values: Sequence[Value | Sequence[int]]) -> None:
        marks = _marks(values)
        compiler = build(*marks).query.get_compiler(connection=connection)
        self.sql, self.parameters = compiler.as_sql()
        self.compiler = compiler
        self.converters = compiler.get_converters([column[0] for column in compiler.select])
        flat = _flat(marks)
        self.places = [(place, flat.index(value)) for place, value in enumerate(self.parameters) if value in flat]

    def rows(self, values: Sequence[Value]) -> list[tuple[Any, ...]]:
        parameters = list(self.parameters)
        for place, position in self.places:
            parameters[place] = values[position]
        with _carried_out(self.sql, parameters) as cursor:
            found = cursor.fetchall()
        return [tuple(row) for row in self.compiler.apply_converters(found, self.converters)]

    def objects(self, values: Sequence[Value]) -> list[Any]:
        """As Django's own `ModelIterable` makes them of rows."""
        compiler, database = self.compiler, connection.alias
        model, chosen = compiler.klass_info["model"], compiler.klass_info["select_fields"]
        start, end = chosen[0], chosen[-1] + 1
        names = [column[0].target.attname for column in compiler.select[start:end]]
        related = get_related_populators(compiler.klass_info, compiler.select, database)  # type: ignore[call-arg]  # newer
        annotated = compiler.annotation_col_map or {}
        made = []
        for row in self.rows(values):
            one = model.from_db(database, names, row[start:end])
            for populator in related:
                populator.populate(row, one)
            for name, place in annotated.items():
                setattr(one, name, row[place])
            made.append(one)
        return made


def execute(sql: str, parameters: Sequence[Any]) -> int:
    """Run one written statement and say how many rows it wrote."""
    with _carried_out(sql, parameters) as cursor:
        return max(cursor.rowcount, 0)


# PostgreSQL counts a statement's parameters with 16 bits, SQLite allows 32,766.
_MOST_PARAMETERS = 30_000


def insert(rows: Iterable[Row]) -> list[Row]:
    """Write new rows of one model and give them their keys, as `bulk_create` would: no signal is sent, and what a field
    fills in by itself (`auto_now_add`) is filled in. One statement for some thousand values."""
    made = list(rows)
    if not made:
        return made
    model, waiting = type(made[0]), iter(made)
    while chunk := list(islice(waiting, _MOST_PARAMETERS // len(_columns(model)))):
        with _carried_out(_insertion(model, len(chunk)) + _returning(model), _values(chunk)) as cursor:
            keys = cursor.fetchall()
        for row, (key,) in zip(chunk, keys, strict=True):
            row.pk = key
            row._state.adding, row._state.db = False, connection.alias
    return made


def insert_unless_there(row: Model) -> bool:
    """Write one row where no unique column of it is taken; it gets no key. Whether it was written."""
    with _carried_out(_insertion(type(row), 1) + " ON CONFLICT DO NOTHING", _values([row])) as cursor:
        return cursor.rowcount > 0


@cache
def _columns(model: type[Model]) -> list[Field[Any, Any]]:
    return [field for field in model._meta.concrete_fields if not isinstance(field, AutoField)]


@cache
def _insertion(model: type[Model], number: int) -> str:
    """Names are quoted as both databases quote them."""
    columns = ", ".join(f'"{field.column}"' for field in _columns(model))
    marks = ", ".join(["(" + ", ".join(["%s"] * len(_columns(model))) + ")"] * number)
    return f'INSERT INTO "{model._meta.db_table}" ({columns}) VALUES {marks}'  # noqa: S608


def _returning(model: type[Model]) -> str:
    assert model._meta.pk is not None
    return f' RETURNING "{model._meta.pk.column}"'


def _values(rows: Sequence[Model]) -> list[Any]:
    columns, own = _columns(type(rows[0])), connections[DEFAULT_DB_ALIAS]  # asked a few hundred times: not the proxy
    return [field.get_db_prep_save(field.pre_save(row, add=True), connection=own) for row in rows for field in columns]


_LATEST = datetime(9999, 12, 1, tzinfo=UTC)


def _marks(values: Sequence[Value | Sequence[int]]) -> list[Any]:
    """Values of the same kinds which no query of ours has."""
    marks: list[Any] = []
    for position, value in enumerate(values):
        if isinstance(value, str):
            marks.append(f"\x01prepared {position}\x01")
        elif isinstance(value, datetime):
            marks.append(_LATEST - timedelta(days=position))
        elif isinstance(value, int):
            marks.append(_number(position, 0))
        else:
            marks.append([_number(position, place) for place in range(len(value))])
    return marks


def _number(position: int, place: int) -> int:
    return -(2**62) + position * 2**32 + place


def _flat(values: Sequence[Value | Sequence[int]]) -> list[Any]:
    """As the database is given them: SQLite knows no moments."""
    flat: Iterable[Any] = (one for value in values for one in ([value] if isinstance(value, Value) else value))
    as_stored = connection.ops.adapt_datetimefield_value
    return [as_stored(one) if isinstance(one, datetime) else one for one in flat]
