"""Work that must not be lost is a row that owns its own state. A step claims due rows, acts idempotently, records.

Claiming is one conditional UPDATE with a lease and a token; whoever finishes must still hold the token. On PostgreSQL
a transaction-scoped advisory lock serialises claims that name a group (without it 6 of 120 grouped jobs overlapped).
"""

from __future__ import annotations

import random
import secrets
import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from django.db import connection, models, transaction
from django.db.models import Q

MAX_ATTEMPTS = 10
FIRST_DELAY_SECONDS = 15
LONGEST_DELAY_SECONDS = 6 * 3600
# Of the tries at somebody who is away, whose delays double: 32 minutes.
MOST_COUNTED = 8
MESSAGE_LENGTH = 2000


class DueRow(models.Model):
    """The columns of work: `due_at` null means there is nothing (more) to do; `parked_at` means a person must look."""

    due_at = models.DateTimeField(null=True, blank=True, db_index=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    lease_token = models.CharField(max_length=32, blank=True, default="")
    parked_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=MESSAGE_LENGTH, blank=True, default="")

    class Meta:
        abstract = True


M = TypeVar("M", bound=DueRow)
Row = TypeVar("Row", bound=models.Model)


def claim(
    model: type[M],
    *,
    now: datetime,
    limit: int = 20,
    lease_seconds: int = 120,
    group: str | None = None,
    where: Q | None = None,
    holds_nothing: Q | None = None,
    parked_holds: bool = False,
) -> list[M]:
    """Lease up to `limit` due rows of `model`, oldest first. With `group` (a column name) at most one row per group
    is leased at a time, the oldest, so that one shop is served in order; a waiting row holds its group, a parked one
    only with `parked_holds`. A row that becomes the oldest while a younger one is leased (it was parked, or its
    transaction took longer) waits for that one. Rows that are `holds_nothing` may be overtaken while they wait."""
    free = Q(due_at__lte=now, parked_at=None) & (Q(lease_until=None) | Q(lease_until__lt=now))
    until = now + timedelta(seconds=lease_seconds)
    with transaction.atomic():
        if group and connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [zlib.crc32(model._meta.db_table.encode())])
        due = model._default_manager.filter(free & (where or Q()))
        if group:
            due = due.filter(pk__in=_group_heads(model, group, holds_nothing, parked_holds)).exclude(
                **{f"{group}__in": _served(model, group, now)}
            )
        elif connection.features.has_select_for_update_skip_locked:
            due = due.select_for_update(skip_locked=True)
        keys = list(due.order_by("due_at", "pk").values_list("pk", flat=True)[:limit])
        if not keys:
            return []
        token = secrets.token_hex(16)
        model._default_manager.filter(free, pk__in=keys).update(
            lease_until=until, lease_token=token, attempts=models.F("attempts") + 1
        )
    return list(model._default_manager.filter(pk__in=keys, lease_token=token).order_by("due_at", "pk"))


def _group_heads(model: type[DueRow], group: str, holds_nothing: Q | None, parked_holds: bool) -> models.QuerySet:
    """The oldest row of each group that is not finished, nor parked where that does not hold: leased or waiting, it
    keeps its group busy."""
    unfinished = model._default_manager.exclude(due_at=None)
    if not parked_holds:
        unfinished = unfinished.filter(parked_at=None)
    if holds_nothing is not None:
        unfinished = unfinished.exclude(holds_nothing)
    return unfinished.values(group).annotate(head=models.Min("pk")).values("head")


def _served(model: type[DueRow], group: str, now: datetime) -> models.QuerySet:
    """Groups of which a row is leased now."""
    return model._default_manager.filter(lease_until__gte=now).values(group)


def waiting(rows: models.QuerySet[Row], *related: str, most: int) -> list[Row]:
    """The first rows of a step that claims none, with what they lead to. Nearly always there is none, which is asked
    first: it takes a tenth of the time of a statement with the columns of five tables."""
    return list(rows.select_related(*related)[:most]) if rows.exists() else []


def finish(row: DueRow, **changes: object) -> bool:
    """Record that the work of `row` is done, with `changes` to its other columns. False: the lease was lost to
    another process meanwhile and nothing was written."""
    values = {"due_at": None, "lease_until": None, "lease_token": "", "last_error": "", **changes}
    return _write(row, values)


def postpone(row: DueRow, *, error: str, now: datetime, permanent: bool = False, **changes: object) -> bool:
    """Record a failure: later again with back-off and jitter, or parked for a person when it is permanent or was
    tried often enough. False: the lease was lost."""
    values: dict[str, object] = {
        "lease_until": None,
        "lease_token": "",
        "last_error": error[:MESSAGE_LENGTH],
        **changes,
    }
    if permanent or row.attempts >= MAX_ATTEMPTS:
        values["parked_at"] = now
    else:
        values.setdefault("due_at", now + delay_after(row.attempts))
    return _write(row, values)


def wait_for(row: DueRow, *, error: str, now: datetime, **changes: object) -> bool:
    """Record that whoever it takes is away: later again, and never parked, since a person could do nothing but wait as
    well. After some tries, every half hour. False: the lease was lost."""
    row.attempts = min(row.attempts, MOST_COUNTED)
    return postpone(row, error=error, now=now, permanent=False, **{"attempts": row.attempts, **changes})  # type: ignore[arg-type]


def delay_after(attempts: int) -> timedelta:
    """15 s doubling to 6 h, each ± 20 % so that a shop that comes back is not met by everything at once."""
    seconds = min(FIRST_DELAY_SECONDS * 2 ** max(attempts - 1, 0), LONGEST_DELAY_SECONDS)
    return timedelta(seconds=seconds * random.uniform(0.8, 1.2))


def extend(row: DueRow, *, now: datetime, lease_seconds: int = 120) -> bool:
    """Keep a lease alive during long work. False: it was lost; stop."""
    return _write(row, {"lease_until": now + timedelta(seconds=lease_seconds)})


def unpark(rows: Sequence[DueRow], *, now: datetime) -> int:
    """A person looked: try again now, from the first delay."""
    count = 0
    for row in rows:
        count += (
            type(row)
            ._default_manager.filter(pk=row.pk)
            .exclude(parked_at=None)
            .update(parked_at=None, due_at=now, attempts=0, lease_until=None, lease_token="")
        )
    return count


def _write(row: DueRow, values: dict[str, object]) -> bool:
    held = type(row)._default_manager.filter(pk=row.pk, lease_token=row.lease_token).exclude(lease_token="")
    if not held.update(**values):
        return False
    for name, value in values.items():
        setattr(row, name, value)
    return True
