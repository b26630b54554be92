"""One row of a shop's export, from strangers' hands: checked key by key, and only what is known is kept. Of an order
that is nobody's name: what a file says beyond the known keys is left out, and counted."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from babel.numbers import is_currency
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from search import text as folding
from shops.models import ShopOrder
from shops.onboarding.exporting import ORDER, ORDER_LINE, STATEMENT, SUMS

MOST_MINOR = 10**12  # ten thousand million of a currency with cents
MOST_UNITS, MOST_NUMBER, LAST_GTIN = 1_000_000, 2**31 - 1, 10**18 - 1
MOST_LINES = 20_000  # a month of ten thousand orders; no row has more, by `brought_files.LONGEST_ROW`
FIRST_YEAR = 1990
LONGEST_SEARCHED = 20_000
_STATUSES = set(ShopOrder.Status.values)
_MONEY = {name for name in ORDER if name.endswith("_minor")}
_LINE_MONEY = {name for name in ORDER_LINE if name.endswith("_minor")}
_UNITS = ("quantity", "accepted", "declined", "cancelled", "handed_over")
_LONGEST = {"sku": 128, "title": 255, "condition": 12, "number": 40, "delivery_kind": 10}
Row = Mapping[str, Any]


class RowError(Exception):
    """It is not taken. `code` and `values` say why, as `bringing_words` knows them."""

    def __init__(self, code: str, **values: str | int) -> None:
        super().__init__(code)
        self.code, self.values = code, values


class OrderRow(NamedTuple):
    """`said` is JSON, as `EarlierOrder.said` keeps it; `more`: the file said more than is kept."""

    site: str
    number: str
    status: str
    ordered_at: datetime
    currency: str
    total_minor: int
    said: str
    text: str
    more: bool


class StatementRow(NamedTuple):
    """`sums` in the order of `exporting.STATEMENT` from the opening balance to the closing one; `lines` is JSON."""

    site: str
    number: int
    begins_at: datetime
    ends_at: datetime
    currency: str
    sums: tuple[int, ...]
    lines: str


class CustomerRow(NamedTuple):
    name: str
    email: str
    given_at: datetime
    words: str


def order(row: Row, now: datetime) -> OrderRow:
    """Raises RowError."""
    number, status, currency = text_of(row, "number"), row.get("status"), _currency(row)
    if not isinstance(status, str) or status not in _STATUSES:
        raise RowError("status_unknown")
    amounts = {name: whole_of(row, name, 0, MOST_MINOR) for name in ORDER if name in _MONEY}
    at, total = time_of(row, "created_at", now), amounts.pop("total_minor")
    lines = [_order_line(line) for line in _lines(row)]
    found = sum(line["total_minor"] for line in lines)
    if found != total:
        raise RowError("order_sum", said=total, found=found, currency=currency)
    said: dict[str, Any] = {**amounts, "delivery_kind": text_of(row, "delivery_kind", empty=True), "lines": lines}
    for name in ("answered_at", "handed_over_at"):
        said[name] = None if row.get(name) is None else time_of(row, name, now).isoformat()
    beyond = [row.keys() - {*ORDER, "lines", "network"}, *(line.keys() - set(ORDER_LINE) for line in row["lines"])]
    searched = _searched(number, lines)
    return OrderRow(_site(row), number, status, at, currency, total, _json(said), searched, any(beyond))


def _order_line(line: Row) -> dict[str, Any]:
    units = {name: whole_of(line, name, 0, MOST_UNITS) for name in _UNITS}
    fits = units["quantity"] >= units["accepted"] + units["declined"]
    if not units["quantity"] or not fits or units["cancelled"] > units["declined"]:
        raise RowError("units_wrong")
    if units["handed_over"] > units["accepted"]:
        raise RowError("units_wrong")
    known: dict[str, Any] = units | {name: whole_of(line, name, 0, MOST_MINOR) for name in _LINE_MONEY}
    known |= {name: text_of(line, name, empty=True) for name in ("sku", "title", "condition")}
    known["gtin"] = None if line.get("gtin") is None else whole_of(line, "gtin", 0, LAST_GTIN)
    return {name: known[name] for name in ORDER_LINE}


def _searched(number: str, lines: list[dict[str, Any]]) -> str:
    words = [number, *(f"{line['title']} {line['sku']} {line['gtin'] or ''}" for line in lines)]
    # Once more after it: one letter may become eighteen.
    return folded(" ".join(words)[:LONGEST_SEARCHED])[:LONGEST_SEARCHED]


def folded(typed: str) -> str:
    """As what is looked for and what is found are both written: without case and accents."""
    return " ".join(folding.fold(folding.normalise(typed)).split())


def statement(row: Row, now: datetime) -> StatementRow:
    """Its lines add up to its sums, and these to its balance, to the cent. Raises RowError."""
    number, currency = whole_of(row, "number", 1, MOST_NUMBER), _currency(row)
    begins, ends = time_of(row, "begins_at", now), time_of(row, "ends_at", now)
    if begins >= ends:
        raise RowError("period_wrong")
    said = {name: whole_of(row, name, -MOST_MINOR, MOST_MINOR) for name in STATEMENT if name.endswith("_minor")}
    lines = [_moved(line, begins, ends, now) for line in _lines(row)]
    for name in SUMS:
        found = sum(line[name] for line in lines)
        if found != said[name]:
            raise RowError("statement_sum", column=name, said=said[name], found=found, currency=currency)
    plus, minus = ("goods_minor", "other_minor"), ("commission_minor", "tax_minor", "transferred_minor")
    closing = said["opening_minor"] + sum(said[name] for name in plus) - sum(said[name] for name in minus)
    if closing != said["closing_minor"]:
        raise RowError("statement_balance", said=said["closing_minor"], found=closing, currency=currency)
    sums = tuple(said[name] for name in STATEMENT if name in said)
    return StatementRow(_site(row), number, begins, ends, currency, sums, _json(lines))


def _moved(line: Row, begins: datetime, ends: datetime, now: datetime) -> dict[str, Any]:
    at = time_of(line, "at", now)
    if not begins <= at < ends:
        raise RowError("line_outside")
    known = {"at": at.isoformat(), "kind": text_of(line, "kind", 40), "order": text_of(line, "order", 40, empty=True)}
    return known | {name: whole_of(line, name, -MOST_MINOR, MOST_MINOR) for name in SUMS}


def customer(row: Row, now: datetime) -> CustomerRow:
    """Raises RowError."""
    email = text_of(row, "email", most=254).strip()
    try:
        validate_email(email)
    except ValidationError:
        raise RowError("email_wrong") from None
    return CustomerRow(
        text_of(row, "name", most=301, empty=True), email, time_of(row, "since", now), text_of(row, "words", most=500)
    )


CHECKS: Mapping[str, Callable[[Row, datetime], OrderRow | StatementRow | CustomerRow]] = {
    "orders.jsonl": order,
    "settlements.jsonl": statement,
    "customers.jsonl": customer,
}


def _lines(row: Row) -> list[Row]:
    lines = row.get("lines")
    if not isinstance(lines, list) or len(lines) > MOST_LINES or not all(isinstance(line, dict) for line in lines):
        raise RowError("lines_missing")
    return lines


def whole_of(row: Row, name: str, least: int, most: int) -> int:
    value = row.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise RowError("number_wrong", column=name)
    return value


def text_of(row: Row, name: str, most: int = 0, *, empty: bool = False) -> str:
    value = row.get(name)
    longest = most or _LONGEST[name]
    if not isinstance(value, str) or len(value) > longest or not (value.strip() or empty) or "\0" in value:
        raise RowError("text_wrong", column=name)
    return value


def time_of(row: Row, name: str, now: datetime) -> datetime:
    """In UTC; never later than now, and of a year in which there were shops online."""
    try:
        value = datetime.fromisoformat(row.get(name) or "")
        if value.tzinfo is None or value.year < FIRST_YEAR:
            raise ValueError
        found = value.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise RowError("time_wrong", column=name) from None
    if found > now:
        raise RowError("time_future", column=name)
    return found


def _currency(row: Row) -> str:
    value = row.get("currency")
    if not isinstance(value, str) or not is_currency(value):
        raise RowError("currency_unknown")
    return value


def _site(row: Row) -> str:
    value = row.get("network", "")
    if not isinstance(value, str):
        raise RowError("network_unknown")
    return value


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
