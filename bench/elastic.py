"""Elasticsearch beside the embedded engine, where ELASTICSEARCH_URL names a server: the same questions of the same
titles, and a rebuild from SQL against the bulk of the very documents, made beforehand."""

from __future__ import annotations

import atexit
import os
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import common
from django.conf import settings
from django.test.utils import override_settings
from django.utils import timezone
from oscar.apps.catalogue.models import Product

from search import indexing, queries, side_by_side
from search.engines import elasticsearch, query_dsl
from search.engines.clauses import Answer, Request
from search.engines.query import Query

LEAST_RATIO = 0.25
_AT_ONCE = 500
_THREADS = 2
_CHOSEN = {
    "SEARCH_ENGINE": "search.engines.elasticsearch.ElasticsearchEngine",
    "SEARCH_INDEX_NAME": f"bench-{os.getpid()}",
}


class Recording(elasticsearch.ElasticsearchEngine):
    """Our engine, keeping what it is asked."""

    asked: Request

    def answer(self, request: Request) -> Answer:
        self.asked = request
        return super().answer(request)


def filled() -> Recording | None:
    """The engine with all titles, or None where no server is named."""
    if "ELASTICSEARCH_URL" not in os.environ:
        return None
    with override_settings(**_CHOSEN):
        engine = Recording.from_settings(settings)
        atexit.register(lambda: [engine._delete(index) for index in engine._aliases()])
        indexing.rebuild(timezone.now())
    return engine


def tasks(engine: Recording, asked: list[Query]) -> dict[str, list[Callable[[], object]]]:
    """By name: our engine, and the requests that it makes, sent as they are."""

    def same(query: Query) -> Callable[[], object]:
        engine.search(query)
        return partial(engine._searched, query_dsl.searches(engine.asked))

    return {
        "elastic": [partial(engine.search, query) for query in asked],
        "elastic same": [same(query) for query in asked],
    }


def figures(engine: Recording, asked: list[Query], rounds: int) -> list[common.Figure]:
    differing = side_by_side.differences(engine, queries.engine(), asked, first=False)
    prepared = list(_bulks(engine))
    titles = engine.status().documents
    taken = common.interleaved({"ours": _rebuild, "bare": partial(_bare_bulk, engine, prepared)}, rounds)
    ratio = taken["bare"] / taken["ours"]
    return [
        common.Figure("differences between the engines", f"{len(differing)}", goal="0", met=not differing),
        common.Figure(
            "Elasticsearch, titles rebuilt from SQL, against its bare bulk",
            common.rate(titles, taken["ours"]),
            common.rate(titles, taken["bare"]),
            ratio,
            f"≥ {LEAST_RATIO}",
            ratio >= LEAST_RATIO,
            taken["ours"],
        ),
    ]


def _rebuild() -> None:
    with override_settings(**_CHOSEN):
        indexing.rebuild(timezone.now())


def _bulks(engine: Recording) -> Iterator[list[bytes]]:
    keys = list(Product.objects.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(keys), _AT_ONCE):
        found = indexing.documents(keys[start : start + _AT_ONCE], now=timezone.now())
        yield [
            line
            for document in found
            for line in elasticsearch._lines(engine._next, (document.product_id, elasticsearch._source(document)))
        ]


def _bare_bulk(engine: Recording, prepared: list[list[bytes]]) -> None:
    index = engine._make(secrets.token_hex(6), engine._next, elasticsearch._BUILDING)
    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(partial(engine._bulk, ignored=""), prepared))
    engine._client(elasticsearch.SECONDS_TO_WRITE).indices.refresh(index=index)
    engine._delete(index)
