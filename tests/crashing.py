"""One purchase from the feeds to the shops' money, told so that it can be told again after a crash: readers and shops
look at what is there and do what is missing, as people do who load the page anew; the worker does the rest.

The crash is real: a forked process leaves by `os._exit(137)`. Forking is safe here: tantivy keeps threads only while
it writes (the engine waits for its merges), and a child opens its database connections and its index anew; a fresh
interpreter for each crash would cost three seconds, two dozen times over.
"""

from __future__ import annotations

import os
import re
import shutil
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import connection, connections
from django.test import override_settings
from django.utils import timezone
from oscar.apps.order.models import Order
from oscar.apps.partner.models import StockRecord

from catalog_sync import runs
from catalog_sync.models import Feed, SourceRecord, SyncRun
from marketplace import worker
from marketplace.catalogue.models import TitleChange
from marketplace.checkout.models import Checkout
from marketplace.foundation import failpoints
from marketplace.foundation.leases import DueRow
from marketplace.foundation.models import AuditEntry, MailMessage
from marketplace.payments import gateway
from marketplace.payments.fake_stripe.models import FakeStripeObject
from marketplace.payments.models import (
    GiftCardPurchase,
    LedgerEntry,
    MoneyCall,
    Payment,
    StripeEvent,
)
from search import queries
from search.engines.base import Query
from shops import stock, voting, webhooks
from shops.models import Allocation, DeskAction, Motion, ShopMember, ShopOrder, ShopOrderLine
from tests import crashing_acts as acts
from tests import factories
from tests.checkout import buying
from tests.journeys import market as story

# No outside service takes part, and nobody sends anything back: `payments/test_local_crashes` has those of local
# currencies, `payments/test_return_crashes` those of returns, `shops/orders/test_uncollected` and
# `payments/test_carried_parcels` those of parcels, `shops/orders/test_deaths` those of what
# systems say, of parcels on their way and of what ends unpaid.
ELSEWHERE = (
    "local.",
    "acknowledging.",
    "alternative.",
    "back_order.",
    "undated.",
    "bringing.",
    "carrying.",
    "ending.",
    "hearing.",
    "late_day.",
    "not_ready.",
    "parcel_again.",
    "return_",
    "take_back.",
    "parcel_refund.",
    "handover.",
    "reservation.",
)
IN_THE_STORY = sorted(name for name in failpoints.FAILPOINTS if not name.startswith(ELSEWHERE))
ROUNDS = 40
KILLED = 137
LEASES_ARE_OVER = timedelta(minutes=5)
A_FEEDS_LEASE_IS_OVER = timedelta(hours=2)
SILENCE_IS_OVER = timedelta(hours=49)
PAID_OUT_AFTER = timedelta(days=8)
# What the feeds say when the story begins: a new price, a new title, a title gone from the shelf.
PORT = [*story.PORT[:2], ("P3", *story.PORT[2][1:4], "23.00", 2), ("P4", "9782070368228", "La Peste", "", "10.50", 2)]
MILE = [*story.MILE[:2], ("M3", *story.MILE[2][1:5], 2)]


class CrashError(Exception):
    """A process of the story ended otherwise than it should have."""


def set_the_scene(now: datetime) -> None:
    """Two shops whose feeds have just changed, and a reader who has decided everything and is about to pay."""
    market = story.open_market(now)
    for feed, rows in ((market.port_feed, PORT), (market.mile_feed, MILE)):
        story.write_feed(feed.name, rows)
        # Read once: each time that the story is told anew the clock goes back, and a list would be late again.
        Feed.objects.filter(pk=feed.pk).update(due_at=now, every_minutes=60 * 24 * 30, freshness_hours=24 * 30)
    bought = [("P1", 2), ("P2", 1), ("M1", 2)]
    basket = factories.basket(*((StockRecord.objects.get(partner_sku=sku), units) for sku, units in bought))
    buying.ready(basket, now=now)
    Checkout.objects.update(agrees_other_shop=True)  # and no other has what is missing
    # Mile End's own system is at an address that is never called: its order comes by mail.
    webhooks.set_up(market.mile, "https://127.0.0.1/orders", by=factories.user(), now=now)
    put_to_the_vote(market, now)


def put_to_the_vote(market: story.Market, now: datetime) -> None:
    """The members vote, and the time for it is over."""
    owner = factories.member(market.port, role=ShopMember.Role.OWNER).user
    motion = voting.propose("Dues", "Lower them", ["Yes", "No"], by=owner, now=now)
    voting.open_vote(motion, weighing="member", days=1, by=owner, now=now)
    voting.cast(motion, market.port, 0, by=owner, now=now)
    Motion.objects.update(ends_at=now)


def work(later: timedelta) -> None:
    """The worker until nothing is due, `later` than now: until each step in turn has found nothing. A step that fails,
    fails the test."""
    found_nothing = 0
    for step in worker.STEPS * ROUNDS:
        found_nothing = 0 if step.function()(timezone.now() + later) else found_nothing + 1
        if found_nothing == len(worker.STEPS):
            return
    raise CrashError(f"After {ROUNDS} rounds there still is something to do: {left_to_do(timezone.now() + later)}")


def tell(later: timedelta = timedelta()) -> None:
    """The whole story, or what is left of it, `later` than now. Each act says whether it did anything: if not, nothing
    is left to work on since the last time."""
    work(later)
    go_through([acts.go_to_the_payment_page, acts.pay, acts.buy_a_gift_card, acts.answer], later)
    later += SILENCE_IS_OVER
    work(later)
    go_through([acts.find_one_missing, acts.hand_over], later)
    later += PAID_OUT_AFTER
    work(later)
    go_through([acts.give_back, acts.have_the_bank_dispute, acts.hand_the_evidence_in], later)


def go_through(deeds: list[Callable[[datetime], bool]], later: timedelta) -> None:
    for act in deeds:
        if act(timezone.now() + later):
            work(later)


def outcome(later: timedelta = timedelta()) -> dict[str, object]:
    """What the world looks like afterwards, without keys and times: our rows, the stand-in's, letters, the index."""
    now = timezone.now() + later
    movements = gateway.list_balance_transactions(created_since=now - timedelta(days=1))
    objects = FakeStripeObject.objects.filter(kind__in=["checkout.session", "payment_intent", "refund", "transfer"])
    lines = ("sku", "quantity", "accepted", "declined", "packed", "handed_over", "total_minor")
    payment = ("state", "amount_minor", "captured_minor", "refunded_minor")
    return {
        "objects at Stripe": sorted(Counter(objects.values_list("kind", flat=True)).items()),
        "balance at Stripe": sorted((row.kind, row.amount_minor, row.fee_minor) for row in movements),
        "orders": sorted(Order.objects.values_list("total_incl_tax", "lines__partner_sku", "lines__quantity")),
        "shop orders": sorted(ShopOrder.objects.values_list("shop__slug", "status", "total_minor", "version")),
        "lines": sorted(ShopOrderLine.objects.values_list(*lines)),
        "transmissions": sorted(ShopOrder.objects.values_list("shop__slug", "transmission__outcome")),
        "payment": list(Payment.objects.values_list(*payment)),
        "calls": sorted(MoneyCall.objects.exclude(done_at=None).values_list("kind", "amount_minor", "reason")),
        "ledger": sorted(LedgerEntry.objects.values_list("kind", "debit", "credit", "amount_minor")),
        "events": sorted(Counter(StripeEvent.objects.exclude(applied_at=None).values_list("type", flat=True)).items()),
        "stock": numbers(now),
        "allocations": sorted(
            Allocation.objects.values_list("stock_record__partner_sku", "units", "cause", "ended_by"), key=str
        ),
        "articles": sorted(SourceRecord.objects.values_list("sku", "price_minor", "quantity", "title")),
        "found": [found("letranger"), found("peste"), found("orwell")],
        "letters": letters(),
        "gift cards": list(GiftCardPurchase.objects.values_list("state", "seed", "card__balance_minor")),
        "votes": list(Motion.objects.values_list("result", flat=True)),
        "audit": sorted(Counter(AuditEntry.objects.values_list("action", flat=True)).items()),
        "pressed": list(DeskAction.objects.filter(done_at__isnull=False).values_list("deed", "shop_order__shop__slug")),
        "left to do": left_to_do(now + PAID_OUT_AFTER),
    }


def numbers(now: datetime) -> list[tuple]:
    """(sku, price, the shop's number, allocated, sellable) of every stock record."""
    records = stock.read(StockRecord.objects.values_list("pk", flat=True)).values()
    return sorted(
        (row.partner_sku, row.price, row.num_in_stock, row.num_allocated or 0, stock.sellable_now(row, now=now))
        for row in records
    )


def found(words: str) -> int:
    return queries.search(Query(text=words)).total


def letters() -> list[tuple[str, str, int]]:
    """(kind, to, how often) of what reached the mail server, by the messages' ids."""
    delivered = Counter(
        int(key)
        for path in Path(settings.EMAIL_FILE_PATH).iterdir()
        for key in re.findall(r"^Message-ID: <halles-(\d+)@", path.read_text(), re.MULTILINE)
    )
    rows = MailMessage.objects.in_bulk(delivered)
    return sorted((rows[key].kind, rows[key].to, times) for key, times in delivered.items())


def left_to_do(now: datetime) -> list[str]:
    """Rows that are due, leased or parked, and marks for the index."""
    left = [f"{mark.product_id} is not indexed" for mark in TitleChange.objects.all()]
    for model in apps.get_models():
        if issubclass(model, DueRow):
            rows = model._default_manager.filter(due_at__lte=now) | model._default_manager.exclude(parked_at=None)
            left += [f"{model.__name__} {row}: {row.last_error}" for row in rows]
    return left


def in_a_process(act: Callable[[], object], *, fail: str = "") -> int:
    """Run `act` in a process of its own; its exit code. `fail` as in HALLES_FAIL."""
    connections.close_all()
    report = Path(settings.EMAIL_FILE_PATH) / "traceback"
    child = os.fork()
    if child:
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code == 1:
            raise CrashError(report.read_text())
        return code
    code = 1
    try:
        failpoints._passages.clear()
        queries.engine.cache_clear()
        os.environ["HALLES_FAIL"] = fail
        act()
        code = 0
    except BaseException:
        report.write_text(traceback.format_exc())
    finally:
        os._exit(code)


def crash_and_go_on(*fails: str) -> tuple[timedelta, list[str]]:
    """Tell the story, each time in a new process that dies at the next of `fails` if it comes there, and at the end to
    its end. Returns how much later than now it ended, and where processes died."""
    later, died = timedelta(), []
    for fail in fails:
        code = in_a_process(lambda at=later: tell(at), fail=fail)
        if code == 0:
            continue
        if code != KILLED:
            raise CrashError(f"Nobody died at {fail}: the process ended with {code}.")
        died.append(fail)
        later += A_FEEDS_LEASE_IS_OVER if fail.startswith("sync.") else LEASES_ARE_OVER
        silent = timezone.now() - runs.DEAD_AFTER - timedelta(seconds=1)
        SyncRun.objects.filter(state=SyncRun.State.RUNNING).update(alive_at=silent)
    tell(later)
    return later, died


def die_and_compare(of: Scene, folder: Path, expected: dict[str, object], *fails: str) -> list[str]:
    """Die at each of these that is passed, go on, and compare with what happens when nobody dies. Returns where
    processes died."""
    with of.again(folder):
        later, died = crash_and_go_on(*fails)
        found = outcome(later)
        repeated = sum(fail.startswith("mail.after_send") for fail in died)
        found["letters"] = without_repeats(found["letters"], repeated)
        differs = {what: found[what] for what in expected if found[what] != expected[what]}
        assert not differs, f"died at {died}: {differs} instead of {[expected[what] for what in differs]}"
        assert story.nothing_is_wrong()
    return died


def without_repeats(letters: list[tuple[str, str, int]], repeated: int) -> list[tuple[str, str, int]]:
    """A mail server cannot be asked what it has: who dies between sending and recording sends that one letter again,
    under the same Message-ID, and no other."""
    assert sum(times - 1 for *_, times in letters) == repeated, letters
    return sorted((kind, to, 1) for kind, to, _ in letters)


@dataclass(frozen=True)
class Scene:
    """The committed rows and the index before the story begins, to be put back for each telling."""

    folder: Path

    @contextmanager
    def again(self, folder: Path) -> Iterator[None]:
        """The scene as it was set, with an index and a letter box of its own in `folder`."""
        _restore(self.folder)
        shutil.copytree(self.folder / "index", folder / "index")
        with _places(folder):
            yield


def scene(folder: Path) -> Scene:
    """Set the scene on the committed database at hand and keep a copy of it in `folder`."""
    with _places(folder):
        set_the_scene(timezone.now())
    _keep(folder)
    return Scene(folder)


@contextmanager
def _places(folder: Path) -> Iterator[None]:
    (folder / "letters").mkdir(parents=True, exist_ok=True)
    queries.engine.cache_clear()
    with override_settings(
        SEARCH_INDEX_PATH=folder / "index",
        EMAIL_BACKEND="django.core.mail.backends.filebased.EmailBackend",
        EMAIL_FILE_PATH=folder / "letters",
    ):
        yield
    queries.engine.cache_clear()


def _keep(folder: Path) -> None:
    name = connection.settings_dict["NAME"]
    connections.close_all()
    if connection.vendor == "sqlite":
        shutil.copyfile(name, folder / "scene.sqlite3")  # closing the last connection has written its journal back
    else:
        _copy_postgres(name, f"{name}_scene")


def _restore(folder: Path) -> None:
    name = connection.settings_dict["NAME"]
    connections.close_all()
    if connection.vendor == "sqlite":
        for suffix in ("-wal", "-shm"):
            Path(f"{name}{suffix}").unlink(missing_ok=True)
        shutil.copyfile(folder / "scene.sqlite3", name)
    else:
        _copy_postgres(f"{name}_scene", name)


def _copy_postgres(source: str, target: str) -> None:
    import psycopg

    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
        server.execute(f'DROP DATABASE IF EXISTS "{target}" WITH (FORCE)')
        server.execute(f'CREATE DATABASE "{target}" TEMPLATE "{source}" STRATEGY FILE_COPY')
