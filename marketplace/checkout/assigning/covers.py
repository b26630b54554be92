"""The smallest sets of shops that have every line between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def smallest(masks: Sequence[int], lines: int) -> Iterator[tuple[int, ...]]:
    """`masks[shop]`: a bit for each line that it has. Every set of the smallest possible size, each once; none where
    some line has no shop."""
    everything = (1 << lines) - 1
    having = [[shop for shop, mask in enumerate(masks) if mask >> line & 1] for line in range(lines)]
    if not all(having):
        return
    rarest = sorted(range(lines), key=lambda line: (len(having[line]), line))
    for size in range(1, lines + 1):
        found = False
        for cover in _covers(masks, having, rarest, everything, frozenset(range(len(masks))), size):
            found = True
            yield cover
        if found:
            return


def _covers(
    masks: Sequence[int],
    having: Sequence[Sequence[int]],
    rarest: Sequence[int],
    missing: int,
    may: frozenset[int],
    size: int,
) -> Iterator[tuple[int, ...]]:
    """Sets of at most `size` shops that `may` be used and have every `missing` line."""
    if not missing:
        yield ()
        return
    line = next(line for line in rarest if missing >> line & 1)
    shops = [shop for shop in having[line] if shop in may]
    if size == 1:
        yield from ((shop,) for shop in shops if not missing & ~masks[shop])
        return
    most = max([(masks[shop] & missing).bit_count() for shop in may], default=0)
    if missing.bit_count() > size * most:
        return
    for shop in shops:
        may = may - {shop}  # whoever has this shop as well has been found with it
        for rest in _covers(masks, having, rarest, missing & ~masks[shop], may, size - 1):
            yield (shop, *rest)
