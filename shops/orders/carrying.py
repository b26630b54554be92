"""A parcel that another shop of the network hands to the reader: it arrives there, then it is collected by its code.

For the shop that sold it nothing differs from a carrier: its order is handed over, its stock and its money follow, when
the parcel leaves it (`fulfilment.hand_over`). What comes after is the parcel's own story, told here alone."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from marketplace.foundation import audit
from shops.models import Parcel
from shops.orders import reader_mail
from shops.orders.fulfilment import FulfilmentError, check_code


def arrive(parcel: Parcel, *, by: object, now: datetime) -> None:
    """The receiving shop has it; the reader is told, with the code. FulfilmentError where somebody said so before."""
    with transaction.atomic():
        if not Parcel.objects.filter(pk=parcel.pk, arrived_at=None).exclude(carried_to=None).update(arrived_at=now):
            raise FulfilmentError(_("It is here already: someone said so a moment ago."))
        shop_order = parcel.shop_order
        audit.record("parcel.arrive", parcel, by=by, shop_id=parcel.carried_to_id, number=shop_order.number)
        reader_mail.arrived(shop_order, parcel, now=now)


def collect(parcel: Parcel, *, code: str, by: object, now: datetime) -> None:
    """The reader has it. FulfilmentError for another code, before it arrived, and the second time."""
    check_code(parcel.shop_order, code)
    with transaction.atomic():
        here = Parcel.objects.filter(pk=parcel.pk, collected_at=None).exclude(arrived_at=None)
        if not here.update(collected_at=now):
            raise FulfilmentError(_("It is not here: it has not arrived, or was handed over already."))
        number = parcel.shop_order.number
        audit.record("parcel.collect", parcel, by=by, shop_id=parcel.carried_to_id, number=number)
