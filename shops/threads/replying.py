"""The address by which a mail's answer finds its thread and the side that writes: `reply+12-r-<mac>@domain`, all in
small letters, since mail servers may change their case. Nothing of it is stored; who has it was sent it."""

from __future__ import annotations

import re

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from shops.models import Side

_SIDES = {"r": Side.READER, "s": Side.SHOP}
_TOKEN = re.compile(r"([0-9]{1,18})-([rs])-([0-9a-f]{24})")


def is_taken() -> bool:
    """Whether mails can be answered by mail here (`HALLES_REPLY_ADDRESS`)."""
    return bool(settings.REPLY_ADDRESS)


def address(thread_id: int, side: Side) -> str:
    """Where the mail to `side` is answered; empty where no mail is taken."""
    local, _at, domain = settings.REPLY_ADDRESS.partition("@")
    return f"{local}+{token(thread_id, side)}@{domain}" if domain else ""


def token(thread_id: int, side: Side) -> str:
    letter = next(letter for letter, of in _SIDES.items() if of == side)
    mac = salted_hmac("halles.thread-reply", f"{thread_id}:{letter}", algorithm="sha256").hexdigest()[:24]
    return f"{thread_id}-{letter}-{mac}"


def read(recipient: str) -> tuple[int, Side] | None:
    """The thread and side that a recipient's address names; None: it is none of ours, or was made up."""
    local, _at, domain = recipient.strip().lower().rpartition("@")
    ours, _at, own_domain = settings.REPLY_ADDRESS.lower().partition("@")
    given = local.removeprefix(f"{ours}+")
    found = _TOKEN.fullmatch(given)
    if not ours or domain != own_domain or given == local or found is None:
        return None
    thread_id, side = int(found[1]), _SIDES[found[2]]
    return (thread_id, side) if constant_time_compare(token(thread_id, side), given) else None
