"""Who sent a reader here: a partner's signed link, kept in the reader's session for 30 days and frozen with what they
buy. Nothing is stored of whoever follows no such link."""

from __future__ import annotations

from collections.abc import MutableMapping
from datetime import datetime, timedelta

from django.core import signing

from marketplace.checkout.models import Checkout
from marketplace.payments.models import SoldBy
from shops.models import Partner

KEPT = timedelta(days=30)
PARAMETER = "via"
SESSION_KEY = "via"
_SALT = "halles.partner"
_LETTERS = {"r": SoldBy.REFERRAL, "w": SoldBy.WIDGET}
LONGEST = 120


def token(partner: Partner, channel: str = SoldBy.REFERRAL) -> str:
    """What `?via=` says; it has no end of its own: a partner is ended instead."""
    letter = next(letter for letter, of in _LETTERS.items() if of == channel)
    return signing.Signer(salt=_SALT).sign(f"{letter}{partner.pk}")


def read(said: str) -> tuple[int, str] | None:
    """(partner, channel) of a token that we signed; None for any other. No query."""
    try:
        value = signing.Signer(salt=_SALT).unsign(said[:LONGEST])
    except signing.BadSignature:
        return None
    return int(value[1:]), _LETTERS[value[0]]


def note(session: MutableMapping[str, object], said: str, *, now: datetime) -> bool:
    """Keep who sent this reader, the last one who did. Only what we signed is kept, of an active partner."""
    found = read(said)
    if found is None or not Partner.objects.filter(pk=found[0], active=True).exists():
        return False
    session[SESSION_KEY] = [*found, int((now + KEPT).timestamp())]
    return True


def noted(session: MutableMapping[str, object], *, now: datetime) -> tuple[int, str] | None:
    """(partner, channel) while it is kept."""
    kept = session.get(SESSION_KEY)
    if not isinstance(kept, list) or len(kept) != 3 or kept[2] < now.timestamp():
        return None
    return kept[0], kept[1]


def freeze(checkout: Checkout, session: MutableMapping[str, object], *, now: datetime) -> None:
    """Write down with a checkout that is being filled in who sent its reader; no query where nobody did."""
    found = noted(session, now=now)
    if found is None or not Partner.objects.filter(pk=found[0], active=True).exists():
        return
    of_open = Checkout.objects.filter(pk=checkout.pk, state=Checkout.State.OPEN)
    of_open.update(partner_id=found[0], channel=found[1])


def earning(checkout: Checkout) -> int | None:
    """The partner who gets a share of it; no query where nobody sent the reader. Not of what a partner buys: that would
    be a rebate, which law limits."""
    if checkout.partner is None:
        return None
    mails = {checkout.email.casefold(), checkout.user.email.casefold() if checkout.user else ""}
    return None if checkout.partner.email.casefold() in mails else checkout.partner_id
