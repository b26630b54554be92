"""The search answers the judged queries of `bench/relevance/` no worse than it did."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import LazySettings

from bench.relevance import corpus, scoring
from search import queries
from search.engines.tantivy import TantivyEngine

MOST_APART = 0.03
"""How much worse another engine than the embedded one may answer."""


def test_search_answers_no_worse_than_it_did(settings: LazySettings, tmp_path: Path) -> None:
    """The engine of the settings, among the titles that the judgements name alone, which is quick;
    `bench_relevance.py` asks among all."""
    settings.SEARCH_INDEX_PATH = tmp_path
    engine, asked = queries.engine(), scoring.judged()
    concerned = {isbn for one in asked for isbn in one.grades}
    engine.write(document for document in corpus.documents() if f"{document.gtin}" in concerned)
    found = scoring.scores(asked, scoring.answers(engine, asked))[scoring.ALL]
    assert found.count >= 300
    least = scoring.kept()["tantivy, titles concerned"]
    assert found.ndcg >= (least if isinstance(engine, TantivyEngine) else least - MOST_APART), found


@pytest.mark.parametrize(
    ("found", "ndcg", "first", "among_ten"),
    [
        (["a", "b", "c"], 1.0, 1, 1),
        (["b", "a"], (3 + 7 / 1.5849625) / (7 + 3 / 1.5849625 + 1 / 2), 0, 1),
        (["x", "c"], (1 / 1.5849625) / (7 + 3 / 1.5849625 + 1 / 2), 0, 0),
        ([], 0.0, 0, 0),
    ],
)
def test_scores_of_one_query(found: list[str], ndcg: float, first: int, among_ten: int) -> None:
    asked = [scoring.Judged("query", "kind", {"a": 3, "b": 2, "c": 1})]
    assert scoring.scores(asked, [found])["all"] == pytest.approx((1, ndcg, first, among_ten))


def test_judged_queries_are_about_titles_there_are() -> None:
    isbns = {one.isbn for one in corpus.known()}
    asked = scoring.judged()
    assert len({one.query for one in asked}) > 0.98 * len(asked)
    assert {isbn for one in asked for isbn in one.grades} <= isbns
    assert all(3 in one.grades.values() for one in asked)
