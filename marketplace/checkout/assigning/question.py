"""The question without its words: lines and shops are positions, everything is a weight, and the lightest assignment is
sought. (The uncapacitated facility location problem, with steps.)"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

NEVER = 1 << 80
"""The weight of what cannot be."""


@dataclass(frozen=True)
class Question:
    """`weights[line][shop]` and `goods[line][shop]`: NEVER and 0 where the shop does not have it. A shop that is used
    weighs `openings[shop]` and its delivery. `steps[shop]`: (from goods, weight of delivery), rising and falling, so
    that more goods never deliver dearer; below the first it delivers nothing."""

    weights: Sequence[Sequence[int]]
    goods: Sequence[Sequence[int]]
    openings: Sequence[int]
    steps: Sequence[Sequence[tuple[int, int]]]

    def weigh(self, shops: Sequence[int]) -> int:
        """Of a whole assignment: `shops[line]`."""
        total, inside = 0, dict.fromkeys(shops, 0)
        for line, shop in enumerate(shops):
            total += self.weights[line][shop]
            inside[shop] += self.goods[line][shop]
        for shop, goods in inside.items():
            at = bisect_right(self.steps[shop], (goods, NEVER)) - 1
            total += self.openings[shop] + (self.steps[shop][at][1] if at >= 0 else NEVER)
        return total


@dataclass
class Search:
    """What one search knows. `effort_left` counts looks at single weights; where it ends, so does the search."""

    question: Question
    effort_left: int
    best: list[int] = field(default_factory=list)
    weight: int = NEVER
    proven: bool = True
    cells: list[list[tuple[int, int, int]]] = field(default_factory=list)  # by shop: line, weight, goods
    ways: list[list[tuple[int, int]]] = field(default_factory=list)  # by shop: from goods, opening and delivery
    least: list[int] = field(default_factory=list)  # by shop: the lightest of these, and …
    most: list[int] = field(default_factory=list)  # … the heaviest

    def __post_init__(self) -> None:
        of = self.question
        for shop, opening in enumerate(of.openings):
            rows = enumerate(zip(of.weights, of.goods, strict=True))
            cells = [(line, weights[shop], goods[shop]) for line, (weights, goods) in rows if weights[shop] < NEVER]
            everything = sum(goods for _, _, goods in cells)
            ways = [(start, opening + weight) for start, weight in of.steps[shop] if start <= everything]
            self.cells.append(cells)
            self.ways.append(ways)
            self.least.append(ways[-1][1] if ways and cells else NEVER)
            self.most.append(ways[0][1] if ways and cells else NEVER)

    def spend(self, effort: int) -> bool:
        """False: there is none left, and what has been found may not be the lightest."""
        self.effort_left -= effort
        if self.effort_left < 0:
            self.proven = False
        return self.effort_left >= 0

    def offer(self, shops: Sequence[int]) -> int:
        """The best so far where it is lighter than that. Returns its weight."""
        weight = self.question.weigh(shops)
        if weight < self.weight:
            self.best, self.weight = list(shops), weight
        return weight

    def lightest(self, shops: Sequence[int]) -> list[int]:
        """By line: its least weight in one of these shops."""
        return [min([row[shop] for shop in shops], default=NEVER) for row in self.question.weights]


def lacking(others: Sequence[tuple[float, int, int]], goods: int) -> int:
    """The least that so many goods more weigh, of (weight for each of its goods, weight, goods) in rising order: of the
    last one a part, rounded down."""
    extra = 0
    for _, weight, worth in others:
        if goods <= 0:
            return extra
        extra += weight if worth <= goods else weight * goods // worth
        goods -= worth
    return extra if goods <= 0 else NEVER
