"""How often one caller may call: so many a minute, counted in one row by one statement, so that all processes count
together. With the clock's minute the count begins anew."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from marketplace.api.models import CallCount

WITHOUT_KEY = 60
"""Calls in a minute from one address that shows no key."""

_KEPT = timedelta(hours=1)
_TABLE = CallCount._meta.db_table
# Of two processes whose clocks differ the later minute counts.
_TAKE = f"""
INSERT INTO {_TABLE} (caller, minute, used) VALUES (%s, %s, %s)
ON CONFLICT (caller) DO UPDATE SET
  used = CASE WHEN {_TABLE}.minute < excluded.minute THEN excluded.used ELSE {_TABLE}.used + excluded.used END,
  minute = CASE WHEN {_TABLE}.minute < excluded.minute THEN excluded.minute ELSE {_TABLE}.minute END
RETURNING used"""  # noqa: S608  (the table's name is ours)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a caller's minute. `left` is below 0 where this call is one too many; `seconds` until the next
    minute."""

    limit: int
    left: int
    seconds: int


def take(caller: str, units: int, *, limit: int, now: datetime) -> Allowance:
    """Count `units` calls of a caller."""
    stamp = int(now.timestamp())
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [caller, stamp // 60, units])
        (used,) = cursor.fetchone()
    return Allowance(limit=limit, left=limit - used, seconds=60 - stamp % 60)


def forget(now: datetime) -> int:
    """The step: counts that are an hour old are taken away; with them goes what could tell an address."""
    return CallCount.objects.filter(minute__lt=int((now - _KEPT).timestamp()) // 60).delete()[0]
