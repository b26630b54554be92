"""Delivery of events: signed as Stripe signs them, at least once, tried again with growing pauses."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import time
from collections.abc import Callable
from datetime import datetime

from marketplace.payments.fake_stripe import events, expiry
from marketplace.payments.fake_stripe.store import Body, Store

logger = logging.getLogger(__name__)

Post = Callable[[bytes, str], object]
# Seconds until the next try; Stripe tries for about three days and then gives up.
PAUSES = (60, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)


def sign(payload: bytes, secret: str, stamp: int) -> str:
    """The `Stripe-Signature` header, scheme v1: https://docs.stripe.com/webhooks#verify-manually"""
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + payload, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={digest}"


def deliver_due(store: Store, secret: str, now: datetime, post: Post, *, limit: int = 100) -> int:
    """Give each due event to `post(payload, signature)`; an exception from it is a failed try. How many were taken.

    A try is counted, and the next one planned, before it is made: a crash in the middle repeats an event and loses
    none. Sessions and authorisations that have ended by `now` are ended first, since their events belong to it.
    """
    seconds, delivered = int(now.timestamp()), 0
    with store.exclusive():
        expiry.end_due(store, seconds)
        claimed = store.due(events.DELIVERY, seconds, limit=limit)
        for delivery in claimed:
            delivery["tries"] += 1
            store.put(events.DELIVERY, delivery, due_at=_next_try(delivery["tries"], seconds))
    for delivery in claimed:
        event = store.get(events.KIND, delivery["event"])
        payload = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
        # The stamp is of the real clock: the receiver holds it against its own.
        problem = _tried(post, payload, sign(payload, secret, int(time.time())), delivery)
        with store.exclusive():
            due_at = _next_try(delivery["tries"], seconds) if problem else None
            store.put(events.DELIVERY, {**delivery, "last_error": problem}, due_at=due_at)
        delivered += not problem
    return delivered


def undelivered(store: Store) -> list[Body]:
    """The events whose last try failed, newest first: {"event", "tries", "last_error", …}."""
    return [row for row in store.find(events.DELIVERY) if row["last_error"]]


def _tried(post: Post, payload: bytes, signature: str, delivery: Body) -> str:
    """The problem in words, empty when the receiver took it."""
    try:
        post(payload, signature)
    except Exception as error:  # whatever the receiver raises is its "not 2xx"
        logger.warning("Event %s was not taken at try %s", delivery["event"], delivery["tries"], exc_info=error)
        return f"{type(error).__name__}: {error}"[:500]
    return ""


def _next_try(tries: int, now: int) -> int | None:
    return now + PAUSES[tries - 1] if tries <= len(PAUSES) else None
