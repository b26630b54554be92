"""How the audit trail names who buys: by the account's number. What is never changed must not say who somebody is."""

from __future__ import annotations


def as_reader(user_id: int | None) -> str:
    """ "reader 12"; "reader" for a guest."""
    return f"reader {user_id}" if user_id else "reader"
