"""Which field stands in which column: by its name where that is clear and its contents do not contradict, else by its
contents.

A `Guess` is for a person to look at; a reading without one uses only those that are `sure`. Unknown is better than
wrong: of several columns that could be the price, none is.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from catalog_sync.adapters.column_contents import FEW, Looks, looks_of
from catalog_sync.adapters.column_names import field_named, is_not_meant
from catalog_sync.column_words import FIELD_WORDS, LOOK_WORDS
from catalog_sync.prices import read_price
from catalog_sync.reading.tables import HEADER_SEARCHED_ROWS, find_header, named_header
from catalog_sync.reasons import Reason, reason

SURE, LIKELY = 0.95, 0.8  # shares of cells
MOST = 0.6  # a share that contradicts a name
CENTS = 0.3  # of a column of copies that are no whole numbers: it holds prices
# What prices with tax are of those without, in the countries of our languages; 1.14975 is Quebec's.
TAX_FACTORS = (1.021, 1.04, 1.05, 1.055, 1.06, 1.07, 1.08, 1.1, 1.13, 1.14975, 1.15, 1.19, 1.2, 1.21, 1.22, 1.25)
TAX_TOLERANCE = 0.008
STANDING_FOR = frozenset({"gtin", "isbn", "sku", "price", "quantity"})  # wrong, they sell the wrong thing


class Guess(NamedTuple):
    """What one column holds; `field` is empty where nothing is read from it. `why` in a bookseller's words."""

    field: str
    why: Reason
    sure: bool = False


class Layout(NamedTuple):
    """Where the articles begin in the first rows, and the names of the columns: the file's, or "#1", "#2" where it
    names none. `rows` are the articles among the first rows, each as wide as `header`."""

    start: int
    header: list[str]
    named: bool
    rows: list[list[str]]


class Proposal(NamedTuple):
    """A guess for each column, by field what its column's contents say against its name, and what all look like."""

    guesses: list[Guess]
    denied: dict[str, Reason]
    looks: list[Looks]


def find_layout(rows: list[tuple[int, list[str]]], knows: Callable[[str], bool], *, unnamed: bool) -> Layout | None:
    """How a table begins; None where neither names nor contents tell. `unnamed`: a person has said which column is
    which of a table without names."""
    index = find_header(rows, knows)
    if index is not None:
        header = named_header(rows[index][1])
        return Layout(index + 1, labels(header), True, _fitted(rows[index + 1 :], len(header)))
    start = _first_article(rows)
    if start is None:
        if not unnamed or not rows:
            return None
        start = 1 if len(rows) > 1 and _names_columns(rows[0][1]) else 0
    width = max((len(cells) for _, cells in rows[start:]), default=0)
    above = rows[start - 1][1] if start else []
    if _names_columns(above):
        return Layout(start, labels(above), True, _fitted(rows[start:], len(above)))
    return Layout(start, labels([""] * width), False, _fitted(rows[start:], width))


def _names_columns(cells: list[str]) -> bool:
    """Whether a row could be names that we do not know: a word in every cell, no number among them."""
    return len(cells) > 1 and all(cells) and not any(c.isdigit() for cell in cells for c in cell)


def labels(header: Sequence[str]) -> list[str]:
    """A name for each column that no other has: "#3" for one without, "Prix #2" for the second of a name."""
    seen: dict[str, int] = {}
    found = []
    for place, cell in enumerate(header, 1):
        seen[cell] = seen.get(cell, 0) + 1
        found.append(f"#{place}" if not cell else cell if seen[cell] == 1 else f"{cell} #{seen[cell]}")
    return found


def _fitted(rows: list[tuple[int, list[str]]], width: int) -> list[list[str]]:
    return [(cells + [""] * width)[:width] for _, cells in rows]


def _first_article(rows: list[tuple[int, list[str]]]) -> int | None:
    """The first row with a valid ISBN or EAN in the column that is full of them."""
    width = max((len(cells) for _, cells in rows), default=0)
    for column in zip(*_fitted(rows, width), strict=True):
        looks = looks_of(column[HEADER_SEARCHED_ROWS:] if len(rows) > 2 * HEADER_SEARCHED_ROWS else column)
        numbers = max(looks.counts["gtin"], looks.counts["isbn"])
        if numbers >= FEW and numbers >= MOST * looks.filled:
            return next(row for row, cell in enumerate(column) if looks_of([cell]).counts["isbn"])
    return None


def propose(layout: Layout) -> Proposal:
    """A guess for every column of a table, from its name and from its cells."""
    columns = [tuple(row[place] for row in layout.rows) for place in range(len(layout.header))]
    looks = [looks_of(cells) for cells in columns]
    named = _by_name(layout.header) if layout.named else {}
    denied: dict[str, Reason] = {}
    guesses: dict[int, Guess] = {}
    for field, place in named.items():
        against = contradiction(field, layout.header[place], looks[place])
        if against:
            denied[field] = against
        else:
            guesses[place] = Guess(field, reason("column_named"), sure=True)
    for place, name in enumerate(layout.header):
        if layout.named and is_not_meant(name):
            guesses[place] = Guess("", reason("column_not_meant"))
    _by_contents(layout, looks, columns, guesses)
    unused = Guess("", reason("column_unused"))
    return Proposal([guesses.get(place, unused) for place in range(len(layout.header))], denied, looks)


def _by_name(header: list[str]) -> dict[str, int]:
    """Of several columns with names of one field, the one whose name is the most specific."""
    best: dict[str, tuple[int, int]] = {}
    for place, cell in enumerate(header):
        found = field_named(cell)
        if found and (found[0] not in best or found[1] < best[found[0]][0]):
            best[found[0]] = (found[1], place)
    return {field: place for field, (_, place) in best.items()}


# Looks that a field's column cannot have, and how many of its cells make them a contradiction.
_NUMBERS = ("gtin", "money", "named_money", "date", "address")
_AGAINST: dict[str, tuple[str, ...]] = {
    "gtin": ("money", "named_money", "date", "stock", "address", "text"),
    "isbn": ("money", "named_money", "date", "stock", "address", "text"),
    "sku": ("money", "named_money", "date", "stock", "address", "long"),
    "price": ("gtin", "date", "stock", "address", "text"),
    "quantity": ("gtin", "named_money", "date", "address", "text"),
    "title": _NUMBERS,
    "contributors": (*_NUMBERS, "whole"),
    "publisher": _NUMBERS,
    "availability": ("gtin", "money", "named_money", "date", "address"),
    "publication_date": ("gtin", "money", "named_money", "address"),
    "description": ("gtin", "money", "named_money", "date"),
    "language": ("gtin", "money", "named_money", "date", "address"),
}
# Looks by which a field's column is what its name says, whatever else it looks like.
_FOR: dict[str, tuple[str, ...]] = {
    "gtin": ("gtin", "isbn", "lost"),
    "isbn": ("isbn", "lost"),
    "price": ("money", "named_money"),
    "quantity": ("stock",),
}


def contradiction(field: str, name: str, looks: Looks) -> Reason | None:
    """What the cells of a column say against being this field; None where they do not, or are too few."""
    if looks.share(*_FOR.get(field, ())) >= MOST if field in _FOR else False:
        return None
    for look in _AGAINST.get(field, ()):
        if looks.share(look) >= MOST:
            return _denial(field, name, looks.counts[look], looks.filled, look)
    if field == "quantity" and looks.filled >= FEW and looks.fractions >= CENTS * looks.filled:
        return _denial(field, name, looks.fractions, looks.filled, "money")
    return None


def _denial(field: str, name: str, count: int, cells: int, look: str) -> Reason:
    return reason(
        "column_denied", column=name, field=FIELD_WORDS[field], count=count, cells=cells, look=LOOK_WORDS[look]
    )


# By contents alone: field, its looks, the share needed, whether it is sure enough in a table that names no columns.
_CONTENTS: tuple[tuple[str, tuple[str, ...], float, bool], ...] = (
    ("cover", ("address",), LIKELY, True),
    ("publication_date", ("date", "year"), LIKELY, True),
    ("currency", ("currency",), SURE, True),
    ("tax_code", ("rate",), LIKELY, True),
    ("availability", ("stock",), LIKELY, True),
    ("condition", ("condition",), LIKELY, True),
    ("language", ("language",), LIKELY, True),
    ("form", ("form",), LIKELY, True),
    ("description", ("long",), MOST, True),
)


def _by_contents(layout: Layout, looks: list[Looks], columns: list[tuple[str, ...]], guesses: dict[int, Guess]) -> None:
    """Add guesses for the columns and fields that have none."""

    def open_places(*wanted: str, share: float) -> list[int]:
        return [place for place in range(len(looks)) if place not in guesses and looks[place].share(*wanted) >= share]

    def taken() -> set[str]:
        return {guess.field for guess in guesses.values()}

    if not taken() & {"gtin", "isbn"}:
        _identifier(looks, guesses)
    for field, wanted, share, sure in _CONTENTS:
        places = open_places(*wanted, share=share)
        if field not in taken() and places:
            place = max(places, key=lambda each: looks[each].share(*wanted))
            guesses[place] = _looks_guess(field, looks[place], wanted, sure=sure and not layout.named)
    if "price" not in taken():
        _price(layout, looks, columns, open_places("money", "named_money", share=LIKELY), guesses)
    wholes = [
        place for place in open_places("whole", share=SURE) if looks[place].counts["year"] < looks[place].filled / 2
    ]
    if "quantity" not in taken() and len(wholes) == 1:
        (place,) = wholes
        guesses[place] = _looks_guess("quantity", looks[place], ("whole",), sure=not layout.named)
    _texts(layout, looks, guesses, open_places("text", share=LIKELY))
    codes = open_places("code", share=SURE)
    if "sku" not in taken() and codes:
        guesses[codes[0]] = _looks_guess("sku", looks[codes[0]], ("code",), sure=False)


def _identifier(looks: list[Looks], guesses: dict[int, Guess]) -> None:
    """The column that is full of valid numbers, of those without a name that says otherwise."""
    best = max(
        (place for place in range(len(looks)) if place not in guesses),
        key=lambda place: looks[place].share("gtin", "isbn"),
        default=None,
    )
    if best is None:
        return
    found = looks[best]
    sure = found.share("gtin", "isbn") >= SURE
    if sure or (found.counts["gtin"] + found.counts["lost"]) >= MOST * max(found.filled, FEW):
        field = "gtin" if found.counts["gtin"] * 2 > found.counts["isbn"] else "isbn"
        guesses[best] = _looks_guess(field, found, (field, "lost"), sure=sure)


def _looks_guess(field: str, looks: Looks, wanted: tuple[str, ...], *, sure: bool) -> Guess:
    look = max(wanted, key=lambda each: looks.counts[each])
    why = reason("column_looks", count=looks.counts[look], cells=looks.filled, look=LOOK_WORDS[look])
    return Guess(field, why, sure)


def _price(
    layout: Layout, looks: list[Looks], columns: list[tuple[str, ...]], places: list[int], guesses: dict[int, Guess]
) -> None:
    """The one column of prices; of two the one that is the other with tax. In a table with names only a column whose
    cells name the currency is sure: weights and ratings have two decimals too."""
    if len(places) == 1:
        (place,) = places
        sure = not layout.named or looks[place].share("named_money") >= LIKELY
        guesses[place] = _looks_guess("price", looks[place], ("money", "named_money"), sure=sure)
    elif len(places) == 2:
        for net, gross in (places, places[::-1]):
            if is_taxed(columns[net], columns[gross]):
                why = reason("column_taxed", column=layout.header[net])
                guesses[gross] = Guess("price", why, sure=not layout.named)
                guesses[net] = Guess("", reason("column_not_meant"))


def is_taxed(net: Sequence[str], gross: Sequence[str]) -> bool:
    """Whether nearly all of some prices are the others with one rate of tax, or with one of two."""
    pairs = [(read_price(a, "EUR").price, read_price(b, "EUR").price) for a, b in zip(net, gross, strict=True)]
    ratios = [b / a for a, b in pairs if a and b]
    fitting = sum(1 for each in ratios if any(abs(each - factor) < TAX_TOLERANCE for factor in TAX_FACTORS))
    return len(ratios) >= FEW and fitting >= SURE * len(ratios)


def _texts(layout: Layout, looks: list[Looks], guesses: dict[int, Guess], places: list[int]) -> None:
    """Names of persons, then the title: of the other texts the one that repeats least; then who published it."""
    fields = {guess.field for guess in guesses.values()}
    sure = not layout.named
    persons = [place for place in places if looks[place].share("person") >= MOST]
    if "title" not in fields and len(persons) == len(places) and persons:
        persons.remove(max(persons, key=lambda place: looks[place].distinct))
    rest = [place for place in places if place not in persons]
    if "contributors" not in fields and persons:
        place = max(persons, key=lambda each: looks[each].share("person"))
        guesses[place] = _looks_guess("contributors", looks[place], ("person",), sure=False)
    if "title" not in fields and rest:
        place = max(rest, key=lambda each: looks[each].distinct)
        guesses[place] = _looks_guess("title", looks[place], ("text",), sure=sure and len(rest) == 1)
