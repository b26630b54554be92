"""Readers buy, shops answer, a feed brings numbers, all at once: no copy is sold to two readers, none is hidden.

The truth is kept beside Halles: how many copies each shop ever had of an offer, how many readers were promised one, how
many the shop's own system has taken off. Late and repeated numbers are among those that the feed brings.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import pytest
from django.db import OperationalError, connection
from django.utils import timezone
from oscar.apps.order.models import Order
from oscar.apps.partner.models import StockRecord

from marketplace.checkout import checkouts, ending, freezing, placing
from marketplace.checkout import invariants as of_checkouts
from marketplace.checkout.models import Checkout
from marketplace.payments.models import Payment
from shops import absorbing, stock
from shops import invariants as of_shops
from shops.models import Shop, ShopOrder, ShopOrderLine
from shops.orders import fulfilment
from tests import factories
from tests.checkout import buying
from tests.proof.sizes import sized

SEED = 20260302
THREADS, OFFERS, SHOPS, ATTEMPTS = 16, 50, 5, 10_000


@dataclass
class Shelf:
    """One offer as it really is. Changed and read under `lock` alone."""

    record: StockRecord
    supply: int  # copies the shop ever had
    promised: int = 0  # to readers, and not given back
    booked: int = 0  # of those: taken off the number in the shop's own system
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass
class World:
    shelves: list[Shelf]
    counts: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    left: int = 0

    def count(self, what: str) -> None:
        with self.lock:
            self.counts[what] += 1

    def takes_a_turn(self) -> bool:
        with self.lock:
            self.left -= 1
            return self.left >= 0

    def promise(self, shelf: Shelf, units: int) -> None:
        with shelf.lock:
            shelf.promised += units
            if shelf.promised > shelf.supply:
                text = f"{shelf.record.partner_sku}: {shelf.promised} promised of {shelf.supply}"
                self.violations.append(text)


def give_back(shelf: Shelf, units: int) -> None:
    """Said before Halles hears of it: from then on another reader may have the copies."""
    with shelf.lock:
        shelf.promised -= units


def race(*, attempts: int, offers: int, threads: int, seed: int) -> Mapping[str, object]:
    """Its counts; `violations` are texts."""
    chance = random.Random(seed)
    shops = [buying.shop_with_delivery(reserves_on_accept=True)[0] for _ in range(min(SHOPS, offers))]
    titles = [factories.product(is_book=True) for _ in range(max(1, offers // 2))]
    world = World(
        [_shelf(shops[n % len(shops)], titles[n % len(titles)], chance) for n in range(offers)], left=attempts
    )
    over = threading.Event()
    readers = [
        threading.Thread(target=_read_and_buy, args=(world, random.Random(f"{seed}:{n}"))) for n in range(threads)
    ]
    feed = threading.Thread(target=_bring_numbers, args=(world, random.Random(f"{seed}:feed"), over))
    for thread in (*readers, feed):
        thread.start()
    for thread in readers:
        thread.join()
    over.set()
    feed.join()
    _settle(world)
    return {"seed": seed, "attempts": attempts, **dict(sorted(world.counts.items())), "violations": world.violations}


def _shelf(shop: Shop, title: object, chance: random.Random) -> Shelf:
    units = chance.randint(1, 5)
    return Shelf(factories.stock_record(shop, title, units=units, as_of=timezone.now()), units)


def _read_and_buy(world: World, chance: random.Random) -> None:
    try:
        while world.takes_a_turn():
            world.count(_attempt(world, chance))
    except Exception as error:
        world.violations.append(f"a reader met {error!r}")
    finally:
        connection.close()


def _attempt(world: World, chance: random.Random) -> str:
    wanted = [
        (shelf, chance.randint(1, 2))
        for shelf in chance.sample(world.shelves, min(chance.randint(1, 3), len(world.shelves)))
    ]
    try:
        basket = factories.basket(*((shelf.record, units) for shelf, units in wanted))
        checkout = buying.ready(basket, post=False)
        seen = checkouts.plan_of(checkout, now=timezone.now()).fingerprint()
        refusal = freezing.freeze_and_hold(checkout, seen=seen, now=timezone.now())
    except OperationalError as error:  # SQLite lets its writers wait in no order; the reader would try again
        if "locked" not in str(error):
            raise
        return "busy"
    if refusal is not None:
        return f"told {refusal.reason}"
    for shelf, units in wanted:
        world.promise(shelf, units)
    if chance.random() < 0.3:
        for shelf, units in wanted:
            give_back(shelf, units)
        _again(lambda: ending.end(checkout, now=timezone.now()))
        return "came back without paying"
    _again(lambda: _pay(checkout))
    order = _again(lambda: placing.place(checkout.pk, now=timezone.now()))
    if order is None:
        world.violations.append(f"checkout {checkout.pk} was paid and held, and not placed")
        return "lost"
    for part in ShopOrder.objects.filter(order=order).select_related("shop"):
        _answer(world, part, chance)
    return "bought"


def _pay(checkout: Checkout) -> None:
    columns = {"currency": checkout.currency, "amount_minor": checkout.total_minor, "session_id": f"cs_{checkout.pk}"}
    Payment.objects.get_or_create(checkout=checkout, defaults=columns | {"state": Payment.State.OPEN})
    buying.pay(checkout)


def _answer(world: World, part: ShopOrder, chance: random.Random) -> None:
    """Declined as wrongly priced, taken off the shop's number and accepted, or not answered yet."""
    fate = chance.random()
    shelves = {shelf.record.pk: shelf for shelf in world.shelves}
    lines = list(part.lines.all())
    if fate < 0.2:
        for line in lines:
            give_back(shelves[line.stock_record_id], line.quantity)
            line.shop_order = part
            _again(
                lambda line=line: fulfilment.decline(
                    line, line.quantity, by="shop", reason="wrong_price", now=timezone.now()
                )
            )
    elif fate < 0.8:
        for line in lines:
            shelf = shelves[line.stock_record_id]
            with shelf.lock:
                shelf.booked += line.quantity
        _again(lambda: fulfilment.accept_all(part, by="shop", now=timezone.now()))


def _decline(line: ShopOrderLine) -> None:
    fulfilment.decline(line, line.quantity, by="shop", reason="wrong_price", now=timezone.now())


def _again(act, times: int = 20):
    """What Halles or a person does again when the database was busy."""
    for _ in range(times):
        try:
            return act()
        except OperationalError as error:
            if "locked" not in str(error):
                raise
    return act()


def _bring_numbers(world: World, chance: random.Random, over: threading.Event) -> None:
    late: list[tuple[Shelf, int, datetime]] = []
    try:
        while not over.wait(0.005):
            shelf = chance.choice(world.shelves)
            with shelf.lock:
                if shelf.supply - shelf.promised < 1:
                    shelf.supply += chance.randint(1, 5)
            number, as_of = _look(shelf)
            late.append((shelf, number, as_of))
            if chance.random() < 0.3:  # it travels for a while
                world.count("numbers late")
            else:
                _bring(shelf, number, as_of)
                world.count("numbers")
            if len(late) > 20:
                _bring(*late.pop(chance.randrange(len(late))))
                world.count("numbers again")
    except Exception as error:
        world.violations.append(f"the feed met {error!r}")
    finally:
        connection.close()


def _look(shelf: Shelf) -> tuple[int, datetime]:
    """What the shop's system says, and the earliest moment at which that was read."""
    as_of = timezone.now()
    with shelf.lock:
        return max(0, shelf.supply - shelf.booked), as_of


def _bring(shelf: Shelf, number: int, as_of: datetime) -> None:
    _again(lambda: absorbing.write_number(shelf.record, number, as_of=as_of, now=timezone.now()))


def _settle(world: World) -> None:
    """Each shop gets one copy more of each and is read once more; then Halles must know exactly what is there."""
    for shelf in world.shelves:
        with shelf.lock:
            shelf.supply += 1
        _bring(shelf, *_look(shelf))
    records = stock.read(shelf.record.pk for shelf in world.shelves)
    for shelf in world.shelves:
        sellable = stock.sellable_now(records[shelf.record.pk], now=timezone.now())
        free, promised = shelf.supply - shelf.promised, shelf.promised
        lines = ShopOrderLine.objects.filter(stock_record=shelf.record)
        sold = sum(line.quantity - line.declined for line in lines)
        if (sellable, sold) != (free, promised):
            sku = shelf.record.partner_sku
            world.violations.append(f"{sku}: sellable {sellable}, free {free}; sold {sold}, promised {promised}")
    if Order.objects.count() != world.counts["bought"]:
        world.violations.append(f"{Order.objects.count()} orders of {world.counts['bought']} purchases")
    for checks in (of_shops.INVARIANTS, of_checkouts.INVARIANTS):
        world.violations += [text for check in checks.values() for text in check()]


@pytest.mark.proof
def test_ten_thousand_purchases_sell_no_copy_twice_and_hide_none(committed_db, said):
    counts = race(attempts=sized(ATTEMPTS), offers=max(10, sized(OFFERS)), threads=THREADS, seed=SEED)
    said(counts)
    assert counts["violations"] == []
