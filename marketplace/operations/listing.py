"""What a list of the board is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.formats import date_format
from django.utils.text import Truncator
from django.utils.timezone import localtime


@dataclass(frozen=True)
class Cell:
    """One cell of a list. `amount_minor` with `currency` is shown as money. `posts`: what an operator may do about the
    row, posted to `url`; the row's name, for who does not see the row."""

    text: object = ""
    url: str = ""
    amount_minor: int | None = None
    currency: str = ""
    posts: str = ""


@dataclass(frozen=True)
class Choice:
    """One figure: which rows it counts at `now`. `urgent`: a person must do something today when there are any."""

    label: object
    where: Callable[[datetime], Q]
    urgent: bool = False


@dataclass(frozen=True)
class Listing:
    heading: object
    columns: tuple[object, ...]
    choices: dict[str, Choice]
    rows: Callable[[], QuerySet]
    cells: Callable[[Any], list[Cell]]  # of a row of its own model

    def counts(self, now: datetime) -> dict[str, int]:
        """All its figures in one query."""
        counted = {
            f"count_{name}": Count("pk", filter=choice.where(now), distinct=True)
            for name, choice in self.choices.items()
        }
        found = self.rows().order_by().aggregate(**counted)
        return {name: found[f"count_{name}"] for name in self.choices}


def when(moment: datetime | None) -> str:
    return date_format(localtime(moment), "SHORT_DATETIME_FORMAT") if moment else ""


def short(text: str) -> str:
    return Truncator(text).chars(160)
