"""What a shop's own system posts to its feed, signed: new numbers, or only that something changed.

Numbers are kept as a push under the message's id, so that one sent again is the same push. News is never believed: it
makes the feed due, which is then read as always; one whose signed body names its event (Square's), or bears the moment
of it (Shopify's), does so once.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.core.cache import cache
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from catalog_sync.doors import pushing, scheduling, signatures, sold_elsewhere
from catalog_sync.models import Feed, Push, StockLane, Webhook
from marketplace.foundation import audit, links, webhook_signing
from marketplace.foundation import secrets as sealing
from marketplace.foundation.shared_cache import ONCE
from marketplace.models import User
from shops.models import Shop

LARGEST_BYTES = 1024**2
NEWS_EVERY = timedelta(seconds=60)  # a feed is made due no more often, whatever the shop's system sends
OLD_SECRET_FOR = timedelta(hours=24)
EVENTS_FOR = timedelta(days=2)  # longer than Square sends one again, which is a day, and Shopify, which is four hours
_USED_AGAIN = timedelta(minutes=5)  # `used_at` is written no more often
_PING = re.compile(rb"webhook_id=[0-9]{1,20}")


class HookError(Exception):
    """It is signed and not taken; the message says why."""


class Taken(NamedTuple):
    """What became of a message. `push` is empty where it was news alone."""

    push: str
    taken: int
    refused: list[pushing.WrongRow]


def make(feed: Feed, *, form: Webhook.Form, given: str, by: User, now: datetime) -> str:
    """A secret for the feed's webhook, which the first one makes; this is the only time that it is seen. `given`:
    the one that the shop's system has made; empty: a new one. The one before it is good for another day. Raises
    `HookError` for a secret that cannot be one."""
    secret = _secret(form, given.strip())
    with transaction.atomic():
        webhook = Webhook.objects.select_for_update().filter(feed=feed).first()
        if webhook is None:
            webhook = Webhook(feed=feed, slug=secrets.token_urlsafe(24))
        elif webhook.form == form:
            webhook.sealed_old_secret, webhook.old_until = webhook.sealed_secret, now + OLD_SECRET_FOR
        else:
            webhook.sealed_old_secret, webhook.old_until = "", None
        webhook.form = form
        webhook.sealed_secret = sealing.seal(secret, row=webhook.row)
        webhook.save()
        audit.record("webhook.make", feed, by=by, shop_id=feed.shop_id, form=form.value)
    return secret


def end(feed: Feed, *, by: User) -> bool:
    """From now on its address is none. False: there was no webhook."""
    if not Webhook.objects.filter(feed=feed).delete()[0]:
        return False
    audit.record("webhook.end", feed, by=by, shop_id=feed.shop_id)
    return True


def find(slug: str) -> Webhook | None:
    """The webhook at an address."""
    found = Webhook.objects.filter(slug=slug).select_related("feed__shop").first()
    return None if found is None or found.feed.shop.status == Shop.Status.LEFT else found


def address_of(webhook: Webhook) -> str:
    """Where it is posted to, as the world sees it: behind a proxy a request knows another one."""
    return links.absolute(reverse("hook", args=[webhook.slug]))


def is_ping(webhook: Webhook, headers: Mapping[str, str], body: bytes) -> bool:
    """WooCommerce asks an address whether it is there, unsigned, before it is taken into use."""
    is_unsigned = "X-WC-Webhook-Signature" not in headers
    return webhook.form == Webhook.Form.WOOCOMMERCE and is_unsigned and bool(_PING.fullmatch(body))


def take(webhook: Webhook, headers: Mapping[str, str], body: bytes, *, now: datetime) -> Taken:
    """Keep a message. Raises `SignatureError`, `HookError` and `PushError`; nothing is kept then."""
    secrets_now, address = webhook.secrets_at(now), address_of(webhook)
    signed = signatures.check(webhook.form, secrets_now, headers, body, now=now, address=address)
    stale = Q(used_at=None) | Q(used_at__lt=now - _USED_AGAIN)
    Webhook.objects.filter(stale, pk=webhook.pk).update(used_at=now)
    message = _message(body) if signed.sent_at else None
    if isinstance(message, dict) and message.get("type") == sold_elsewhere.TYPE:
        return Taken("", *sold_elsewhere.take(webhook, signed.id, message, now=now))
    if signed.sent_at is None or not isinstance(message, dict) or "rows" not in message:
        key = _key_of_event(webhook, body)
        if not key or cache.get(key) is None:
            _hear_news(webhook, now=now)
        if key:  # once it is heard: a process that dies before hears it again
            cache.set(key, 1, EVENTS_FOR.total_seconds())
        return Taken("", 0, [])
    return _take_rows(webhook.feed, signed.id, min(signed.sent_at, now), message, now=now)


def _take_rows(feed: Feed, sent_id: str, sent_at: datetime, message: dict[str, Any], *, now: datetime) -> Taken:
    rows = message["rows"]
    if not isinstance(rows, list):
        raise HookError("“rows” is a list of objects.")
    key = f"hook:{hashlib.sha256(sent_id.encode()).hexdigest()[:40]}"
    # Sent again, a message bears a later time of sending: its numbers are as old as they were.
    known = Push.objects.filter(feed=feed, key=key).values_list("as_of", flat=True).first()
    as_of = _as_of(message) or known or sent_at
    push, wrong = pushing.accept(feed, key=key, as_of=as_of, rows=rows, now=now)
    return Taken(push.key, len(rows) - len(wrong), wrong)


def _as_of(message: dict[str, Any]) -> datetime | None:
    """When the numbers were read, where the message says it; otherwise that is when it was sent."""
    if "as_of" not in message:
        return None
    given = message["as_of"]
    try:
        as_of = parse_datetime(given) if isinstance(given, str) else None
    except ValueError:
        as_of = None
    if as_of is None or as_of.tzinfo is None:
        raise HookError("“as_of” is a time with its zone, like 2026-03-02T09:00:00-05:00.")
    return as_of


def _key_of_event(webhook: Webhook, body: bytes) -> str:
    """Of a form whose signed body tells its event from others; else empty. Shopify's id of it is in a header, which is
    not signed, but its body is sent again as it was, and another event has another `updated_at` in it. Should one be
    just like an earlier one all the same, the next reading that is due finds what it was of."""
    if webhook.form == Webhook.Form.SHOPIFY:
        return f"{ONCE}hook:{webhook.pk}:{hashlib.sha256(body).hexdigest()}"
    if webhook.form != Webhook.Form.SQUARE:
        return ""
    try:
        message = _message(body)
    except HookError:
        return ""
    event = message.get("event_id") if isinstance(message, dict) else None
    return f"{ONCE}hook:{webhook.pk}:{event}" if isinstance(event, str) and event else ""


def _hear_news(webhook: Webhook, *, now: datetime) -> None:
    """The feed is read now, or as soon as its last news are a little while ago: none is lost, however many come."""
    with transaction.atomic():
        last = Webhook.objects.select_for_update().values_list("news_at", flat=True).get(pk=webhook.pk)
        if last and last > now:
            return
        due = max(now, last + NEWS_EVERY) if last else now
        Webhook.objects.filter(pk=webhook.pk).update(news_at=due)
        for row in (webhook.feed, *StockLane.objects.filter(feed=webhook.feed_id)):
            scheduling.read_soon(row, at=due, now=now)


def _message(body: bytes) -> Any:
    try:
        return json.loads(body) if body.strip() else None
    except (ValueError, RecursionError) as error:
        raise HookError("The body is no JSON that can be read.") from error


def _secret(form: Webhook.Form, given: str) -> str:
    if form == Webhook.Form.SHOPIFY and not given:
        raise HookError(_("Shopify makes the secret itself: copy it from the page of its notifications."))
    if form != Webhook.Form.STANDARD:
        if given and len(given) < 16:
            raise HookError(_("The secret is too short: at least 16 characters."))
        return given or secrets.token_urlsafe(32)
    if not given:
        return webhook_signing.new_secret()
    try:
        webhook_signing.standard_key(given)
    except ValueError as error:
        raise HookError(
            _("A secret of Standard Webhooks is 24 to 64 bytes in base64, often after “whsec_”.")
        ) from error
    return given
