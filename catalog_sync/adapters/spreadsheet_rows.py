"""Rows of a shop's own list to records: cleaned by column, a chunk at a time, remembering distinct values. That, and
passing over the rows that are known, is what makes a million of them quick."""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import compress, repeat
from operator import not_
from typing import Any

from catalog_sync import cleaning
from catalog_sync.adapters.base import PARTIAL, ChunkWriter, FileAdapter
from catalog_sync.adapters.spreadsheet_columns import Columns
from catalog_sync.hashing import DIRTY
from catalog_sync.identifiers import gtin_text, identify_column, identify_row
from catalog_sync.prices import Priced, decimal_mark, read_price
from catalog_sync.reading.known_rows import row_hashes
from catalog_sync.reasons import Reason, reason
from catalog_sync.records import STOCK_FIELDS, CatalogRecord, Condition, Issue, Lane, PriceKind, Refused, raw_text
from marketplace.catalogue import sale_limits
from marketplace.foundation import countries

SAMPLE_PRICES = 500
Rows = list[tuple[int, list[str]]]  # (position, cells)
_STOCK_COLUMNS = {"quantity", "availability"}
_ALSO_CALLED = {"subject": "subjects", "sold_in": "territory", "not_sold_in": "territory"}
_PRICE_FIELDS = ("price", "currency", "price_kind")


def fields_of(columns: Columns) -> tuple[str, ...]:
    """The fields of a record that a list with these columns says something of."""
    spoken: list[str] = []
    for column in columns.places:
        if column in _STOCK_COLUMNS:
            spoken += STOCK_FIELDS
        elif column == "price":
            spoken += _PRICE_FIELDS
        elif column in _ALSO_CALLED:
            spoken.append(_ALSO_CALLED[column])
        elif column in CatalogRecord._fields and column not in ("sku", "gtin", "currency"):
            spoken.append(column)
    return tuple(dict.fromkeys(spoken))


class RowCleaner:
    """One chunk of rows to records, column by column. A class, because every step needs the columns and the issues."""

    def __init__(self, adapter: FileAdapter, columns: Columns, lane: Lane, rows: Rows, writer: ChunkWriter) -> None:
        """`rows`: the first ones, which tell how prices are written."""
        self.adapter, self.feed, self.columns = adapter, adapter.feed, columns
        self.lane, self.writer = lane, writer
        place = columns.places.get("price")
        self.mark = "" if place is None else decimal_mark([cells[place] for _, cells in rows[:SAMPLE_PRICES]])
        partial = fields_of(columns) if self.feed.mode == PARTIAL else ()
        self.speaks_for = adapter.speaks_for(lane) or partial
        self.known = adapter.known
        if self.known is not None:
            self.places = [columns.places[field] for field in sorted(columns.places)]  # wherever they stand
            said = repr((self.known.meaning, sorted(columns.places), columns.currency, self.mark, lane))
            self.meaning = blake2b(said.encode(), digest_size=16).digest()

    def clean(self, rows: Rows) -> None:
        """Append what some rows are to the chunk: records, refusals and issues, or the hashes of those that are
        known."""
        if self.known is None:
            self._clean(rows, ())
            return
        hashes = row_hashes([cells for _, cells in rows], self.places, self.meaning)
        known = self.known.are_known(hashes)
        if any(known):
            self.writer.same.extend(compress(hashes, known))
            fresh = list(map(not_, known))
            rows, hashes = list(compress(rows, fresh)), list(compress(hashes, fresh))
        if rows:
            self._clean(rows, hashes)

    def _clean(self, rows: Rows, hashes: Sequence[int]) -> None:
        self.why_not: dict[int, Reason] = {}  # row in the chunk: why it is refused
        self.warnings: list[tuple[int, Reason]] = []
        self.hashes = list(hashes)
        self.positions = [position for position, _ in rows]
        self.cells = [cells for _, cells in rows]
        self.by_column = list(zip(*self.cells, strict=True))
        gtins = self._gtins()
        titles = cleaning.lines(self._column("title"), cleaning.title, longest=cleaning.TITLE_LENGTH)
        conditions = self._conditions()
        skus = self._skus(gtins, conditions)
        if not all(skus) or not all(titles):
            for row, (sku, gtin, title) in enumerate(zip(skus, gtins, titles, strict=True)):
                if not sku:
                    self.why_not.setdefault(row, reason("sku_missing"))
                elif not title and gtin is None and not self.speaks_for:
                    self.why_not.setdefault(row, reason("title_missing"))
        prices = self._prices()
        quantities, availabilities = self._stock()
        values = (
            *(skus, gtins, titles, [p.price for p in prices], [p.currency for p in prices]),
            *(repeat(self.feed.options.get("price_kind", PriceKind.RETAIL)), quantities),
            *(repeat(self.adapter.contains_our_orders), availabilities, conditions, repeat(self.writer.as_of)),
            *(self._flags("signed"), self._flags("first_edition"), self._each("days", cleaning.pages, None)),
            *(self._each("available_from", cleaning.partial_date), repeat(self.speaks_for)),
            *self._facts(),
        )
        records = list(map(CatalogRecord._make, zip(*values, strict=False)))
        self._hand_over(records)

    def _hand_over(self, records: list[CatalogRecord]) -> None:
        writer, positions = self.writer, self.positions
        for row, why in self.warnings:
            if row not in self.why_not:
                writer.issues.append(Issue(records[row].sku, why, positions[row]))
                if self.hashes:
                    self.hashes[row] = DIRTY  # to be told of it each time
        if not self.why_not:
            writer.records.extend(records)
            writer.row_hashes.extend(self.hashes)
            return
        for row, record in enumerate(records):
            if row not in self.why_not:
                writer.records.append(record)
                writer.row_hashes.extend(self.hashes[row : row + 1])
            elif any(cell.strip() for cell in self.cells[row]):
                why = self.why_not[row]
                writer.refused.append(Refused(raw_text(self.cells[row]), why, positions[row], record.sku))

    def _column(self, field: str) -> tuple[str, ...]:
        place = self.columns.places.get(field)
        return self.by_column[place] if place is not None else ("",) * len(self.cells)

    def _each(self, field: str, clean: Callable[[str], Any], absent: Any = "") -> Any:
        """A cleaned column; where there is none, its absent value for ever."""
        if field not in self.columns.places:
            return repeat(absent)
        return [clean(text) for text in self._column(field)]

    def _flags(self, field: str) -> Any:
        return self._each(field, cleaning.is_true, False)

    def _gtins(self) -> list[int | None]:
        places = self.columns.places
        if "gtin" in places and "isbn" in places:
            both = list(map(identify_row, self._column("gtin"), self._column("isbn")))
            gtins = [gtin for gtin, _ in both]
            reasons = [(row, why) for row, (_, why) in enumerate(both) if why is not None]
        else:
            isbns = "isbn" in places
            gtins, reasons = identify_column(self._column("isbn" if isbns else "gtin"), isbns=isbns)
        for row, why in reasons:
            if why.code == "gtin_digits_lost" or (gtins[row] is None and "sku" not in places):
                self.why_not[row] = why
            else:
                self.warnings.append((row, why))
        return gtins

    def _skus(self, gtins: list[int | None], conditions: list[str]) -> list[str]:
        """The shop's numbers; without a column for them the GTIN, and for used copies GTIN and condition."""
        stated: Iterable[str] = repeat("")
        if "sku" in self.columns.places:
            stated = cleaning.lines(self._column("sku"), cleaning.sku, longest=cleaning.SKU_LENGTH)
            if all(stated):
                return stated
        return [
            sku or ("" if gtin is None else gtin_text(gtin) + ("" if condition == Condition.NEW else f"-{condition}"))
            for sku, gtin, condition in zip(stated, gtins, conditions, strict=False)
        ]

    def _conditions(self) -> list[str]:
        default = str(self.feed.options.get("condition", Condition.NEW))
        if "condition" not in self.columns.places:
            return [default] * len(self.cells)
        found = [cleaning.condition(text) for text in self._column("condition")]
        self.warnings.extend((row, why) for row, (_, why) in enumerate(found) if why is not None)
        return [value or default for value, _ in found]

    def _prices(self) -> list[Priced]:
        currency = self.columns.currency or self.feed.currency
        if "price" not in self.columns.places:
            return [Priced(None, currency)] * len(self.cells)
        texts = self._column("price")
        if "currency" in self.columns.places:
            known = [text.strip().upper() or currency for text in self._column("currency")]
            found = [read_price(text, each, self.mark) for text, each in zip(texts, known, strict=True)]
        else:
            found = [read_price(text, currency, self.mark) for text in texts]
        if self.lane is Lane.CATALOGUE:
            self.warnings.extend((row, price.reason) for row, price in enumerate(found) if price.reason is not None)
        return found

    def _stock(self) -> tuple[list[int | None], list[str]]:
        quantity_texts = self._column("quantity")
        quantities = [cleaning.quantity(text) for text in quantity_texts]
        self.warnings.extend((row, why) for row, (_, why) in enumerate(quantities) if why is not None)
        said: list[str | None]
        if "availability" in self.columns.places:
            stated = [cleaning.availability(text) for text in self._column("availability")]
            self.warnings.extend((row, why) for row, (_, why) in enumerate(stated) if why is not None)
            said = [value for value, _ in stated]
        else:
            said = [cleaning.availability_in_quantity(text) or None for text in quantity_texts]
        units = [value for value, _ in quantities]
        return units, list(map(cleaning.availability_of, said, units))

    def _facts(self) -> list[Any]:
        """The fact fields, in the order of CatalogRecord."""
        languages = [cleaning.language(text) for text in self._column("language")]
        self.warnings.extend((row, why) for row, (_, why) in enumerate(languages) if why is not None)
        return [
            self._each("subtitle", cleaning.title),
            self._each("contributors", authors, ()),
            self._each("publisher", cleaning.name),
            self._each("subject", shop_subjects, ()),
            [value for value, _ in languages],
            self._each("form", cleaning.form),
            self._each("pages", cleaning.pages, None),
            self._each("publication_date", cleaning.partial_date),
            self._each("description", cleaning.description),
            self._each("cover", cleaning.web_address),
            self._each("series", cleaning.name),
            self._each("series_number", cleaning.one_line),
            self._each("audience", cleaning.one_line),
            self._each("unit_size", cleaning.one_line),
            self._each("tax_code", cleaning.tax_code),
            repeat(()),  # related
            repeat(None),  # weight: its column does not say in which unit
            self._territories(),
            self._each("age_limit", sale_limits.stated_years),
            self._each("shelf", cleaning.shelf),
            self._each("note", cleaning.note),
            repeat(""),  # photo
        ]

    def _territories(self) -> Iterable[str]:
        if not self.columns.places.keys() & {"sold_in", "not_sold_in"}:
            return repeat("")
        found = list(map(territory, self._column("sold_in"), self._column("not_sold_in")))
        self.warnings.extend((row, reason("country_unknown", value=odd)) for row, (_, odd) in enumerate(found) if odd)
        return [said for said, _ in found]


def authors(text: str) -> tuple[tuple[str, str], ...]:
    """A cell of authors as contributors. One plain name, as most cells hold, is taken as it stands."""
    if text.isprintable() and not _NOT_ONE_NAME.search(text) and cleaning.is_composed(text):
        return ((text, "author"),) if text else ()
    return _authors(text)


_NOT_ONE_NAME = re.compile(r"[,;|/&]|  |^ | $")


@lru_cache(maxsize=cleaning.REMEMBERED)
def _authors(text: str) -> tuple[tuple[str, str], ...]:
    """A cell of authors as contributors."""
    return tuple((name, "author") for name in cleaning.names(text))


_EVERYWHERE = frozenset({"", "monde", "monde entier", "world", "worldwide", "everywhere", "tous", "all", "ww"})


@lru_cache(maxsize=cleaning.REMEMBERED)
def territory(sold: str, not_sold: str) -> tuple[str, str]:
    """(where it may be sold, the first word that is no country). A cell of which no country is known says nothing."""
    odd: list[str] = []
    only, out = ([code for word in _country_words(cell) if (code := _country(word, odd))] for cell in (sold, not_sold))
    return sale_limits.territory(only, out), odd[0] if odd else ""


def _country_words(cell: str) -> list[str]:
    """ "France, Belgique et Suisse" and "FR BE CH" are three each."""
    found: list[str] = []
    for part in re.split(r"[,;/|\n+&]|\s(?:et|and|und|y|e|en)\s", cell):
        words = part.split()
        several = len(words) > 1 and all(len(word) == 2 and word.isupper() for word in words)
        found += words if several else [" ".join(words)]
    return [] if all(cleaning.fold(word) in _EVERYWHERE for word in found) else found


def _country(word: str, odd: list[str]) -> str | None:
    code = countries.code_of(word) if word else None
    if word and code is None:
        odd.append(word)
    return code


@lru_cache(maxsize=cleaning.REMEMBERED)
def shop_subjects(text: str) -> tuple[tuple[str, str, str], ...]:
    """A shop's own categories as subjects: "Romans > Polar; Voyage" are two, each with its whole path."""
    parts = (cleaning.one_line(part) for part in text.replace("|", ";").split(";"))
    return tuple(("sender", "", part) for part in parts if part)
