"""From a query's filters to clauses, and what each facet counts."""

from search.engines.clauses import Between, Clause, Count, Nothing, OneOf
from search.engines.fields import LARGEST_NUMBER
from search.engines.query import FACETS, PRICE_STEPS_MINOR, Query

NEW = "new"


def filters(query: Query) -> dict[str, Clause]:
    """Filter clauses by name; those that belong to a facet have its name."""
    found: dict[str, Clause] = {}
    stock = stock_field(query)
    if query.within is not None:
        found["within"] = _one_of(stock, query.within)
    if query.shops is not None:
        shops = query.shops if query.within is None else query.shops & query.within
        found["shop"] = _one_of(stock, shops)
    if query.available and query.shops is None and query.within is None:
        found["available"] = OneOf("stocked", (1, 2) if query.orderable else (2,))
    if query.under:
        found["under"] = OneOf("subject", (query.under,))
    for name, field, values in (
        ("subject", "subject", query.subjects),
        ("language", "language", query.languages),
        ("form", "form", query.forms),
        ("audience", "audience", query.audiences),
        ("condition", "condition", query.conditions),
        ("author", "authors", query.authors),
        ("publisher", "publisher", query.publishers),
        ("series", "series", query.series),
    ):
        if values:
            found[name] = OneOf(field, values)
    if query.picked:
        found["picked"] = OneOf("picked", (1,))
    for name, field, low, high in (
        ("price", price_field(query), query.price_from_minor, query.price_to_minor),
        ("published", "published", query.published_from, query.published_to),
        ("added", "added", query.added_from, None),
    ):
        if low is not None or high is not None:
            found[name] = _between(field, low, high)
    return found


def counts(query: Query) -> dict[str, Count]:
    """What is to be counted for the facets that the query wants; unknown names are left out."""
    found: dict[str, Count] = {}
    for name in FACETS:
        if name not in query.facets:
            continue
        if name == "shop":
            found[name] = Count(stock_field(query))
        elif name == "price":
            found[name] = Count(price_field(query), price_ranges())
        elif name == "published":
            if query.published_spans:
                found[name] = Count(name, query.published_spans)
        else:
            found[name] = Count(name)
    return found


def stock_field(query: Query) -> str:
    """Where the shops of a title are looked up: those that have it (on their shelf), or those that have or can order
    it."""
    if query.on_shelf:
        return "shelf"
    return "obtainable" if query.orderable else "shops"


def price_field(query: Query) -> str:
    """A reader who asks for used copies compares used prices; without a condition the cheapest copy counts."""
    if not query.conditions:
        return "price"
    if set(query.conditions) == {NEW}:
        return "price_new"
    return "price" if NEW in query.conditions else "price_used"


def price_ranges() -> tuple[tuple[int | None, int | None], ...]:
    """The price facet's ranges in minor units, both ends included."""
    lows = (None, *PRICE_STEPS_MINOR)
    highs = (*(step - 1 for step in PRICE_STEPS_MINOR), None)
    return tuple(zip(lows, highs, strict=True))


def _one_of(field: str, ids: frozenset[int]) -> Clause:
    return OneOf(field, tuple(sorted(ids))) if ids else Nothing()


def _between(field: str, low: int | None, high: int | None) -> Clause:
    if high is not None and (high < 0 or (low is not None and low > high)):
        return Nothing()
    low = None if low is None else min(max(low, 0), LARGEST_NUMBER)
    high = None if high is None else min(high, LARGEST_NUMBER)
    return Between(field, low, high)
