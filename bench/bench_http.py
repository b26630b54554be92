"""Pages as a browser gets them: over HTTP from gunicorn with two workers, by four connections. The title page, not kept
at all and kept for a second, against Oscar's own page and against a bare Django answer of the same server; the search
page and the suggestions against their limits. All peers take turns in the same workers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from urllib.parse import urlencode

import bench_search
import bench_search_large
import bench_title_page
import common
import oscar_page
import serving
from django.core.handlers.wsgi import WSGIHandler
from oscar.apps.catalogue.models import Product

from marketplace.storefront import page_memory
from search import queries
from shops.models import Shop

SIZES = (3, 30)  # offers of a title
MOST_QUERIES, AIM_QUERIES = 8, 5
LEAST_OF_OSCAR, AIM_OF_OSCAR = 5, 10
LEAST_OF_ANSWER, AIM_OF_ANSWER = 0.25, 0.5
OURS, READ, ANEW, OSCAR, BARE, ANSWER = "ours", "rows read", "made anew", "oscar", "bare", "answer"
Taken = dict[str, tuple[float, list[float]]]


def peers() -> dict[str, Callable]:
    """By name, the first for requests that name none."""
    ours, bare = common.application(), common.application(["bare.use_these_urls"])
    return {
        OURS: ours,
        READ: before(page_memory.forget_second, ours),
        ANEW: before(page_memory.forget, ours),
        OSCAR: common.application(oscar_page.MIDDLEWARE),
        BARE: bare,
        ANSWER: bare,
    }


def before(first: Callable[[], None], handler: WSGIHandler) -> Callable:
    def answer(environ: dict, start: Callable) -> object:
        first()
        return handler(environ, start)

    return answer


def interleaved(port: int, tasks: Mapping[str, tuple[str, Sequence[str]]], rounds: int, times: int) -> Taken:
    """Seconds of `times` requests by peer and address, the median of the rounds, and those of each request of all."""
    for peer, addresses in tasks.values():
        serving.load(port, peer, addresses, serving.CONNECTIONS * 2)
    found: dict[str, list[tuple[float, list[float]]]] = {name: [] for name in tasks}
    for _ in range(rounds):
        for name, (peer, addresses) in tasks.items():
            found[name].append(serving.load(port, peer, addresses, times))
    return {
        name: (median(took for took, _ in runs), [one for _, each in runs for one in each])
        for name, runs in found.items()
    }


def title_figures(port: int, titles: Mapping[int, Product], said: str, rounds: int, times: int) -> list[common.Figure]:
    """Of titles with so many offers, against Oscar's page `said` how."""
    figures = []
    ours, oscars = common.application(), common.application(oscar_page.MIDDLEWARE)
    for size, product in titles.items():
        address = product.get_absolute_url()
        counted = [queries_of(handler, address) for handler in (ours, oscars)]
        name = f"{size} offers"
        tasks = {peer: (peer, [address]) for peer in (OURS, READ, ANEW, OSCAR)}
        taken = interleaved(port, tasks | {BARE: (BARE, ["/bare/"]), ANSWER: (ANSWER, ["/answer/"])}, rounds, times)
        seconds = {peer: took for peer, (took, _) in taken.items()}
        bare = seconds[BARE] / times
        goal = f"≤ {MOST_QUERIES}, aim {AIM_QUERIES}"
        figures += [
            common.Figure(
                f"queries, {name}, {said}",
                *map(str, counted),
                counted[0] / counted[1],
                goal,
                counted[0] <= MOST_QUERIES,
            ),
            against(f"title page, nothing kept, {name}, {said}", seconds, ANEW, OSCAR, times, bare, goal=True),
            against(f"title page, rows read, {name}, {said}", seconds, READ, OSCAR, times, bare),
            against(f"title page, of this second, {name}, {said}", seconds, OURS, OSCAR, times, bare),
            against(
                f"title page, of this second, {name}, bare answer beside {said}",
                seconds,
                OURS,
                ANSWER,
                times,
                bare,
                goal=True,
            ),
        ]
    return figures


def queries_of(handler: WSGIHandler, address: str) -> int:
    common.visit(handler, address, 2)
    page_memory.forget()
    return common.queries(lambda: common.visit(handler, address))


def against(
    name: str, seconds: Mapping[str, float], whose: str, peer: str, times: int, bare: float, *, goal: bool = False
) -> common.Figure:
    ratio = seconds[peer] / seconds[whose]
    least, aim = (LEAST_OF_ANSWER, AIM_OF_ANSWER) if peer == ANSWER else (LEAST_OF_OSCAR, AIM_OF_OSCAR)
    return common.Figure(
        name,
        common.rate(times, seconds[whose]),
        common.rate(times, seconds[peer]),
        ratio,
        f"≥ {least:g}, aim {aim:g}" if goal else "",
        ratio >= least if goal else None,
        seconds[whose] / times,
        bare,
    )


def search_figures(port: int, count: int, rounds: int) -> list[common.Figure]:
    """Words, a shop and a price with all facets; the beginnings of words."""
    slugs = dict(Shop.objects.values_list("pk", "slug"))
    asked = [query for query in bench_search.requests(count * 2) if query.shops]
    pages = [
        "/search/?" + urlencode({"q": query.text, "shop": slugs[next(iter(query.shops))], "price": "-3000"})
        for query in asked
    ]
    beginnings = ["/suggest/?" + urlencode({"q": query.text[: 3 + number % 4]}) for number, query in enumerate(asked)]
    queries.engine.cache_clear()
    tasks = {"page": (OURS, pages), "suggestions": (OURS, beginnings), BARE: (BARE, ["/bare/"])}
    taken = interleaved(port, tasks, rounds, count)
    bare = median(taken[BARE][1])
    return [
        bench_search_large.limit(
            f"{name}, p95", bench_search.percentile(taken[task][1], 0.95), most, aim, bare_seconds=bare
        )
        for name, task, most, aim in (
            ("search page, words, shop and price", "page", 0.120, 0.060),
            ("suggestions", "suggestions", 0.030, 0.010),
        )
    ]


def main() -> None:
    parser = common.argument_parser(__doc__ or "")
    parser.add_argument("--titles", type=int, default=100_000, help="that are searched")
    wants = parser.parse_args()
    rounds, times, count = (1, 4, 2) if wants.quick else (7, 40, 100)
    size = 300 if wants.quick else wants.titles
    bench_search_large.prepare(size)
    made = bench_title_page.make_titles()
    titles = {size: made[size] for size in (SIZES[:1] if wants.quick else SIZES)}
    with serving.served(peers()) as port:
        figures = title_figures(port, titles, "Oscar's page as it is", rounds, times)
        oscar_page.give_the_same_content(made.values())
        figures += title_figures(port, titles, "Oscar's page with the same content", rounds, times)
        figures += search_figures(port, count, rounds)
        bare, _ = interleaved(port, {BARE: (BARE, ["/bare/"])}, rounds, times)[BARE]
    common.show(f"Over HTTP, {size:,} titles", figures, bare / times, wants)


if __name__ == "__main__":
    main()
