"""What the queue shows beside an order as well as alone: the groups of orders, what waits beside them, what came back.

Four queries, however much there is of anything. With those of session, person and shops and the two that say whose rows
the database shows (`foundation.walls`) the desk asks nine, ten where somebody has an announcement to read. What a
process remembers for some seconds (the network's settings, the announcements) it asks for anew now and then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.foundation.prepared import Prepared
from marketplace.models import User
from shops import queries
from shops.models import Shop
from shops.orders import sight
from shops.portal import beside, counter_queue, returns_queue, threads_queue
from shops.portal.access import StaffRequest, Workplace
from shops.portal.beside import Told
from shops.portal.pressing import came_back, new_once
from shops.portal.queue import pressed_or_back, queue

BACK_SHOWN = 20


@dataclass(frozen=True)
class BesideGroup:
    """The first of `total` rows, `part` being the template of one; the rest is on their page."""

    key: str
    heading: str
    part: str
    rows: Sequence[object]
    total: int
    url: str
    newest: int

    @property
    def beyond(self) -> int:
        return self.total - len(self.rows)


def queue_context(request: StaffRequest, workplace: Workplace) -> dict[str, Any]:
    shop, user, now = workplace.shop, request.user, timezone.now()
    actions = pressed_or_back(shop)
    back = [row for row in actions if row.failed_at and row.seen_at is None][:BACK_SHOWN] if workplace.can_work else []
    groups, others = queue(user, shop, now=now, actions=actions), _beside(request, workplace)
    return {"once": new_once(), "groups": groups, "beside": others, "back": came_back(back)}


def _beside(request: StaffRequest, workplace: Workplace) -> list[BesideGroup]:
    """Those in which there is something."""
    shop, now = workplace.shop, timezone.now()
    found = beside.by_kind(_WAITING.rows(queries.key_of(request.user), shop.pk, sight.since(now)))
    told: dict[str, tuple[str, str, str, Sequence[object]]] = {
        "threads": (
            *(_("Readers who wait for an answer"), "thread_row", "messages"),
            threads_queue.thread_rows(found["threads"], shop, now=now),
        ),
        "returns": (
            *(_("Sent back by readers"), "return_row", "returns"),
            returns_queue.return_rows(found["returns"], shop, now=now),
        ),
        "reserved": (
            *(_("To set aside"), "counter_row", "reservations"),
            counter_queue.reservation_rows(found["reserved"], shop, now=now),
        ),
        "carried": (
            *(_("For other shops"), "counter_row", "for-others"),
            counter_queue.carried_rows(found["carried"], shop, now=now),
        ),
    }
    return [
        _group(key, found[key][0], heading, part, reverse(f"portal:{where}", args=[shop.slug]), rows)
        for key, (heading, part, where, rows) in told.items()
        if rows
    ]


def _waiting(user: int, shop: int, before: datetime) -> QuerySet[Any, Any]:
    who, where = User(pk=user), Shop(pk=shop)
    return beside.together(
        threads=threads_queue.waiting(who, where, before=before),
        returns=returns_queue.waiting(who, where),
        reserved=counter_queue.to_set_aside(where),
        carried=counter_queue.carried(who, where),
    )


_WAITING = Prepared(_waiting)


def _group(key: str, one: Told, heading: str, part: str, url: str, rows: Sequence[object]) -> BesideGroup:
    return BesideGroup(key, heading, f"portal/parts/{part}.html", rows, one.its_total, url, one.its_newest)
