"""Branch and bound over which shops to open. Whole numbers, no clock, no chance: the same question has the same answer
everywhere."""

from __future__ import annotations

from collections.abc import Sequence

from marketplace.checkout.assigning import covers
from marketplace.checkout.assigning.leaves import close
from marketplace.checkout.assigning.question import NEVER, Question, Search, lacking
from marketplace.checkout.assigning.start import begin

# Rounds of better prices (`_bound`) before the first decision, and after each.
FIRST_ROUNDS = 30
ROUNDS = 3


def lightest(question: Question, *, effort: int, fewest: bool = False) -> tuple[list[int], bool] | None:
    """The shop of each line, and whether it is proven that nothing is lighter; after so much `effort` the best that was
    found. `fewest`: the lightest of those with as few shops as any have. None where nothing was found."""
    search = Search(question, effort)
    if fewest:
        _fewest(search)
    if search.weight == NEVER:
        usable = [shop for shop, least in enumerate(search.least) if least < NEVER]
        begin(search)
        worth = [min([row[shop] + search.least[shop] for shop in usable], default=NEVER) for row in question.weights]
        if max(worth, default=NEVER) < NEVER:
            _branch(search, [], usable, worth, FIRST_ROUNDS)
    return (search.best, search.proven) if search.weight < NEVER else None


def _fewest(search: Search) -> None:
    """Nothing where no set of the smallest size delivers (an order has a least amount): then all are searched."""
    weights = search.question.weights
    masks = [
        sum([1 << line for line, _, _ in cells]) if least < NEVER else 0
        for cells, least in zip(search.cells, search.least, strict=True)
    ]
    found = []
    for cover in covers.smallest(masks, len(weights)):
        if not search.spend(len(weights) * len(cover)):
            break
        now = search.lightest(cover)
        found.append((sum(now) + sum([search.least[shop] for shop in cover]), cover, now))
    for bound, cover, now in sorted(found):
        if bound >= search.weight:
            break
        close(search, cover, now)


def _branch(search: Search, opened: list[int], may: list[int], worth: list[int], rounds: int) -> None:
    """All that opens the `opened` shops and any of those that it `may`."""
    bound, worth, values = _bound(search, opened, may, worth, rounds)
    if bound >= search.weight or search.effort_left < 0:
        return
    now = search.lightest(opened)
    covered = NEVER not in now
    must: list[int] = []
    left: list[int] = []
    for shop in may:
        value = values[shop]
        if value > 0 and bound + value >= search.weight:
            continue
        if covered and search.least[shop] >= _saved(search, shop, now):
            continue
        (must if value < 0 and bound - value >= search.weight else left).append(shop)
    if must:
        opened = [*opened, *must]
        now = search.lightest(opened)
    if not left:
        if NEVER not in now:
            close(search, opened, now)
        return
    shop = min(left, key=lambda shop: (values[shop], shop))
    left.remove(shop)
    _branch(search, [*opened, shop], left, worth, ROUNDS)
    weights = search.question.weights
    if all(have < NEVER or any(row[other] < NEVER for other in left) for have, row in zip(now, weights, strict=True)):
        _branch(search, opened, left, worth, ROUNDS)


def _saved(search: Search, shop: int, now: Sequence[int]) -> int:
    """The most that its lines could become lighter by opening it."""
    return sum([now[line] - weight for line, weight, _ in search.cells[shop] if weight < now[line]])


def _bound(
    search: Search, opened: Sequence[int], may: Sequence[int], worth: list[int], rounds: int
) -> tuple[int, list[int], dict[int, int]]:
    """Nothing in this branch weighs less; with the prices that say so, and what each shop is worth at them.

    Lagrange's bound: every line pays its price, whoever serves it, and a shop opens where that outweighs what it costs.
    A line that several serve pays less in the next round, one that nobody serves more (Held, Karp, Polyak)."""
    best, best_worth, best_values = -NEVER, worth, dict.fromkeys(may, 0)
    shops = [*opened, *may]
    cells = sum([len(search.cells[shop]) for shop in shops])
    reach, idle = 1.0, 0
    for _ in range(rounds):
        if not search.spend(cells):
            break
        bound, served, values = sum(worth), [1] * len(worth), {}
        for at, shop in enumerate(shops):
            value, lines = _value(search, shop, worth)
            values[shop] = value
            if value < 0 or at < len(opened):
                bound += value
                for line in lines:
                    served[line] -= 1
        if bound > best:
            best, best_worth, best_values, idle = bound, worth, values, 0
        else:
            idle += 1
        norm = sum([way * way for way in served])
        if best >= search.weight or not norm:
            break
        if idle == 3:
            reach, idle, worth = reach / 2, 0, best_worth
        step = reach * (search.weight - bound) / norm
        worth = [price + int(step * way) for price, way in zip(worth, served, strict=True)]
    return best, best_worth, best_values


def _value(search: Search, shop: int, worth: Sequence[int]) -> tuple[int, list[int]]:
    """What opening it costs at least, less what the lines that it would serve at these prices pay; and these lines."""
    paid = inside = 0
    lines = []
    for line, weight, goods in search.cells[shop]:
        if weight < worth[line]:
            paid += weight - worth[line]
            inside += goods
            lines.append(line)
    ways = search.ways[shop]
    if ways[-1][0] <= inside:
        return ways[-1][1] + paid, lines
    others = sorted(
        [
            ((weight - worth[line]) / goods, weight - worth[line], goods)
            for line, weight, goods in search.cells[shop]
            if weight >= worth[line] and goods
        ]
    )
    return paid + min([weight + lacking(others, start - inside) for start, weight in ways]), lines
