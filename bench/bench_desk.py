"""The order desk of a shop with 5,000 open orders: the page, the part of it that is asked for every 20 seconds and one
open order, against a desk with 50 open orders, and the bare page. In process, as who is signed in there gets them.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from datetime import timedelta
from statistics import quantiles
from typing import TypeVar
from wsgiref.util import setup_testing_defaults

import common
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import models
from django.test import Client
from django.utils import timezone
from oscar.apps.order.models import Line, Order

from marketplace.foundation import bulk
from shops.models import Shop, ShopOrder, ShopOrderLine
from tests import factories

M = TypeVar("M", bound=models.Model)
OPEN, FEW, PER_ORDER = 5_000, 50, 2
MOST_QUERIES, LONGEST = 10, 0.150
PAGES = {"the desk": "", "its queue, asked for again": "queue/", "an open order": "orders/{}/"}


@dataclass(frozen=True)
class Desk:
    """A shop's desk and the cookie of one of its staff."""

    shop: Shop
    cookie: str

    def get(self, handler: WSGIHandler, path: str) -> None:
        number = self.shop.shop_orders.order_by("pk").values_list("number", flat=True)[0]
        environ = {"PATH_INFO": f"/portal/{self.shop.slug}/{path.format(number)}", "HTTP_HOST": "testserver"}
        environ["HTTP_COOKIE"] = f"{settings.SESSION_COOKIE_NAME}={self.cookie}"
        setup_testing_defaults(environ)
        answered: list[str] = []
        response = handler(environ, lambda status, headers: answered.append(status))
        b"".join(response)
        response.close()
        if answered != ["200 OK"]:
            raise SystemExit(f"{environ['PATH_INFO']} answers {answered[0]}, not 200 OK.")


def make_desk(orders: int, *, first_number: int) -> Desk:
    """Open orders of two lines: four in ten to answer, four to prepare, two ready; made from one real one."""
    shop = factories.shop()
    records = [factories.stock_record(shop, units=10) for _ in range(PER_ORDER)]
    sample = factories.shop_order(shop, *((record, 1) for record in records))
    placed = sample.order
    oscar_lines, lines = list(placed.lines.order_by("pk")), list(sample.lines.order_by("pk"))
    numbers = [str(first_number + one) for one in range(orders - 1)]
    made = Order.objects.bulk_create([_like(placed, number=number) for number in numbers], batch_size=500)
    theirs = Line.objects.bulk_create([_like(line, order=order) for order in made for line in oscar_lines], 500)
    statuses = [ShopOrder.Status.NEW] * 4 + [ShopOrder.Status.ACCEPTED] * 4 + [ShopOrder.Status.PACKED] * 2
    now = timezone.now()
    parts = ShopOrder.objects.bulk_create(
        [
            _like(
                sample,
                order=order,
                number=f"{order.number}-A",
                status=statuses[position % 10],
                answer_due_at=now + timedelta(minutes=position),
                answered_at=now if position % 10 > 3 else None,
                ready_by=now + timedelta(minutes=OPEN - position) if position % 10 > 3 else None,
            )
            for position, order in enumerate(made)
        ],
        500,
    )
    pairs = zip((part for part in parts for _ in lines), theirs, lines * len(parts), strict=True)
    ShopOrderLine.objects.bulk_create([_line(part, line, of) for part, line, of in pairs], 500)
    person = Client()
    person.force_login(factories.member(shop).user)
    return Desk(shop, person.cookies[settings.SESSION_COOKIE_NAME].value)


def _like(row: M, **changes: object) -> M:
    made = copy(row)
    made.pk = None
    made._state = models.base.ModelState()
    made._state.fields_cache = {}
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def _line(part: ShopOrder, order_line: Line, of: ShopOrderLine) -> ShopOrderLine:
    answered = part.status != ShopOrder.Status.NEW
    packed = part.status == ShopOrder.Status.PACKED
    counts = {"accepted": of.quantity * answered, "packed": of.quantity * packed}
    return _like(of, shop_order=part, order_line=order_line, **counts)


def p95(act: Callable[[], object], rounds: int) -> float:
    act()
    return quantiles((common.seconds(act) for _ in range(rounds)), n=20)[-1]


def main() -> None:
    wants = common.arguments(__doc__ or "")
    common.fresh_database()
    factories.network(country="CA", currency="CAD", languages=["fr", "en"])
    many = make_desk(60 if wants.quick else OPEN, first_number=1_000_000)
    few = make_desk(10 if wants.quick else FEW, first_number=2_000_000)
    if bulk.is_postgres():
        bulk.execute("ANALYZE")  # as its autovacuum has done wherever so many orders came one after the other
    handler, bare = common.application(), common.bare_page()
    rounds = 3 if wants.quick else 100
    bare_one = common.interleaved({"bare": bare}, 3 if wants.quick else 10)["bare"] / common.BARE_PAGES
    figures = []
    for name, path in PAGES.items():
        many.get(handler, path)
        asked = common.queries(lambda path=path: many.get(handler, path)) - 1  # the number of an order, for the address
        at_most = MOST_QUERIES if name != "an open order" else None
        met = None if at_most is None else asked <= at_most
        figures.append(common.Figure(f"queries, {name}", f"{asked}", "", None, f"≤ {at_most}" if at_most else "", met))
        ours = p95(lambda path=path: many.get(handler, path), rounds)
        theirs = p95(lambda path=path: few.get(handler, path), rounds)
        figures.append(
            common.Figure(
                f"p95, {name}, {OPEN:,} open orders against {FEW}",
                common.milliseconds(ours),
                common.milliseconds(theirs),
                ours / theirs,
                f"≤ {common.milliseconds(LONGEST)}" if at_most else "",
                ours <= LONGEST if at_most else None,
                ours,
                bare_one,
            )
        )
    common.show("The order desk", figures, bare_one, wants)


if __name__ == "__main__":
    main()
