"""The lightest assignment to shops that are decided. Each is said to reach one of its steps; what that costs at least,
in lines that do not lie where they are lightest, leaves little to be tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, product

from marketplace.checkout.assigning.question import Search, lacking
from marketplace.checkout.assigning.start import settle


@dataclass(frozen=True)
class _Leaf:
    search: Search
    lines: list[tuple[int, list[tuple[int, int]]]]  # each with its shops, the lightest first
    rest: list[int]  # what the lines from here on weigh at least
    could: list[dict[int, int]]  # goods that they could bring to each shop
    wanted: dict[int, int]  # by shop: goods that must still come to it
    shops: list[int]


def close(search: Search, opened: Sequence[int], now: Sequence[int]) -> None:
    """`now[line]`: its least weight in one of the opened shops; every line has one."""
    settle(search, opened)
    choices = [_choices(search, shop, now) for shop in opened]
    if all(len(ways) == 1 and ways[0][2] == 0 for ways in choices):
        return  # `settle` has weighed the only way
    goods = search.question.goods
    order = sorted(range(len(now)), key=lambda line: (-max(goods[line]), line))
    rest = list(accumulate([now[line] for line in reversed(order)], initial=0))[::-1]
    lines = [(line, sorted([(search.question.weights[line][shop], shop) for shop in opened])) for line in order]
    for picked in product(*choices):
        if not search.spend(len(picked)):
            return
        if rest[0] + sum([least for least, _, _ in picked]) >= search.weight:
            continue
        wanted = {shop: start for shop, (_, _, start) in zip(opened, picked, strict=True) if start}
        could = [dict.fromkeys(wanted, 0)]
        for line in reversed(order):
            could.append({shop: more + goods[line][shop] for shop, more in could[-1].items()})
        leaf = _Leaf(search, lines, rest, could[::-1], wanted, [0] * len(now))
        _fill(leaf, sum([weight for _, weight, _ in picked]), 0)


def _choices(search: Search, shop: int, now: Sequence[int]) -> list[tuple[int, int, int]]:
    """By step: what it weighs at the very least, what opening and delivery weigh, from how many goods."""
    inside = sum([goods for line, weight, goods in search.cells[shop] if weight == now[line]])
    others = sorted(
        [
            ((weight - now[line]) / goods, weight - now[line], goods)
            for line, weight, goods in search.cells[shop]
            if weight > now[line] and goods
        ]
    )
    return [(weight + lacking(others, start - inside), weight, start) for start, weight in search.ways[shop]]


def _fill(leaf: _Leaf, weight: int, at: int) -> None:
    search = leaf.search
    if not search.spend(10):
        return
    if any(leaf.could[at][shop] < goods for shop, goods in leaf.wanted.items()):
        return
    if at == len(leaf.lines):
        search.offer(leaf.shops)
        return
    line, ways = leaf.lines[at]
    for more, shop in ways:
        if weight + more + leaf.rest[at + 1] >= search.weight:
            return
        leaf.shops[line] = shop
        goods = search.question.goods[line][shop]
        if shop in leaf.wanted:
            leaf.wanted[shop] -= goods
            _fill(leaf, weight + more, at + 1)
            leaf.wanted[shop] += goods
        else:
            _fill(leaf, weight + more, at + 1)
