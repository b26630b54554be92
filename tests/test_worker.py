"""The table of steps and those who call it: one process until nothing is due, one for ever, several at once."""

from __future__ import annotations

import os
import signal
import socketserver
import subprocess
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.db import connection, connections, transaction
from django.utils import timezone

from marketplace import worker
from marketplace.foundation import leases, mail, side_by_side
from marketplace.foundation.models import MailMessage
from marketplace.payments import refunds
from marketplace.payments.fake_stripe import faults
from marketplace.payments.fake_stripe.database import DatabaseStore
from shops.channels import CHANNELS, Channel
from shops.channels.base import Receipt
from shops.models import Shop, ShopOrder, Transmission
from shops.orders import routing
from tests import factories
from tests.catalog_sync.test_crash import database_url
from tests.payments import paying
from tests.shops.racing import at_once

WORKERS, SHOPS, ROWS = 3, 6, 120
called: list[str] = []


def counting_down(now: datetime) -> int:
    """A step with three rows to do, one at a time."""
    called.append("three")
    return int(called.count("three") <= 3)


def endless(now: datetime) -> int:
    called.append("endless")
    return 1


def failing(now: datetime) -> int:
    raise ZeroDivisionError("a fault in a step")


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put steps of this module in the table's place."""

    def put(*functions: Callable[[datetime], int]) -> None:
        called.clear()
        table = [worker.Step(function.__name__, f"{__name__}:{function.__name__}", 1) for function in functions]
        monkeypatch.setattr(worker, "STEPS", table)

    return put


def test_steps_are_all_there():
    assert [step.name for step in worker.STEPS if not callable(step.function())] == []
    assert len({step.name for step in worker.STEPS}) == len(worker.STEPS)


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["slow", "calls_out", "tells_shops"])
def test_slow_step_does_not_delay_the_others(kind, monkeypatch):
    """The slow one ends only once the other was called many times beside it."""
    stop, often = threading.Event(), threading.Event()

    def quick(now: datetime) -> int:
        called.append("quick")
        if called.count("quick") > 5:
            often.set()
        return 1

    def slow(now: datetime) -> int:
        called.append("slow" if often.wait(30) else "alone")
        stop.set()
        return 1

    called.clear()
    table = {"quick": quick, "slow": slow}
    steps = [worker.Step("slow", "slow", 1, **{kind: True}), worker.Step("quick", "quick", 1)]
    monkeypatch.setattr(worker, "STEPS", steps)
    monkeypatch.setattr(worker.Step, "function", lambda step: table[step.path])
    worker.run_forever(stop)
    assert "slow" in called


@pytest.mark.django_db
def test_no_step_beside_those_that_call_out_asks_the_provider():
    """Work for all of them is due, and the provider cannot be reached: orders and mail do not notice."""
    now = timezone.now()
    payment = paying.captured(now)
    paying.handed_over(payment, now - timedelta(days=30))
    paying.opened(paying.checkout(now), now)
    part = paying.parts_of(payment)[0]
    refunds.ask(payment, refunds.Wanted("other", part, amount_minor=100), reason="x", by=None, once="x", now=now)
    store = DatabaseStore()
    faults.plan(store, faults.Fault("unreachable", times=1000))
    left = []
    for calls_out in (False, True):
        for step in worker.STEPS:
            if step.calls_out == calls_out and not step.slow:
                worker.run_step(step, now + timedelta(hours=2))
        left.append(sum(row["left"] for row in store.find(faults.KIND)))
    assert left[0] == 1000 > left[1]


def test_run_once_stops_when_nothing_is_due(steps):
    steps(counting_down)
    assert (worker.run_once(), called) == (3, ["three"] * 4)


def test_run_once_stops_a_step_that_never_ends(steps):
    steps(endless)
    assert (worker.run_once(rounds=7), called) == (7, ["endless"] * 7)


def test_failing_step_stops_no_other(steps, caplog):
    steps(failing, counting_down)
    assert (worker.run_once(), called) == (3, ["three"] * 4)
    assert [record.exc_info[0] for record in caplog.records] == [ZeroDivisionError] * 4
    assert "Step failing failed" in caplog.text


@pytest.mark.django_db
def test_run_once_of_the_real_table_with_nothing_to_do_does_nothing(reindex):
    reindex()
    worker.run_once()  # Stripe's lists, once
    assert worker.run_once() == 0


class Post(socketserver.StreamRequestHandler):
    """As much of a mail server (RFC 5321) as it takes to be told to wait in the middle of a letter."""

    timeout = 60

    def handle(self) -> None:
        self.say("220 ready")
        while line := self.rfile.readline().strip().upper():
            if line == b"DATA":
                self.say("354 go on")
                while self.rfile.readline().strip() != b".":
                    pass
                self.server.has_come.set()
                self.server.may_answer.wait(60)
            self.say("250 done")
            if line == b"QUIT":
                return

    def say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())


@pytest.fixture
def post_office() -> Iterator[socketserver.TCPServer]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Post) as server:
        server.daemon_threads = True
        server.has_come, server.may_answer = threading.Event(), threading.Event()
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.may_answer.set()
        server.shutdown()
        thread.join()


def a_mail(number: int, now: datetime) -> MailMessage:
    words = {"language": "fr", "kind": "test", "subject": "s", "text": "t", "html": "<p>t</p>"}
    return MailMessage(to=f"reader{number % SHOPS}@example.org", dedupe_key=f"mail-{number}", due_at=now, **words)


def test_signal_ends_the_worker_after_the_step_at_hand(committed_db, post_office, tmp_path):
    """Told to stop in the middle of a letter it sends that one, records it, and begins no other step."""
    now = timezone.now()
    a_mail(1, now).save()
    factories.shop(counted_for_sale=False)
    quick = [step.name for step in worker.STEPS if not step.slow]
    assert quick.index("send_mail") < quick.index("follow_freshness")
    connections.close_all()
    port = str(post_office.server_address[1])
    smtp = {"HALLES_EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend", "HALLES_EMAIL_PORT": port}
    process = subprocess.Popen(
        [sys.executable, "manage.py", "work"],
        cwd=settings.BASE_DIR,
        env=os.environ | smtp | {"HALLES_TESTING": "0", "DATABASE_URL": database_url(), "HALLES_INDEX": str(tmp_path)},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert post_office.has_come.wait(90)
        process.send_signal(signal.SIGTERM)
        post_office.may_answer.set()
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, errors) == (0, "")
    assert MailMessage.objects.exclude(sent_at=None).count() == 1
    assert Shop.objects.get().counted_for_sale is False


class NotingChannel(Channel):
    """Writes down when it begins and ends with a shop order: one line each, in a file that several processes add to."""

    kind = "noting"

    def send(self, shop_order: ShopOrder, *, now: datetime) -> Receipt:
        self.note("begin", shop_order)
        time.sleep(0.002)  # somewhat longer than the others need to come in between
        self.note("end", shop_order)
        return Receipt()

    def look_up(self, shop_order: ShopOrder) -> Receipt | None:
        return None

    def note(self, what: str, shop_order: ShopOrder) -> None:
        with Path(os.environ["HALLES_NOTES"]).open("a") as notes:
            notes.write(f"{what} {shop_order.shop_id} {shop_order.pk}\n")


def transmissions(rows: int, now: datetime) -> list[Transmission]:
    """Due now, for the shops in turn."""
    made = [factories.shop(f"Librairie {number}", channel="noting") for number in range(SHOPS)]
    options = [factories.delivery_option(shop) for shop in made]
    orders = [factories.order() for _ in range(0, rows, SHOPS)]
    zero = {"goods_minor": 0, "delivery_minor": 0, "tax_minor": 0, "total_minor": 0}
    parts = ShopOrder.objects.bulk_create(
        ShopOrder(
            order=orders[n // SHOPS],
            shop=made[n % SHOPS],
            number=f"{orders[n // SHOPS].number}-{n % SHOPS}",
            delivery_option=options[n % SHOPS],
            currency="CAD",
            created_at=now,
            answer_due_at=now,
            **zero,
        )
        for n in range(rows)
    )
    return Transmission.objects.bulk_create(
        Transmission(shop_order=part, shop_id=part.shop_id, channel="noting", due_at=now) for part in parts
    )


def at_once_in_processes(work: Callable[[], None], times: int) -> list[int]:
    """Exit codes of forked processes that start together, each with a connection of its own."""
    connections.close_all()
    gate, opener = os.pipe()
    children = []
    for _ in range(times):
        if child := os.fork():
            children.append(child)
            continue
        code = 1
        try:
            os.close(opener)
            os.read(gate, 1)  # until the parent lets go
            work()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(gate)
    os.close(opener)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def work_until_all_is_sent() -> None:
    """As `run_forever` does: what the others have leased may come free again."""
    deadline = time.monotonic() + 120
    unsent = Transmission.objects.exclude(outcome="sent"), MailMessage.objects.filter(sent_at=None)
    while any(rows.exists() for rows in unsent):
        assert time.monotonic() < deadline
        routing.transmit_orders(timezone.now())
        mail.send_mail(timezone.now())


def overlaps(notes: list[str]) -> list[str]:
    """Where a shop's second order begins before its first has ended."""
    busy: dict[str, str] = {}
    found = []
    for line in notes:
        what, shop, number = line.split()
        if what == "begin":
            found += [f"shop {shop}: {number} beside {busy[shop]}"] if shop in busy else []
            busy[shop] = number
        else:
            busy.pop(shop, None)
    return found


def test_three_workers_do_everything_once_and_each_shop_in_order(committed_db, monkeypatch, settings, tmp_path):
    now = timezone.now()
    monkeypatch.setitem(CHANNELS, "noting", ("Noting", f"{__name__}.NotingChannel"))
    monkeypatch.setenv("HALLES_NOTES", str(tmp_path / "notes"))
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path / "letters"
    rows = transmissions(ROWS, now)
    MailMessage.objects.bulk_create(a_mail(number, now) for number in range(ROWS))

    assert at_once_in_processes(work_until_all_is_sent, WORKERS) == [0] * WORKERS

    notes = (tmp_path / "notes").read_text().splitlines()
    begun = [line.split()[1:] for line in notes if line.startswith("begin")]
    of_shop = {
        shop.pk: [str(row.shop_order_id) for row in rows if row.shop_id == shop.pk] for shop in Shop.objects.all()
    }
    assert {shop: [number for of, number in begun if of == str(shop)] for shop in of_shop} == of_shop
    assert overlaps(notes) == []
    letters = "".join(path.read_text() for path in (tmp_path / "letters").iterdir())
    ids = Counter(line for line in letters.splitlines() if line.startswith("Message-ID"))
    assert (len(ids), set(ids.values())) == (ROWS, {1})
    assert [row.attempts for row in Transmission.objects.all()] == [1] * ROWS
    assert [row.attempts for row in MailMessage.objects.all()] == [1] * ROWS


def test_lane_goes_on_with_its_shops_next_orders(committed_db, monkeypatch, tmp_path):
    """One call of the step is enough for all that is due, each shop's in order."""
    now = timezone.now()
    monkeypatch.setitem(CHANNELS, "noting", ("Noting", f"{__name__}.NotingChannel"))
    monkeypatch.setenv("HALLES_NOTES", str(tmp_path / "notes"))
    rows = transmissions(3 * SHOPS, now)
    with side_by_side.threads():
        assert routing.transmit_orders(now) == SHOPS
        deadline = time.monotonic() + 60
        while routing.LANES.room < routing.LANES.at_once:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    notes = (tmp_path / "notes").read_text().splitlines()
    for shop in {row.shop_id for row in rows}:
        begun = [line.split()[2] for line in notes if line.startswith(f"begin {shop} ")]
        assert begun == [str(row.shop_order_id) for row in rows if row.shop_id == shop]
    assert overlaps(notes) == []


def test_overlaps_are_noticed():
    """Negative control of the reading of the notes."""
    assert overlaps(["begin 1 10", "begin 2 20", "begin 1 11", "end 1 10"]) == ["shop 1: 11 beside 10"]


@pytest.mark.postgres_only
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one writer in at a time.")
class TestTwoClaimsAtOnce:
    """Two workers claim for one shop at the same moment, while an older order of that shop becomes visible (the
    transaction that wrote it took longer): the one interleaving in which both find something to do. By chance it is too
    rare to be waited for; here the first claim waits between its look and its update until the second is through, or
    for half a second where the second waits for it."""

    def claim_twice(self, monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
        """What each of the two claims got; the rows' keys count from the older one, 0."""
        now = timezone.now()
        older, younger = transmissions(SHOPS + 1, now)[::SHOPS]
        Transmission.objects.exclude(pk=younger.pk).update(due_at=None)
        has_looked, is_through = threading.Event(), threading.Event()

        def look_then_wait(length: int) -> str:
            if not has_looked.is_set():
                has_looked.set()
                is_through.wait(0.5)
            return f"{threading.get_ident():032x}"[:length]

        monkeypatch.setattr(leases, "secrets", SimpleNamespace(token_hex=lambda size: look_then_wait(2 * size)))

        def claim(number: int) -> list[int]:
            if number == 1:
                assert has_looked.wait(30)
                Transmission.objects.filter(pk=older.pk).update(due_at=now - timedelta(minutes=1))
            found = leases.claim(Transmission, now=now, group="shop_id")
            if number == 1:
                is_through.set()
            return [[older.pk, younger.pk].index(row.pk) for row in found]

        return at_once(claim, 2)

    def test_one_shop_has_one_order_at_work(self, committed_db, monkeypatch):
        assert self.claim_twice(monkeypatch) == [[1], []]

    def test_without_the_advisory_lock_they_overlap(self, committed_db, monkeypatch):
        """Negative control."""
        monkeypatch.setattr(leases, "connection", SimpleNamespace(vendor="none", features=connection.features))
        assert self.claim_twice(monkeypatch) == [[1], [0]]

    def test_what_another_claim_has_locked_is_skipped(self, committed_db):
        """Without a group nobody waits: a row in another's hands is left to it."""
        now = timezone.now()
        MailMessage.objects.bulk_create(a_mail(number, now) for number in range(2))
        with transaction.atomic():
            first = MailMessage.objects.select_for_update().order_by("pk").first()
            (results,) = at_once(lambda _: [row.dedupe_key for row in leases.claim(MailMessage, now=now)], 1)
        assert (first.dedupe_key, results) == ("mail-0", ["mail-1"])
