"""Alerts: a reader is told once each time that a title is there as they wish it, and can stop that with one click."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

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
_BATCH = 500
_SALT = "halles.alert"


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
        "latitude": near.latitude if near else None,
        "longitude": near.longitude if near else None,
        "place": near.label if near else "",
        "radius_km": near.radius_km if near else None,
        "used_only": used_only,
        "most_minor": most_minor,
        "language": language,
        "due_at": now + EVERY,
    }
    with transaction.atomic():
        # One row for each place of a title; whoever clicks twice has one.
        User.objects.select_for_update().get(pk=reader.pk)
        mine = Alert.objects.filter(reader=reader)
        alert = mine.filter(product=product, where=where, shop=shop).first()
        if alert is None:
            if mine.count() >= MOST:
                raise AlertError
            alert = Alert(reader=reader, product=product, where=where, shop=shop, created_at=now)
        for name, value in values.items():
            setattr(alert, name, value)
        alert.is_met = bool(meeting(alert, offers.offers_of([product.pk], Reader(now=now)).get(product.pk, [])))
        alert.save()
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
    come true since the last look. Returns how many came true."""
    due = leases.claim(Alert, now=now, limit=_BATCH)
    if not due:
        return 0
    offered = offers.offers_of({alert.product_id for alert in due}, Reader(now=now))
    rows = Alert.objects.filter(pk__in=[alert.pk for alert in due]).select_related("reader", "product")
    told = rows.in_bulk()
    done = 0
    for alert in due:
        if alert.pk not in told:
            continue  # its reader ended it meanwhile
        found = meeting(alert, offered.get(alert.product_id, []))
        with transaction.atomic():
            again = {"due_at": now + EVERY, "attempts": 0, "is_met": bool(found)}
            if found and not alert.is_met:
                _tell(told[alert.pk], found, now)
                again["told"] = alert.told + 1
                done += 1
            leases.finish(alert, **again)
    return done


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
