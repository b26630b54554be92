"""What is said of a file that an owner brings in: why it is refused; of a row what is wrong, and what to do."""

from __future__ import annotations

from typing import Any

from django.utils.formats import number_format
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from marketplace.foundation import money
from shops.onboarding.brought_files import MOST_BYTES, MOST_ROWS, MOST_UNPACKED
from shops.portal.words import Words

FILES: Words = {
    "orders.jsonl": gettext_lazy("Orders"),
    "settlements.jsonl": gettext_lazy("Statements"),
    "customers.jsonl": gettext_lazy("Readers who let you keep them"),
}
OUTCOMES: Words = {
    "new": gettext_lazy("Brought in"),
    "changed": gettext_lazy("Brought up to date"),
    "same": gettext_lazy("Known already"),
    "here": gettext_lazy("Of this network"),
    "ended": gettext_lazy("Taken back here, left out"),
    "refused": gettext_lazy("Not taken"),
}
_REFUSED: Words = {
    "not_ours": gettext_lazy("This is no ZIP that a shop took along. Send the one that was saved there, unchanged."),
    "newer": gettext_lazy("It was made by a newer version than this network has. Ask the network to update."),
    "damaged": gettext_lazy("The ZIP is damaged. Save it once more there, and send that one."),
    "twice": gettext_lazy("One of its files stands in it twice. Send the ZIP as it was saved, unchanged."),
    "locked": gettext_lazy("One of its files is locked, or packed in an unknown way. Send the ZIP as it was saved."),
    "too_large": gettext_lazy("It is larger than %(packed)s MB. Bring it in in parts: some of the rows each."),
    "too_much": gettext_lazy(
        "It unpacks to more than %(unpacked)s MB. Bring it in in parts: each with about.json and some of the rows."
    ),
    "too_many": gettext_lazy(
        "It has more than %(rows)s rows. Bring it in in parts: each with about.json and some of the rows."
    ),
    "too_long": gettext_lazy("One of its rows is longer than any of ours can be. Send the ZIP as it was saved."),
    "removed": gettext_lazy(
        "Somebody of the shop took out meanwhile what was brought. Bring it in again if you want it."
    ),
    "left": gettext_lazy("The shop has left this network: nothing is brought in any more."),
}
_ASK = gettext_lazy("Ask the network that made the file; then bring it in again. What is in already stays.")
_NOTHING = ""
_COLUMN = {
    "goods_minor": gettext_lazy("Goods and delivery"),
    "commission_minor": gettext_lazy("Commission"),
    "tax_minor": gettext_lazy("Tax on commission"),
    "other_minor": gettext_lazy("Other"),
    "transferred_minor": gettext_lazy("Transferred"),
}
_WRONG: Words = {
    "not_json": (gettext_lazy("The row is not readable."), _ASK),
    "status_unknown": (gettext_lazy("Its state is none that an order can have."), _ASK),
    "order_sum": (gettext_lazy("Its lines add up to %(found)s, its total is %(said)s."), _ASK),
    "units_wrong": (gettext_lazy("Its numbers of copies contradict one another."), _ASK),
    "number_wrong": (gettext_lazy("“%(column)s” is no whole number, or too large."), _ASK),
    "text_wrong": (gettext_lazy("“%(column)s” is missing, or too long."), _ASK),
    "time_wrong": (gettext_lazy("“%(column)s” is no time, or one without its zone."), _ASK),
    "time_future": (gettext_lazy("“%(column)s” is in the future."), _ASK),
    "currency_unknown": (gettext_lazy("Its currency is unknown."), _ASK),
    "network_unknown": (gettext_lazy("It is of a network that about.json does not name."), _ASK),
    "lines_missing": (gettext_lazy("It has no lines, or too many."), _ASK),
    "period_wrong": (gettext_lazy("It ends before it begins."), _ASK),
    "line_outside": (gettext_lazy("One of its lines is not of its month."), _ASK),
    "statement_sum": (gettext_lazy("%(column)s: its lines add up to %(found)s, it says %(said)s."), _ASK),
    "statement_balance": (gettext_lazy("Its sums make a balance of %(found)s, it says %(said)s."), _ASK),
    "email_wrong": (gettext_lazy("Its e-mail address is none."), _ASK),
    "number_twice": (gettext_lazy("Its number stands in the file before; the first row counts."), _ASK),
    "period_twice": (gettext_lazy("Its month stands in the file before; the first row counts."), _ASK),
    "email_twice": (gettext_lazy("Its e-mail address stands in the file before; the first row counts."), _NOTHING),
    "order_differs": (
        gettext_lazy("Order %(number)s is known otherwise, from a file that is not older. It stays as it was."),
        gettext_lazy("Save a new file there where this one should count."),
    ),
    "statement_differs": (
        gettext_lazy("Statement %(number)s, or its month, is known with other figures. It stays as it was."),
        gettext_lazy("A closed month does not change: ask the network that made the file which figures are right."),
    ),
    "more_said": (
        gettext_lazy(
            "Orders that say more than is kept, such as whose they were: %(count)s. They are in, without that."
        ),
        _NOTHING,
    ),
}


def refused(code: str) -> str:
    """Why nothing of the file was taken, and what to do."""
    text = str(_REFUSED[code])
    most = {"packed": MOST_BYTES >> 20, "unpacked": MOST_UNPACKED >> 20, "rows": number_format(MOST_ROWS)}
    return text % most if "%(" in text else text


def wrong(code: str, values: dict[str, Any]) -> tuple[str, str]:
    """What is wrong with a row, and what to do; empty: nothing."""
    text, todo = _WRONG.get(code, (_("The row was not taken."), _ASK))
    return str(text) % _shown(values), str(todo)


def _shown(values: dict[str, Any]) -> dict[str, Any]:
    """Amounts as money; a column by its word where it has one."""
    known = dict(values)
    if (currency := known.pop("currency", "")) and "said" in known:
        language = get_language() or "fr"
        known |= {name: money.display(known[name], currency, language) for name in ("said", "found")}
    if "column" in known:
        known["column"] = _COLUMN.get(known["column"], known["column"])
    return known
