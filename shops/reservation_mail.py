"""What the reader and the shop are told of a reservation, written in the transaction of the change."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import override

from marketplace.foundation import links, mail, money
from shops import mailing
from shops.models import Reservation

_CONFIRM = "halles.reservation-confirm"


def confirm_key(reservation: Reservation) -> str:
    """What only the mail knows, so that it proves the address."""
    return links.key_of(_CONFIRM, reservation.token)


def to_confirm(reservation: Reservation, *, now: datetime) -> None:
    names = [reservation.token, confirm_key(reservation)]
    url = links.absolute(reverse("storefront:reservation-confirm", args=names))
    _to_reader("reservation_confirm", reservation, now, url=url)


def made(reservation: Reservation, *, now: datetime) -> None:
    _to_reader("reservation_made", reservation, now)


def kept(reservation: Reservation, *, now: datetime) -> None:
    _to_reader("reservation_kept", reservation, now)


def reminder(reservation: Reservation, *, now: datetime) -> None:
    _to_reader("reservation_reminder", reservation, now)


def ended(reservation: Reservation, *, now: datetime) -> None:
    """The shop gave it up, or its time is over."""
    _to_reader("reservation_ended", reservation, now)


def to_shop(reservation: Reservation, *, ended: bool, now: datetime) -> None:
    """Set it aside; or, `ended`, put it back."""
    shop = reservation.shop
    kind = "reservation_put_back" if ended else "reservation_new"
    mailing.post(
        kind,
        shop,
        mailing.About.ORDERS,
        dedupe_key=f"{kind}:{reservation.pk}",
        context={
            "reservation": reservation,
            "until": _until(reservation, shop.language),
            "url": links.absolute(reverse("portal:reservations", args=[shop.slug])),
        },
        now=now,
        reply_to=reservation.email,
    )


def _to_reader(kind: str, reservation: Reservation, now: datetime, **context: object) -> None:
    shop, language = reservation.shop, reservation.language
    mail.post(
        kind,
        to=reservation.email,
        language=language,
        dedupe_key=f"{kind}:{reservation.pk}",
        context={
            "reservation": reservation,
            "shop": shop,
            "until": _until(reservation, language),
            "total": money.display(reservation.total_minor, reservation.currency, language),
            "url": links.absolute(reverse("storefront:reservation", args=[reservation.token])),
            **context,
        },
        now=now,
        shop_id=shop.pk,
        reply_to=shop.email,
    )


def _until(reservation: Reservation, language: str) -> str:
    """In the shop's own time, as its reader says it."""
    with override(language):
        return date_format(localtime(reservation.expires_at, ZoneInfo(reservation.shop.timezone)), "DATETIME_FORMAT")
