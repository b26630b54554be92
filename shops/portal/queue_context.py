"""What the queue shows beside an order as well as alone: the groups, and what came back."""

from __future__ import annotations

from typing import Any

from django.db.models import prefetch_related_objects
from django.utils import timezone

from shops.portal.access import StaffRequest, Workplace
from shops.portal.pressing import came_back, new_once
from shops.portal.queue import pressed_or_back, queue

BACK_SHOWN = 20


def queue_context(request: StaffRequest, workplace: Workplace) -> dict[str, Any]:
    actions = pressed_or_back(workplace.shop)
    back = [row for row in actions if row.failed_at and row.seen_at is None][:BACK_SHOWN] if workplace.can_work else []
    prefetch_related_objects(back, "line", "by")  # hardly ever any
    return {
        "once": new_once(),
        "groups": queue(request.user, workplace.shop, now=timezone.now(), actions=actions),
        "back": came_back(back),
    }
