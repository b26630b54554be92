"""How well a search answers the judged queries: nDCG@10, and whether what is meant comes first or among ten."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.relevance.corpus import known
from search.engines.base import Engine
from search.engines.query import Query

HERE = Path(__file__).parent
QUERIES, KEPT = HERE / "queries.jsonl", HERE / "kept.json"
ALL = "all"
DEPTH = 10
MEANT = 3


class Judged(NamedTuple):
    query: str
    kind: str
    grades: Mapping[str, int]  # ISBN → 1 to 3; what is not named is 0


class Score(NamedTuple):
    """Means over `count` queries, each from 0 to 1."""

    count: int
    ndcg: float
    first: float
    among_ten: float


def judged() -> list[Judged]:
    with QUERIES.open(encoding="utf-8") as lines:
        return [Judged(**json.loads(line)) for line in lines]


def kept() -> dict[str, float]:
    """The nDCG@10 in all, by engine, below which a search may not fall."""
    return json.loads(KEPT.read_text(encoding="utf-8"))


def answers(engine: Engine, asked: Sequence[Judged]) -> list[list[str]]:
    """The ISBNs that an engine filled with `corpus.documents` gives for each query, at most ten."""
    isbns = [one.isbn for one in known()]
    return [[isbns[place - 1] for place in engine.search(Query(text=one.query, page_size=DEPTH)).ids] for one in asked]


def scores(asked: Sequence[Judged], found: Sequence[Sequence[str]]) -> dict[str, Score]:
    """By kind, in the order of their first query, and in all."""
    by_kind: dict[str, list[tuple[float, bool, bool]]] = defaultdict(list)
    for one, isbns in zip(asked, found, strict=True):
        grades = [one.grades.get(isbn, 0) for isbn in isbns[:DEPTH]]
        reached = (ndcg(grades, one.grades.values()), grades[:1] == [MEANT], MEANT in grades)
        by_kind[one.kind].append(reached)
        by_kind[ALL].append(reached)
    return {kind: _mean(by_kind[kind]) for kind in [*(kind for kind in by_kind if kind != ALL), ALL]}


def ndcg(grades: Sequence[int], of_all: Iterable[int]) -> float:
    """Gains 2**grade − 1, discounted by log2(1 + rank), over the best order possible (Järvelin, Kekäläinen 2002)."""
    return _gain(grades[:DEPTH]) / _gain(sorted(of_all, reverse=True)[:DEPTH])


def _gain(grades: Sequence[int]) -> float:
    return sum((2**grade - 1) / math.log2(1 + rank) for rank, grade in enumerate(grades, 1))


def _mean(reached: list[tuple[float, bool, bool]]) -> Score:
    count = len(reached)
    return Score(count, *(sum(column) / count for column in zip(*reached, strict=True)))
