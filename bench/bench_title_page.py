"""The title page against Oscar's own page of the same product with the same stock records, and the bare page."""

from __future__ import annotations

import common
import oscar_page
from oscar.apps.catalogue.models import Product

from tests import factories

SIZES = (1, 8, 30)  # offers of a title
MOST_QUERIES = 8
LEAST_RATIO = 3


def make_titles() -> dict[int, Product]:
    """Titles with their facts, sold by 1, 8 and 30 of 30 shops that have hours and deliver."""
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


def main() -> None:
    wants = common.arguments(__doc__ or "")
    common.fresh_database()
    titles = make_titles()
    rounds, requests = (2, 2) if wants.quick else (21, 20)
    ours, oscars = common.application(), common.application(oscar_page.MIDDLEWARE)
    bare = common.bare_page()
    figures = []
    for size, product in titles.items():
        address = product.get_absolute_url()
        for handler in (ours, oscars):
            common.visit(handler, address, 2)
        counted = common.queries(lambda address=address: common.visit(ours, address))
        of_oscar = common.queries(lambda address=address: common.visit(oscars, address))
        name = f"queries, {size} offers"
        figures.append(
            common.Figure(
                name, f"{counted}", f"{of_oscar}", counted / of_oscar, f"≤ {MOST_QUERIES}", counted <= MOST_QUERIES
            )
        )
        taken = common.interleaved(
            {
                "ours": lambda address=address: common.visit(ours, address, requests),
                "oscar": lambda address=address: common.visit(oscars, address, requests),
                "bare": bare,
            },
            rounds,
        )
        one, bare_one = taken["ours"] / requests, taken["bare"] / common.BARE_PAGES
        ratio = taken["oscar"] / taken["ours"]
        figures += [
            common.Figure(
                f"requests/s, {size} offers, against Oscar's page",
                common.rate(requests, taken["ours"]),
                common.rate(requests, taken["oscar"]),
                ratio,
                f"≥ {LEAST_RATIO}",
                ratio >= LEAST_RATIO,
                one,
            ),
            common.Figure(
                f"requests/s, {size} offers, as a share of the bare page",
                common.rate(1, one),
                common.rate(1, bare_one),
                bare_one / one,
                ours_seconds=one,
            ),
        ]
    common.show("Title page", figures, bare_one, wants)


if __name__ == "__main__":
    main()
