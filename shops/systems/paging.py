"""Lists that a system gives by number alone: pages that lose nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


def by_number(ask: Callable[[int], tuple[list[dict[str, Any]], int]]) -> Iterator[list[dict[str, Any]]]:
    """Page after page of a list in the order of its ids. `ask(skip)` gives a page and how many there are in all.
    Whatever leaves the list meanwhile, none is passed over: a page that does not begin with one that we have is asked
    for again, from further back."""
    met, skip, back = set[str](), 0, 1
    while True:
        items, count = ask(skip)
        if skip and (not items or items[0]["id"] not in met):
            skip, back = max(0, skip - back), back * 2
            continue
        fresh = [item for item in items if item["id"] not in met]
        met.update(item["id"] for item in fresh)
        if fresh:
            yield fresh
        if skip + len(items) >= count:
            return
        skip, back = skip + len(items) - 1, 1
