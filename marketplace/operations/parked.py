"""Rows that gave up: their work waits for a person to look, mend, and let it be tried again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.apps import apps
from django.db import transaction
from django.utils.text import capfirst

from marketplace.foundation import audit, leases
from marketplace.foundation.leases import DueRow
from marketplace.models import User

SHOWN = 50


@dataclass(frozen=True)
class ParkedRows:
    """Of one model: those parked longest, and how many there are in all."""

    label: str
    heading: str
    rows: list[DueRow]
    total: int


def models() -> dict[str, type[DueRow]]:
    """Every model that is work, by label: "foundation.mailmessage"."""
    return {model._meta.label_lower: model for model in apps.get_models() if issubclass(model, DueRow)}


def count() -> int:
    return sum(model._default_manager.exclude(parked_at=None).count() for model in models().values())


def parked() -> list[ParkedRows]:
    """The models that have parked rows; two queries for each model at most."""
    found = []
    for label, model in models().items():
        rows = model._default_manager.exclude(parked_at=None)
        shown = list(rows.order_by("parked_at", "pk")[:SHOWN])
        if shown:
            total = len(shown) if len(shown) < SHOWN else rows.count()
            found.append(ParkedRows(label, str(capfirst(model._meta.verbose_name_plural)), shown, total))
    return found


def retry(row: DueRow, *, by: User, now: datetime) -> bool:
    """Due again at once. False: it was not parked any more."""
    with transaction.atomic():
        if not leases.unpark([row], now=now):
            return False
        audit.record("due_row.retry", row, by=by, reason=row.last_error)
        return True
