"""A shop's delivery options change: each with its audit entry. What orders were promised by stays as it was."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time

from django.db import transaction
from django.db.models import Max

from marketplace.foundation import audit
from shops.models import DeliveryOption, DeliverySlot


def keep(
    option: DeliveryOption, *, by: object, slots: Sequence[tuple[int, time, time, int]] | None = None
) -> DeliveryOption:
    """Save an option, a new one at the end of its shop's list. `slots`: all its (weekday, begins, ends, capacity); one
    that is gone takes nobody any more, what was booked in it stays. None: it has no slots."""
    with transaction.atomic():
        if not option.pk:
            last = DeliveryOption.objects.filter(shop_id=option.shop_id).aggregate(last=Max("position"))["last"]
            option.position = 0 if last is None else last + 1
        option.save()
        if slots is not None:
            _keep_slots(option, slots)
        audit.record("delivery.keep", option, by=by, shop_id=option.shop_id, kind=option.kind, name=option.name_en)
    return option


def pause(option: DeliveryOption, *, by: object, paused: bool) -> None:
    """A paused option is not offered; orders that go by it are carried all the same."""
    with transaction.atomic():
        option.active = not paused
        option.save(update_fields=["active"])
        audit.record("delivery.pause", option, by=by, shop_id=option.shop_id, paused=paused)


def move_up(option: DeliveryOption, *, by: object) -> None:
    """One place earlier in the order in which readers see them."""
    with transaction.atomic():
        rows = list(DeliveryOption.objects.filter(shop_id=option.shop_id).order_by("position", "pk"))
        place = next(index for index, row in enumerate(rows) if row.pk == option.pk)
        rows.insert(max(0, place - 1), rows.pop(place))
        for position, row in enumerate(rows):
            row.position = position
            row.save(update_fields=["position"])
        audit.record("delivery.move", option, by=by, shop_id=option.shop_id)


def _keep_slots(option: DeliveryOption, slots: Sequence[tuple[int, time, time, int]]) -> None:
    there = {(slot.weekday, slot.begins, slot.ends): slot for slot in option.slots.all()}
    for weekday, begins, ends, capacity in slots:
        slot = there.pop((weekday, begins, ends), None) or DeliverySlot(
            option=option, weekday=weekday, begins=begins, ends=ends
        )
        slot.capacity, slot.active = capacity, True
        slot.save()
    for gone in there.values():
        gone.active = False
        gone.save(update_fields=["active"])
