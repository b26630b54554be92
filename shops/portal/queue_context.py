"""What the queue shows beside an order as well as alone: the groups, and what came back."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from shops.models import DeskAction
from shops.portal.access import StaffRequest, Workplace
from shops.portal.pressing import came_back, new_once
from shops.portal.queue import queue

BACK_SHOWN = 20


def queue_context(request: StaffRequest, workplace: Workplace) -> dict[str, Any]:
    back = DeskAction.objects.filter(shop=workplace.shop, failed_at__isnull=False, seen_at=None)
    back = back.prefetch_related("shop_order", "line", "by")  # hardly ever any: nothing is joined for none
    return {
        "once": new_once(),
        "groups": queue(request.user, workplace.shop, now=timezone.now()),
        "back": came_back(back.order_by("pk")[:BACK_SHOWN]) if workplace.can_work else [],
    }
