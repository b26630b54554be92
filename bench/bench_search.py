"""Search with three facets on the demo's index against bare tantivy making the same requests of the same index.

Two peers. The one with the goal makes the very same queries, our points for the order of hits included, built before
the clock runs. The other builds what one would without those points: the same words, filters, facets and page, scored
by BM25 alone; that it finds and counts the very same titles is checked before anything is measured.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from statistics import median

import common
import elastic
import tantivy
from django.conf import settings
from django.utils import timezone
from oscar.apps.catalogue.models import Product
from tantivy import Occur

from demo import building
from search import indexing, queries, text
from search.engines import tantivy as engine
from search.engines.clauses import Answer, Request
from search.engines.fields import version
from search.engines.generations import Generations
from search.engines.matching import take_apart
from search.engines.query import Query
from shops.models import Shop
from tests import factories

MOST_RATIO = 2
FACETS = ("shop", "subject", "language")
PAGE_SIZE = 20
MOST_BUCKETS = 10_000
SEED = 20260101

Counts = Mapping[str, Mapping[object, int]]


def make_index(quick: bool) -> int:
    """The demo itself, built as `manage.py demo` does; a handful of titles for a quick look."""
    common.fresh_database()
    if not quick:
        return building.build(now=timezone.now(), say=print)["indexed"]
    factories.network()
    shop = factories.shop()
    for title in ("L'Étranger", "La Peste", "Le Petit Prince", "Petit Pays", "Le Pays des autres", "L'Étrange Pays"):
        factories.stock_record(shop, factories.product(title))
    return indexing.rebuild(timezone.now())


def requests(count: int) -> list[Query]:
    """One or two words of titles there are; every other one in one shop up to a price. Only such as find something."""
    chance = random.Random(SEED)
    titles = list(Product.objects.order_by("pk").values_list("title", flat=True))
    shops = list(Shop.objects.order_by("pk").values_list("pk", flat=True))
    found: list[Query] = []
    for _ in range(count * 50):
        typed = take_apart(chance.choice(titles))
        words = [word.parts[0] for word in typed.required if len(word.parts) == 1 and len(word.parts[0]) > 3]
        if not words:
            continue
        chosen = {"shops": frozenset([chance.choice(shops)]), "price_to_minor": 3000} if len(found) % 2 else {}
        asked = " ".join(chance.sample(words, min(len(words), 1 + len(found) // 2 % 2)))
        query = Query(text=asked, facets=FACETS, page_size=PAGE_SIZE, **chosen)
        answered = queries.search(query)
        # Few hits make ours look again for other spellings, which nobody asked the bare one for
        if answered.total >= 3 and not answered.corrected:
            found.append(query)
        if len(found) == count:
            return found
    return found


class Recording(engine.TantivyEngine):
    """Our engine, keeping what it is asked."""

    asked: Request

    def answer(self, request: Request) -> Answer:
        self.asked = request
        return super().answer(request)


class BareTantivy:
    """The index opened once, and the same requests made of it. A class, because it holds what it has open."""

    def __init__(self) -> None:
        directory = Generations(Path(settings.SEARCH_INDEX_PATH), version()).current()
        self.index = tantivy.Index.open(str(directory))
        self.schema = engine.SCHEMA
        self.searcher = self.index.searcher()

    def search(self, query: Query) -> tuple[list[int], int, Counts]:
        words = self._words(query.text)
        filters = {}
        if query.shops:
            shops = [tantivy.Query.term_query(self.schema, "shops", shop) for shop in query.shops]
            filters["shop"] = tantivy.Query.boolean_query([(Occur.Should, shop) for shop in shops])
        if query.price_to_minor is not None:
            filters["price"] = tantivy.Query.range_query(
                self.schema, "price", tantivy.FieldType.Unsigned, 0, query.price_to_minor
            )
        hits = self.searcher.search(self._every(words, *filters.values()), limit=query.page_size)
        ids = self.searcher.fast_field_values("product", [address for _, address in hits.hits])
        counts: dict[str, Mapping[object, int]] = {}
        together = [name for name in query.facets if name not in filters]
        for names in (together, *([name] for name in query.facets if name in filters)):
            others = [clause for name, clause in filters.items() if name not in names]
            counts |= self._counted(self._every(words, *others), names)
        return list(ids), hits.count, counts

    def same_queries(self, query: Query) -> Callable[[], None]:
        """What our engine does with tantivy for a query, with everything else done before."""
        recording = Recording(Path(settings.SEARCH_INDEX_PATH))
        recording.search(query)
        request = recording.asked
        filters = {name: engine._filter(clause) for name, clause in request.filters.items()}
        hits = engine._every([engine._query(request.match, scored=True), *filters.values()])
        together = [name for name in request.counts if name not in filters]
        counted = []
        for names in (together, *([name] for name in request.counts if name in filters)):
            others = [clause for name, clause in filters.items() if name not in names]
            wanted = {name: engine._aggregation(request.counts[name]) for name in names}
            counted.append((engine._every([engine._unscored(request.match), *others]), wanted))

        def run() -> None:
            found = self.searcher.search(hits, limit=request.limit, weight_by_field="weight")
            self.searcher.fast_field_values("product", [address for _, address in found.hits])
            for clause, wanted in counted:
                self.searcher.aggregate(clause, wanted)

        return run

    def _words(self, typed: str) -> list[tantivy.Query]:
        """Each word as typed or by its stem, as the index holds them."""
        found = []
        for word in text.words(typed):
            forms = dict.fromkeys((*word.parts, *word.stems[0]))
            terms = [tantivy.Query.term_query(self.schema, "all", form) for form in forms]
            found.append(tantivy.Query.boolean_query([(Occur.Should, term) for term in terms]))
        return found

    def _every(self, words: list[tantivy.Query], *filters: tantivy.Query) -> tantivy.Query:
        return tantivy.Query.boolean_query([(Occur.Must, query) for query in (*words, *filters)])

    def _counted(self, query: tantivy.Query, names: list[str]) -> Counts:
        fields = {name: "shops" if name == "shop" else name for name in names}
        wanted = {name: {"terms": {"field": field, "size": MOST_BUCKETS}} for name, field in fields.items()}
        found = self.searcher.aggregate(query, wanted)
        return {name: {bucket["key"]: bucket["doc_count"] for bucket in found[name]["buckets"]} for name in names}


def same(query: Query, bare: BareTantivy) -> bool:
    ours = queries.search(query)
    _, total, counts = bare.search(query)
    counted = {name: {value.value: value.titles for value in values} for name, values in ours.facets.items()}
    return ours.total == total and counted == counts


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[round((len(values) - 1) * share)]


def tasks_of(asked: list[Query], bare: BareTantivy) -> dict[str, list[Callable[[], object]]]:
    return {
        "ours": [partial(queries.search, query) for query in asked],
        "same": [bare.same_queries(query) for query in asked],
        "bm25": [partial(bare.search, query) for query in asked],
    }


def measure(
    tasks: Mapping[str, list[Callable[[], object]]], page: Callable[[], object], rounds: int
) -> dict[str, list[float]]:
    """Seconds of each request by peer, each the median of the rounds; all take turns at every request."""
    asked = tasks["ours"]
    times: dict[str, list[list[float]]] = {name: [[] for _ in asked] for name in tasks}
    pages = []
    for _ in range(rounds):
        pages.append(common.seconds(page))
        for position in range(len(asked)):
            for name, prepared in tasks.items():
                times[name][position].append(common.seconds(prepared[position]))
    medians = {name: [median(found) for found in series] for name, series in times.items()}
    return medians | {"page": [median(pages) / common.BARE_PAGES]}


def figures_of(
    taken: dict[str, list[float]], peer: str, said: str, *, goal: bool = False, of: str = "ours"
) -> list[common.Figure]:
    figures = []
    for name, chosen in (("no filter", slice(0, None, 2)), ("shop and price", slice(1, None, 2))):
        for share in (0.5, 0.95):
            ours, theirs = (percentile(taken[which][chosen], share) for which in (of, peer))
            ratio = ours / theirs
            figures.append(
                common.Figure(
                    f"{name}, 3 facets, {said}, p{share * 100:.0f}",
                    common.milliseconds(ours),
                    common.milliseconds(theirs),
                    ratio,
                    f"≤ {MOST_RATIO}" if goal else "",
                    ratio <= MOST_RATIO if goal else None,
                    ours,
                )
            )
    return figures


def main() -> None:
    wants = common.arguments(__doc__ or "")
    titles = make_index(wants.quick)
    bare, other = BareTantivy(), elastic.filled()
    asked = requests(4 if wants.quick else 100)
    differing = [query.text for query in asked if not same(query, bare)]
    tasks = tasks_of(asked, bare) | (elastic.tasks(other, asked) if other else {})
    taken = measure(tasks, common.bare_page(), 2 if wants.quick else 15)
    figures = [
        *figures_of(taken, "same", "the same queries", goal=True),
        *figures_of(taken, "bm25", "by BM25 alone"),
        common.Figure(
            "requests that BM25 finds or counts otherwise",
            f"{len(differing)}",
            f"of {len(asked)}",
            goal="0",
            met=not differing,
        ),
    ]
    if other:
        figures += figures_of(taken, "ours", "Elasticsearch beside tantivy", of="elastic")
        figures += figures_of(taken, "elastic same", "Elasticsearch, the same requests", of="elastic")
        figures += elastic.figures(other, asked, 1 if wants.quick else 3)
    common.show(f"Search in {titles:,} titles", figures, taken["page"][0], wants)


if __name__ == "__main__":
    main()
