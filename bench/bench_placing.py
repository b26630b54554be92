"""Placing an order of three lines from two shops against Oscar's unmodified `place_order` with a basket of three lines.

Baskets, paid checkouts, prices and addresses are made before the clock runs, for both.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import common
from django.utils import timezone
from oscar.apps.address.models import Country
from oscar.apps.basket.models import Basket
from oscar.apps.order.models import Order, ShippingAddress
from oscar.apps.order.utils import OrderCreator
from oscar.apps.partner.strategy import Default
from oscar.apps.shipping.methods import Free
from oscar.core.prices import Price

from marketplace.checkout import placing
from shops.models import Shop
from tests import factories
from tests.checkout import buying

MOST_QUERIES, AIM = 25, 15
LINES = (3, 12)


def open_shops() -> list[Shop]:
    factories.network(country="CA", currency="CAD", languages=["fr", "en"])
    return [buying.shop_with_delivery(name)[0] for name in ("Librairie A", "Librairie B")]


def basket(shops: list[Shop], lines: int) -> Basket:
    """So many lines of so many titles, two thirds from the first shop."""
    records = [
        factories.stock_record(shops[number % 3 // 2], factories.product(is_book=number % 3 != 1), units=5)
        for number in range(lines)
    ]
    return factories.basket(*((record, 1 + number % 2) for number, record in enumerate(records)))


def ours(shops: list[Shop], lines: int = 3) -> Callable[[], Order | None]:
    """Places a checkout that is frozen, held and paid."""
    checkout_id = buying.paid(basket(shops, lines)).pk
    return lambda: placing.place(checkout_id, now=timezone.now())


def oscars(shops: list[Shop], lines: int = 3) -> Callable[[], Order]:
    """Places a basket whose lines are priced by Oscar's own strategy."""
    made = basket(shops, lines)
    made.strategy = Default()
    for line in made.all_lines():
        line.purchase_info  # noqa: B018  (remembered by the line)
    total = Price(currency="CAD", excl_tax=made.total_excl_tax, incl_tax=made.total_excl_tax)
    free = Price(currency="CAD", excl_tax=Decimal(0), incl_tax=Decimal(0))
    number = f"oscar-{made.pk}"
    fields = buying.ADDRESS | {"line4": buying.ADDRESS["city"], "state": "QC", "last_name": "Léa Roy"}
    address = ShippingAddress(
        **{name: value for name, value in fields.items() if name not in ("city", "region", "country")}
    )
    address.country = Country.objects.get_or_create(iso_3166_1_a2="CA", printable_name="Canada", name="Canada")[0]

    def place() -> Order:
        address.save()  # as Oscar's checkout does just before: the address belongs to the order in both
        return OrderCreator().place_order(
            made, total, Free(), free, order_number=number, shipping_address=address, guest_email="lea@example.org"
        )

    return place


def all_of(tasks: list[Callable[[], object]]) -> Callable[[], None]:
    def run() -> None:
        for task in tasks:
            if task() is None:
                raise SystemExit("A paid checkout was not placed.")

    return run


def main() -> None:
    wants = common.arguments(__doc__ or "")
    common.fresh_database()
    shops = open_shops()
    orders, rounds = (1, 1) if wants.quick else (10, 15)
    for prepare in (ours, oscars):
        prepare(shops)()
    figures = []
    for lines in LINES:
        counted, of_oscar = common.queries(ours(shops, lines)), common.queries(oscars(shops, lines))
        figures.append(
            common.Figure(
                f"queries of an order of {lines} lines from 2 shops",
                f"{counted}",
                f"{of_oscar}",
                counted / of_oscar,
                f"≤ {MOST_QUERIES}, aim {AIM}",
                counted <= MOST_QUERIES,
            )
        )
    turns = {
        name: iter([all_of([prepare(shops) for _ in range(orders)]) for _ in range(rounds)])
        for name, prepare in (("ours", ours), ("oscar", oscars))
    }
    tasks = {name: lambda turn=turn: next(turn)() for name, turn in turns.items()}
    taken = common.interleaved({**tasks, "bare": common.bare_page()}, rounds)
    ratio = taken["oscar"] / taken["ours"]
    figures.append(
        common.Figure(
            "orders/s of 3 lines from 2 shops, against Oscar's place_order",
            common.rate(orders, taken["ours"]),
            common.rate(orders, taken["oscar"]),
            ratio,
            "≥ 3, aim 6",
            ratio >= 3,
            taken["ours"] / orders,
        )
    )
    common.show("Placing", figures, taken["bare"] / common.BARE_PAGES, wants)


if __name__ == "__main__":
    main()
