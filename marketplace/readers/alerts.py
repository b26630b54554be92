"""Alerts: a reader is told once each time that a title is there as they wish it, and can stop that with one click."""

from __future__ import annotations

import logging
from collections.abc import Container, Iterable, Sequence
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.db import transaction
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from oscar.apps.catalogue.models import Product

from marketplace.foundation import leases, links, mail
from marketplace.models import User
from marketplace.readers.models import Alert
from search import availability, offers
from search.availability import Place
from search.offers import Offer
from search.reader import Reader
from shops.models import Shop

MOST = 200  # of one reader
EVERY = timedelta(minutes=5)  # how often each is looked at
UNMET_FOR = timedelta(hours=3)  # longer than any checkout keeps a copy: only then its coming back is news
_BATCH = 500
_SALT = "halles.alert"
logger = logging.getLogger("halles.alerts")


class AlertError(Exception):
    """Says in the reader's language why an alert cannot be set."""


def ask(
    reader: User,
    product: Product,
    *,
    language: str,
    now: datetime,
    shop: Shop | None = None,
    near: Place | None = None,
    used_only: bool = False,
    most_minor: int | None = None,
) -> Alert:
    """Set an alert, or change the one that the reader has for this title in the same place. What is there already is no
    event: the next time is. `shop` or `near`, else any shop."""
    where = Alert.Where.SHOP if shop else Alert.Where.NEAR if near else Alert.Where.ANYWHERE
    values = {
        # To a kilometre: it is kept as long as the alert.
        "latitude": round(near.latitude, 2) if near else None,
        "longitude": round(near.longitude, 2) if near else None,
        "place": near.label if near else "",
        "radius_km": near.radius_km if near else None,
        "used_only": used_only,
        "most_minor": most_minor,
        "language": language,
        "unmet_since": None,
        "due_at": now + EVERY,
        "attempts": 0,
        "lease_until": None,
        "lease_token": "",
        "parked_at": None,
    }
    with transaction.atomic():
        # One row for each place of a title; whoever clicks twice has one, and no look at it goes on beside this.
        User.objects.select_for_update().get(pk=reader.pk)
        mine = Alert.objects.select_for_update().filter(reader=reader)
        alert = mine.filter(product=product, where=where, shop=shop).first()
        if alert is None:
            if mine.count() >= MOST:
                raise AlertError
            alert = Alert(reader=reader, product=product, where=where, shop=shop, created_at=now)
        for name, value in values.items():
            setattr(alert, name, value)
        alert.is_met = bool(meeting(alert, offers.offers_of([product.pk], Reader(now=now)).get(product.pk, [])))
        alert.save(update_fields=[*values, "is_met"] if alert.pk else None)
    return alert


def meeting(alert: Alert, offered: Iterable[Offer]) -> list[Offer]:
    """The offers that are what the alert waits for: to be bought now, there, of that kind, at most at that price."""
    return [
        offer
        for offer in offered
        if offer.buyable
        and (not alert.used_only or offer.is_used)
        and (alert.most_minor is None or offer.price_minor <= alert.most_minor)
        and _is_there(alert, offer)
    ]


def _is_there(alert: Alert, offer: Offer) -> bool:
    if alert.where == Alert.Where.SHOP:
        return offer.shop.pk == alert.shop_id
    around = alert.around
    if around is None:
        return True
    away = availability.distance(around, offer.shop)
    return away is not None and away <= around.radius_km


def watch_alerts(now: datetime) -> int:
    """Step: look at those alerts whose time has come, all their offers read at once; write a mail for each that has
    come true since it was not. Returns how many came true. What one alert fails of is tried later, by itself."""
    due = leases.claim(Alert, now=now, limit=_BATCH)
    if not due:
        return 0
    offered = offers.offers_of({alert.product_id for alert in due}, Reader(now=now))
    readers = {alert.reader_id for alert in due}
    addresses = EmailAddress.objects.filter(user_id__in=readers, verified=True).values_list("user_id", "email")
    verified = {(user_id, email.lower()) for user_id, email in addresses}
    done = 0
    for alert in due:
        try:
            done += _look(alert, offered.get(alert.product_id, []), verified, now)
        except Exception as error:
            logger.exception("Alert %s could not be looked at.", alert.pk)
            leases.postpone(alert, error=repr(error), now=now)
    return done


def _look(claimed: Alert, offered: Sequence[Offer], verified: Container[tuple[int, str]], now: datetime) -> int:
    """Read it anew, since its reader may have changed or ended it, and keep it until what follows is written."""
    with transaction.atomic():
        held = Alert.objects.select_for_update(of=("self",)).select_related("reader", "product")
        alert = held.filter(pk=claimed.pk, lease_token=claimed.lease_token).first()
        if alert is None:
            return 0
        said = {"due_at": now + EVERY, "attempts": 0, "is_met": alert.is_met, "unmet_since": None}
        told = 0
        if found := meeting(alert, offered):
            if not alert.is_met and _may_be_told(alert, verified):
                if _is_twin(alert):  # two titles were joined, and the reader waited for both
                    alert.delete()
                    return 0
                _tell(alert, found, now)
                told = 1
                said |= {"is_met": True, "told": alert.told + 1}
        elif alert.is_met:
            said |= _unmet(alert, offered, now)
        leases.finish(alert, **said)
    return told


def _unmet(alert: Alert, offered: Sequence[Offer], now: datetime) -> dict[str, object]:
    """It is not there, or not known to be. A last copy that is kept during somebody's checkout is back within the hour,
    and a number that is too old says nothing: neither is to be news when it comes back."""
    if any(offer.stale for offer in offered):
        return {"unmet_since": alert.unmet_since}
    since = alert.unmet_since or now
    return {"is_met": now - since < UNMET_FOR, "unmet_since": since}


def _may_be_told(alert: Alert, verified: Container[tuple[int, str]]) -> bool:
    """Nobody is mailed at an address that they have not shown to be theirs, nor of a title that is hidden."""
    reader = alert.reader
    return alert.product.is_public and reader.is_active and (reader.pk, reader.email.lower()) in verified


def _is_twin(alert: Alert) -> bool:
    same = Alert.objects.filter(reader=alert.reader_id, product=alert.product_id, where=alert.where, shop=alert.shop_id)
    return same.filter(pk__lt=alert.pk).exists()


def _tell(alert: Alert, found: Sequence[Offer], now: datetime) -> None:
    product = alert.product
    mail.post(
        "alert",
        to=alert.reader.email,
        language=alert.language,
        dedupe_key=f"alert-{alert.pk}-{alert.told + 1}",
        context={
            "product": product,
            "offers": sorted(found, key=lambda offer: offer.price_minor)[:5],
            "now": now,
            "url": links.absolute(product.get_absolute_url()),
            "stop_url": stop_url(alert),
        },
        now=now,
        unsubscribe_url=stop_url(alert),
    )


def stop_url(alert: Alert) -> str:
    """The address that ends it without signing in."""
    return links.absolute(reverse("storefront:alert-stop", args=[alert.pk, links.key_of(_SALT, str(alert.pk))]))


def by_key(alert_id: int, key: str) -> Alert | None:
    """The alert that an address from a mail names; None where the key does not fit or it has ended."""
    if not key_fits(alert_id, key):
        return None
    return Alert.objects.filter(pk=alert_id).select_related("product").first()


def key_fits(alert_id: int, key: str) -> bool:
    return constant_time_compare(links.key_of(_SALT, str(alert_id)), key)
