"""The stand-in's background work, on the project's database."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from marketplace.payments.fake_stripe.database import DatabaseStore
from marketplace.payments.fake_stripe.delivery import Post, deliver_due


def deliver_due_events(now: datetime, post: Post, *, limit: int = 100) -> int:
    """End what has run out, then give each due event to `post(payload, signature)`; how many were taken."""
    return deliver_due(DatabaseStore(), settings.STRIPE_WEBHOOK_SECRET, now, post, limit=limit)
