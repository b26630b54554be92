"""A first answer, near the best: shops are opened one by one, in two ways, then exchanged one for another."""

from __future__ import annotations

from collections.abc import Sequence

from marketplace.checkout.assigning.question import NEVER, Search

TRIED = 40
"""Neighbours that are weighed exactly, of those that promise most."""
CLIMBED = 2
"""Of the first answers, those that are improved."""


def begin(search: Search) -> None:
    rarest = min(
        range(len(search.question.weights)), key=lambda line: (sum(map(bool, search.question.goods[line])), line)
    )
    having = [shop for shop, cells in enumerate(search.cells) if any(line == rarest for line, _, _ in cells)]
    starts = [_opened(search), *(_covering(search, shop) for shop in having)]
    ranked = sorted((settle(search, opened), opened) for opened in starts if opened)
    for weight, opened in ranked[:CLIMBED]:
        _climb(search, weight, opened)


def _climb(search: Search, weight: int, opened: list[int]) -> None:
    better = True
    while better:
        better = False
        for changed in _neighbours(search, opened, weight):
            lighter = settle(search, changed)
            if lighter < weight:
                opened, weight, better = changed, lighter, True
                break


def settle(search: Search, opened: Sequence[int]) -> int:
    """Every line in its lightest opened shop, then shops filled up to a step where that pays. Returns its weight;
    NEVER where a line has none of these shops."""
    weights = search.question.weights
    shops = [min(opened, key=row.__getitem__) for row in weights] if opened else []
    if not shops or any(row[shop] == NEVER for row, shop in zip(weights, shops, strict=True)):
        return NEVER
    weight = search.offer(shops)
    for shop in opened:
        for start, _ in search.ways[shop]:
            filled = _filled(search, shops, shop, start)
            if filled and (lighter := search.offer(filled)) < weight:
                shops, weight = filled, lighter
    return weight


def _opened(search: Search) -> list[int]:
    """Greedily, always the shop that makes it lightest. Empty where a line stays without a shop."""
    opened: list[int] = []
    now = search.lightest(opened)
    while True:
        gains = [
            (most - sum([now[line] - weight for line, weight, _ in search.cells[shop] if weight < now[line]]), shop)
            for shop, most in enumerate(search.most)
            if shop not in opened and most < NEVER
        ]
        gain, shop = min(gains, default=(0, 0))
        if gain >= 0:
            return [] if NEVER in now else opened
        opened.append(shop)
        now = search.lightest(opened)


def _covering(search: Search, first: int) -> list[int]:
    """From this shop on greedily, always the one that weighs least for each line that had none yet. Empty where a line
    stays without."""
    opened = [first]
    missing = set(range(len(search.question.weights))) - {line for line, _, _ in search.cells[first]}
    while missing:
        ratios = []
        for shop, most in enumerate(search.most):
            new = [weight for line, weight, _ in search.cells[shop] if line in missing]
            if new and most < NEVER and shop != first:
                ratios.append(((most + sum(new)) / len(new), shop))
        if not ratios:
            return []
        opened.append(min(ratios)[1])
        missing -= {line for line, _, _ in search.cells[opened[-1]]}
    return opened


def _neighbours(search: Search, opened: Sequence[int], weight: int) -> list[list[int]]:
    """One shop less, one for another, one more; the most promising first, by what they weigh at the very least."""
    found = []
    for out in [None, *opened]:
        kept = [shop for shop in opened if shop != out]
        now = search.lightest(kept)
        base = sum(now) + sum([search.least[shop] for shop in kept])
        if out is not None:
            found.append((base, kept))
        for shop, least in enumerate(search.least):
            if shop not in opened and least < NEVER:
                saved = sum([now[line] - weight for line, weight, _ in search.cells[shop] if weight < now[line]])
                found.append((base - saved + least, [*kept, shop]))
    promising = sorted(one for one in found if one[0] < weight)
    return [changed for _, changed in promising[:TRIED]]


def _filled(search: Search, shops: Sequence[int], shop: int, start: int) -> list[int] | None:
    """So many goods in this shop, by the lines that lose least by it. None where it has them, or never can."""
    missing = start - sum([goods for line, _, goods in search.cells[shop] if shops[line] == shop])
    if missing <= 0:
        return None
    weights = search.question.weights
    others = sorted(
        ((weight - weights[line][shops[line]]) / goods, line, goods)
        for line, weight, goods in search.cells[shop]
        if shops[line] != shop and goods
    )
    filled = list(shops)
    for _, line, goods in others:
        filled[line] = shop
        missing -= goods
        if missing <= 0:
            return filled
    return None
