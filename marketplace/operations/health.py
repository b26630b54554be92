"""What can be wrong with an installation: one function per thing, for `doctor` and /healthz."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core.mail import get_connection
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from marketplace import checks as system_checks
from marketplace import worker
from marketplace.foundation import chaining
from marketplace.foundation.models import MailMessage
from search import queries

WORKER_SILENT_SECONDS = 60
CLOCK_SECONDS = 5
FREE_BYTES = 1024**3
LATE_CHAIN = timedelta(minutes=2)
LATE_MAIL = timedelta(minutes=15)


@dataclass(frozen=True)
class Finding:
    """`state` is ok, warning or error; `text` says what is so and, when wrong, what to do."""

    name: str
    state: str
    text: str


def database() -> Finding:
    try:
        connection.ensure_connection()
        plan = MigrationExecutor(connection).migration_plan(MigrationExecutor(connection).loader.graph.leaf_nodes())
    except DatabaseError as error:
        return Finding("database", "error", f"It does not answer: {error}. Check DATABASE_URL.")
    if plan:
        return Finding("database", "error", f"{len(plan)} migrations are missing: run manage.py migrate.")
    return Finding("database", "ok", f"{connection.vendor}, all migrations applied")


def clock() -> Finding:
    """Ours against the database server's: `as_of` and leases compare the two."""
    if connection.vendor != "postgresql":
        return Finding("clock", "ok", "database and program share one clock")
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
        skew = float(cursor.fetchone()[0]) - time.time()
    if abs(skew) > CLOCK_SECONDS:
        return Finding("clock", "error", f"The database server's clock is {skew:+.0f} s off ours: run an NTP service.")
    return Finding("clock", "ok", f"{skew:+.1f} s against the database server")


def background_worker() -> Finding:
    path = worker.beat_path()
    if not path.exists():
        return Finding("worker", "error", "It has never run here: start manage.py work.")
    silent = time.time() - path.stat().st_mtime
    if silent > WORKER_SILENT_SECONDS:
        return Finding("worker", "error", f"Silent for {silent:.0f} s: is manage.py work running?")
    return Finding("worker", "ok", "running")


def mail() -> Finding:
    late = MailMessage.objects.filter(due_at__lt=timezone.now() - LATE_MAIL, parked_at=None).count()
    parked = MailMessage.objects.exclude(parked_at=None).count()
    try:
        mailer = get_connection()
        mailer.open()
        mailer.close()
    except OSError as error:
        return Finding("mail", "error", f"The mail server does not answer: {error}. Check HALLES_EMAIL_HOST.")
    if late or parked:
        return Finding("mail", "warning", f"{late} late, {parked} parked: see the operator's board.")
    return Finding("mail", "ok", settings.EMAIL_BACKEND.rsplit(".", 2)[-2])


def audit_trail() -> Finding:
    """Whether the chain keeps up; a worker that stands still is another finding."""
    late = chaining.waiting().filter(at__lt=timezone.now() - LATE_CHAIN).count()
    if late:
        return Finding("audit", "warning", f"{late} entries wait for their place in the chain: see the worker's log.")
    return Finding("audit", "ok", "every entry has its place in the chain")


def disk() -> Finding:
    free = shutil.disk_usage(settings.VAR_DIR).free
    if free < FREE_BYTES:
        return Finding("disk", "error", f"Only {free // 2**20} MB free below {settings.VAR_DIR}: make room.")
    return Finding("disk", "ok", f"{free // 2**30} GB free")


def stripe() -> Finding:
    if settings.STRIPE_FAKE:
        return Finding("stripe", "warning", "The stand-in: no money moves.")
    mode = "live" if "_live_" in settings.STRIPE_SECRET_KEY else "test"
    if not settings.STRIPE_WEBHOOK_SECRET:
        return Finding("stripe", "error", "STRIPE_WEBHOOK_SECRET is missing: payments are noticed late.")
    return Finding("stripe", "ok", f"{mode} key, signed events")


def index() -> Finding:
    try:
        status = queries.engine().status()
    except Exception as error:
        return Finding("index", "error", f"{error}. Run manage.py rebuild_index; until then search answers from SQL.")
    if not status.healthy:
        return Finding("index", "error", "Not healthy: run manage.py rebuild_index.")
    return Finding("index", "ok", f"{status.engine}, {status.documents} titles")


def settings_are_safe() -> Finding:
    if settings.DEBUG:
        return Finding("settings", "warning", "DEBUG is on: for development and the demo only.")
    problems = system_checks.production_is_safe()
    if problems:
        return Finding("settings", "error", " ".join(str(problem.msg) for problem in problems))
    return Finding("settings", "ok", "safe for production")


CHECKS: list[Callable[[], Finding]] = [
    database,
    clock,
    background_worker,
    mail,
    audit_trail,
    disk,
    stripe,
    index,
    settings_are_safe,
]
# Without those that read every migration or wait for another server.
QUICK = [background_worker, clock, disk, stripe, index, settings_are_safe]


def findings() -> list[Finding]:
    """All of them, in order; a check that cannot be made is an error with its own words."""
    return _made(CHECKS)


def quick_findings() -> list[Finding]:
    """Those that cost next to nothing, for a page that is looked at often."""
    return _made(QUICK)


def _made(checks: Sequence[Callable[[], Finding]]) -> list[Finding]:
    found = []
    for check in checks:
        try:
            found.append(check())
        except Exception as error:
            found.append(Finding(check.__name__, "error", f"Could not be checked: {error}"))
    return found
