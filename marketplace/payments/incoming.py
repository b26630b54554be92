"""What came in at the network's bank for orders by invoice: found by the reference it names, or by the order's number
where the amount fits what is open; an amount alone, or several orders in one, are only pointed out to a person."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Protocol

from django.db import transaction
from django.utils.translation import gettext as _
from oscar.apps.order.models import Order
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


# Looked ahead, so that one may begin within what could be the end of another.
_SPACED = re.compile(r"(?<![0-9A-Z])(?=(RF\s*\d\s*\d(?:[\s.-]*[0-9A-Z])+))")
_NUMBER = re.compile(r"(?<![0-9A-Za-z])\d{6,12}(?![0-9A-Za-z])")


def references(text: str) -> list[list[str]]:
    """The creditor references that a text names, however they are spaced: for each place where one begins with RF
    whatever has valid check digits, the longest first."""
    found = []
    for match in _SPACED.finditer(text.upper()):
        letters = re.sub(r"[^0-9A-Z]", "", match[1])[:25]
        found.append([letters[:end] for end in range(len(letters), 4, -1) if iso11649.is_valid(letters[:end])])
    return found


def book(line: Line, *, by: object, now: datetime, on: object) -> list[str]:
    """Book one movement where it names one order by invoice, and say what a person should know of it, one short text
    each. Read again it changes nothing."""
    key = f"bank:{line.key}"
    if not line.amount_minor or Receipt.objects.filter(key=key).exists():
        return []
    by_reference, named = _named(line.text)
    shown = {"amount": _said(line.amount_minor, line.currency), "reference": ", ".join(sorted(named))}
    if not named:
        return _unnamed(line)
    if len(named) > 1:
        return [_("%(amount)s names several orders: %(reference)s. Enter by hand what is for each.") % shown]
    with transaction.atomic():
        [reference] = named
        found = Receivable.objects.select_for_update(of=("self",)).get(reference=reference)
        if found.currency != line.currency:
            return [_("%(reference)s: %(amount)s came in, another currency than the order’s") % shown]
        # Six digits are soon somebody else's number too.
        if not by_reference and not 0 < line.amount_minor <= found.open_minor:
            shown["left"] = _said(max(0, found.open_minor), found.currency)
            return [
                _("%(reference)s: %(amount)s gives the number alone, %(left)s are open. Enter it by hand if so.")
                % shown
            ]
        receivables.receive(found, line.amount_minor, kind=Receipt.Kind.BANK, on=on, key=key, by=by, now=now)  # type: ignore[arg-type]
    found.refresh_from_db()
    left = found.open_minor
    shown["left"] = _said(abs(left), found.currency)
    if left > 0:
        return [_("%(reference)s: %(amount)s came in, %(left)s are still open") % shown]
    return [_("%(reference)s: %(amount)s came in, %(left)s too much: it is owed back") % shown] if left else []


def _named(text: str) -> tuple[bool, set[str]]:
    """The references of the placed orders that a text names, by their reference or their number, and whether any is
    named by its reference. Two queries at most."""
    of_places, numbers = references(text), _NUMBER.findall(text)
    asked = {each for place in of_places for each in place} | {receivables.reference_of(number) for number in numbers}
    if not asked:
        return False, set()
    placed = set(
        Receivable.objects.filter(reference__in=asked).exclude(placed_at=None).values_list("reference", flat=True)
    )
    longest = {next((each for each in place if each in placed), "") for place in of_places} - {""}
    return bool(longest), longest | ({receivables.reference_of(number) for number in numbers} & placed)


def _unnamed(line: Line) -> list[str]:
    """It names none of ours: whose it may be, where one order is open with exactly that amount; else what it names
    that is none, so that a slip of the pen does not stay unseen."""
    if line.amount_minor <= 0:
        return []
    same = [
        row for row in receivables.open_ones() if (row.open_minor, row.currency) == (line.amount_minor, line.currency)
    ]
    words = {"amount": _said(line.amount_minor, line.currency), "text": line.text[:140]}
    if len(same) == 1:
        words["reference"] = same[0].reference or ""
        return [
            _("%(amount)s came in without a reference; as much is open of %(reference)s. Enter it by hand if so.")
            % words
        ]
    if _SPACED.search(line.text.upper()) or Order.objects.filter(number__in=_NUMBER.findall(line.text)).exists():
        return [_("%(amount)s came in and names no order by invoice: “%(text)s”. See what it is for.") % words]
    return []


def _said(minor: int, currency: str) -> str:
    return f"{money.to_decimal(minor, currency)} {currency}"
