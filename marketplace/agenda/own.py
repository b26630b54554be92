"""Events that a shop's people write here: made, changed, cancelled, deleted, each with who did it."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.db import IntegrityError, transaction

from marketplace.agenda.models import Event
from marketplace.foundation import audit
from marketplace.models import User


def keep(event: Event, *, by: User, now: datetime, once: str = "") -> None:
    """Save a new one, or one that was changed. `once`: of the form of a new one, which may be sent again."""
    action = "event.change" if event.pk else "event.make"
    event.changed_at = now
    if once and not event.pk:
        event.uid = hashlib.sha256(once.encode()).hexdigest()[:32]
        if Event.objects.filter(shop=event.shop, source=event.source, uid=event.uid).exists():
            return
    try:
        with transaction.atomic():
            event.save()
            said = {"title": event.title, "begins": event.begins.isoformat()}
            audit.record(action, event, by=by, shop_id=event.shop_id, **said)
    except IntegrityError:
        if not once:  # else it was sent twice at this very moment
            raise


@transaction.atomic
def cancel(event: Event, *, by: User, now: datetime, cancelled: bool = True) -> None:
    """It stays where it was, marked as cancelled, so that who planned to come sees it; or it takes place after all."""
    event.cancelled = cancelled
    event.changed_at = now
    event.save(update_fields=["cancelled", "changed_at"])
    audit.record("event.cancel" if cancelled else "event.restore", event, by=by, shop_id=event.shop_id)


@transaction.atomic
def delete(event: Event, *, by: User) -> None:
    """As if it had never been: for what was written by mistake."""
    audit.record("event.delete", event, by=by, shop_id=event.shop_id, title=event.title)
    event.delete()
