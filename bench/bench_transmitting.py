"""From the payment to the shop's webhook: checkouts paid at ten a second, the worker placing and transmitting as in
service, a shop's system over HTTP on the loopback. Compared with a bare loop that posts such a message.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from statistics import median, quantiles

import common
import requests
from bench_placing import basket, open_shops
from django.conf import settings
from django.utils import timezone

from marketplace import worker
from shops import webhooks
from shops.models import Shop, ShopOrder
from tests import factories
from tests.checkout import buying

PER_SECOND, LONGEST = 10, 2.0
STEPS = {"place_paid", "transmit_orders", "let_through"}


class System(ThreadingHTTPServer):
    """Says yes, and when it heard of which order."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Taking)
        self.heard: dict[str, float] = {}
        self.body = b""


class Taking(BaseHTTPRequestHandler):
    server: System

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        at = time.perf_counter()
        self.send_response(204)
        self.end_headers()
        if self.headers["webhook-id"]:
            self.server.body = body
            self.server.heard.setdefault(json.loads(body)["data"]["number"], at)

    def log_message(self, *args: object) -> None:
        pass


def pay_at_a_pace(count: int, shops: list[Shop]) -> dict[int, float]:
    """When each checkout was paid, by its key."""
    waiting = [buying.frozen(basket(shops, 3)) for _ in range(count)]
    paid: dict[int, float] = {}
    begin = time.perf_counter()
    for number, checkout in enumerate(waiting):
        time.sleep(max(0.0, begin + number / PER_SECOND - time.perf_counter()))
        buying.pay(checkout)
        paid[checkout.pk] = time.perf_counter()
    return paid


def worked(act: Callable[[], dict[int, float]], system: System, parts: int) -> dict[int, float]:
    """Do it beside the worker, until the shops have heard of so many parts."""
    worker.STEPS[:] = [step for step in worker.STEPS if step.name in STEPS]
    stop = threading.Event()
    running = threading.Thread(target=worker.run_forever, args=(stop,))
    running.start()
    try:
        paid = act()
        deadline = time.monotonic() + 60
        while len(system.heard) < parts:
            if time.monotonic() > deadline:
                raise SystemExit(f"Only {len(system.heard)} of {parts} orders came through.")
            time.sleep(0.02)
    finally:
        stop.set()
        running.join()
    return paid


def bare_posts(address: str, body: bytes, count: int) -> float:
    """Seconds of one of so many posts, one after another, each over a connection of its own."""
    return median(common.seconds(lambda: requests.post(address, data=body, timeout=20)) for _ in range(count))


def main() -> None:
    wants = common.arguments(__doc__ or "")
    common.fresh_database()
    settings.HTTP_ALLOW_PRIVATE = True
    orders = 3 if wants.quick else 150
    shops = open_shops()
    with System() as system:
        threading.Thread(target=system.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{system.server_address[1]}/"
        for shop in shops:
            webhooks.set_up(shop, address, by=factories.user(), now=timezone.now())
        paid = worked(lambda: pay_at_a_pace(orders, shops), system, orders * len(shops))
        bare = bare_posts(address, system.body, 3 if wants.quick else 100)
        system.shutdown()
    of = dict(ShopOrder.objects.values_list("number", "order__checkout__pk"))
    taken = sorted(at - paid[of[number]] for number, at in system.heard.items())
    p95 = quantiles(taken, n=20)[-1]
    figures = [
        common.Figure(
            f"payment to the shop's webhook, p95, {PER_SECOND} orders/s",
            common.milliseconds(p95),
            common.milliseconds(bare),
            p95 / bare,
            f"≤ {LONGEST:.0f} s",
            p95 <= LONGEST,
            p95,
        ),
        common.Figure(
            "the same, median", common.milliseconds(median(taken)), common.milliseconds(bare), median(taken) / bare
        ),
    ]
    bare_page = common.seconds(common.bare_page()) / common.BARE_PAGES
    common.show("Transmitting", figures, bare_page, wants)


if __name__ == "__main__":
    main()
