"""What a tried list came to, in plain words: how many rows were understood, and how many have each of its troubles."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from catalog_sync.models import RecordIssue, SyncRun
from catalog_sync.reasons import words_of_code

# How a row with it is called in the sentence: "20 with a wrong check digit".
SHORT: dict[str, Any] = {  # lazy texts, which Django's stubs give no public name
    "sku_missing": gettext_lazy("without any number"),
    "title_missing": gettext_lazy("without a title"),
    "gtin_none": gettext_lazy("without ISBN"),
    "gtin_check_digit": gettext_lazy("with a wrong check digit"),
    "gtin_length": gettext_lazy("with an ISBN of too many or too few digits"),
    "gtin_not_a_number": gettext_lazy("with something else where the ISBN should be"),
    "gtin_digits_lost": gettext_lazy("with an ISBN that a spreadsheet has cut"),
    "gtin_recovered": gettext_lazy("with an ISBN that had lost digits and was put right"),
    "gtin_in_store": gettext_lazy("with a number printed in the shop"),
    "price_missing": gettext_lazy("without a price"),
    "price_zero": gettext_lazy("with a price of 0"),
    "price_on_request": gettext_lazy("with a price on request"),
    "price_not_understood": gettext_lazy("with a price that was not understood"),
    "price_without_tax": gettext_lazy("with a price without tax"),
    "price_net_only": gettext_lazy("with a trade price alone"),
    "price_far": gettext_lazy("with a price far from that of other shops"),
    "price_low": gettext_lazy("with a price that is very low"),
    "price_fixed": gettext_lazy("with a price other than the one fixed by law"),
    "currency_other": gettext_lazy("in another currency"),
    "quantity_not_understood": gettext_lazy("with a number of copies that was not understood"),
    "quantity_negative": gettext_lazy("with less than no copies"),
    "condition_not_understood": gettext_lazy("with a condition that we do not know"),
    "line_ragged": gettext_lazy("with too many or too few cells"),
    "sku_twice": gettext_lazy("listed more than once"),
    "title_alike": gettext_lazy("that may be a title listed already"),
}
_UNSOLD = frozenset(code for code in SHORT if code.startswith(("price_", "currency_")))
_BECOMES: dict[str, Any] = {
    RecordIssue.Kind.REFUSED: gettext_lazy("Left out"),
    RecordIssue.Kind.QUARANTINED: gettext_lazy("Not sold until the price is looked at"),
    RecordIssue.Kind.QUESTION: gettext_lazy("Not sold until the network has looked"),
}


class Trouble(NamedTuple):
    """A reason, how many rows have it, how they are called, what becomes of them, and what the reason says of any."""

    code: str
    rows: int
    short: str
    becomes: str
    words: str

    @property
    def counted(self) -> str:
        """ "1,188" """
        return str(number_format(self.rows, force_grouping=True))


def troubles(run: SyncRun) -> list[Trouble]:
    """What is left out first, then the rest, the most first. `run`: of a tried list (`trying.run_of`)."""
    named = Counter(issue.code for issue in run.unsaved_issues)
    counted = {**named, **run.warned_by, **run.refused_by}
    kinds = {issue.code: issue.kind for issue in run.unsaved_issues}
    kinds |= dict.fromkeys(run.refused_by, RecordIssue.Kind.REFUSED)
    in_order = sorted(counted.items(), key=lambda found: (found[0] not in run.refused_by, -found[1], found[0]))
    return [
        Trouble(code, rows, short(code), _becomes(code, kinds.get(code, "")), words_of_code(code))
        for code, rows in in_order
        if rows
    ]


def short(code: str) -> str:
    return str(SHORT[code]) if code in SHORT else words_of_code(code)


def understood(run: SyncRun) -> str:
    """ "4,812 of 5,020 rows understood" """
    read, total = run.read - run.refused, run.read
    words = ngettext("%(read)s of %(total)s row understood", "%(read)s of %(total)s rows understood", total)
    return words % {
        "read": number_format(read, force_grouping=True),
        "total": number_format(total, force_grouping=True),
    }


def _becomes(code: str, kind: str) -> str:
    if kind in _BECOMES:
        return str(_BECOMES[kind])
    return _("Goes in, is not sold") if code in _UNSOLD else _("Goes in")
