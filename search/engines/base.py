"""The engine contract: ``search/conformance.py`` holds what every engine must do.

What matches, what comes first and what is counted is decided here and in the modules beside, in clauses; an engine
translates clauses, stores fields, and answers. No type of an engine's library leaves its file.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping

from search import text
from search.documents import TitleDocument
from search.engines import filtering, matching, spelling, suggesting
from search.engines.clauses import All, Answer, Clause, Nothing, Request, Term
from search.engines.matching import Reading
from search.engines.query import (
    DEEPEST_HIT,
    FACETS,
    FacetValue,
    Page,
    Query,
    SearchError,
    Sort,
    Status,
    Suggestion,
)

__all__ = ["Engine", "FacetValue", "Page", "Query", "SearchError", "Sort", "Status", "Suggestion"]

FEW_HITS = 3
"""With fewer hits than this, none of which has the words as typed in its title or names, words may have typos."""

_HITS_READ_FOR_SPELLING = 40
_MOST_SUGGESTIONS = 20
_ORDERS = {
    Sort.BEST: None,
    Sort.NEWEST: "-by_newest",
    Sort.TITLE: "by_title",
    Sort.ARRIVAL: "-by_arrival",
    Sort.VOLUME: "by_volume",
}


class Engine(ABC):
    """An index of titles. All methods may be called from any process and thread; they raise only ``SearchError``."""

    # subclass implementation

    @abstractmethod
    def answer(self, request: Request) -> Answer:
        """The hits and counts of one request."""

    @abstractmethod
    def write(self, documents: Iterable[TitleDocument]) -> int:
        """Adds or replaces titles by their product id and commits once; returns their number. Visible to every
        process's next search. Makes an empty index where there is none. They are read as they are written: no more than
        a thousand are held; an exception of ``documents`` itself passes through, and nothing is written."""

    @abstractmethod
    def remove(self, product_ids: Iterable[int]) -> None:
        """Removes titles; those that are not there are no error."""

    @abstractmethod
    def rebuild(self, documents: Iterable[TitleDocument]) -> int:
        """Builds a new index beside the live one and replaces it at once; returns the number of titles read. What is
        written meanwhile goes into both. Until the end, and when killed, the live one stays as it was. An exception of
        ``documents`` itself passes through."""

    @abstractmethod
    def status(self) -> Status:
        """Never raises."""

    # for all engines

    def search(self, query: Query) -> Page:
        """One page of titles. An ISBN in any spelling finds its title alone; words that find hardly anything may have
        typos."""
        if not query.text.strip():
            return self._page(query, self._ask(query, matching.everything()))
        if gtin := text.isbn_query(query.text):
            clause = Term("gtin", gtin)
            found = self._ask(query, clause)
            if found.total or self._total(clause):
                return self._page(query, found)
        typed = matching.take_apart(query.text)
        if not typed.words:
            return Page(ids=(), total=0, facets={name: [] for name in FACETS if name in query.facets})
        return self._search_words(query, typed)

    def count(self, query: Query) -> int:
        """How many titles have the words as they are written, under the query's filters. One question."""
        if not query.text.strip():
            match = matching.everything()
        elif gtin := text.isbn_query(query.text):
            match = Term("gtin", gtin)
        else:
            typed = matching.take_apart(query.text)
            if not typed.words:
                return 0
            match = matching.match(typed, Reading.EXACT)
        return self.answer(Request(match=match, filters=filtering.filters(query), limit=0)).total

    def ready(self) -> bool:
        """Whether there is an index that answers: one question that finds nothing, for those who ask several times a
        second. Never raises."""
        try:
            self.answer(Request(match=Nothing(), limit=0))
        except SearchError:
            return False
        return True

    def suggest(self, typed: str, limit: int = 8) -> list[Suggestion]:
        """Titles, authors and series that begin with what was typed, with typos where too few do."""
        limit = min(max(1, limit), _MOST_SUGGESTIONS)
        if gtin := text.isbn_query(typed):
            exact = self.answer(Request(match=Term("gtin", gtin), limit=1, shown=True))
            if exact.ids:
                return suggesting.titles(exact, limit)
        taken = matching.take_apart(typed)
        if not taken.words:
            return []
        found: list[Suggestion] = []
        for typos in (False, True):
            clause = matching.beginnings(taken, typos=typos)
            hits = self.answer(Request(match=clause, limit=suggesting.HITS_READ, shown=True))
            found = suggesting.merge(found, suggesting.suggestions(hits, taken, typos=typos), limit)
            if len(found) >= FEW_HITS:
                break
        return found

    def _search_words(self, query: Query, typed: matching.Typed) -> Page:
        exact = matching.match(typed, Reading.EXACT)
        found = self._ask(query, exact)
        if found.total >= FEW_HITS:
            return self._page(query, found)
        as_typed = self._total(exact) if filtering.filters(query) else found.total
        if as_typed >= FEW_HITS or (as_typed and self._total(matching.written(typed))):
            return self._page(query, found)
        for reading in (Reading.SIMILAR, Reading.FAR, Reading.PARTIAL):
            if reading is Reading.PARTIAL and len(typed.required) < 2:
                break
            loose = self.answer(
                Request(match=matching.match(typed, reading), limit=_HITS_READ_FOR_SPELLING, shown=True)
            )
            if loose.total > as_typed:
                suggestion = None if as_typed else spelling.nearest(typed, loose.shown)
                meant = matching.take_apart(suggestion) if suggestion else None
                again = self._ask(query, matching.match(typed, reading, meant))
                return self._page(query, again, corrected=not as_typed, suggestion=suggestion)
            if as_typed:
                break
        return self._page(query, found)

    def _ask(self, query: Query, match: Clause) -> Answer:
        ordered = query.sort is Sort.BEST
        order = "by_" + filtering.price_field(query) if query.sort is Sort.PRICE else _ORDERS[query.sort]
        reachable = query.offset + query.page_size <= DEEPEST_HIT
        return self.answer(
            Request(
                match=All((match,), matching.by_stock(query.favoured)) if ordered else match,
                filters=filtering.filters(query),
                counts=filtering.counts(query),
                order=order,
                offset=query.offset if reachable else 0,
                limit=query.page_size if reachable else 0,
            )
        )

    def _total(self, match: Clause) -> int:
        return self.answer(Request(match=match, limit=0)).total

    def _page(self, query: Query, found: Answer, *, corrected: bool = False, suggestion: str | None = None) -> Page:
        return Page(
            ids=found.ids,
            total=found.total,
            facets={name: _facet(query, name, found.counts.get(name, {})) for name in FACETS if name in query.facets},
            suggestion=suggestion,
            corrected=corrected,
        )


def _facet(query: Query, name: str, counts: Mapping[object, int]) -> list[FacetValue]:
    if name == "price":
        return [FacetValue(span, counts[span]) for span in filtering.price_ranges() if counts.get(span)]
    if name == "published":
        return [FacetValue(span, counts[span]) for span in query.published_spans if counts.get(span)]
    values = [FacetValue(value, count) for value, count in counts.items() if count]  # type: ignore[arg-type]
    if name == "shop" and query.within is not None:
        values = [value for value in values if value.value in query.within]
    return sorted(values, key=lambda value: (-value.titles, value.value))
