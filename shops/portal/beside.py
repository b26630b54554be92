"""What stands in the desk's queue beside its orders: words of readers, what they send back, copies to set aside,
parcels of other shops. Four tables and one statement: every counter asks for the queue each 20 seconds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from django.db import models
from django.db.models import Aggregate, Count, Max, QuerySet, Subquery, Value, Window
from django.db.models.functions import Cast, RowNumber

M = TypeVar("M", bound=models.Model)
_TEXTS = ("its_number", "its_title", "its_person", "its_words", "its_state")
_COUNTS = ("its_total", "its_place", "its_newest", "its_units", "its_more")
_TIMES = ("its_since", "its_due", "its_last")


class Told(NamedTuple):
    """One row with what its line says. Of which kind it is decides what the words mean: see who tells it."""

    its_kind: str
    pk: int
    its_number: str
    its_title: str
    its_person: str
    its_words: str
    its_state: str
    its_total: int
    its_place: int
    its_newest: int
    its_units: int
    its_more: int
    its_since: datetime | None
    its_due: datetime | None
    its_last: datetime | None
    its_new: bool


def first(theirs: QuerySet[M], most: int) -> QuerySet[M]:
    """The first of `theirs`, in their order, each with how many there are in all, and the key of the newest of all."""
    rows: Any = theirs.model._default_manager
    found = rows.filter(pk__in=theirs.values("pk")[:most]).order_by()
    order: Any = list(theirs.query.order_by)
    place = Window(RowNumber(), order_by=order)
    return found.annotate(its_total=of_all(theirs, Count("pk")), its_newest=of_all(theirs, Max("pk")), its_place=place)


def of_all(rows: QuerySet[Any], asked: Aggregate) -> Subquery:
    """In a column of other rows: asked once for a statement."""
    return Subquery(rows.order_by().values(one=Value(1)).annotate(asked=asked).values("asked"))


def together(**kinds: QuerySet[Any]) -> QuerySet[Any, Any]:
    """Of each kind the rows that `first` chose and their own module told, as one statement."""
    first_kind, *others = [_columns(rows, kind) for kind, rows in kinds.items()]
    return first_kind.union(*others, all=True)


def by_kind(rows: Iterable[tuple[Any, ...]]) -> dict[str, list[Told]]:
    """Those of `together`, of each kind in their order."""
    found: dict[str, list[Told]] = defaultdict(list)
    for row in sorted(map(Told._make, rows), key=lambda row: row.its_place):
        found[row.its_kind].append(row)
    return found


def _columns(rows: QuerySet[Any], kind: str) -> QuerySet[Any]:
    """What its kind says nothing of is empty."""
    empty: dict[str, Any] = {name: Value("") for name in _TEXTS}
    empty |= {name: Value(0) for name in _COUNTS}
    empty |= {name: Cast(Value(None), models.DateTimeField()) for name in _TIMES}
    empty |= {"its_new": Value(False), "its_kind": Value(kind)}
    missing = {name: value for name, value in empty.items() if name not in rows.query.annotations}
    return rows.annotate(**missing).values_list(*Told._fields)
