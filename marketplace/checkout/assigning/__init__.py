"""Which shop supplies what: one shop for each line, by what matters to the reader. Pure: no database, no clock.

A line stays whole. Two parcels with one copy each are what nobody asks for, and what no single shop has enough of can
only stay where the reader has put it. Exact for up to 12 lines and 12 shops, and beyond as long as `EFFORT` lasts; then
`Assignment.proven` says whether it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from marketplace.checkout.assigning.question import NEVER, Question
from marketplace.checkout.assigning.search import lightest

__all__ = ["Assignment", "Goal", "Offered", "Source", "Wish", "assign", "measure"]

EXACT = 12
"""Up to so many lines and shops the search has no limit."""
EFFORT = 50_000
"""Beyond: single weights looked at, for one goal. About 30 ms."""
CHEAPEST_EFFORT = 5_000
"""Of this goal the first answer is within 2 % of exact, and much more effort finds nothing better."""
FAR_KM = 20_000
"""Of a shop whose distance nobody knows: as far as anything is on earth."""


class Goal(StrEnum):
    FEWEST = "fewest"  # parcels
    CHEAPEST = "cheapest"  # goods and delivery
    NEAREST = "nearest"  # the least way, over all shops
    MINE = "mine"  # what my shop has from there, the rest in as few parcels as can be


@dataclass(frozen=True)
class Offered:
    """`units` that this shop can sell now, at this price each."""

    shop: int
    price_minor: int
    units: int


@dataclass(frozen=True)
class Wish:
    """One line: so many units, who has it (each shop once), and where it is now (None: nowhere that has it)."""

    quantity: int
    offered: Sequence[Offered]
    present: int | None = None

    @property
    def possible(self) -> dict[int, int]:
        """Shops that have it whole: its price there for all units."""
        return {of.shop: of.price_minor * self.quantity for of in self.offered if of.units >= self.quantity}


@dataclass(frozen=True)
class Source:
    """A shop. `steps`: (goods from, price of delivery) in minor units, amounts rising and prices falling: (0, 600),
    (5000, 0) is 6.00, free from 50.00; where the first amount is not 0, it delivers nothing below that."""

    steps: Sequence[tuple[int, int]]
    distance_km: float | None = None

    def delivery_minor(self, goods_minor: int) -> int | None:
        return next((price for start, price in reversed(self.steps) if goods_minor >= start), None)

    @property
    def way(self) -> int:
        """Its distance in units of 100 m."""
        return round((FAR_KM if self.distance_km is None else self.distance_km) * 10)


@dataclass(frozen=True)
class Assignment:
    """`shops`: of each line. `way` in units of 100 m, over all shops. `moved`: lines that are elsewhere now."""

    shops: tuple[int, ...]
    parcels: int
    goods_minor: int
    delivery_minor: int
    way: int
    moved: int
    proven: bool = True

    @property
    def total_minor(self) -> int:
        return self.goods_minor + self.delivery_minor


def assign(
    wishes: Sequence[Wish], sources: Mapping[int, Source], goal: Goal, *, mine: int | None = None
) -> Assignment | None:
    """The best by this goal; of equals the one with fewest parcels, then the cheaper, then the nearer, then the one
    that moves fewest lines. None where a line has no shop that has it whole, where no choice of shops delivers, or for
    MINE where that shop has none of it or does not deliver so little."""
    possible = [wish.possible for wish in wishes]
    if goal == Goal.MINE:
        if mine is None or not any(mine in where for where in possible):
            return None
        possible = [{mine: where[mine]} if mine in where else where for where in possible]
    shops = sorted({shop for where in possible for shop in where})
    if not all(possible) or not possible:
        return None
    question = _question(wishes, possible, {shop: sources[shop] for shop in shops}, goal)
    small = len(wishes) <= EXACT and len(shops) <= EXACT
    effort = CHEAPEST_EFFORT if goal == Goal.CHEAPEST else EFFORT
    found = lightest(question, effort=NEVER if small else effort, fewest=goal in (Goal.FEWEST, Goal.MINE))
    if found is None:
        return None
    return measure(wishes, sources, [shops[position] for position in found[0]], proven=found[1])


def measure(
    wishes: Sequence[Wish], sources: Mapping[int, Source], shops: Sequence[int], *, proven: bool = True
) -> Assignment | None:
    """What this assignment comes to. None where a shop does not have a line whole, or does not deliver so little."""
    inside = dict.fromkeys(shops, 0)
    for wish, shop in zip(wishes, shops, strict=True):
        if shop not in wish.possible:
            return None
        inside[shop] += wish.possible[shop]
    delivery = [sources[shop].delivery_minor(goods) for shop, goods in inside.items()]
    if None in delivery:
        return None
    return Assignment(
        shops=tuple(shops),
        parcels=len(inside),
        goods_minor=sum(inside.values()),
        delivery_minor=sum(price for price in delivery if price is not None),
        way=sum(sources[shop].way for shop in inside),
        moved=sum(wish.present != shop for wish, shop in zip(wishes, shops, strict=True)),
        proven=proven,
    )


def _question(
    wishes: Sequence[Wish], possible: Sequence[Mapping[int, int]], sources: Mapping[int, Source], goal: Goal
) -> Question:
    """Each measure weighs more than all that come after it can weigh together."""
    most = {
        "moved": len(wishes),
        "way": sum(source.way for source in sources.values()),
        "total": sum(max(where.values()) for where in possible) + sum(of.steps[0][1] for of in sources.values()),
        "parcels": len(wishes),
    }
    first = {Goal.CHEAPEST: "total", Goal.NEAREST: "way"}.get(goal, "parcels")
    weight, of = 1, {}
    for name in sorted(most, key=lambda name: name == first):
        of[name] = weight
        weight *= most[name] + 1

    return Question(
        weights=[
            [
                of["total"] * where[shop] + of["moved"] * (wish.present != shop) if shop in where else NEVER
                for shop in sources
            ]
            for wish, where in zip(wishes, possible, strict=True)
        ],
        goods=[[where.get(shop, 0) for shop in sources] for where in possible],
        openings=[of["parcels"] + of["way"] * source.way for source in sources.values()],
        steps=[[(start, of["total"] * price) for start, price in source.steps] for source in sources.values()],
    )
