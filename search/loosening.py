"""Where nothing fits: which of the reader's filters keeps how many titles away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from search import queries
from search.engines.base import Query
from search.facets import Chip
from search.forms import Choices

MOST = 4
"""Ways that are counted, each by one question to the engine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looser:
    """One filter taken away; `label` is empty for the price, which `span` says."""

    label: str
    parameters: str
    titles: int
    span: tuple[int | None, int | None] | None = None


def looser(
    chosen: Choices, chips: list[Chip], query: Callable[[Choices], Query], *, text: str | None = None
) -> list[Looser]:
    """Each filter without which something is found, most titles first. Values of one kind go together, since any of
    them would do. `query` makes the engine's question of some choices; `text` is the nearest spelling of the words,
    where there is one: the words are looked for as they are written, so that each way costs one question.
    `SearchError` where the search is down."""
    ways: dict[str, tuple[Choices, list[Chip]]] = {}
    for chip in chips:
        if chip.name != "order":  # looks for more, not for less
            ways.setdefault(chip.name, (_without(chosen, chip.name), []))[1].append(chip)
    found = [
        Looser(
            label=", ".join(chip.label for chip in of_kind),
            parameters=without.parameters(),
            titles=queries.count(query(replace(without, text=text or without.text))),
            span=of_kind[0].span,
        )
        for without, of_kind in list(ways.values())[:MOST]
    ]
    return sorted((way for way in found if way.titles), key=lambda way: -way.titles)


def _without(chosen: Choices, name: str) -> Choices:
    if name in ("price", "published"):
        return replace(chosen, **{name: None, "page": 1})  # type: ignore[arg-type]
    others = {kind: values for kind, values in chosen.chosen.items() if kind != name}
    return replace(chosen, chosen=others, switches=chosen.switches - {name}, page=1)
