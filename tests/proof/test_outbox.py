"""Shops' systems that are down for days and stumble meanwhile: each order arrives once, or a person knows, and none
before an older one of its shop."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest
from django.test import override_settings

from marketplace.foundation.models import MailMessage
from shops.channels import webhook
from shops.models import Shop, ShopOrder, Transmission
from shops.orders import again, falling_back, routing
from tests import factories
from tests.factories import NOON
from tests.proof.sizes import sized
from tests.shops.channels import receiver
from tests.shops.channels.receiver import Receiver

SEED, SHOPS, ORDERS = 20261126, 20, 12
LONGEST_DOWN, SOLD_WITHIN = timedelta(hours=80), timedelta(hours=48)
ANSWER_WITHIN = timedelta(hours=100)
FAULTS = ["500", "hang", "lost", "busy", "slow"]
LOOKS_EVERY = timedelta(hours=6)  # a person, at what is parked
ROUNDS = 4_000


class Simulated:
    """Shops on a clock of their own; what each has heard, and when."""

    def __init__(self, server: Receiver, *, shops: int, orders: int, seed: int) -> None:
        self.chance, self.server, self.now = random.Random(seed), server, NOON
        self.faults: Counter[str] = Counter()
        self.down: dict[str, tuple[datetime, datetime]] = {}
        self.shops = [self._shop(number) for number in range(shops)]
        self.rows = [self._sold(shop, number, orders) for number in range(orders) for shop in self.shops]
        server.plan = self._plan

    def _shop(self, number: int) -> Shop:
        """Every second one has no other channel than its own system."""
        shop, path = factories.shop(), f"/{number}"
        receiver.connected(self.server, shop, path)
        minutes = self.chance.choice([60, 600]) if number % 2 else None
        falling_back.fall_back_after(shop, minutes, by=factories.user())
        begin = NOON + self.chance.random() * timedelta(hours=24)
        self.down[path] = begin, begin + self.chance.random() * LONGEST_DOWN
        return shop

    def _sold(self, shop: Shop, number: int, of: int) -> Transmission:
        at = NOON + SOLD_WITHIN * number / of
        record = factories.stock_record(shop, units=1)
        placed = factories.shop_order(shop, (record, 1), created_at=at, answer_due_at=at + ANSWER_WITHIN)
        return Transmission.objects.create(shop_order=placed, shop=shop, channel="webhook", due_at=at)

    def _plan(self, path: str) -> str:
        begin, end = self.down[path]
        if begin <= self.now < end:
            fault = self.chance.choice(["down", "500"])
        else:
            fault = self.chance.choice(FAULTS) if self.chance.random() < 0.3 else ""
        self.faults[fault or "none"] += 1
        return fault

    def run(self) -> None:
        """From one moment at which something is due to the next; now and then a person lets parked orders be tried
        again."""
        looks = self.now + LOOKS_EVERY
        for _ in range(ROUNDS):
            routing.transmit_orders(self.now)
            waiting = Transmission.objects.filter(due_at__isnull=False)
            if not waiting.exists():
                return
            free = waiting.filter(parked_at=None, pk__in=self._heads()).order_by("due_at").first()
            due = free.due_at if free and free.due_at else looks
            if max(due, self.now) >= looks:
                self.now, looks = looks, looks + LOOKS_EVERY
                self._look()
            else:
                self.now = max(due, self.now)

    def _look(self) -> None:
        person = factories.user()
        for row in Transmission.objects.exclude(parked_at=None).select_related("shop_order"):
            self.faults["seen by a person"] += 1
            again.send_again(row.shop_order, by=person, now=self.now)

    def _heads(self) -> list[int]:
        heads: dict[int, int] = {}
        for key, shop in Transmission.objects.filter(due_at__isnull=False).order_by("pk").values_list("pk", "shop"):
            heads.setdefault(shop, key)
        return list(heads.values())

    def wrong(self) -> list[str]:
        """Orders that came nowhere, or twice; shops that heard of a younger one first."""
        found = []
        for number, shop in enumerate(self.shops):
            sold = [row for row in self.rows if row.shop_id == shop.pk]
            numbers = list(ShopOrder.objects.filter(shop=shop).order_by("pk").values_list("number", flat=True))
            posted = self.server.numbers(path=f"/{number}")
            letters = MailMessage.objects.filter(shop=shop, kind="shop_order_new").order_by("pk")
            mailed = [key.partition(":")[2] for key in letters.values_list("dedupe_key", flat=True)]
            missing = set(numbers) - set(posted) - set(mailed)
            found += [f"{shop}: {len(missing)} of {len(sold)} orders came nowhere"] if missing else []
            for way, came in (("posted", posted), ("mailed", mailed)):
                if came != [one for one in numbers if one in came]:
                    found.append(f"{shop}: {way} in the order {came}")
            sent = list(Transmission.objects.filter(shop=shop).order_by("pk").values_list("sent_at", flat=True))
            if None in sent or sent != sorted(sent, key=str):
                found.append(f"{shop}: acknowledged out of order {sent}")
        return found


def deliver(*, shops: int, orders: int, seed: int) -> Mapping[str, object]:
    """Its counts; `violations` are texts."""
    with override_settings(HTTP_ALLOW_PRIVATE=True), receiver.running() as server:
        told = Simulated(server, shops=shops, orders=orders, seed=seed)
        told.run()
        fell = Transmission.objects.exclude(fell_back_at=None).count()
        twice = len(server.calls) - sum(map(len, server.kept.values()))
        counts = {"seed": seed, "shops": shops, "orders": shops * orders, "by mail": fell, "calls in vain": twice}
        return {**counts, **dict(sorted(told.faults.items())), "violations": told.wrong()}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that hangs is left after a quarter of a second instead of twenty."""
    monkeypatch.setattr(webhook, "SECONDS", 0.25)


@pytest.mark.proof
def test_each_order_arrives_once_and_in_order_or_a_person_knows(db, impatient, said):
    counts = deliver(shops=SHOPS, orders=sized(ORDERS), seed=SEED)
    said(counts)
    assert counts["violations"] == []
