"""What a shop's own system said of a line, in words, and what answers it with one press: the same offers and declines
as always (`offer_views`, `answer_views`), filled in as far as the system's word goes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.formats import date_format
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from shops.channels.base import Answer
from shops.models import ShopOrder, ShopOrderLine
from shops.orders import sayings
from shops.orders.sayings import Saying
from shops.portal.words import moment

# What it has not got: its own number says so, as if the last copy had been sold at the counter.
_GONE = {Answer.BACK_ORDERED, Answer.SUBSTITUTED}
_LESS = {*_GONE, Answer.TAKEN_OUT}  # why its shop took it out it does not say


@dataclass(frozen=True)
class SaidRow:
    """`text` in our words, `detail` in its own. `units` is what an answer is filled in with. `on`: it may be offered
    for that day with one press; `asks_day`: once somebody says for which; `article`: what it puts in its place."""

    text: str
    detail: str
    units: int
    on: date | None = None
    asks_day: bool = False
    article: str = ""


@dataclass(frozen=True)
class SaidOfLine:
    by: str
    when: str
    rows: list[SaidRow]


@dataclass(frozen=True)
class Filled:
    """What a form of this line begins with; empty where its system said nothing of that."""

    units: int | None = None
    reason: str = ""
    on: date | None = None
    article: str = ""


def said_of(line: ShopOrderLine, order: ShopOrder, titles: Mapping[str, str], *, now: datetime) -> SaidOfLine | None:
    """`titles`: of the shop's articles, by the numbers that its system named. None: it said nothing, or nothing is left
    to be done about it. What somebody has answered since is told without anything to press."""
    said = sayings.of(line)
    if said is None or line.left_units <= line.handed_over:
        return None
    is_open = sayings.to_answer(line, order) is not None and not order.is_download
    rows = [_row(each, line, titles.get(each.article, ""), is_open=is_open, now=now) for each in said.sayings]
    return SaidOfLine(said.by, moment(said.at, now), rows)


def articles(lines: Iterable[ShopOrderLine]) -> set[str]:
    """The numbers of what systems put in the place of these lines."""
    found = (sayings.of(line) for line in lines)
    return {each.article for said in found if said for each in said.sayings if each.article}


def filled(line: ShopOrderLine, order: ShopOrder, *, now: datetime) -> Filled:
    """Of all that it said of the line: so many copies, the day and the article that it named."""
    said = sayings.to_answer(line, order)
    rows = [each for each in said.sayings if each.answer in _LESS] if said else []
    if not rows:
        return Filled()
    units = min(sum(_units(each, line) for each in rows), line.left_units - line.handed_over)
    on = next((each.on for each in rows if _may_be_offered(each, line, now)), None)
    article = next((each.article for each in rows if each.article), "")
    is_gone = any(each.answer in _GONE for each in rows)
    return Filled(units, ShopOrderLine.Reason.SOLD if is_gone else ShopOrderLine.Reason.OTHER, on, article)


def in_short(lines: Iterable[ShopOrderLine], order: ShopOrder) -> str:
    """In a row of the queue; empty where nobody has to answer what a system said. No query."""
    found = [said for line in lines if (said := sayings.to_answer(line, order))]
    if not found:
        return ""
    words = {
        Answer.BACK_ORDERED: pgettext("a shop's system says", "only later"),
        Answer.SUBSTITUTED: pgettext("a shop's system says", "another article"),
        Answer.TAKEN_OUT: pgettext("a shop's system says", "taken out of the order"),
    }
    word = words.get(found[0].sayings[0].answer, pgettext("a shop's system says", "not as ordered"))
    more = f" + {len(found) - 1}" if len(found) > 1 else ""
    return pgettext("a shop's system says", "%(system)s: %(said)s") % {"system": found[0].by, "said": word} + more


def _row(saying: Saying, line: ShopOrderLine, title: str, *, is_open: bool, now: datetime) -> SaidRow:
    may_be_later = is_open and saying.answer == Answer.BACK_ORDERED
    on = saying.on if may_be_later and _may_be_offered(saying, line, now) else None
    # What is ordered for the reader is there later anyway, as they were told.
    asks_day = may_be_later and saying.on is None and line.expected_on is None
    article = saying.article if is_open else ""
    return SaidRow(_text(saying, line, title), saying.detail, _units(saying, line), on, asks_day, article)


def _text(saying: Saying, line: ShopOrderLine, title: str) -> str:
    units = {"units": _units(saying, line)}
    if saying.answer == Answer.BACK_ORDERED and saying.on:
        day = date_format(saying.on, "DATE_FORMAT")
        text = ngettext(
            "%(units)s copy only later: on %(day)s.", "%(units)s copies only later: on %(day)s.", units["units"]
        )
        return text % {**units, "day": day}
    if saying.answer == Answer.BACK_ORDERED:
        text = ngettext(
            "%(units)s copy is not there now, and noted for later.",
            "%(units)s copies are not there now, and noted for later.",
            units["units"],
        )
        return text % units
    if saying.answer == Answer.TAKEN_OUT:
        text = ngettext(
            "%(units)s copy is not in the order there any more.",
            "%(units)s copies are not in the order there any more.",
            units["units"],
        )
        return text % units
    if saying.answer != Answer.SUBSTITUTED:
        return _("It is not taken as it was ordered, or does not fit what was answered before.")
    if title:
        return _("In its place it offers “%(title)s” (%(article)s).") % {"title": title, "article": saying.article}
    if saying.article:
        return _("In its place it offers another article: %(article)s.") % {"article": saying.article}
    return _("In its place it offers another article.")


def _units(saying: Saying, line: ShopOrderLine) -> int:
    most = max(1, line.left_units - line.handed_over)
    return min(saying.units or line.open_units or most, most)


def _may_be_offered(saying: Saying, line: ShopOrderLine, now: datetime) -> bool:
    """A day to come, and later than what the reader was told."""
    return saying.on is not None and saying.on > max(localdate(now), line.expected_on or date.min)
