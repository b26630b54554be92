"""What is asked of the search and what it answers; no engine's types."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, NamedTuple

MOST_PER_PAGE = 50
DEEPEST_HIT = 10_000
"""Pages end here; who looks further is better served by a filter. ``Page.total`` counts all the same."""

MOST_FILTER_VALUES = 1_000
MOST_SPANS = 20
LONGEST_CODE = 300  # the longest are names of series and publishers
FACETS = ("shop", "subject", "language", "form", "audience", "condition", "price", "published")
PRICE_STEPS_MINOR = (500, 1000, 1500, 2000, 3000, 5000, 10000)


class Sort(StrEnum):
    BEST = "best"
    PRICE = "price"
    NEWEST = "newest"
    TITLE = "title"
    ARRIVAL = "arrival"
    """Those that came into the catalogue last first."""
    VOLUME = "volume"
    """A series in the order of its numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What a reader asks for. Values out of bounds are brought within them; they never raise."""

    text: str = ""
    """As typed. Empty: browse."""
    shops: frozenset[int] | None = None
    """The shops chosen: titles that any of them has in stock. None: not chosen; empty: nothing is found."""
    within: frozenset[int] | None = None
    """The only shops that count at all (near me, open now, my shop); the shop facet lists no other."""
    orderable: bool = False
    """Titles that a shop can order count as if it had them."""
    on_shelf: bool = False
    """Only copies that can be collected count, so neither what is to be ordered nor a download."""
    available: bool = False
    """Only titles that some shop has; needed only where neither ``shops`` nor ``within`` is given."""
    subjects: tuple[str, ...] = ()
    """Codes; any of them, as of each of the other choices."""
    under: str = ""
    """A subject that every title must be under, whatever else is chosen; its facet is counted within."""
    authors: tuple[str, ...] = ()
    """``text.name_key`` of contributors; any of them. Whole names, as of publishers and series."""
    publishers: tuple[str, ...] = ()
    """``text.key`` of publishers."""
    series: tuple[str, ...] = ()
    """``text.key`` of series."""
    languages: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    picked: bool = False
    """Only titles that someone of a shop stands for."""
    price_from_minor: int | None = None
    price_to_minor: int | None = None
    """Both included. The cheapest copy's price; with conditions chosen, the new or the used one's."""
    published_from: int | None = None
    published_to: int | None = None
    """``yyyymmdd``, both included."""
    published_spans: tuple[tuple[int | None, int | None], ...] = ()
    """What the facet ``published`` counts: as prices are, both ends included."""
    added_from: int | None = None
    """``yyyymmdd``: titles that came into the catalogue on this day or later."""
    favoured: frozenset[int] = frozenset()
    """Shops whose stock moves a title forward: near the reader, or theirs. Filters nothing."""
    sort: Sort = Sort.BEST
    page: int = 1
    page_size: int = 20
    facets: tuple[str, ...] = ()
    """Which facets are counted: names of ``FACETS``."""

    def __post_init__(self) -> None:
        within_bounds = {
            "sort": Sort(self.sort) if self.sort in list(Sort) else Sort.BEST,
            "page": max(1, self.page),
            "page_size": min(max(1, self.page_size), MOST_PER_PAGE),
            "shops": _ids(self.shops),
            "within": _ids(self.within),
            "favoured": _ids(self.favoured),
            "subjects": _codes(self.subjects),
            "under": next(iter(_codes([self.under])), ""),
            "authors": _codes(self.authors),
            "publishers": _codes(self.publishers),
            "series": _codes(self.series),
            "languages": _codes(self.languages),
            "forms": _codes(self.forms),
            "audiences": _codes(self.audiences),
            "conditions": _codes(self.conditions),
            "published_spans": self.published_spans[:MOST_SPANS],
        }
        for name, value in within_bounds.items():
            object.__setattr__(self, name, value)

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.page_size


class FacetValue(NamedTuple):
    """``value`` is a shop's id, a code, or for prices and dates (from, to), both included, None where open."""

    value: int | str | tuple[int | None, int | None]
    titles: int
    """How many titles have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of titles, as product ids in order."""

    ids: tuple[int, ...]
    total: int
    """How many titles match, exactly."""
    facets: Mapping[str, list[FacetValue]] = field(default_factory=dict)
    """Each counted under every filter but its own; most titles first, prices from low to high."""
    suggestion: str | None = None
    """The nearest spelling known, where words were not found as typed."""
    corrected: bool = False
    """The hits are for a similar spelling or leave words out: nothing matched what was typed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    kind: Literal["title", "author", "series"]
    text: str
    product_id: int | None = None
    """The title's product; None for authors and series."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The index as it is now. ``healthy`` is False where it cannot be searched; ``detail`` says why. ``lost``: it is
    not there, or not to be used any more, so that only a rebuild helps; else whoever keeps it does not answer."""

    engine: str
    healthy: bool
    lost: bool = False
    documents: int = 0
    last_commit: datetime | None = None
    bytes: int = 0
    detail: str = ""


class SearchError(Exception):
    """The search cannot answer or take a change now; the only exception that leaves an engine."""


class UnusableIndexError(SearchError):
    """The live index is damaged or of another version: only a rebuild helps."""


@contextmanager
def only_search_errors(doing: str) -> Iterator[None]:
    """Whatever an engine's library raises becomes a ``SearchError`` that says what was being done."""
    try:
        yield
    except SearchError:
        raise
    except Exception as error:
        raise SearchError(f"The search index could not {doing}: {error}") from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # a panic in a Rust library is no subclass of Exception
            raise
        raise SearchError(f"The search index could not {doing}: {error}") from error


def _ids(ids: Iterable[int] | None) -> frozenset[int] | None:
    if ids is None:
        return None
    return frozenset(sorted(shop for shop in ids if 0 <= shop < 2**63)[:MOST_FILTER_VALUES])


def _codes(codes: Iterable[str]) -> tuple[str, ...]:
    usable = (code for code in dict.fromkeys(codes) if code and code.isprintable() and len(code) <= LONGEST_CODE)
    return tuple(code for _, code in zip(range(MOST_FILTER_VALUES), usable, strict=False))
