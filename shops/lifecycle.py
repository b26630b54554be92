"""Whether a shop sells: paused and back by its own people, suspended and restored by the network; leaving, and gone.
Its open orders go on in any case.

SQL knows at once; the index follows with the step `follow_freshness`, which each change here gives something to do."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from marketplace.foundation import audit
from marketplace.foundation.models import AuditEntry
from marketplace.models import User
from shops.freshness import is_for_sale
from shops.models import Shop

_S = Shop.Status
_BEGINS = {"shop.suspend": _S.SUSPENDED, "shop.ask_to_leave": _S.LEAVING}
_ENDS = {"shop.restore": _S.SUSPENDED, "shop.stay": _S.LEAVING}


def put_on_sale(shop: Shop, *, by: User, now: datetime) -> bool:
    """The first time; whether all is ready is asked before (`shops.onboarding.checklist`). False: it did not join."""
    return _move(shop, {_S.DRAFT}, _S.ACTIVE, "shop.put_on_sale", by=by, now=now)


def pause(shop: Shop, *, by: User, now: datetime) -> bool:
    """Sells nothing from now on. False: it was not on sale."""
    return _move(shop, {_S.ACTIVE}, _S.PAUSED, "shop.pause", by=by, now=now)


def resume(shop: Shop, *, by: User, now: datetime) -> bool:
    """Sells again. False: it was not paused; one that the network suspended cannot do this itself."""
    return _move(shop, {_S.PAUSED}, _S.ACTIVE, "shop.resume", by=by, now=now)


def suspend(shop: Shop, *, reason: str, by: User, now: datetime) -> bool:
    """The network takes it off sale, and tells it why."""
    return _move(shop, {_S.ACTIVE, _S.PAUSED, _S.LEAVING}, _S.SUSPENDED, "shop.suspend", reason=reason, by=by, now=now)


def restore(shop: Shop, *, reason: str, by: User, now: datetime) -> bool:
    """As it was before it was suspended: on sale, paused by its own people, or leaving."""
    with transaction.atomic():
        was = _beneath(shop, _S.SUSPENDED)
        back = was if was in {_S.ACTIVE, _S.LEAVING} else _S.PAUSED
        return _move(shop, {_S.SUSPENDED}, back, "shop.restore", reason=reason, by=by, now=now)


def ask_to_leave(shop: Shop, *, reason: str, by: User, now: datetime) -> bool:
    """Its owner wants to go: nothing is for sale from now on; what is open is finished (`shops.onboarding.leaving`)."""
    from_ = {_S.DRAFT, _S.ACTIVE, _S.PAUSED, _S.SUSPENDED}
    return _move(shop, from_, _S.LEAVING, "shop.ask_to_leave", reason=reason, by=by, now=now)


def stay(shop: Shop, *, by: User, now: datetime) -> bool:
    """It leaves not after all: joining or suspended as before, else paused, until its people sell again."""
    with transaction.atomic():
        was = _beneath(shop, _S.LEAVING)
        back = was if was in {_S.DRAFT, _S.SUSPENDED} else _S.PAUSED
        return _move(shop, {_S.LEAVING}, back, "shop.stay", by=by, now=now)


def leave(shop: Shop, *, by: User | None, now: datetime) -> bool:
    """It is gone, for good; its people still see what was. Whether all is finished is asked before."""
    return _move(shop, {_S.LEAVING}, _S.LEFT, "shop.leave", by=by, now=now)


def _beneath(shop: Shop, over: str) -> str:
    """What a suspended or leaving shop is once that is `over`, as its trail tells: the other of the two where both
    hold, else what it was before. Its row stays locked."""
    was = Shop.objects.select_for_update(of=("self",)).get(pk=shop.pk).status_before
    holds: list[str] = []
    trail = AuditEntry.objects.filter(shop_id=shop.pk, action__in=[*_BEGINS, *_ENDS]).order_by("pk")
    for action, facts in trail.values_list("action", "facts"):
        if not holds and action in _BEGINS:
            was = facts["before"]
        status = _BEGINS.get(action) or _ENDS[action]
        holds = [one for one in holds if one != status] + ([status] if action in _BEGINS else [])
    return next((one for one in reversed(holds) if one != over), was)


def _move(
    shop: Shop, from_: Collection[str], to: str, action: str, *, by: User | None, now: datetime, reason: str = ""
) -> bool:
    """Compare and set: of two at once one wins. `shop` is read anew in either case."""
    with transaction.atomic():
        found = Shop.objects.select_for_update(of=("self",)).get(pk=shop.pk)
        is_done = found.status in from_
        if is_done:
            before, found.status = found.status, to
            # The opposite of what is: so the step marks all its titles, those too that sell without a fresh list.
            counted = not is_for_sale(found, now=now)
            said = {
                "status_since": now,
                "status_by": by.email if by else "",
                "status_reason": reason[:500],
                "status_before": before,
            }
            Shop.objects.filter(pk=found.pk).update(status=to, counted_for_sale=counted, **said)
            audit.record(action, found, by=by, reason=reason, shop_id=found.pk, before=before)
    shop.refresh_from_db()
    return is_done
