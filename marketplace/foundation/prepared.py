"""Statements that every page or order makes: written as querysets and models, compiled once. Compiling one takes Django
ten times as long as SQLite takes to answer it, and its text is the same each time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache, partial
from itertools import islice
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, NotSupportedError, connection, connections, models
from django.db.backends.utils import CursorWrapper
from django.db.models import AutoField, Field, Model, QuerySet
from django.db.models.query import get_related_populators

Value = int | str | datetime
Row = TypeVar("Row", bound=Model)


class Answer:
    """What the database says to one statement: there at once, or once its block of `together` has ended."""

    rows: Sequence[tuple[Any, ...]] = ()
    count = 0  # rows that were read or written

    def __init__(self, has_rows: bool, then: Callable[[Answer], object] | None = None) -> None:
        self._has_rows, self._then = has_rows, then

    def take(self, cursor: CursorWrapper) -> None:
        if self._has_rows:
            self.rows = cursor.fetchall()
        self.count = max(cursor.rowcount, 0)
        if self._then is not None:
            self._then(self)


_sent: ContextVar[list[tuple[CursorWrapper, Answer]] | None] = ContextVar("sent", default=None)


@contextmanager
def together() -> Iterator[None]:
    """Statements of a transaction that need not wait for one another's answers: PostgreSQL is waited for once, at the
    end of the block. There the answers of `ask`, `insert` and `execute` are taken, in the order in which they were
    asked for, and there an error of any of them is raised. Nothing else may ask the database within, since it would not
    know how many rows it wrote. SQLite, which has no waiting, answers each at once."""
    if connection.vendor != "postgresql":
        yield
        return
    connection.ensure_connection()
    begun = _sent.set([])
    try:
        with connection.wrap_database_errors, connection.connection.pipeline() as pipeline:
            yield
            pipeline.sync()
            for cursor, answer in _sent.get() or ():
                with cursor:
                    answer.take(cursor)
    except NotSupportedError:
        connection.close_at = 0.0  # as in `_carried_out`
        raise
    finally:
        _sent.reset(begun)


def ask(
    sql: str,
    parameters: Sequence[Any],
    *,
    has_rows: bool = False,
    then: Callable[[Answer], object] | None = None,
) -> Answer:
    """Run one written statement; `has_rows`: its answer does. `then` is called with the answer, and may raise what the
    caller is to know."""
    answer, sent = Answer(has_rows, then), _sent.get()
    if sent is None:
        with _carried_out(sql, parameters) as cursor:
            answer.take(cursor)
    else:
        cursor = _kept_cursor()
        sent.append((cursor, answer))
        cursor.execute(_numbered(sql), parameters)
    return answer


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
    connection.ensure_connection()
    with _kept_cursor() as cursor:
        try:
            cursor.execute(_numbered(sql), parameters)
        except NotSupportedError:
            # A migration has changed a column since this connection planned the statement: it is planned anew with the
            # next request, whose connection is another; what is in no transaction is carried out at once, unplanned.
            connection.close_at = 0.0
            if connection.in_atomic_block:
                raise
            cursor.cursor.execute(_numbered(sql), parameters, prepare=False)
        yield cursor


def _kept_cursor() -> CursorWrapper:
    """One that sends a statement as PostgreSQL writes its parameters, and has it planned once."""
    from psycopg import RawCursor  # installed where PostgreSQL is used

    kept: Any = RawCursor(connection.connection)
    return connection.make_debug_cursor(kept) if connection.queries_logged else connection.make_cursor(kept)


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
        return self.ask(*values).rows()

    def objects(self, *values: Value | Sequence[int]) -> list[Any]:
        return self.ask(*values).objects()

    def ask(self, *values: Value | Sequence[int]) -> Asked:
        """What has `rows()` or `objects()`, within `together` once its block has ended."""
        statement = self._statement(values)
        return Asked(statement, ask(statement.sql, statement.filled(_flat(values)), has_rows=True))

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

    def filled(self, values: Sequence[Value]) -> list[Any]:
        parameters = list(self.parameters)
        for place, position in self.places:
            parameters[place] = values[position]
        return parameters


class Asked:
    def __init__(self, statement: _Statement, answer: Answer) -> None:
        self._statement, self._answer = statement, answer

    def rows(self) -> list[tuple[Any, ...]]:
        found = self._statement.compiler.apply_converters(self._answer.rows, self._statement.converters)
        return [tuple(row) for row in found]

    def objects(self) -> list[Any]:
        """As Django's own `ModelIterable` makes them of rows."""
        compiler, database = self._statement.compiler, connection.alias
        model, chosen = compiler.klass_info["model"], compiler.klass_info["select_fields"]
        start, end = chosen[0], chosen[-1] + 1
        names = [column[0].target.attname for column in compiler.select[start:end]]
        related = get_related_populators(compiler.klass_info, compiler.select, database)  # type: ignore[call-arg]  # newer
        annotated = compiler.annotation_col_map or {}
        made = []
        for row in self.rows():
            one = model.from_db(database, names, row[start:end])
            for populator in related:
                populator.populate(row, one)
            for name, place in annotated.items():
                setattr(one, name, row[place])
            made.append(one)
        return made


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
        sql = _insertion(model, len(chunk)) + _returning(model)
        ask(sql, _values(chunk), has_rows=True, then=partial(_give_keys, chunk))
    return made


def _give_keys(rows: Sequence[Model], answer: Answer) -> None:
    for row, (key,) in zip(rows, answer.rows, strict=True):
        row.pk = key
        row._state.adding, row._state.db = False, connection.alias


def insert_unless_there(row: Model) -> Answer:
    """Write one row where no unique column of it is taken; it gets no key. `count` says whether it was written."""
    return ask(_insertion(type(row), 1) + " ON CONFLICT DO NOTHING", _values([row]))


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
    own = connections[DEFAULT_DB_ALIAS]  # asked a few hundred times: not the proxy
    columns, values = _plain(type(rows[0]), own.vendor), list[Any]()
    for row in rows:
        has = row.__dict__
        for field, name, plain, given in columns:
            value = has.get(name)
            if plain is None or not (value is None or type(value) is plain):
                value = field.get_db_prep_save(field.pre_save(row, add=True), connection=own)
            elif given is not None and value is not None:
                value = given(value)
            values.append(value)
    return values


# Of these columns a value of just this type, and None, is what the database is given; all others ask their field.
_TEXTS = {models.CharField, models.TextField, models.SlugField, models.EmailField}
_NUMBERS = {
    *(models.IntegerField, models.BigIntegerField, models.SmallIntegerField),
    *(models.PositiveIntegerField, models.PositiveSmallIntegerField),
}


@cache
def _plain(model: type[Model], vendor: str) -> list[tuple[Field[Any, Any], str, type | None, type | None]]:
    """Column by column its field, where a row keeps its value, the type of what needs no look at, and the type in which
    that is given (PostgreSQL's driver tells numbers by it)."""
    numbers = getattr(connection.ops, "integerfield_type_map", {}) if vendor == "postgresql" else {}
    found: list[tuple[Field[Any, Any], str, type | None, type | None]] = []
    for field in _columns(model):
        plain: type | None = None
        kind = type(field)
        if kind in _TEXTS:
            plain = str
        elif kind in _NUMBERS or (isinstance(field, models.ForeignKey) and isinstance(field.target_field, AutoField)):
            plain = int
        elif kind is models.BooleanField:
            plain = bool
        found.append(
            (field, field.attname, plain, numbers.get(field.get_internal_type()) if kind in _NUMBERS else None)
        )
    return found


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
