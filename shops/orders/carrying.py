"""A parcel that somebody else of the network hands to the reader, another shop or the keepers of a pick-up point: it
arrives there, then it is collected by its code.

For the shop that sold it nothing differs from a carrier: its order is handed over, its stock and its money follow, when
the parcel leaves it (`fulfilment.hand_over`). What comes after is the parcel's own story, told here alone, with who
said it; the shop that sold it reads it in its order's history."""

from __future__ import annotations

from datetime import datetime

from django.db import models, transaction
from django.utils.translation import gettext as _

from marketplace.foundation import audit
from shops.models import Parcel
from shops.orders import reader_mail
from shops.orders.fulfilment import FulfilmentError, check_code


def arrive(parcel: Parcel, *, by: object, now: datetime) -> None:
    """It is there; the reader is told, with the code. FulfilmentError where somebody said so before."""
    with transaction.atomic():
        coming = Parcel.objects.filter(pk=parcel.pk, arrived_at=None).exclude(carried_to=None, waits_at=None)
        if not coming.update(arrived_at=now, arrived_by=_person(by)):
            raise FulfilmentError(_("It is here already: someone said so a moment ago."))
        _record("parcel.arrive", parcel, by)
        reader_mail.arrived(parcel.shop_order, parcel, now=now)


def collect(parcel: Parcel, *, code: str, by: object, now: datetime) -> None:
    """The reader has it. FulfilmentError for another code, before it arrived, and the second time."""
    check_code(parcel.shop_order, code)
    with transaction.atomic():
        here = Parcel.objects.filter(pk=parcel.pk, collected_at=None).exclude(arrived_at=None)
        if not here.update(collected_at=now, collected_by=_person(by)):
            raise FulfilmentError(_("It is not here: it has not arrived, or was handed over already."))
        _record("parcel.collect", parcel, by)


def _record(action: str, parcel: Parcel, by: object) -> None:
    number, place = parcel.shop_order.number, str(getattr(parcel.place, "name", ""))
    audit.record(action, parcel, by=by, shop_id=parcel.carried_to_id, number=number, place=place)


def _person(by: object) -> models.Model | None:
    return by if isinstance(by, models.Model) else None
