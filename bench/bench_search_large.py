"""Finding at full size: 120 shops, five offers of each title. Searches against bare tantivy making the same requests,
the whole page, suggestions, a stored change until it is found, 10,000 titles indexed again, the whole index built anew,
and how the search grows from a tenth of the titles. Pages are asked of the WSGI application in this process: sockets
and the web server are not in it."""

from __future__ import annotations

import math
import os
import random
import resource
import shutil
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

import bench_search
import common
import many_offers
import tantivy
from django.conf import settings
from django.utils import timezone
from oscar.apps.catalogue.models import Product
from oscar.apps.partner.models import StockRecord

from marketplace.catalogue import changes
from marketplace.catalogue.models import TitleChange
from search import indexing, queries
from search.engines import tantivy as engine
from search.engines.query import Query
from shops.models import Shop

SHOPS = 120
AGAIN = 10_000
Figures = list[common.Figure]


def prepare(titles: int) -> tuple[float, float]:
    """The database and its index. Returns seconds and megabytes of the rebuild, in a process of its own."""
    common.fresh_database()
    many_offers.fill(titles, SHOPS)
    shutil.rmtree(settings.SEARCH_INDEX_PATH, ignore_errors=True)
    queries.engine.cache_clear()
    return rebuilt()


def rebuilt() -> tuple[float, float]:
    common.connections.close_all()
    stream, out = os.pipe()
    child = os.fork()
    if not child:
        taken = common.seconds(lambda: indexing.rebuild(timezone.now()))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        os.write(out, f"{taken} {peak}".encode())
        os._exit(0)
    os.close(out)
    said = os.read(stream, 100).decode()
    os.close(stream)
    os.waitpid(child, 0)
    taken, peak = map(float, said.split())
    return taken, peak


def searches(count: int, rounds: int) -> tuple[dict[str, list[float]], list[Query], int]:
    """Seconds by request, the requests, and how many BM25 counts otherwise."""
    bare = bench_search.BareTantivy()
    asked = bench_search.requests(count)
    differing = sum(not bench_search.same(query, bare) for query in asked)
    taken = bench_search.measure(bench_search.tasks_of(asked, bare), common.bare_page(), rounds)
    return taken, asked, differing


def limit(name: str, ours: float, most: float, aim: float, *, bare_seconds: float | None = None) -> common.Figure:
    goal = f"≤ {common.milliseconds(most)}, aim {common.milliseconds(aim)}"
    return common.Figure(name, common.milliseconds(ours), "", None, goal, ours <= most, ours, bare_seconds)


def pages(asked: list[Query], rounds: int) -> Figures:
    """The result page with words, a shop and a price, and the suggestions for the beginning of a word."""
    visit = visitor()
    slugs = dict(Shop.objects.values_list("pk", "slug"))
    addresses = [
        "/search/?" + urlencode({"q": query.text, "shop": slugs[next(iter(query.shops))], "price": "-3000"})
        for query in asked
        if query.shops
    ]
    beginnings = ["/suggest/?" + urlencode({"q": query.text[: 3 + number % 4]}) for number, query in enumerate(asked)]
    page, suggestion = timed(addresses, visit, rounds), timed(beginnings, visit, rounds)
    return [
        limit("search page, words, shop and price, p95", bench_search.percentile(page, 0.95), 0.120, 0.060),
        limit("suggestions, p95", bench_search.percentile(suggestion, 0.95), 0.030, 0.010),
    ]


def visitor() -> Callable[[str], object]:
    handler = common.application()
    return lambda address: common.visit(handler, address)


def timed(addresses: list[str], visit: Callable[[str], object], rounds: int) -> list[float]:
    visit(addresses[0])
    return [median(common.seconds(partial(visit, address)) for _ in range(rounds)) for address in addresses]


def change_until_found(times: int) -> common.Figure:
    """A copy comes into a shop that had none; the step runs every 200 ms, as the worker calls it."""
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            indexing.index_titles(timezone.now())
            stop.wait(0.2)
        common.connections.close_all()

    worker = threading.Thread(target=work)
    worker.start()
    records = list(
        StockRecord.objects.filter(num_in_stock=0).select_related("product", "partner__shop")[: times * 7 : 7]
    )
    taken = []
    try:
        for record in records:
            query = Query(text=record.product.title, shops=frozenset([record.partner.shop.pk]), page_size=50)
            StockRecord.objects.filter(pk=record.pk).update(num_in_stock=2)
            changes.mark([record.product_id])
            began = time.perf_counter()
            while record.product_id not in queries.search(query).ids and time.perf_counter() - began < 10:
                time.sleep(0.005)
            taken.append(time.perf_counter() - began)
    finally:
        stop.set()
        worker.join()
    return limit("stored change until it is found, p95", bench_search.percentile(taken, 0.95), 1.0, 0.25)


def indexed_again(number: int, rounds: int) -> common.Figure:
    """From marks to a visible commit, against tantivy replacing the same documents, made before the clock runs."""
    ids = list(Product.objects.order_by("pk").values_list("pk", flat=True)[: number * 3 : 3])
    documents = [engine._document(document) for document in indexing.documents(ids, now=timezone.now())]
    directory = engine.Generations(Path(settings.SEARCH_INDEX_PATH), engine.fields.version()).current()
    copy = common.VAR / "raw-index"
    ours, raw = [], []
    for _ in range(rounds):
        changes.mark(ids)
        ours.append(common.seconds(drain))
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(str(directory), copy)
        raw.append(common.seconds(partial(replace_raw, copy, ids, documents)))
    ratio = median(ours) / median(raw)
    said = [common.rate(number, median(times)) for times in (ours, raw)]
    return common.Figure(f"{number:,} titles indexed again", *said, ratio, "≤ 2, aim 1.25", ratio <= 2, median(ours))


def drain() -> None:
    while TitleChange.objects.exists():
        indexing.index_titles(timezone.now())


def replace_raw(directory: Path, ids: list[int], documents: list[tantivy.Document]) -> None:
    index = tantivy.Index.open(str(directory))
    writer = index.writer(heap_size=64_000_000, num_threads=1)
    for product_id, document in zip(ids, documents, strict=True):
        writer.delete_documents_by_term("product", product_id)
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()
    index.reload()


def main() -> None:
    parser = common.argument_parser(__doc__ or "")
    parser.add_argument("--titles", type=int, default=1_000_000)
    wants = parser.parse_args()
    titles = 3000 if wants.quick else wants.titles
    count, rounds = (4, 1) if wants.quick else (60, 5)
    random.seed(bench_search.SEED)
    prepare(titles // 10)
    small, _, _ = searches(count, rounds)
    seconds, megabytes = prepare(titles)
    taken, asked, differing = searches(count, rounds)
    p95 = [bench_search.percentile(found["ours"][1::2], 0.95) for found in (small, taken)]
    exponent = math.log10(p95[1] / p95[0])
    rate = titles / seconds
    figures = [
        *bench_search.figures_of(taken, "same", "the same queries", goal=True),
        common.Figure(
            "requests counted otherwise than by BM25", str(differing), f"of {count}", None, "0", not differing
        ),
        common.Figure(
            "growth of p95 from a tenth, exponent", f"{exponent:.2f}", "", None, "≤ 1.0, aim 0.9", exponent <= 1
        ),
        *pages(asked, rounds),
        change_until_found(2 if wants.quick else 40),
        indexed_again(min(AGAIN, titles // 3), 1 if wants.quick else 3),
        common.Figure(
            "whole index anew", common.rate(titles, seconds), "", None, "≥ 8,000/s, aim 15,000", rate >= 8000
        ),
        common.Figure("memory of it", f"{megabytes:.0f} MB", "", None, "≤ 400 MB, aim 200", megabytes <= 400),
    ]
    common.show(f"Search in {titles:,} titles, {SHOPS} shops", figures, taken["page"][0], wants)


if __name__ == "__main__":
    main()
