"""A parcel that somebody else of the network hands to the reader, another shop or the keepers of a pick-up point: it
arrives there, lies on a shelf, then it is collected by its code; or it is missing, and turns up or is given up.

For the shop that sold it nothing differs from a carrier: its order is handed over, its stock and its money follow, when
the parcel leaves it (`fulfilment.hand_over`). What comes after is the parcel's own story, told here alone, with who
said it; the shop that sold it reads it in its order's history. Each change compares and sets: of two at once one
counts. What a given-up parcel costs, and what the other shop gets for handing over, are due rows for the payments."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import models, transaction
from django.utils.translation import gettext as _

from marketplace.foundation import audit, leases, links, network
from marketplace.foundation.failpoints import failpoint
from marketplace.models import User
from shops import mailing
from shops.mailing import About
from shops.models import Parcel, ParcelRefund, Shop
from shops.orders import keep_times, reader_mail
from shops.orders.fulfilment import FulfilmentError, check_code

logger = logging.getLogger("halles.carrying")
Said = Parcel.Said
BATCH = 50
_FOUND = {"missing_at": None, "missing_said": ""}


def arrive(parcel: Parcel, *, by: object, now: datetime, shelf: str = "") -> None:
    """It is there, be it that it was missing; the reader is told, with the code. `shelf`: where it lies.
    FulfilmentError where somebody said so before, and where it was given up."""
    with transaction.atomic():
        coming = Parcel.objects.filter(pk=parcel.pk, arrived_at=None, missing_ended_at=None)
        coming = coming.exclude(carried_to=None, waits_at=None)
        lies = {"shelf": shelf[:40], "shelved_at": now} if shelf else {}
        parcel.keep_until = keep_times.kept_elsewhere(parcel, since=now, now=now)
        if not coming.update(arrived_at=now, arrived_by=_person(by), **_FOUND, **lies, **_kept(parcel, now)):
            raise FulfilmentError(_gone(parcel) or _("It is here already: someone said so a moment ago."))
        _record("parcel.arrive", parcel, by)
        reader_mail.arrived(parcel.shop_order, parcel, now=now)
        failpoint("carrying.before_commit")
    failpoint("carrying.after_commit")


def shelve(parcel: Parcel, shelf: str, *, by: object, now: datetime) -> None:
    """Where it lies at the counter that hands it over, said as often as it is moved; what was missing is found."""
    here = _here(parcel)
    if parcel.missing_at:  # its reader is given the time that passed meanwhile
        parcel.keep_until = keep_times.kept_elsewhere(parcel, since=now, now=now)
    with transaction.atomic():
        kept = _kept(parcel, now) if parcel.missing_at else {}
        if not here.update(shelf=shelf.strip()[:40], shelved_at=now, **_FOUND, **kept):
            raise FulfilmentError(_gone(parcel) or _not_here())
        _record("parcel.shelve", parcel, by)
        failpoint("carrying.before_commit")
    failpoint("carrying.after_commit")


def collect(parcel: Parcel, *, code: str, by: object, now: datetime) -> None:
    """The reader has it. FulfilmentError for another code, before it arrived, and the second time."""
    check_code(parcel.shop_order, code)
    with transaction.atomic():
        if not _here(parcel).update(collected_at=now, collected_by=_person(by), keep_watch_at=None, **_FOUND):
            raise FulfilmentError(_gone(parcel) or _not_here())
        _record("parcel.collect", parcel, by)
        failpoint("carrying.before_commit")
    failpoint("carrying.after_commit")


def miss(parcel: Parcel, said: Said, *, by: object, now: datetime) -> None:
    """It is not where it should be: both shops are told, and it is on the operator's board until it turns up or is
    given up. FulfilmentError where it was collected or somebody said so before."""
    with transaction.atomic():
        there = Parcel.objects.filter(pk=parcel.pk, collected_at=None, missing_at=None, uncollected_at=None)
        there = there.exclude(carried_to=None)
        if not there.update(missing_at=now, missing_said=said):
            raise FulfilmentError(_("It was collected, or someone said already that it is missing."))
        _record("parcel.miss", parcel, by, said=str(said))
        parcel.missing_at, parcel.missing_said = now, said
        for shop in (parcel.shop_order.shop, parcel.carried_to):
            if shop:
                _tell(parcel, shop, now)
        failpoint("carrying.before_commit")
    failpoint("carrying.after_commit")


def give_up(parcel: Parcel, *, borne_by: str, by: object, now: datetime) -> None:
    """An operator: nobody finds it, and the reader gets the money of it back, at whose cost (`ParcelRefund.Bearer`);
    the refund is due. FulfilmentError where it turned up meanwhile."""
    with transaction.atomic():
        missing = Parcel.objects.filter(pk=parcel.pk, missing_ended_at=None).exclude(missing_at=None)
        if not missing.update(missing_ended_at=now):
            raise FulfilmentError(_("It is not missing any more: look again."))
        person = by if isinstance(by, User) else None
        ParcelRefund.objects.create(parcel=parcel, borne_by=borne_by, by=person, due_at=now)
        _record("parcel.give_up", parcel, by, borne_by=borne_by)
        failpoint("carrying.before_commit")
    failpoint("carrying.after_commit")


def watch_parcels(now: datetime) -> int:
    """Step: a parcel that did not arrive at the other shop within the network's days is missing. Returns how many."""
    late = now - timedelta(days=network.current().parcel_missing_days)
    away = Parcel.objects.filter(arrived_at=None, missing_at=None, handed_over_at__lte=late).exclude(carried_to=None)
    due = away.order_by("handed_over_at", "pk")
    rows = leases.waiting(due, "shop_order__shop", "carried_to", most=BATCH)
    return sum(_missed(row, now) for row in rows)


def _missed(parcel: Parcel, now: datetime) -> bool:
    """It arrived at that very moment where it cannot be said; one that fails stops no other."""
    try:
        miss(parcel, Said.NOBODY, by="system", now=now)
    except FulfilmentError:
        return False
    except Exception:
        logger.exception("It cannot be said that parcel %s is missing; it is tried again.", parcel.pk)
        return False
    return True


def _tell(parcel: Parcel, shop: Shop, now: datetime) -> None:
    number = parcel.shop_order.number
    is_sender = shop.pk == parcel.shop_order.shop_id
    path = f"/portal/orders/{number}/" if is_sender else f"/portal/{shop.slug}/for-others/"
    mailing.post(
        "parcel_missing",
        shop,
        About.ORDERS,
        dedupe_key=f"parcel_missing:{parcel.pk}:{shop.pk}:{now.isoformat()}",
        context={"parcel": parcel, "number": number, "is_sender": is_sender, "url": links.absolute(path)},
        now=now,
    )


def _here(parcel: Parcel) -> models.QuerySet[Parcel]:
    """It, where it may be handed over: found, be it that it was missing, and not on its way back."""
    found = Parcel.objects.filter(pk=parcel.pk, collected_at=None, missing_ended_at=None, uncollected_at=None)
    return found.exclude(arrived_at=None)


def _kept(parcel: Parcel, now: datetime) -> dict[str, datetime | None]:
    """How long it waits for its reader from now on (`left_elsewhere`)."""
    until = parcel.keep_until
    return {"keep_until": until, "keep_watch_at": keep_times.reminder(until, since=now) if until else None}


def _gone(parcel: Parcel) -> str:
    """What is said where it was given up, or goes back; empty where it does not."""
    if Parcel.objects.filter(pk=parcel.pk, uncollected_at__isnull=False).exists():
        return _("Nobody came for it in time: it goes back, and the reader has the money again.")
    if not Parcel.objects.filter(pk=parcel.pk, missing_ended_at__isnull=False).exists():
        return ""
    if Parcel.objects.filter(instead_of=parcel).exists():
        return _("Other copies were sent in its place: send it back to %(shop)s.") % {"shop": parcel.shop_order.shop}
    return _("It was given up and its reader has the money back: write to %(shop)s.") % {"shop": parcel.shop_order.shop}


def _not_here() -> str:
    return _("It is not here: it has not arrived, or was handed over already.")


def _record(action: str, parcel: Parcel, by: object, **facts: str) -> None:
    number, place = parcel.shop_order.number, str(getattr(parcel.place, "name", ""))
    if facts.get("said") == Said.SENDER:
        place = parcel.shop_order.shop.name
    place = "" if by == "system" or "borne_by" in facts else place
    audit.record(action, parcel, by=by, shop_id=parcel.carried_to_id, number=number, place=place, **facts)


def _person(by: object) -> models.Model | None:
    return by if isinstance(by, models.Model) else None
