"""What one line of the desk's queue says, and a group of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class QueueRow:
    """One order in a line: `when` says by when or since when, in words; `copies` are those the reader still gets, or
    asked for where all are declined. `url`: where it leads, of what is no order."""

    number: str
    status: str
    status_word: str
    delivery: str
    title: str
    more: int
    copies: int
    when: str
    overdue: bool
    url: str = ""


@dataclass(frozen=True)
class QueueGroup:
    """`url`: the whole list, of what are no orders."""

    key: str
    heading: str
    rows: list[QueueRow]
    total: int
    url: str = ""

    @property
    def beyond(self) -> int:
        return self.total - len(self.rows)
