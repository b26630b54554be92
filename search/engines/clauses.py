"""What an engine is asked, in a language of its own: a tree of clauses that each engine translates into its library's
objects. What is found, in which order and what is counted is decided once, above, for all engines.

``field`` is a name of ``fields.FIELDS``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Everything:
    """Every document, score 1."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """No document."""


@dataclass(frozen=True, slots=True)
class Term:
    """Documents with this token, scored by BM25."""

    field: str
    value: str | int


@dataclass(frozen=True, slots=True)
class OneOf:
    """Documents with at least one of these values; none of no values. For filters and inside ``Fixed``: not scored."""

    field: str
    values: tuple[str, ...] | tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Between:
    """Documents whose number lies in the range, both ends included; None leaves an end open. Score 1."""

    field: str
    low: int | None
    high: int | None


@dataclass(frozen=True, slots=True)
class Phrase:
    """Documents with these words (at least two) one after the other in one value of the field."""

    field: str
    words: tuple[str, ...]
    open_end: bool = False
    """The last word may be only the beginning of one; an engine may stop at 50 such words."""


@dataclass(frozen=True, slots=True)
class Near:
    """Documents with a word at most ``typos`` edits away (a swap of neighbours is one edit). Score 1.

    With ``prefix`` the word may go on after its spelling."""

    field: str
    word: str
    typos: int
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class All:
    """Documents that match every clause of ``must``; ``should`` only adds to the score. Scores are added."""

    must: tuple["Clause", ...]
    should: tuple["Clause", ...] = ()


@dataclass(frozen=True, slots=True)
class Any:
    """Documents that match ``at_least`` clauses (at least one). Scores are added."""

    clauses: tuple["Clause", ...]
    at_least: int = 1


@dataclass(frozen=True, slots=True)
class Best:
    """Documents that match any clause; only the highest score counts."""

    clauses: tuple["Clause", ...]


@dataclass(frozen=True, slots=True)
class Fixed:
    """The documents of a clause, all with the same score."""

    clause: "Clause"
    score: float


@dataclass(frozen=True, slots=True)
class Boosted:
    """The documents of a clause, their score multiplied."""

    clause: "Clause"
    factor: float


Clause = (
    Everything | Nothing | Term | OneOf | Between | Phrase | Near | All | Any | Best | Fixed | Boosted
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Count:
    """One facet to be counted: how many documents have each value of a field.

    With ``ranges`` the field is a number and each (low, high), both ends included, is counted."""

    field: str
    ranges: tuple[tuple[int | None, int | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """One page of hits with its counts."""

    match: Clause
    filters: Mapping[str, Clause] = field(default_factory=dict)
    """By name. All of them hold for the hits; a facet is counted without the filter of its own name."""
    counts: Mapping[str, Count] = field(default_factory=dict)
    order: str | None = None
    """None: the best score times the document's ``weight`` first. Else a field of kind ORDER, ascending; with a leading
    minus, descending."""
    offset: int = 0
    limit: int = 20
    shown: bool = False
    """Whether the hits' ``shown`` texts are wanted."""


@dataclass(frozen=True, slots=True)
class Answer:
    """``total`` is exact. ``counts`` has the values with at least one document, by facet name, unordered."""

    ids: tuple[int, ...]
    total: int
    counts: Mapping[str, Mapping[object, int]]
    shown: tuple[str, ...] = ()
