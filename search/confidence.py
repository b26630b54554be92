"""How likely it is that a copy is really there: from the age of the shop's number, how many there are, and how often
that shop could hand over what its numbers said."""

from __future__ import annotations

from datetime import datetime
from math import exp

SURE, LIKELY, DOUBTFUL = "sure", "likely", "doubtful"

_SURE_FROM, _LIKELY_FROM = 0.9, 0.6
# How long a copy that somebody looks for stays on a shelf, on average. Not measured: with a week the last copy that was
# counted yesterday is likely and no more, and three copies are as good as sure for days.
_SHELF_HOURS = 7 * 24


def chance(units: int, as_of: datetime | None, kept_share: float, *, now: datetime) -> float:
    """Between 0 and 1, that at least one of `units` copies counted at `as_of` is there. Each copy is taken to leave the
    shelf by itself; `kept_share` is the shop's (`shops.keeping`)."""
    if units <= 0 or as_of is None:
        return 0.0
    hours = max(0.0, (now - as_of).total_seconds() / 3600)
    return kept_share * (1 - (1 - exp(-hours / _SHELF_HOURS)) ** units)


def level(units: int, as_of: datetime | None, kept_share: float, *, now: datetime) -> str:
    """SURE, LIKELY or DOUBTFUL."""
    found = chance(units, as_of, kept_share, now=now)
    return SURE if found >= _SURE_FROM else LIKELY if found >= _LIKELY_FROM else DOUBTFUL
