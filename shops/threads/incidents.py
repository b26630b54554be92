"""Something is wrong with an order: said by its reader or its shop with a reason, between the two until a deadline by
the shop's opening hours, then the network's, until a person closes it and says what was done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import translation
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from marketplace.foundation import audit, leases, network
from marketplace.models import User
from shops.models import Incident, Shop, Side, Thread
from shops.orders import answer_times
from shops.threads import letters, writing
from shops.threads.writing import ThreadError, Words, write

Reason = Incident.Reason
BATCH = 50


def open_one(
    thread: Thread,
    side: Side,
    reason: str,
    words: Words,
    *,
    by: User | None,
    who: object,
    name: str = "",
    now: datetime,
) -> Incident:
    """Say that something is wrong; the words go into the thread. `who` is for the record. Raises ThreadError."""
    if thread.shop_order_id is None:
        raise ThreadError(_("Only with an order can something be wrong: write to the shop."))
    with transaction.atomic():
        locked = Thread.objects.select_for_update(of=("self",)).select_related("shop").get(pk=thread.pk)
        if running(locked):
            raise ThreadError(_("This is being looked at already: see below."))
        due = due_at(locked.shop, now=now)
        row = Incident.objects.create(thread=locked, reason=reason, opened_by=side, opened_at=now, due_at=due)
        audit.record("incident.open", row, by=who, shop_id=locked.shop_id, because=reason)
        with translation.override(locked.shop.language if side == Side.READER else locked.language):
            said = _("Something is wrong: %(reason)s.") % {"reason": row.get_reason_display()}
        write(locked, side, words, by=by, name=name, said=str(said), now=now)
    return row


def report(thread: Thread, reason: str, words: Words, *, who: object, now: datetime) -> None:
    """The network says that something is wrong, once for `words.once`; where that is being looked at already, it is
    said beside."""
    with transaction.atomic():
        locked = Thread.objects.select_for_update(of=("self",)).get(pk=thread.pk)
        if writing.is_written(locked, Side.NETWORK, words):
            return
        if running(locked):
            write(locked, Side.NETWORK, words, by=None, now=now)
        else:
            open_one(locked, Side.NETWORK, reason, words, by=None, who=who, now=now)


def due_at(shop: Shop, *, now: datetime) -> datetime:
    """As long as a shop has to answer an order, counted by its opening hours in the same way."""
    within = timedelta(hours=network.current().answer_within_hours)
    hours = answer_times.hours_of([shop], now=now)[shop.pk]
    return answer_times.answer_due(hours, ZoneInfo(shop.timezone), since=now, within=within)


def running(thread: Thread) -> Incident | None:
    return thread.incidents.filter(closed_at=None).first()


def may_close(row: Incident, side: Side) -> bool:
    """The network any; who opened it their own; the shop what has not gone to the network."""
    if row.closed_at:
        return False
    return side in (Side.NETWORK, row.opened_by) or (side == Side.SHOP and row.escalated_at is None)


def close(row: Incident, side: Side, done: str, *, by: User | None, who: object, now: datetime) -> None:
    """A person says what was done. Raises ThreadError."""
    done = done.strip()[:500]
    if not done:
        raise ThreadError(_("Say what was done."))
    if not may_close(row, side):
        raise ThreadError(_("This is not yours to close any more."))
    with transaction.atomic():
        same = Incident.objects.filter(pk=row.pk, closed_at=None, escalated_at=row.escalated_at)
        if not same.update(closed_at=now, closed_by=side, closer=by, done=done):
            raise ThreadError(_("Somebody was quicker: look at it again."))
        audit.record("incident.close", row, by=who, shop_id=row.thread.shop_id)
        others = [other for other in (Side.READER, Side.SHOP) if other != side]
        _tell(row, others, lambda: _closed(row, done), key="closed", now=now)


def escalate_incidents(now: datetime) -> int:
    """Step: what nobody closed in time goes to the network. Returns how many."""
    due = Incident.objects.filter(due_at__lte=now, escalated_at=None, closed_at=None).order_by("due_at", "pk")
    related = ("thread__shop", "thread__shop_order__order")
    return sum(_escalate(row, now) for row in leases.waiting(due, *related, most=BATCH))


def _escalate(row: Incident, now: datetime) -> bool:
    with transaction.atomic():
        if not Incident.objects.filter(pk=row.pk, escalated_at=None, closed_at=None).update(escalated_at=now):
            return False
        audit.record("incident.escalate", row, shop_id=row.thread.shop_id)
        _tell(row, [Side.READER, Side.SHOP], lambda: _escalated(row), key="escalated", now=now)
    return True


def _tell(row: Incident, sides: Sequence[Side], words: letters.Wording, *, key: str, now: datetime) -> None:
    """Each in their own language."""
    for side in sides:
        with translation.override(row.thread.language if side == Side.READER else row.thread.shop.language):
            letters.told(row.thread, side, words(), key=f"incident:{row.pk}:{key}", now=now)


def _closed(row: Incident, done: str) -> list[str]:
    return [_("“%(reason)s” is settled:") % {"reason": row.get_reason_display()}, done]


def _escalated(row: Incident) -> list[str]:
    at = localtime(row.opened_at, ZoneInfo(row.thread.shop.timezone))
    values = {"reason": row.get_reason_display(), "when": date_format(at, "DATETIME_FORMAT")}
    return [
        _("Since %(when)s something is wrong: %(reason)s.") % values,
        _("The time of the shop is over: the network looks at it now, and writes to you."),
    ]
