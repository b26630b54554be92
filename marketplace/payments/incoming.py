"""What came in at the network's bank for orders by invoice: found by the reference it names, then by the order's
number; an amount alone is only pointed out to a person."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Protocol

from django.utils.translation import gettext as _
from stdnum import iso11649

from marketplace.foundation import money
from marketplace.payments import receivables
from marketplace.payments.models import Receipt, Receivable


class Line(Protocol):
    """What is read of a movement on the statement."""

    @property
    def amount_minor(self) -> int: ...
    @property
    def currency(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def key(self) -> str: ...


_SPACED = re.compile(r"RF\s*\d\s*\d(?:[\s.-]*[0-9A-Z])+")
_NUMBER = re.compile(r"(?<![0-9A-Za-z])\d{6,12}(?![0-9A-Za-z])")


def references(text: str) -> list[str]:
    """The creditor references that a text names, however they are spaced: whatever begins with RF and has valid check
    digits, the longest first."""
    found = []
    for match in _SPACED.finditer(text.upper()):
        letters = re.sub(r"[^0-9A-Z]", "", match.group())[:25]
        found += [letters[:end] for end in range(len(letters), 4, -1) if iso11649.is_valid(letters[:end])]
    return found


def book(line: Line, *, by: object, now: datetime, on: object) -> list[str]:
    """Book one movement where it names an order by invoice, and say what a person should know of it, one short text
    each. Read again it changes nothing."""
    found = _named(line.text)
    if found is None:
        return _by_amount(line)
    shown = {"amount": _said(line.amount_minor, line.currency), "reference": found.reference}
    if found.currency != line.currency:
        return [_("%(reference)s: %(amount)s came in, another currency than the order’s") % shown]
    key = f"bank:{line.key}"
    if Receipt.objects.filter(key=key).exists():
        return []
    receivables.receive(found, line.amount_minor, kind=Receipt.Kind.BANK, on=on, key=key, by=by, now=now)  # type: ignore[arg-type]
    found.refresh_from_db()
    left = found.open_minor
    shown["left"] = _said(abs(left), found.currency)
    if left > 0:
        return [_("%(reference)s: %(amount)s came in, %(left)s are still open") % shown]
    return [_("%(reference)s: %(amount)s came in, %(left)s too much: it is owed back") % shown] if left else []


def _named(text: str) -> Receivable | None:
    placed = Receivable.objects.exclude(placed_at=None)
    for reference in references(text):
        if found := placed.filter(reference=reference).first():
            return found
    by_number = placed.filter(reference__in=[receivables.reference_of(number) for number in _NUMBER.findall(text)])
    rows = list(by_number[:2])
    return rows[0] if len(rows) == 1 else None


def _by_amount(line: Line) -> list[str]:
    """It names none of ours: whose it may be, where one order is open with exactly that amount."""
    if line.amount_minor <= 0:
        return []
    same = [
        row for row in receivables.open_ones() if (row.open_minor, row.currency) == (line.amount_minor, line.currency)
    ]
    if len(same) != 1:
        return []
    words = {"amount": _said(line.amount_minor, line.currency), "reference": same[0].reference}
    return [
        _("%(amount)s came in without a reference; as much is open of %(reference)s. Enter it by hand if so.") % words
    ]


def _said(minor: int, currency: str) -> str:
    return f"{money.to_decimal(minor, currency)} {currency}"
