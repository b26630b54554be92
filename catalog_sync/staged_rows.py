"""Records to rows of the staging table, a chunk at a time, remembering what offers and facts have said before.

An offer (price, number, condition and their like) is one of some thousands that a list has; most facts are as well.
So a row costs what is its own: article number, title, hash. PostgreSQL takes the rows as the text of its COPY.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from itertools import repeat
from typing import Any

from catalog_sync.hashing import DIRTY, stable_hash, stable_hashes
from catalog_sync.records import FACT_FIELDS, Availability, CatalogRecord
from marketplace.foundation import bulk

STAGE, REFUSED, WITHDRAWN = "sync_stage", "sync_refused", "sync_withdrawn"
SAME = "sync_same"  # hashes of rows that stand in the database as they are
TWICE = "sync_twice"  # articles of several lines
OFFER_COLUMNS = {
    "price_minor": "bigint",
    "currency": "text",
    "price_kind": "text",
    "quantity": "integer",
    "availability": "text",
    "condition": "text",
    "signed": "boolean",
    "first_edition": "boolean",
    "days": "integer",
    "available_on": "date",
    "as_of": "moment",
    "parts": "integer",
    "offer_hash": "bigint",
}
COLUMNS = {
    "sku": "text",
    "gtin": "bigint",
    "title": "text",
    **OFFER_COLUMNS,
    "facts_hash": "bigint",
    "facts": "text",
    "row_hash": "bigint",  # of the row of a list that it was made of; DIRTY where that is to be cleaned each time
    "ordinal": "bigint",
}
# What a record speaks for, as bits of `parts`; the rest is left as it is stored.
STOCK, PRICE, CONDITION, TITLE, SOME_FACTS = 1, 2, 4, 8, 16
EVERYTHING = STOCK | PRICE | CONDITION | TITLE
_PART_OF = {
    **dict.fromkeys(("quantity", "contains_our_orders", "availability", "days", "available_from"), STOCK),
    **dict.fromkeys(("price", "currency", "price_kind"), PRICE),
    **dict.fromkeys(("condition", "signed", "first_edition"), CONDITION),
    "title": TITLE,
    **dict.fromkeys(FACT_FIELDS, SOME_FACTS),
}
_OFFER = slice(CatalogRecord._fields.index("price"), CatalogRecord._fields.index(FACT_FIELDS[0]))
_OFFER_FIELDS = CatalogRecord._fields[_OFFER]
_AS_OF = _OFFER_FIELDS.index("as_of")
_FACTS = slice(_OFFER.stop, None)
_OWN_FACTS = {"subtitle", "description", "cover", "related"}  # hardly two titles share one: not worth the memory
_NO_FACTS = tuple(CatalogRecord._field_defaults[name] for name in FACT_FIELDS)
_REMEMBERED_OFFERS, _REMEMBERED_FACTS = 32_768, 8192  # of each fact: making one anew costs a microsecond
_LONGEST_DAYS = 32_767  # of the column
_HIGHEST_PRICE = 10**12 - 1  # Oscar's column: 12 digits, 2 of them decimals
encode = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode
_NULL = "\\N"  # in the text of COPY


class _Remembering(dict):
    """What was made of a key. A subclass of dict, so that looking up what is known costs no call."""

    def __init__(self, make: Callable[[Any], Any], most: int) -> None:
        super().__init__()
        self.make, self.most = make, most

    def __missing__(self, key: Any) -> Any:
        if len(self) >= self.most:
            self.clear()
        made = self[key] = self.make(key)
        return made


class RowMaker:
    """Records to staging rows. A class, because it remembers, and counts the lines."""

    def __init__(self, *, unknown_is_silence: bool = False) -> None:
        """`unknown_is_silence`: where a record does not know how many copies there are, it does not speak of them."""

        moment = _Remembering(bulk.moment, _REMEMBERED_FACTS).__getitem__  # of a list nearly all have the same

        def values_of(offer: tuple[Any, ...]) -> tuple[Any, ...]:
            return _offer_values(offer, unknown_is_silence, moment)

        self.offers = _Remembering(values_of, _REMEMBERED_OFFERS)
        self.offer_texts = _Remembering(lambda offer: "\t".join(map(_copied, values_of(offer))), _REMEMBERED_OFFERS)
        self.facts = [
            _fact_maker(name) if name in _OWN_FACTS else _Remembering(_fact_maker(name), _REMEMBERED_FACTS).__getitem__
            for name in FACT_FIELDS
        ]
        self.ordinal = 0

    def tuples(self, records: Sequence[CatalogRecord], row_hashes: Sequence[int] = ()) -> Iterable[tuple]:
        """The rows, as tuples in the order of COLUMNS. `row_hashes`: of each record, or none at all."""
        own, hashes, facts, rows, ordinals = self._own(records, row_hashes)
        offers = map(self.offers.__getitem__, [record[_OFFER] for record in records])
        for first, offer, *last in zip(own, offers, hashes, facts, rows, ordinals, strict=False):
            yield (*first, *offer, *last)

    def text(self, records: Sequence[CatalogRecord], row_hashes: Sequence[int] = ()) -> str:
        """The rows as the text of COPY, in the order of COLUMNS."""
        own, hashes, facts, rows, ordinals = self._own(records, row_hashes)
        offers = map(self.offer_texts.__getitem__, [record[_OFFER] for record in records])
        skus, gtins, titles = zip(*own, strict=True) if own else ((), (), ())
        lines = zip(
            *(_escaped(skus), gtins, _escaped(titles), offers, hashes, _escaped(facts), rows, ordinals), strict=False
        )
        return "".join(
            [
                f"{sku}\t{_NULL if gtin is None else gtin}\t{title}\t{offer}\t{facts_hash}\t{said}\t{row}\t{ordinal}\n"
                for sku, gtin, title, offer, facts_hash, said, row, ordinal in lines
            ]
        )

    def _own(
        self, records: Sequence[CatalogRecord], row_hashes: Sequence[int]
    ) -> tuple[list[tuple], Sequence[int], list[str], Iterable[int], range]:
        """What is a row's own: (SKU, GTIN, title), hash of the facts, facts as JSON, hash of the row, number of the
        line."""
        own = [record[:3] for record in records]
        facts = self._facts_texts(records)
        hashes = stable_hashes([f"{gtin}\0{title}\0{said}" for (_, gtin, title), said in zip(own, facts, strict=True)])
        first = self.ordinal + 1
        self.ordinal += len(own)
        return own, hashes, facts, row_hashes or repeat(DIRTY), range(first, self.ordinal + 1)

    def _facts_texts(self, records: Sequence[CatalogRecord]) -> list[str]:
        facts: list[tuple[Any, ...]] = [record[_FACTS] for record in records]  # type: ignore[misc]
        if any(record.speaks_for for record in records):
            return [facts_text(said, record.speaks_for) for said, record in zip(facts, records, strict=True)]
        columns = list(zip(*facts, strict=True))
        pieces = [
            map(text_of, column)
            for text_of, column, nothing in zip(self.facts, columns, _NO_FACTS, strict=False)
            if column.count(nothing) < len(column)
        ]
        if not pieces:
            return ["{}"] * len(records)
        return [f"{{{''.join(found)[:-1]}}}" for found in zip(*pieces, strict=True)]


def _offer_values(
    offer: tuple[Any, ...], unknown_is_silence: bool, moment: Callable[[datetime | None], Any]
) -> tuple[Any, ...]:
    """An offer's part of a staging row, in the order of OFFER_COLUMNS."""
    price, currency, price_kind, quantity, _, availability, condition, as_of, *more, speaks_for = offer
    signed, first_edition, days, available_from = more
    parts = parts_of(speaks_for) if speaks_for else EVERYTHING
    if unknown_is_silence and quantity is None and availability == Availability.UNKNOWN:
        parts &= ~STOCK
    # fmt: off
    return (
        None if price is not None and price > _HIGHEST_PRICE else price, currency, price_kind, quantity, availability,
        condition, signed, first_edition, None if days is None else min(days, _LONGEST_DAYS),
        whole_date(available_from) if available_from else None, moment(as_of),
        parts,
        stable_hash(repr(offer[:_AS_OF] + offer[_AS_OF + 1 :])),
    )
    # fmt: on


def _fact_maker(name: str) -> Callable[[Any], str]:
    """What makes a member of a JSON object of a fact, with the comma after it; nothing of what is not said."""
    return lambda value: f'"{name}":{encode(value)},' if value else ""


def parts_of(speaks_for: tuple[str, ...]) -> int:
    """The bits for the fields a record speaks for. One that names the title and every fact speaks for them whole."""
    parts = 0
    for name in speaks_for:
        parts |= _PART_OF.get(name, 0)
    return parts & ~SOME_FACTS if set(FACT_FIELDS) <= set(speaks_for) else parts


def facts_text(facts: tuple, speaks_for: tuple[str, ...]) -> str:
    """Facts as JSON: those that are known; of a record that speaks for some only, those, null where it empties them."""
    if speaks_for:
        return encode(
            {name: value or None for name, value in zip(FACT_FIELDS, facts, strict=True) if name in speaks_for}
        )
    return encode({name: value for name, value in zip(FACT_FIELDS, facts, strict=True) if value})


def whole_date(text: str) -> str | None:
    """An ISO date as exact as known, as a day: the first of its month or year; None for none."""
    if len(text) == 10:
        return text
    return {4: f"{text}-01-01", 7: f"{text}-01"}.get(len(text))


_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _escaped(texts: Sequence[str]) -> Iterable[str]:
    """Texts as COPY wants them; nearly always they are that already."""
    together = "".join(texts)
    if together.isprintable() and "\\" not in together:
        return texts
    return [text.translate(_ESCAPES) for text in texts]


def _copied(value: Any) -> str:
    if value is None:
        return _NULL
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value).translate(_ESCAPES)
