"""How well the search answers the judged queries of `relevance/` over the demo's titles, by kind of query.

Figures are nDCG@10, and the shares of queries whose first hit, or one of whose first ten, is what was meant. The goal
is the nDCG@10 kept in `relevance/kept.json`: a search that answers worse than it did fails. Measured on the embedded
engine, and on the one that the settings name where that is another.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import common
from django.conf import settings

from bench.relevance import scoring
from bench.relevance.corpus import documents
from search import queries
from search.engines.base import Engine
from search.engines.tantivy import TantivyEngine


def engines() -> dict[str, Engine]:
    """By the name under which their figure is kept."""
    found: dict[str, Engine] = {"tantivy": TantivyEngine(Path(settings.SEARCH_INDEX_PATH))}
    if not isinstance(queries.engine(), TantivyEngine):
        found[queries.engine().status().engine] = queries.engine()
    return found


def figures(name: str, engine: Engine, asked: list[scoring.Judged], wants: argparse.Namespace) -> list[common.Figure]:
    concerned = {isbn for one in asked for isbn in one.grades}
    # By one thread, so that equal hits keep their order
    engine.write(one for one in documents() if not wants.quick or f"{one.gtin}" in concerned)
    least = scoring.kept()[name]
    found = []
    for kind, score in scoring.scores(asked, scoring.answers(engine, asked)).items():
        goal = f"≥ {least}" if kind == scoring.ALL and not wants.quick else ""
        found.append(
            common.Figure(
                f"{name}: {kind} ({score.count})",
                f"nDCG@10 {score.ndcg:.4f}",
                f"first {score.first:.3f}, among ten {score.among_ten:.3f}",
                goal=goal,
                met=round(score.ndcg, 4) >= least if goal else None,
            )
        )
    return found


def main() -> None:
    wants = common.arguments(__doc__ or "")
    common.fresh_database()
    asked = scoring.judged()[:: 40 if wants.quick else 1]
    found = [figure for name, engine in engines().items() for figure in figures(name, engine, asked, wants)]
    bare = common.seconds(common.bare_page()) / common.BARE_PAGES
    common.show(f"{len(asked)} judged queries", found, bare, wants)
    if any(figure.met is False for figure in found):
        raise SystemExit("The search answers worse than it did: see bench/relevance/README.md.")


if __name__ == "__main__":
    main()
