"""The fields of a record as JSON: what the schema says of each, and how a value of it is read."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from catalog_sync import cleaning
from catalog_sync.identifiers import gtin_text, identify
from catalog_sync.reading.stamps import read_stamp
from catalog_sync.records import Availability, CatalogRecord, Condition, Form, PriceKind, Relation
from marketplace.catalogue import cover_files, sale_limits

LONGEST_TEXT = 1000  # characters of a text on one line
MOST_UNITS = 999_999_999
MOST_DAYS = 99_999
MOST_GRAMS = 1_000_000
MOST_NAMES = 500  # contributors or subjects of one article
KINDS_OF_PRICE = tuple(kind for kind in PriceKind.ALL if kind != PriceKind.NET)

_TEXT = {"type": "string", "maxLength": LONGEST_TEXT}
_SHORT = {"type": "string", "maxLength": cleaning.TITLE_LENGTH}
_DATE = {"type": "string", "pattern": r"^(\d{4}(-\d{2}(-\d{2})?)?)?$"}


def _list_of(*names: str) -> dict[str, Any]:
    width = len(names)
    items = {"type": "array", "items": {"type": "string"}, "minItems": width, "maxItems": width}
    return {"type": "array", "items": {**items, "description": ", ".join(names)}, "maxItems": MOST_NAMES}


def _maybe(most: int, least: int = 0) -> dict[str, Any]:
    return {"type": ["integer", "null"], "minimum": least, "maximum": most}


# What the schema says of each field, in the order of CatalogRecord.
FIELDS: dict[str, dict[str, Any]] = {
    "sku": {"type": "string", "minLength": 1, "maxLength": cleaning.SKU_LENGTH, "description": "the shop's own number"},
    "gtin": {"type": ["integer", "string", "null"], "description": "GTIN-8, -12, -13 (ISBN-13) or -14"},
    "title": _SHORT,
    "price": {"type": ["string", "null"], "pattern": r"^\d{1,12}(\.\d{1,4})?$", "description": "tax included"},
    "currency": {"type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 4217"},
    "price_kind": {"enum": list(KINDS_OF_PRICE)},
    "quantity": {**_maybe(MOST_UNITS), "description": "copies free to sell; null: not known"},
    "contains_our_orders": {"type": "boolean"},
    "availability": {"enum": list(Availability.ALL)},
    "condition": {"enum": list(Condition.ALL)},
    "as_of": {"type": "string", "format": "date-time", "description": "earliest moment the quantity was read"},
    "signed": {"type": "boolean"},
    "first_edition": {"type": "boolean"},
    "days": _maybe(MOST_DAYS),
    "available_from": _DATE,
    "speaks_for": {"type": "array", "items": {"enum": list(CatalogRecord._fields)}, "uniqueItems": True},
    "subtitle": _SHORT,
    "contributors": _list_of("name", "role"),
    "publisher": _SHORT,
    "subjects": _list_of("scheme", "code", "text"),
    "language": {"type": "string", "description": "shortest ISO 639 code"},
    "form": {"enum": ["", *Form.ALL]},
    "pages": _maybe(MOST_DAYS, 1),
    "publication_date": _DATE,
    "description": {"type": "string"},
    "cover": {"type": "string", "pattern": "^(https?://.*)?$", "maxLength": 500},
    "series": _SHORT,
    "series_number": _TEXT,
    "audience": _TEXT,
    "unit_size": _TEXT,
    "tax_code": _TEXT,
    "related": _list_of("relation", "kind of identifier", "value"),
    "weight": {**_maybe(MOST_GRAMS, 1), "description": "grams of one unit"},
    "territory": {
        "type": "string",
        "pattern": r"^(\+|[+-][A-Z]{2}( [A-Z]{2})*)?$",
        "description": "where it may be sold: +BE FR there alone, -US all but there (ISO 3166)",
    },
    "age_limit": {
        "type": "string",
        "pattern": "^(alcohol|1[6-9]|2[01])?$",
        "description": "years from which it may be sold, or alcohol: by the law of the place",
    },
    "shelf": {"type": "string", "maxLength": cleaning.SHELF_LENGTH, "description": "where it stands in the shop"},
    "note": {"type": "string", "maxLength": cleaning.NOTE_LENGTH, "description": "on this very copy; readers see it"},
    "photo": {"type": "string", "maxLength": cleaning.PHOTO_LENGTH, "description": "of this very copy, kept here"},
}


class NegativeError(Exception):
    """Fewer than no copies."""


def _text(longest: int) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        line = cleaning.one_line(_string(value))
        return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"

    return read


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError
    return value


def _one_of(allowed: tuple[str, ...]) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in allowed:
            raise ValueError
        return str(value)

    return read


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


def _number(least: int, most: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | Decimal) or value != int(value):
            raise ValueError
        if not least <= value <= most:
            raise ValueError
        return int(value)

    return read


def _quantity(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value < 0:
        raise NegativeError
    return _number(0, MOST_UNITS)(value)


def _currency(value: Any) -> str:
    text = _string(value).strip().upper()
    if len(text) != 3 or not text.isascii() or not text.isalpha():
        raise ValueError
    return text


def _date(value: Any) -> str:
    found = cleaning.partial_date(_string(value))
    if value and not found:
        raise ValueError
    return found


def _moment(value: Any) -> datetime:
    """Exact to the microsecond, so that what was written comes back."""
    text = _string(value)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        stamp = read_stamp(text, "UTC")
        if stamp is None:
            raise
        found = stamp
    try:
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        raise ValueError from None


def _names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or any(name not in CatalogRecord._fields for name in value):
        raise ValueError
    return tuple(dict.fromkeys(value))


def _tuples(width: int, needed: int) -> Callable[[Any], tuple[tuple[str, ...], ...]]:
    """Lists of `width` texts of which the first `needed` are not empty."""

    def read(value: Any) -> tuple[tuple[str, ...], ...]:
        if not isinstance(value, list) or len(value) > MOST_NAMES:
            raise ValueError
        rows = []
        for row in value:
            if not isinstance(row, list) or len(row) != width:
                raise ValueError
            cells = tuple(_text(LONGEST_TEXT)(cell) for cell in row)
            if not all(cells[:needed]):
                raise ValueError
            rows.append(cells)
        return tuple(rows)

    return read


def _language(value: Any) -> str:
    found = cleaning.language(_string(value))
    if found.reason is not None:
        raise ValueError
    return str(found.value)


def _related(value: Any) -> tuple[tuple[str, ...], ...]:
    found = []
    for relation, kind, number in _tuples(3, 3)(value):
        gtin = identify(number).gtin if kind == Relation.GTIN else None
        if relation not in Relation.ALL or (kind == Relation.GTIN and gtin is None):
            raise ValueError
        found.append((relation, kind, number if gtin is None else gtin_text(gtin)))
    return tuple(found)


def _territory(value: Any) -> str:
    text = _string(value)
    if not sale_limits.is_territory(text):
        raise ValueError
    return text


def _age_limit(value: Any) -> str:
    text = _string(value)
    if text not in ("", sale_limits.ALCOHOL) and sale_limits.stated_years(text) != text:
        raise ValueError
    return text


def _photo(value: Any) -> str:
    """A name that is none of ours is of a picture that is not here."""
    text = _string(value)
    return text if cover_files.is_kept_name(text) else ""


_short = _text(cleaning.TITLE_LENGTH)
_line = _text(LONGEST_TEXT)
# How each field but sku, gtin and price is read. Raises ValueError for what it cannot be.
READERS: dict[str, Callable[[Any], Any]] = {
    "title": _short,
    "currency": _currency,
    "price_kind": lambda value: PriceKind.RETAIL if value == PriceKind.NET else _one_of(KINDS_OF_PRICE)(value),
    "quantity": _quantity,
    "contains_our_orders": _flag,
    "availability": _one_of(Availability.ALL),
    "condition": _one_of(Condition.ALL),
    "as_of": _moment,
    "signed": _flag,
    "first_edition": _flag,
    "days": _number(0, MOST_DAYS),
    "available_from": _date,
    "speaks_for": _names,
    "subtitle": _short,
    "contributors": _tuples(2, 2),
    "publisher": _short,
    "subjects": _tuples(3, 1),
    "language": _language,
    "form": _one_of(("", *Form.ALL)),
    "pages": _number(1, MOST_DAYS),
    "publication_date": _date,
    "description": lambda value: cleaning.description(_string(value)),
    "cover": lambda value: cleaning.web_address(_string(value)),
    "series": _short,
    "series_number": _line,
    "audience": _line,
    "unit_size": _line,
    "tax_code": _line,
    "related": _related,
    "weight": _number(1, MOST_GRAMS),
    "territory": _territory,
    "age_limit": _age_limit,
    "shelf": _text(cleaning.SHELF_LENGTH),
    "note": _text(cleaning.NOTE_LENGTH),
    "photo": _photo,
}
