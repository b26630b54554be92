"""What about money no step can mend: opened once, closed by a person who says how."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from marketplace.foundation import audit
from marketplace.models import User
from marketplace.payments.models import MoneyIncident

TEXT_LENGTH = 500


def report(key: str, text: str, *, now: datetime, shop_id: int | None = None) -> bool:
    """Open an incident unless one with this key was ever opened. `text` says what was found, where, what to do."""
    row = MoneyIncident(key=key[:160], text=text[:TEXT_LENGTH], opened_at=now, shop_id=shop_id)
    before = MoneyIncident.objects.filter(key=row.key).exists()
    MoneyIncident.objects.bulk_create([row], ignore_conflicts=True)
    return not before


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
