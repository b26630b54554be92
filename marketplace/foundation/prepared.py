"""Queries that every page makes: written as querysets, compiled once. Compiling one takes Django ten times as long as
SQLite takes to answer it, and its text is the same each time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection
from django.db.models import QuerySet

Value = int | str


class Prepared:
    """`Prepared(build)`: `build(*values)` gives a queryset of plain rows (`values_list`). `rows(*values)` answers as
    that queryset would, with `values` (integers, texts, sequences of integers for `__in`) put in its compiled text.

    The queryset may depend on its values only as parameters, and on the number of values in a sequence."""

    def __init__(self, build: Callable[..., QuerySet[Any, Any]]) -> None:
        self._build = build
        self._statements: dict[tuple[object, ...], _Statement] = {}

    def rows(self, *values: Value | Sequence[int]) -> list[tuple[Any, ...]]:
        shape = (connection.vendor, *(type(value) if isinstance(value, Value) else len(value) for value in values))
        statement = self._statements.get(shape)
        if statement is None:
            statement = self._statements[shape] = _Statement(self._build, values)
        return statement.rows(_flat(values))


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
        with connection.cursor() as cursor:
            cursor.execute(self.sql, parameters)
            found = cursor.fetchall()
        return [tuple(row) for row in self.compiler.apply_converters(found, self.converters)]


def _marks(values: Sequence[Value | Sequence[int]]) -> list[Any]:
    """Values of the same kinds which no query of ours has."""
    marks: list[Any] = []
    for position, value in enumerate(values):
        if isinstance(value, str):
            marks.append(f"\x01prepared {position}\x01")
        elif isinstance(value, int):
            marks.append(_number(position, 0))
        else:
            marks.append([_number(position, place) for place in range(len(value))])
    return marks


def _number(position: int, place: int) -> int:
    return -(2**62) + position * 2**32 + place


def _flat(values: Sequence[Value | Sequence[int]]) -> list[Value]:
    return [one for value in values for one in ([value] if isinstance(value, Value) else value)]
