"""Which of several shops is asked for what another one lacks: a chain of small rules. Each leaves those that are best
by it, or as good; the first that leaves one alone has decided. Without a database, so that what was decided can be
decided again by other rules (`routes.simulated`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from search.confidence import DOUBTFUL, LIKELY, SURE

_LEVELS = {SURE: 2, LIKELY: 1, DOUBTFUL: 0}
# As good as the nearest: nobody asks for the way at a shop a street further on, or for half as far again.
_NEAR_KM, _NEAR_FACTOR = 5.0, 1.5
# As little to do as whoever has least: five open orders are done in an hour.
_FEW_ORDERS, _LOAD_FACTOR = 5, 2
_AS_FAIR = 2  # units
_AS_GOOD = 0.05  # of the units asked for


@dataclass(frozen=True)
class Candidate:
    """A shop that can supply `parts` of what is missing. `level`: how sure it is that the copies are there
    (`search.confidence`); `km` from where the reader is or collects, as far as is known; the other figures are those of
    `ShopLoad`; `goods_minor` by the prices on its shelf; `total_minor` with delivery and tax, None where nobody had to
    work it out."""

    shop: int
    parts: int
    goods_minor: int = 0
    total_minor: int | None = None
    level: str = SURE
    km: float | None = None
    is_readers: bool = False
    open_orders: int = 0
    is_full: bool = False
    routed_units: int = 0
    declined_share: float = 0.0


@dataclass(frozen=True)
class Step:
    """What one rule did: which shops it left. Only of rules that left fewer than there were."""

    link: str
    left: tuple[int, ...]


@dataclass(frozen=True)
class Choice:
    shop: int
    steps: tuple[Step, ...]


Link = Callable[[Sequence[Candidate]], Sequence[Candidate]]
Priced = Callable[[Sequence[Candidate]], Sequence[Candidate]]
"""Candidates with what they cost, without those that turn out to cost too much or cannot bring it."""
PRICE = "price"


def _readers_shop(of: Sequence[Candidate]) -> Sequence[Candidate]:
    return [one for one in of if one.is_readers] or of


def _confidence(of: Sequence[Candidate]) -> Sequence[Candidate]:
    best = max(_LEVELS[one.level] for one in of)
    return [one for one in of if _LEVELS[one.level] == best]


def _distance(of: Sequence[Candidate]) -> Sequence[Candidate]:
    known = [one.km for one in of if one.km is not None]
    if not known:
        return of
    most = max(_NEAR_KM, _NEAR_FACTOR * min(known))
    return [one for one in of if one.km is not None and one.km <= most]


def _whole_parcel(of: Sequence[Candidate]) -> Sequence[Candidate]:
    most = max(one.parts for one in of)
    return [one for one in of if one.parts == most]


def _load(of: Sequence[Candidate]) -> Sequence[Candidate]:
    """Whoever has as many orders as they can do in a day is asked where nobody else can."""
    able = [one for one in of if not one.is_full] or of
    most = max(_FEW_ORDERS, _LOAD_FACTOR * min(one.open_orders for one in able))
    return [one for one in able if one.open_orders <= most]


def _fair_share(of: Sequence[Candidate]) -> Sequence[Candidate]:
    """Among members one is as much as another: who was given least in the last 30 days, or as little."""
    least = min(one.routed_units for one in of)
    return [one for one in of if one.routed_units <= least + _AS_FAIR]


def _declines(of: Sequence[Candidate]) -> Sequence[Candidate]:
    least = min(one.declined_share for one in of)
    return [one for one in of if one.declined_share <= least + _AS_GOOD]


def _price(of: Sequence[Candidate]) -> Sequence[Candidate]:
    """By the prices on the shelf where not all of them were worked out: so it is when past decisions are tried."""
    if all(one.total_minor is not None for one in of):
        least = min(one.total_minor or 0 for one in of)
        return [one for one in of if one.total_minor == least]
    least = min(one.goods_minor for one in of)
    return [one for one in of if one.goods_minor == least]


LINKS: dict[str, Link] = {
    "readers_shop": _readers_shop,
    "confidence": _confidence,
    "distance": _distance,
    "whole_parcel": _whole_parcel,
    "load": _load,
    "fair_share": _fair_share,
    "declines": _declines,
    PRICE: _price,
}
USUAL = tuple(LINKS)
LAST = "least_given"
"""What decides where the rules left several: who was given least, and then who has been there longest."""


def choose(candidates: Iterable[Candidate], links: Sequence[str], priced: Priced = list) -> Choice | None:
    """None where there is nobody. A name that is no rule any more is passed over. `priced` is asked for those alone
    that the rules before the price leave, and for the one chosen; where it drops somebody, the rules begin again
    without them: they may have kept a better one out."""
    among = list(candidates)
    while among:
        choice, dropped = _chosen(among, links, priced)
        if not dropped:
            return choice
        among = [one for one in among if one.shop not in dropped]
    return None


def _chosen(among: Sequence[Candidate], links: Sequence[str], priced: Priced) -> tuple[Choice | None, set[int]]:
    """(who, {shops that were dropped on the way})."""
    left, steps = among, []
    for name in links:
        if name == PRICE and len(left) > 1:
            of, left = left, priced(left)
            if len(left) < len(of):
                return None, _shops(of) - _shops(left)
        before = len(left)
        left = LINKS[name](left) if name in LINKS else left
        if len(left) < before:
            steps.append(Step(name, tuple(one.shop for one in left)))
    chosen = min(left, key=lambda one: (one.routed_units, one.shop))
    if len(left) > 1:
        steps.append(Step(LAST, (chosen.shop,)))
    if not priced([chosen]):
        return None, {chosen.shop}
    return Choice(chosen.shop, tuple(steps)), set()


def _shops(of: Iterable[Candidate]) -> set[int]:
    return {one.shop for one in of}


def kept(candidate: Candidate) -> dict[str, Any]:
    """As `RouteDecision.candidates` keeps it."""
    return dict(vars(candidate))


def thawed(row: dict[str, Any]) -> Candidate:
    names = Candidate.__dataclass_fields__
    return Candidate(**{name: value for name, value in row.items() if name in names})
