"""What a shop's system says of the lines of an order, as all of them count it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from shops.channels.base import Answer, LineSaid
from shops.systems.numbers import number


def summed(parts: Iterable[tuple[Any, Any]]) -> dict[str, int]:
    """Units by article, of lines of an order; of a line without a number nothing."""
    units: dict[str, int] = {}
    for sku, count in parts:
        if sku:
            units[str(sku)] = units.get(str(sku), 0) + int(number(count) or 0)
    return units


def answers(sku: str, stays: int, *, short: int = 0, back: int = 0) -> list[LineSaid]:
    """What a system says of the units of an article: `stays` are in its order, `short` of these beyond what it has (for
    which somebody else was quicker since it was asked, or which its shop lets it promise), `back` were cancelled."""
    said = [
        LineSaid(sku, Answer.ACCEPTED, stays - short),
        LineSaid(sku, Answer.BACK_ORDERED, short, _("Promised beyond what is there.")),
        LineSaid(sku, Answer.DECLINED, back, _("Cancelled in our system.")),
    ]
    return [answer for answer in said if answer.units > 0]


def answers_of(units: dict[str, int], back: dict[str, int], left: Mapping[str, Any]) -> list[LineSaid]:
    """`answers` of each article of an order, by what the system has `left` of it: below zero somebody was quicker."""
    said: list[LineSaid] = []
    for sku, count in units.items():
        gone = min(count, back.get(sku, 0))
        said += answers(sku, count - gone, short=min(count - gone, max(0, -int(left.get(sku) or 0))), back=gone)
    return said


def because(said: list[LineSaid], detail: str, reason: str = "") -> list[LineSaid]:
    """What is declined of it, with why: in the words of the system, or in ours for a reason that it names."""
    return [replace(each, detail=detail, reason=reason) if each.answer == Answer.DECLINED else each for each in said]
