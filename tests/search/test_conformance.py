"""The negative control: the conformance class fails an engine that breaks one promise."""

from dataclasses import replace
from pathlib import Path

import pytest

from search import conformance
from search.engines.base import Engine, Query
from search.engines.clauses import Answer, Request
from search.engines.query import FACETS
from search.engines.tantivy import TantivyEngine


class ForgetsShops(TantivyEngine):
    """Finds titles of every shop, whichever was chosen."""

    def answer(self, request: Request) -> Answer:
        return super().answer(replace(request, filters={k: v for k, v in request.filters.items() if k != "shop"}))


class CountsUnderOwnFilter(TantivyEngine):
    """Counts each facet only among the titles on the page: other values of a chosen facet vanish."""

    def answer(self, request: Request) -> Answer:
        own_too = {f"{name} too": clause for name, clause in request.filters.items()}
        return super().answer(replace(request, filters=own_too))


QUERY = Query(shops=frozenset([3]), languages=("fr",), facets=FACETS, page_size=50)


def _filled(engine: Engine) -> Engine:
    engine.rebuild(conformance.CATALOGUE)
    return engine


def test_conformance_passes_an_engine_that_keeps_its_promises(tmp_path: Path) -> None:
    conformance.check_against_count_by_hand(_filled(TantivyEngine(tmp_path)), QUERY)


@pytest.mark.parametrize("broken", [ForgetsShops, CountsUnderOwnFilter])
def test_conformance_fails_an_engine_that_breaks_one(tmp_path: Path, broken: type[TantivyEngine]) -> None:
    with pytest.raises(AssertionError):
        conformance.check_against_count_by_hand(_filled(broken(tmp_path)), QUERY)
    with pytest.raises(AssertionError):
        conformance.EngineConformance().test_filters_and_facets_equal_a_count_by_hand(_filled(broken(tmp_path / "2")))
