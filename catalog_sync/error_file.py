"""What was wrong with a list, row by row, as a file that a shop opens in its spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from catalog_sync.models import RecordIssue, SyncRun

# A cell that begins so is a formula to a spreadsheet, whoever wrote it.
_FORMULA = re.compile(r"^[\s]*[=+\-@]|^[\t\r\n]")
_SENTENCE = re.compile(r"(?<=[.!?”»]) (?=[^\W\d_a-zà-öø-ÿ])")
_BYTE_ORDER_MARK = "\ufeff"  # by which spreadsheet programs know UTF-8

_COLUMNS = {
    "sku": gettext_lazy("Article number"),
    "gtin": gettext_lazy("ISBN or EAN"),
    "title": gettext_lazy("Title"),
    "price": gettext_lazy("Price"),
    "currency": gettext_lazy("Currency"),
    "quantity": gettext_lazy("Copies"),
    "condition": gettext_lazy("Condition"),
    "availability": gettext_lazy("Availability"),
    "language": gettext_lazy("Language"),
}


def lines(run: SyncRun) -> Iterator[str]:
    """Of a run: all that was not taken as it is."""
    left = run.refused + run.quarantined - run.issues.exclude(kind="warning").count()
    return lines_of(run.issues.order_by("pk").iterator(), left=left)


def lines_of(issues: Iterable[RecordIssue], *, left: int) -> Iterator[str]:
    """The file in the active language, line by line: row, article, column, value, what is wrong, what to do. `left`:
    articles beside those that are listed."""
    # A French spreadsheet program expects semicolons, since the comma is its decimal mark.
    separator = ";" if (get_language() or "").startswith("fr") else ","
    header = (_("Row"), _("Article number"), _("Column"), _("Value"), _("What is wrong"), _("What to do"))
    yield _BYTE_ORDER_MARK + _line(header, separator)
    for issue in issues:
        wrong, todo = _parts(issue.text)
        column = str(_COLUMNS.get(issue.code.partition("_")[0], ""))
        yield _line((issue.position, issue.sku, column, issue.value, wrong, todo), separator)
    if left > 0:
        more = _("%(count)s more articles, not listed one by one.") % {"count": left}
        yield _line(("", "", "", "", more, ""), separator)


def _parts(text: str) -> tuple[str, str]:
    """The first sentence says what is wrong, the others what becomes of it and what to do."""
    first, *rest = _SENTENCE.split(text, maxsplit=1)
    return first, rest[0] if rest else ""


def _line(cells: tuple[str, ...], separator: str) -> str:
    written = io.StringIO()
    csv.writer(written, delimiter=separator, lineterminator="\r\n").writerow([safe(cell) for cell in cells])
    return written.getvalue()


def safe(cell: str) -> str:
    """A text that no spreadsheet program takes for a formula: with an apostrophe before what looks like one."""
    return f"'{cell}" if _FORMULA.match(cell) else cell
