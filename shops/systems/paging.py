"""Lists that a system gives by number alone: pages that lose nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from shops.systems.calling import Caller, Trouble

MOST_IN_VAIN = 100  # pages in a row with nothing new: many were deleted meanwhile, or the list leads nowhere


def by_number(caller: Caller, ask: Callable[[int], tuple[list[dict[str, Any]], int]]) -> Iterator[list[dict[str, Any]]]:
    """Page after page of a list in the order of its ids. `ask(skip)` gives a page and how many there are in all.
    Whatever leaves the list meanwhile, none is passed over: a page that does not begin with one that we have is asked
    for again, from further back. Raises SystemCallError where it says that there are more, and gives none."""
    met, skip, back, in_vain = set[str](), 0, 1, 0
    while in_vain < MOST_IN_VAIN:
        items, count = ask(skip)
        in_vain += 1
        if skip > 0 and (not items or items[0]["id"] not in met):
            skip, back = max(0, skip - back), back * 2
            continue
        fresh = [item for item in items if item["id"] not in met]
        met.update(item["id"] for item in fresh)
        if fresh:
            in_vain = 0
            yield fresh
        if skip + len(items) >= count:
            return
        skip, back = max(0, skip + len(items) - 1), 1
    raise caller.refused("a list without an end", Trouble.UNCLEAR)
