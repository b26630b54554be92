"""STEPS: the table of all background work. A step claims due rows, acts idempotently, records; calling it again, or
from two processes, is harmless. The in-process worker and Celery call the same table."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from pathlib import Path

from django.conf import settings
from django.db import close_old_connections, connections
from django.utils import timezone

from marketplace.foundation import side_by_side

logger = logging.getLogger("halles.worker")


@dataclass(frozen=True)
class Step:
    """`path` is module:function(now) -> how many rows were done; `every` in seconds; a step that did something is
    called again at once. A `slow` one may take minutes and runs beside the others, so that no reader waits for it; one
    that `calls_out` asks a provider of payments, and runs beside both: where that hangs, orders and mail go on. Those
    that `tells_shops` call the shops' systems, beside all others and several shops at once."""

    name: str
    path: str
    every: float
    slow: bool = False
    calls_out: bool = False
    tells_shops: bool = False

    def function(self) -> Callable[[datetime], int]:
        module, _, name = self.path.partition(":")
        return getattr(import_module(module), name)


STEPS = [
    Step("deliver_fake_events", "marketplace.payments.events:deliver_fake_events", 1, calls_out=True),
    Step("apply_events", "marketplace.payments.events:apply_events", 1, calls_out=True),
    Step("watch_payments", "marketplace.payments.sessions:watch_payments", 30, calls_out=True),
    Step("watch_gift_cards", "marketplace.payments.gift_card_sales:watch", 10, calls_out=True),
    Step("place_paid", "marketplace.checkout.placing:place_paid", 1),
    Step("hand_out", "shops.downloads.handing_out:hand_out", 1),
    Step("end_unpaid", "marketplace.checkout.ending:end_unpaid", 20, calls_out=True),
    Step("transmit_orders", "shops.orders.routing:transmit_orders", 0.2, tells_shops=True),
    Step("let_through", "shops.orders.routing:let_through", 20, tells_shops=True),
    Step("read_acknowledgements", "shops.orders.acknowledging:read_acknowledgements", 30, tells_shops=True),
    Step("tell_cancellations", "shops.orders.cancelling:tell_cancellations", 2, tells_shops=True),
    Step("hear_systems", "shops.orders.hearing:hear_systems", 10, tells_shops=True),
    Step("watch_reservations", "shops.reservations:watch_reservations", 30),
    Step("do_desk_actions", "shops.orders.held:do_desk_actions", 0.5),
    Step("follow_answers", "shops.orders.expiring:follow_answers", 5),
    Step("follow_addresses", "shops.orders.mailed:follow_addresses", 60),
    Step("watch_parcels", "shops.orders.carrying:watch_parcels", 300),
    Step("watch_kept_parcels", "shops.orders.left_elsewhere:watch_kept_parcels", 30),
    Step("watch_back_orders", "shops.orders.back_orders:watch_back_orders", 1800),
    Step("watch_ready", "shops.orders.not_ready:watch_ready", 30),
    Step("watch_pickups", "shops.orders.uncollected:watch_pickups", 30),
    Step("reroute", "marketplace.checkout.rerouting:reroute", 1),
    Step("escalate_incidents", "shops.threads.incidents:escalate_incidents", 60),
    Step("follow_returns", "shops.returns.watching:follow_returns", 60),
    Step("refund_returns", "marketplace.payments.returns:refund_returns", 5),
    Step("refund_lost", "marketplace.payments.carried_parcels:refund_lost", 5),
    Step("report_missing", "marketplace.payments.carried_parcels:report_missing", 60),
    Step("book_handovers", "marketplace.payments.carried_parcels:book_handovers", 60),
    Step("settle_answers", "marketplace.payments.captures:settle_answers", 5),
    Step("issue_invoices", "marketplace.checkout.invoicing:issue_invoices", 2),
    Step("issue_commission_invoices", "marketplace.checkout.invoicing:issue_commission_invoices", 600, slow=True),
    Step("remind_institutions", "marketplace.payments.receivables:remind", 600),
    Step("due_transfers", "marketplace.payments.transfers:due_transfers", 60),
    Step("charge_dues", "marketplace.payments.membership:charge_dues", 600),
    Step("close_months", "marketplace.payments.settlements:close_months", 3600, slow=True),
    Step("reconcile", "marketplace.payments.reconciliation:reconcile", 30, slow=True),
    Step("book_counter_sales", "marketplace.payments.counter_sales:book_counter_sales", 30),
    Step("book_earnings", "marketplace.payments.bank:book_earnings", 60),
    Step("book_pooled", "marketplace.payments.pooling:book_pooled", 60),
    Step("sum_sales", "marketplace.payments.sales:sum_sales", 300, slow=True),
    Step("make_exports", "marketplace.payments.exporting:make_exports", 2, slow=True),
    Step("forget_exports", "marketplace.payments.exporting:forget_exports", 3600, slow=True),
    Step("move_money", "marketplace.payments.calls:move_money", 2, calls_out=True),
    Step("move_local", "marketplace.payments.local_service:move", 2, slow=True),
    Step("submit_evidence", "marketplace.payments.disputes:submit_evidence", 5, calls_out=True),
    Step("watch_accounts", "marketplace.payments.accounts:watch_accounts", 600, slow=True),
    Step("sweep_stripe", "marketplace.payments.sweeping:sweep", 600, slow=True),
    Step("index_titles", "search.indexing:index_titles", 0.2),
    Step("heal_index", "search.indexing:heal_index", 15, slow=True),
    Step("drop_gone_names", "search.names:drop_gone", 300, slow=True),
    Step("send_mail", "marketplace.foundation.mail:send_mail", 2),
    Step("chain_audit", "marketplace.foundation.chaining:chain_audit", 10),
    Step("prune_misses", "search.misses:prune", 86_400, slow=True),
    Step("watch_alerts", "marketplace.readers.alerts:watch_alerts", 5),
    Step("follow_freshness", "shops.freshness:follow_freshness", 20),
    Step("follow_promises", "catalog_sync.promises:follow_promises", 60, slow=True),
    Step("follow_decisions", "catalog_sync.decisions:follow_decisions", 2, slow=True),
    Step("apply_pushes", "catalog_sync.doors.pushing:apply_pushes", 2, slow=True),
    Step("try_lists", "catalog_sync.doors.trying:try_lists", 2, slow=True),
    Step("look_at_new_feeds", "catalog_sync.doors.setting_up:look_at_new_feeds", 2, slow=True),
    Step("prune_dry_runs", "catalog_sync.doors.trying:prune", 3600, slow=True),
    Step("group_works", "catalog_sync.titles.works:group_works", 2, slow=True),
    Step("prune_journals", "catalog_sync.journal:prune", 3600, slow=True),
    Step("prune_runs", "catalog_sync.history:prune", 3600, slow=True),
    Step("fold_again", "catalog_sync.titles.sources:fold_again", 5),
    Step("file_titles", "catalog_sync.titles.candidates:file_titles", 60, slow=True),
    Step("look_up", "catalog_sync.titles.looking_up:look_up", 10, slow=True),
    Step("fetch_covers", "marketplace.catalogue.cover_files:fetch_covers", 5, slow=True),
    Step("sync_feeds", "catalog_sync.sync:sync_feeds", 15, slow=True),
    Step("follow_picks", "marketplace.cms.picking:follow_picks", 60),
    Step("read_calendars", "marketplace.agenda.calendars:read_calendars", 60, slow=True),
    Step("measure_keeping", "shops.keeping:measure_keeping", 3600, slow=True),
    Step("measure_load", "shops.load:measure_load", 60, slow=True),
    Step("close_motions", "shops.voting:close_motions", 60),
    Step("remind_voters", "shops.vote_mail:remind_voters", 600),
    Step("measure_figures", "shops.figures:measure_figures", 3600, slow=True),
    Step("resolve_buffers", "shops.buffers:resolve_buffers", 5, slow=True),
    Step("resolve_prices", "catalog_sync.pricing:resolve_prices", 5, slow=True),
    Step("watch_lists", "catalog_sync.troubles:watch_lists", 60, slow=True),
    Step("end_withheld", "shops.withholding:end_withheld", 300),
    Step("forget_unplaced", "marketplace.readers.forgetting:forget_unplaced", 86_400, slow=True),
    Step("keep_retention", "marketplace.readers.retention:keep", 86_400, slow=True),
    Step("finish_leaving", "shops.onboarding.leaving:finish", 600, slow=True),
    Step("forget_applications", "shops.onboarding.applying:forget", 86_400, slow=True),
    Step("forget_sign_ins", "marketplace.readers.sign_ins:forget", 3600, slow=True),
    Step("forget_calls", "marketplace.api.limits:forget", 600),
    Step("forget_shop_calls", "shops.order_keys:forget_calls", 3600, slow=True),
    Step("forget_tries", "marketplace.foundation.shared_cache:forget", 3600, slow=True),
    Step("clear_sessions", "marketplace.foundation.sessions:clear_sessions", 3600, slow=True),
]

_PAUSE_SECONDS = 0.1


def run_step(step: Step, now: datetime) -> int:
    """Call one step; an exception in it is logged and stops no other step."""
    try:
        return step.function()(now)
    except Exception:
        logger.exception("Step %s failed; it is called again in %s s.", step.name, step.every)
        return 0


def run_once(now: datetime | None = None, *, rounds: int = 20) -> int:
    """Call every step until nothing is due any more (at most `rounds` times): tests, the demo, `work --once`."""
    total = 0
    for _ in range(rounds):
        done = sum(run_step(step, now or timezone.now()) for step in STEPS)
        total += done
        if not done:
            break
    return total


def run_forever(stop: threading.Event) -> None:
    """Call each step at its pace until `stop` is set, the slow ones in a thread of their own, those that ask a payment
    provider in another, those that call the shops in a third."""
    beside = {
        "slow steps": [step for step in STEPS if step.slow],
        "steps that call out": [step for step in STEPS if step.calls_out],
        "steps that tell shops": [step for step in STEPS if step.tells_shops],
    }
    others = [step for steps in beside.values() for step in steps]
    threads = [threading.Thread(target=_run, args=(steps, stop), name=name) for name, steps in beside.items()]
    with side_by_side.threads():
        for thread in threads:
            thread.start()
        _run([step for step in STEPS if step not in others], stop, between=beat)
        for thread in threads:
            thread.join()


def _run(steps: Sequence[Step], stop: threading.Event, between: Callable[[], None] = lambda: None) -> None:
    next_call = {step.name: 0.0 for step in steps}
    while not stop.is_set():
        for step in steps:
            if stop.is_set():
                break
            if time.monotonic() >= next_call[step.name]:
                done = run_step(step, timezone.now())
                next_call[step.name] = time.monotonic() + (0 if done else step.every)
        between()
        close_old_connections()
        stop.wait(_PAUSE_SECONDS)
    connections.close_all()


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and SIGINT set: finish the step at hand, then leave."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


_last_beat = 0.0


def beat() -> None:
    """Say that a worker lives, for /healthz and `doctor`: a file touched every five seconds."""
    global _last_beat
    if time.monotonic() - _last_beat > 5:
        _last_beat = time.monotonic()
        beat_path().touch()


def beat_path() -> Path:
    return settings.VAR_DIR / "worker-alive"
