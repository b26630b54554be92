"""Whose an e-mail address is: only who confirmed it may be given anything by it. Anybody can register one."""

from __future__ import annotations

from collections.abc import Iterable

from allauth.account.models import EmailAddress

from marketplace.models import User


def addresses_of(reader: User) -> set[str]:
    """In small letters, those that the reader has shown to be theirs. Of an account that was made for them, which has
    no address of its own to confirm, the one that it was made with."""
    rows = EmailAddress.objects.filter(user=reader)
    found = {email.lower() for email, verified in rows.values_list("email", "verified") if verified}
    return found if found or rows.exists() else {reader.email.lower()}


def owners(emails: Iterable[str]) -> dict[str, User]:
    """The active accounts that confirmed these addresses (in small letters), by address."""
    rows = EmailAddress.objects.filter(email__in=list(emails), verified=True, user__is_active=True)
    return {row.email.lower(): row.user for row in rows.select_related("user")}
