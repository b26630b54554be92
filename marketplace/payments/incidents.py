"""What about money no step can mend: opened once, closed by a person who says how."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, TypeVar

from django.db import OperationalError, transaction
from django.db.models import Model, Q, QuerySet

from marketplace.foundation import audit
from marketplace.models import User
from marketplace.payments.models import MoneyIncident

TEXT_LENGTH = 500
Row = TypeVar("Row")
logger = logging.getLogger("halles.payments")


def report(key: str, text: str, *, now: datetime, shop_id: int | None = None) -> bool:
    """Open an incident unless one with this key was ever opened. `text` says what was found, where, what to do."""
    row = MoneyIncident(key=key[:160], text=text[:TEXT_LENGTH], opened_at=now, shop_id=shop_id)
    before = MoneyIncident.objects.filter(key=row.key).exists()
    MoneyIncident.objects.bulk_create([row], ignore_conflicts=True)
    return not before


def one_by_one(rows: Iterable[Row], act: Callable[[Row], int], *, step: str, now: datetime) -> int:
    """Do a step's work on each row. One on which it fails is told to the operator once, and again where it still fails
    after a person closed that; it does not stop the others. What is wrong with the database itself stops them all."""
    done = 0
    for row in rows:
        try:
            done += act(row)
        except OperationalError:
            raise
        except Exception as error:
            logger.exception("%s failed on %r.", step, row)
            key = f"{step}:{row.pk if isinstance(row, Model) else row}"
            closed = MoneyIncident.objects.filter(Q(key=key) | Q(key__startswith=f"{key}#")).exclude(closed_at=None)
            text = f"{step} fails on {row}: {type(error).__name__}: {error}. It is tried again each time."
            before = closed.count()
            report(f"{key}#{before + 1}" if before else key, text, now=now)
    return done


def batch(rows: QuerySet[Any, Row], *, step: str, most: int) -> list[Row]:
    """The first rows of a step's work. Where there are more than `most`, those on which it fails are taken beside as
    many others and in any order, so that a shop whose orders all fail keeps no other waiting."""
    found = list(rows[:most])
    if len(found) < most:
        return found
    failing = list(failed(step))
    others = list(rows.exclude(pk__in=failing)[:most])
    return others + list(rows.filter(pk__in=random.sample(failing, min(len(failing), most))))


def failed(step: str) -> set[int]:
    """The keys of the rows on which `one_by_one` fails, as far as nobody has closed that. One query."""
    keys = MoneyIncident.objects.filter(key__startswith=f"{step}:", closed_at=None).values_list("key", flat=True)
    of_rows = {key[len(step) + 1 :].partition("#")[0] for key in keys}
    return {int(key) for key in of_rows if key.isdecimal()}


def running() -> list[MoneyIncident]:
    return list(MoneyIncident.objects.filter(closed_at=None).select_related("shop").order_by("opened_at", "pk"))


def close(incident: MoneyIncident, *, by: User, resolution: str, now: datetime) -> bool:
    """False: somebody closed it already."""
    with transaction.atomic():
        closed = MoneyIncident.objects.filter(pk=incident.pk, closed_at=None).update(
            closed_at=now, closed_by=by, resolution=resolution[:300]
        )
        if closed:
            audit.record("money_incident.close", incident, by=by, reason=resolution, shop_id=incident.shop_id)
        return bool(closed)
