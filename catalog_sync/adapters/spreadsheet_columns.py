"""Which field is read from which column of a list: what a person has chosen, else what it was last time, else what its
names and contents say.

A column that gave what articles are found, priced or counted by, and that is gone, renamed or full of something else,
is never replaced silently: the reading says so in a note for which a run awaits a person (`AWAITED`).
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from catalog_sync.adapters.column_contents import Looks
from catalog_sync.adapters.column_names import currency_named, field_named, is_not_meant
from catalog_sync.adapters.column_proposal import LIKELY, STANDING_FOR, SURE, Layout, contradiction, propose
from catalog_sync.cleaning import fold
from catalog_sync.column_words import FIELD_WORDS
from catalog_sync.reading.tables import column_name
from catalog_sync.reasons import Reason, feed_error, reason

ESSENTIAL = ("gtin", "isbn", "sku", "title", "price")
IDENTIFIERS = frozenset({"gtin", "isbn", "sku"})
# Notes of a reading for which its run awaits a person.
_SISTERS = {"gtin": ("isbn",), "isbn": ("gtin",)}  # either may take the other's place
_NUMBERED = re.compile(r" #\d+$")
AWAITED = frozenset({"columns_denied", "column_renamed", "column_dropped"})


@dataclass(frozen=True)
class Columns:
    """Which field stands in which column. `currency`: named in the price's header ("Prix (€)"), or empty. `names`: of
    the columns by field; `denied`: fields whose column's contents contradict its name."""

    places: dict[str, int]
    ignored: tuple[str, ...]
    missing: tuple[str, ...]
    currency: str
    names: dict[str, str] = field(default_factory=dict)
    denied: tuple[str, ...] = ()
    notes: tuple[Reason, ...] = ()

    def memory(self, *, newline: bool) -> "Remembered":
        """What the next reading is to remember of this one."""
        return Remembered(self.names, self.denied, newline)

    def last_needed(self) -> int:
        """The last place a row must reach to be of use."""
        return max((self.places[field] for field in ESSENTIAL if field in self.places), default=0)


class Remembered(NamedTuple):
    """What the last applied list of a feed looked like: {field: column name}, fields whose contents contradicted their
    names and were approved so, and whether the file ended with a newline."""

    names: dict[str, str]
    denied: tuple[str, ...]
    newline: bool

    def text(self) -> str:
        return json.dumps({"columns": self.names, "denied": self.denied, "newline": self.newline}, ensure_ascii=False)


def remembered(cursor: str) -> Remembered:
    """A feed's cursor as `Remembered`; what cannot be read, of another kind of feed, remembers nothing."""
    try:
        kept = json.loads(cursor)
        return Remembered(dict(kept["columns"]), tuple(kept["denied"]), bool(kept["newline"]))
    except (ValueError, KeyError, TypeError):
        return Remembered({}, (), False)


def place_of(name: str, header: list[str]) -> int | None:
    """Where a column of that name is; names compare as they are, then without case, accents and punctuation, then
    without their unit in brackets; "#3" is the third where no column is called so."""
    for spelled in (str, fold, column_name):
        wanted = spelled(name)
        found = [place for place, cell in enumerate(header) if cell and spelled(cell) == wanted]
        if found and wanted:
            return found[0]
    number = int(name[1:]) if name.startswith("#") and name[1:].isdecimal() else 0
    return number - 1 if 0 < number <= len(header) else None


def understand(layout: Layout, options: dict[str, Any], before: Remembered) -> Columns:
    """The columns of a table.

    `options`: the feed's; `columns` {field: column name} is a person's choice and wins, `unused` are the names of
    columns a person does not want read. Raises `FeedError` where a chosen column that matters is not there any more,
    and where nothing identifies an article.
    """
    header, proposal = layout.header, propose(layout)
    looks = proposal.looks
    notes: list[Reason] = []
    chosen = _chosen(header, options.get("columns", {}), notes)
    settled = chosen or _present(before.names, header)
    denied = {
        name: against
        for name, place in settled.items()
        if (against := contradiction(name, header[place], looks[place])) is not None
    }
    places = dict(settled)
    if not chosen:
        places = {name: place for name, place in settled.items() if name not in denied}
        denied |= {name: against for name, against in proposal.denied.items() if name not in settled}
    unused = {place_of(name, header) for name in options.get("unused", ())}
    for place, guess in enumerate(proposal.guesses):
        if guess.sure and guess.field and guess.field not in places and place not in {*places.values(), *unused}:
            places[guess.field] = place
    if not places.keys() & {"gtin", "isbn"} and "sku" in places and looks[places["sku"]].share("gtin") >= SURE:
        places["gtin"] = places["sku"]  # the shop numbers its articles by their ISBNs
    if not places.keys() & IDENTIFIERS:
        raise feed_error("columns_unknown", permanent=True, columns=", ".join(filter(None, header)))
    notes += [_told(name, against, known=name in before.denied) for name, against in denied.items()]
    notes += [] if chosen else _moved(before, header, places)
    notes += _several(layout, looks, places)
    used = set(places.values())
    return Columns(
        places,
        tuple(cell for place, cell in enumerate(header) if place not in used and not _is_blank(cell, looks[place])),
        _missing(places),
        currency_named(header[places["price"]]) if "price" in places else "",
        {name: header[place] for name, place in places.items()},
        tuple(sorted(denied)),
        tuple(notes),
    )


def _chosen(header: list[str], mapping: dict[str, str], notes: list[Reason]) -> dict[str, int]:
    """The places of the columns that a person has chosen."""
    places: dict[str, int] = {}
    for name, column in mapping.items():
        place = place_of(column, header)
        if place is not None:
            places[name] = place
        elif name in STANDING_FOR or name == "title":
            raise feed_error(
                "column_mapped_missing", permanent=True, column=column, columns=", ".join(filter(None, header))
            )
        else:
            notes.append(reason("column_gone", column=column, field=FIELD_WORDS.get(name, name)))
    return places


def _present(names: dict[str, str], header: list[str]) -> dict[str, int]:
    found = {name: place_of(column, header) for name, column in names.items()}
    return {name: place for name, place in found.items() if place is not None}


def _told(name: str, against: Reason, *, known: bool) -> Reason:
    """A contradiction as the reading says it: for a run to wait, or as a word beside."""
    waits = name in STANDING_FOR and not known
    return reason("columns_denied" if waits else "column_left", **dict(against.values))


def _moved(before: Remembered, header: list[str], places: dict[str, int]) -> list[Reason]:
    """What became of the columns of the last list that are not there any more."""
    notes = []
    for name, column in before.names.items():
        if place_of(column, header) is not None:
            continue
        heirs = (
            [name]
            if name in places
            else [f for f in _SISTERS.get(name, ()) if f in places.keys() - before.names.keys()]
        )
        word = FIELD_WORDS.get(name, name)
        if name not in STANDING_FOR:
            notes.append(reason("column_gone", column=column, field=word))
        elif heirs:
            notes.append(reason("column_renamed", column=column, field=word, other=header[places[heirs[0]]]))
        else:
            notes.append(reason("column_dropped", column=column, field=word))
    return notes


def _several(layout: Layout, looks: list[Looks], places: dict[str, int]) -> list[Reason]:
    """Where more than one column could be the price or the number of copies: which was taken, or that none was."""
    notes = []
    for name in ("price", "quantity"):
        alike = [cell for cell in layout.header if (found := field_named(_NUMBERED.sub("", cell))) and found[0] == name]
        others = [cell for cell in alike if cell != layout.header[places[name]]] if name in places else []
        if others:
            taken = layout.header[places[name]]
            word = FIELD_WORDS[name]
            notes.append(reason("columns_several", field=word, column=taken, columns=", ".join(others)))
    priced = [
        cell
        for place, cell in enumerate(layout.header)
        if place not in places.values()
        and looks[place].share("money", "named_money") >= LIKELY
        and not is_not_meant(cell)
    ]
    if "price" not in places and len(priced) > 1:
        notes.append(reason("price_undecided", columns=", ".join(priced)))
    return notes


def _is_blank(cell: str, looks: Looks) -> bool:
    return cell.startswith("#") and not looks.filled


def _missing(places: dict[str, int]) -> tuple[str, ...]:
    """What a shop should know is not in its list; an availability column is only missed where there is no quantity."""
    missing = [name for name in ("title", "price", "quantity") if name not in places]
    if "quantity" in missing and "availability" not in places:
        missing.append("availability")
    return tuple(missing)
