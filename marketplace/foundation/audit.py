"""One function: say who did what and why, in the transaction of the change."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from marketplace.foundation import prepared
from marketplace.foundation.models import AuditEntry


def record(
    action: str,
    subject: models.Model,
    *,
    by: object = None,
    reason: str = "",
    shop_id: int | None = None,
    **facts: object,
) -> AuditEntry:
    """Write one entry. `action` is noun.verb; `by` a User, or a word such as "system" or "reader 100012" for whoever
    acts without an account; `facts` must be JSON-able."""
    return prepared.insert([AuditEntry(**_columns(action, subject, by, reason, shop_id, facts))])[0]


def _columns(
    action: str, subject: models.Model, by: object, reason: str, shop_id: int | None, facts: dict[str, object]
) -> dict[str, object]:
    user = by if isinstance(by, models.Model) else None
    return {
        "at": timezone.now(),
        "actor": user,
        "actor_label": str(getattr(user, "email", None) or by or "system")[:200],
        "action": action,
        "subject_type": subject._meta.label_lower,
        "subject_id": str(subject.pk),
        "shop_id": shop_id,
        "reason": reason[:500],
        "facts": facts,
    }
