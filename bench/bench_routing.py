"""Whom to ask for ten lines that a shop lacks, of 120 shops that all have them, beside so many other offers."""

from __future__ import annotations

import math
import time
from statistics import median
from typing import NamedTuple

import common
import large
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from marketplace.checkout import candidates, placing, routes, routing_rules
from marketplace.checkout.models import Checkout
from marketplace.foundation import bulk
from shops.load import measure_load
from shops.models import Rerouting, Shop, ShopLoad
from tests import factories
from tests.checkout import buying

LINES, LIMIT_MS, AIM_MS, MOST_QUERIES = 10, 20.0, 5.0, 2


def open_shops(count: int) -> list[Shop]:
    factories.network(country="CA", currency="CAD", reroute_borne_by="network", reroute_most_minor=100_000)
    made = []
    for number in range(count):
        place = {"latitude": 45.4 + number % 11 / 50, "longitude": -73.7 + number % 13 / 50}
        shop, *_ = buying.shop_with_delivery(f"Librairie {number}", **place)
        made.append(shop)
    return made


def fill(offers: int, shops: list[Shop]) -> int:
    """Other titles, each on the shelf of every shop. Returns how many offers."""
    large.fill_titles(max(1, offers // len(shops)))
    for shop in shops:
        bulk.execute(
            "INSERT INTO partner_stockrecord (product_id, partner_id, partner_sku, price_currency, price, num_in_stock,"
            " num_allocated, date_created, date_updated)"
            " SELECT p.id, %(partner)s, 'x' || p.id, 'CAD', 10, 3, 0, %(now)s, %(now)s FROM catalogue_product p"
            " WHERE NOT EXISTS (SELECT 1 FROM partner_stockrecord k WHERE k.product_id = p.id"
            " AND k.partner_id = %(partner)s)",
            {"partner": shop.partner_id, "now": bulk.moment(timezone.now())},
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE partner_stockrecord" if bulk.is_postgres() else "ANALYZE")
        cursor.execute("SELECT count(*) FROM partner_stockrecord")
        return int(cursor.fetchone()[0])


def lacking(shops: list[Shop]) -> Rerouting:
    """The first shop lacks all ten lines of an order; the others have them."""
    products = [factories.product(f"Titre {number}", is_book=True) for number in range(LINES)]
    records = [[factories.stock_record(shop, product, price="12.00") for product in products] for shop in shops]
    checkout = buying.paid(factories.basket(*((record, 1) for record in records[0])))
    Checkout.objects.filter(pk=checkout.pk).update(agrees_other_shop=True)
    order = placing.place(checkout.pk, now=timezone.now())
    if order is None:
        raise SystemExit("The order was not placed.")
    declined = order.shop_orders.get()
    lines = list(declined.lines.all())
    row = Rerouting.objects.create(shop_order=declined, spoken_of=lines[0], declined_at=timezone.now())
    for line in lines:
        row.parts.create(line=line, units=line.quantity, agreed_minor=line.paid_minor)
    return row


class Taken(NamedTuple):
    """Seconds and queries of whom to ask, and of the same with what it costs there; how many could be asked."""

    chosen: float
    queries: int
    priced: float
    queries_priced: int
    candidates: int


def decision(row_id: int) -> Taken:
    """One, rules and opening hours read a moment ago."""
    related = ["shop_order__shop", "shop_order__order__checkout", "shop_order__delivery_option__receiving_shop"]
    row = Rerouting.objects.select_related(*related).get(pk=row_id)
    parts = list(row.parts.select_related("line__shop_order"))
    with CaptureQueriesContext(connection) as asked:
        begun = time.perf_counter()
        seen, _left_out = candidates.seen(row, parts, timezone.now())
        routing_rules.choose([one.candidate for one in seen], routing_rules.USUAL)
        chosen = time.perf_counter() - begun
    with CaptureQueriesContext(connection) as asked_priced:
        begun = time.perf_counter()
        decided = routes.decide(row, parts, now=timezone.now())
        priced = time.perf_counter() - begun
    if decided.found is None:
        raise SystemExit("Nobody was chosen.")
    return Taken(chosen, len(asked), priced, len(asked_priced), len(seen))


def timed(name: str, seconds: list[float]) -> common.Figure:
    p95 = sorted(seconds)[math.ceil(len(seconds) * 0.95) - 1] * 1000
    goal = f"≤ {LIMIT_MS:.0f} ms, aim {AIM_MS:.0f}"
    ours, limit = f"{p95:.1f} ms", f"{LIMIT_MS:.0f} ms"
    return common.Figure(name, ours, limit, p95 / LIMIT_MS, goal, p95 <= LIMIT_MS, median(seconds))


def asking(name: str, queries: int) -> common.Figure:
    ratio = queries / MOST_QUERIES
    return common.Figure(name, f"{queries}", f"{MOST_QUERIES}", ratio, f"≤ {MOST_QUERIES}", queries <= MOST_QUERIES)


def main() -> None:
    parser = common.argument_parser(__doc__ or "")
    parser.add_argument("--offers", type=int, default=5_000_000)
    wants = parser.parse_args()
    common.fresh_database()
    count, offers, rounds = (4, 40, 3) if wants.quick else (120, wants.offers, 40)
    large.open_network(0)
    shops = open_shops(count)
    row = lacking(shops)
    there = fill(offers, shops)
    measure_load(timezone.now())
    if ShopLoad.objects.count() < count:
        raise SystemExit("The load was not measured.")
    decision(row.pk)
    taken, bare = [], []
    page = common.bare_page()
    for _ in range(rounds):
        begun = time.perf_counter()
        page()
        bare.append((time.perf_counter() - begun) / common.BARE_PAGES)
        taken.append(decision(row.pk))
    last = taken[-1]
    if last.candidates != count - 1:
        raise SystemExit(f"{last.candidates} shops could be asked, not {count - 1}.")
    of = f"{LINES} lines, {count} shops, {there:,} offers, p95"
    figures = [
        timed(f"decision, {of}", [one.chosen for one in taken]),
        asking("its statements", last.queries),
        timed("with what it costs there, p95", [one.priced for one in taken]),
        asking("its statements, priced", last.queries_priced),
    ]
    common.show("Routing", figures, median(bare), wants)


if __name__ == "__main__":
    main()
