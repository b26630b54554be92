"""allauth's adapter: its mail goes through our outbox."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter


class AccountAdapter(DefaultAccountAdapter):
    """Sign-in, registration and reset for all three doors."""
