"""What about money no step can mend: opened once, closed by a person who says how."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeVar

from django.db import OperationalError, transaction
from django.db.models import Model

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
    """Do a step's work on each row. One on which it fails is told to the operator once, and does not stop the others.
    What is wrong with the database itself stops them all."""
    done = 0
    for row in rows:
        try:
            done += act(row)
        except OperationalError:
            raise
        except Exception as error:
            logger.exception("%s failed on %r.", step, row)
            key = row.pk if isinstance(row, Model) else row
            text = f"{step} fails on {row}: {type(error).__name__}: {error}. It is tried again each time."
            report(f"{step}:{key}", text, now=now)
    return done


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
