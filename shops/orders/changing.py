"""The way into every change of a shop order: a compare-and-set on the version that the caller saw, the table of
transitions asked, the lines read anew; and who was quicker, where somebody was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F
from django.utils.formats import date_format, time_format
from django.utils.timezone import localdate, localtime
from django.utils.translation import gettext as _

from marketplace.foundation.models import AuditEntry
from shops.models import DeskAction, ShopOrder, ShopOrderLine
from shops.orders import missing, transitions
from shops.orders.transitions import Asked, Event

_LEAVING = [DeskAction.Deed.PACK, DeskAction.Deed.HAND_OVER]
_NOT_WHILE_LEAVING = {Event.CANCEL, Event.LEAVE, Event.TAKE_BACK}
_CHANGES = [f"shop_order.{event}" for event in Event]


class FulfilmentError(Exception):
    """It cannot be done; the message tells staff why and what to do."""


class BeingHandedOverError(FulfilmentError):
    """The reader takes back what staff have said to be packed or handed over, which is not carried out yet, or it
    would go back uncollected; the message is for the reader."""


@contextmanager
def changing(
    shop_order: ShopOrder, now: datetime, event: Event, asked: Asked | None = None
) -> Iterator[tuple[ShopOrder, dict[int, ShopOrderLine]]]:
    """Lock the shop order if it still is as the caller saw it and `event` may be, and read its lines anew, in one
    transaction with the change. The caller's own instance follows, so that it can go on with the next line."""
    asked, seen = asked or Asked(), shop_order.version
    with transaction.atomic():
        if not _claim_version(shop_order, seen):
            raise FulfilmentError(missing.what_became(shop_order) or meanwhile(shop_order, now=now))
        if event in _NOT_WHILE_LEAVING and _is_leaving(shop_order):
            raise BeingHandedOverError(
                _("The shop is packing this or handing it over at this moment. Try again in a minute.")
            )
        fresh = ShopOrder.objects.select_related("shop", "order__user", "delivery_option").get(pk=shop_order.pk)
        lines = {line.pk: line for line in fresh.lines.all()}
        if why := transitions.refusal(event, fresh, lines, asked):
            late = event == Event.ACCEPT and asked.line_id is None and missing.what_became(shop_order)
            raise FulfilmentError(late or why)
        start = fresh.status
        yield fresh, lines
        transitions.check_end(event, start, fresh.status)
    for name in ("version", "status", "answered_at", "handed_over_at"):
        setattr(shop_order, name, getattr(fresh, name))


def meanwhile(shop_order: ShopOrder, *, now: datetime) -> str:
    """That somebody was quicker: who, and when in the shop's own time."""
    entries = AuditEntry.objects.filter(subject_type=ShopOrder._meta.label_lower, subject_id=str(shop_order.pk))
    last = entries.filter(action__in=_CHANGES).select_related("actor").order_by("-pk").first()
    if last is None:
        return _("Someone changed this order meanwhile. Look at it again, then repeat.")
    return quicker(shop_order, _who(last), last.at, now=now)


def quicker(shop_order: ShopOrder, who: str, at: datetime, *, now: datetime) -> str:
    local = localtime(at, ZoneInfo(shop_order.shop.timezone))
    today = local.date() == localdate(now, ZoneInfo(shop_order.shop.timezone))
    when = time_format(local, "TIME_FORMAT") if today else date_format(local, "DATETIME_FORMAT")
    said = {"who": who, "when": when}
    return _("Someone changed this order meanwhile: %(who)s, %(when)s. Look at it again, then repeat.") % said


def _who(entry: AuditEntry) -> str:
    if entry.actor:
        return entry.actor.get_full_name() or entry.actor_label
    if entry.actor_label.startswith("reader"):
        return _("the reader")
    return _("the network") if entry.actor_label == "system" else entry.actor_label


def _is_leaving(shop_order: ShopOrder) -> bool:
    """Whether staff have pressed that it is packed or gone, and the step has not carried it out: the book may be out of
    the door, whatever holds the row up. Asked with the order locked, as whoever presses does."""
    return DeskAction.objects.filter(shop_order=shop_order, due_at__isnull=False, deed__in=_LEAVING).exists()


def _claim_version(shop_order: ShopOrder, seen: int) -> bool:
    """The compare-and-set; the row stays locked until the end of the transaction."""
    return ShopOrder.objects.filter(pk=shop_order.pk, version=seen).update(version=F("version") + 1) == 1
