"""Who has not answered a return, or not paid it back, is reminded once of each; after that it is on the operator's
board."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from marketplace.foundation import leases
from shops.models import Return
from shops.returns import letters

BATCH = 50


def follow_returns(now: datetime) -> int:
    """Step: remind the shops whose reader waits. Returns how many."""
    due = Return.objects.filter(watch_at__lte=now, ended_at=None).order_by("watch_at", "pk")
    related = ("shop_order__shop", "shop_order__order", "goes_to")
    return sum(_remind(row, now) for row in leases.waiting(due, *related, most=BATCH))


def _remind(row: Return, now: datetime) -> bool:
    with transaction.atomic():
        same = Return.objects.filter(pk=row.pk, watch_at=row.watch_at, state=row.state)
        if not same.update(watch_at=None):
            return False
        letters.remind(row, now=now)
    return True
