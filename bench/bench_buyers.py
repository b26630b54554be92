"""Eight buyers at once, each in a process of its own, against the same purchases one after another in one process. A
purchase holds its copies and places its order: what it buys, and its payment, are made before the clock runs. All want
the same few titles of two shops, of which there are exactly as many copies as are wanted: at the end each is sold once.
"""

from __future__ import annotations

import multiprocessing
import sys
import time
import traceback
from collections.abc import Sequence
from multiprocessing.synchronize import Barrier
from statistics import median

import common
from bench_placing import open_shops
from django.db.models import F, Sum
from django.utils import timezone
from oscar.apps.partner.models import StockRecord

from marketplace.checkout import checkouts, freezing, placing
from marketplace.checkout.models import Checkout
from marketplace.payments.models import Payment
from shops.models import Allocation, Shop
from tests import factories
from tests.checkout import buying

BUYERS, LINES = 8, 3
WARM = 4  # purchases of each buyer before the clock runs: a process that serves has its statements planned
TITLES = 12
LEAST = {"postgresql": 1.5, "sqlite": 0.8}
Ready = tuple[int, str]  # a checkout, and what its reader has seen


def wanted(shops: Sequence[Shop], purchases: int) -> list[Ready]:
    """Checkouts whose every decision is made, of lines that change from one to the next."""
    records = [
        factories.stock_record(shops[number % 2], factories.product(is_book=number % 3 != 1), units=0)
        for number in range(TITLES)
    ]
    found = []
    for number in range(purchases):
        lines = [records[(number + step * 5) % TITLES] for step in range(LINES)]
        for record in lines:
            StockRecord.objects.filter(pk=record.pk).update(num_in_stock=F("num_in_stock") + 2)
            record.num_in_stock += 2
        checkout = buying.ready(factories.basket(*((record, 2) for record in lines)))
        plan = checkouts.plan_of(checkout, now=timezone.now())
        found.append((checkout.pk, plan.fingerprint()))
    return found


def buy(purchases: Sequence[Ready]) -> None:
    """Anything but an order is an error."""
    for checkout_id, seen in purchases:
        now = timezone.now()
        checkout = Checkout.objects.get(pk=checkout_id)
        if refused := freezing.freeze_and_hold(checkout, seen=seen, now=now):
            raise SystemExit(f"A purchase was refused: {refused}")
        paid = {"state": Payment.State.OPEN, "currency": checkout.currency, "amount_minor": checkout.total_minor}
        Payment.objects.create(checkout=checkout, session_id=f"cs_{checkout.pk}", **paid)
        buying.pay(checkout)
        if placing.place(checkout.pk, now=now) is None:
            raise SystemExit("A paid checkout was not placed.")


def at_once(purchases: Sequence[Ready], warming: Sequence[Ready]) -> float:
    """Seconds from the moment all buyers are ready to the last one's end."""
    common.connections.close_all()
    begin, context = multiprocessing.Barrier(BUYERS + 1), multiprocessing.get_context("fork")
    buyers = [
        context.Process(target=_buyer, args=(purchases[number::BUYERS], warming[number::BUYERS], begin))
        for number in range(BUYERS)
    ]
    for buyer in buyers:
        buyer.start()
    begin.wait()
    began = time.perf_counter()
    for buyer in buyers:
        buyer.join()
    taken = time.perf_counter() - began
    if any(buyer.exitcode for buyer in buyers):
        raise SystemExit("A buyer met an error.")
    return taken


def _buyer(purchases: Sequence[Ready], warming: Sequence[Ready], begin: Barrier) -> None:
    try:
        buy(warming)
        begin.wait()
        buy(purchases)
    except Exception:
        begin.abort()
        traceback.print_exc()
        sys.exit(1)


def each_is_sold_once() -> bool:
    promised = Allocation.objects.filter(ended_at=None, cause=Allocation.Cause.LINE)
    sold = dict(promised.values_list("stock_record").annotate(units=Sum("units")))
    return sold == dict(StockRecord.objects.exclude(num_in_stock=0).values_list("pk", "num_in_stock"))


def main() -> None:
    wants = common.arguments(__doc__ or "")
    common.fresh_database()
    shops = open_shops()
    count, warm, rounds = (BUYERS, 0, 1) if wants.quick else (BUYERS * 10, BUYERS * WARM, 5)
    buy(wanted(shops, 2 + warm))
    one_by_one, together = [], []
    for _ in range(rounds):
        purchases = wanted(shops, count)
        one_by_one.append(common.seconds(lambda: buy(purchases)))  # noqa: B023  (run at once)
        together.append(at_once(wanted(shops, count), wanted(shops, warm)))
    ratio = median(one_by_one) / median(together)
    least = LEAST[common.connection.vendor]
    figures = [
        common.Figure(
            "orders/s of eight buyers at once, against one after another",
            common.rate(count, median(together)),
            common.rate(count, median(one_by_one)),
            ratio,
            f"≥ {least:g}",
            ratio >= least,
        ),
        common.Figure("each copy sold once", str(each_is_sold_once()), goal="True", met=each_is_sold_once()),
    ]
    common.show("Buyers", figures, common.seconds(common.bare_page()) / common.BARE_PAGES, wants)


if __name__ == "__main__":
    main()
