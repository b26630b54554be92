"""The title page against Oscar's own page of the same product with the same stock records, and the bare page.

Twice: with its rows read each time (a page that another visitor was shown within the minute is not rendered again), and
made anew each time. That it is sent again within a second is measured by `bench_http.py`."""

from __future__ import annotations

from collections.abc import Mapping

import common
import oscar_page
from django.core.handlers.wsgi import WSGIHandler
from oscar.apps.catalogue.models import Product

from marketplace.storefront import page_memory
from tests import factories

SIZES = (1, 3, 30)  # offers of a title; three is the demo's mean
MOST_QUERIES = 8
LEAST_RATIO = 3


def make_titles() -> dict[int, Product]:
    """Titles of one author with their facts, sold by 1, 3 and 30 of 30 shops that have hours and deliver."""
    factories.network(country="CA", currency="CAD", languages=["fr", "en"])
    shops = [factories.shop() for _ in range(max(SIZES))]
    for shop in shops:
        factories.delivery_option(shop)
        factories.delivery_option(shop, kind="post", price_minor=895, countries=["CA"])
        for weekday in range(6):
            shop.opening_hours.create(weekday=weekday, opens="09:00", closes="18:00")
    facts = {"publisher": "Gallimard", "form": "paperback", "pages": 184, "is_book": True, "description": "<p>…</p>"}
    titles = {}
    for position, size in enumerate(SIZES):
        contributors = {"contributors": [{"name": "Camus, Albert", "role": "author"}], "contributors_text": "A. Camus"}
        product = factories.product(f"L'Étranger {size}", gtin=9782070360024 + position, **facts, **contributors)
        for number, shop in enumerate(shops[:size]):
            condition = {"condition": "good"} if number % 3 == 2 else {}
            factories.stock_record(shop, product, price=f"{12 + number / 10:.2f}", **condition)
        titles[size] = product
    return titles


def rates(titles: Mapping[int, Product], peer: str, *, quick: bool) -> tuple[list[common.Figure], float]:
    """Queries and requests per second, and one request of the bare page."""
    rounds, requests = (2, 2) if quick else (15, 10)
    ours, oscars = common.application(), common.application(oscar_page.MIDDLEWARE)
    bare = common.bare_page()
    figures = []
    for size, product in titles.items():
        address = product.get_absolute_url()
        for handler in (ours, oscars):
            common.visit(handler, address, 2)
        counted = common.queries(lambda address=address: visit_reading(ours, address, 1))
        of_oscar = common.queries(lambda address=address: common.visit(oscars, address))
        taken = common.interleaved(
            {
                "ours": lambda address=address: visit_reading(ours, address, requests),
                "anew": lambda address=address: visit_anew(ours, address, requests),
                "oscar": lambda address=address: common.visit(oscars, address, requests),
                "bare": bare,
            },
            rounds,
        )
        bare_one = taken["bare"] / common.BARE_PAGES
        figures += [
            common.Figure(
                f"queries, {size} offers, {peer}",
                f"{counted}",
                f"{of_oscar}",
                counted / of_oscar,
                f"≤ {MOST_QUERIES}",
                counted <= MOST_QUERIES,
            ),
            *_speed(f"{size} offers, {peer}", taken, "ours", requests, bare_one),
            *_speed(f"{size} offers, made anew, {peer}", taken, "anew", requests, bare_one),
        ]
    return figures, bare_one


def _speed(name: str, taken: Mapping[str, float], whose: str, requests: int, bare_one: float) -> list[common.Figure]:
    ratio, ours = taken["oscar"] / taken[whose], common.rate(requests, taken[whose])
    return [
        common.Figure(
            f"requests/s, {name}",
            ours,
            common.rate(requests, taken["oscar"]),
            ratio,
            f"≥ {LEAST_RATIO}",
            ratio >= LEAST_RATIO,
            taken[whose] / requests,
            bare_one,
        ),
        common.Figure(
            f"requests/s, {name}: share of the bare page",
            ours,
            common.rate(1, bare_one),
            bare_one * requests / taken[whose],
        ),
    ]


def visit_reading(handler: WSGIHandler, address: str, times: int) -> None:
    for _ in range(times):
        page_memory.forget_second()
        common.visit(handler, address)


def visit_anew(handler: WSGIHandler, address: str, times: int) -> None:
    for _ in range(times):
        page_memory.forget()
        common.visit(handler, address)


def main() -> None:
    wants = common.arguments(__doc__ or "")
    common.fresh_database()
    titles = make_titles()
    as_it_is, _ = rates(titles, "Oscar's page as it is", quick=wants.quick)
    oscar_page.give_the_same_content(titles.values())
    same, bare_one = rates(titles, "Oscar's page with the same content", quick=wants.quick)
    common.show("Title page", [*as_it_is, *same], bare_one, wants)


if __name__ == "__main__":
    main()
