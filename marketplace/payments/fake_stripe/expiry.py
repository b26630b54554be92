"""What time alone changes: sessions and authorisations that have ended."""

from __future__ import annotations

from marketplace.payments.fake_stripe import intents, sessions
from marketplace.payments.fake_stripe.store import Store


def end_due(store: Store, now: int) -> int:
    """End the sessions and authorisations whose time is over; how many. Inside `store.exclusive()`."""
    ended_sessions = store.due(sessions.KIND, now)
    for session in ended_sessions:
        sessions.end(store, now, session)
    ended_intents = store.due(intents.KIND, now)
    for intent in ended_intents:
        intents.end(store, now, intent["id"], "expired")
    return len(ended_sessions) + len(ended_intents)
