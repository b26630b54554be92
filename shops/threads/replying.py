"""The address by which a mail's answer finds its thread and the side that writes: `reply+12-r-<mac>@domain`, all in
small letters, since mail servers may change their case. What a reader is told of an order has the order's
(`reply+12-o-<mac>`): its thread begins with the answer. Nothing of it is stored; who has it was sent it."""

from __future__ import annotations

import re
from typing import NamedTuple

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from shops.models import Side

_OF_ORDER = "o"
_SIDES = {"r": Side.READER, "s": Side.SHOP, _OF_ORDER: Side.READER}
_TOKEN = re.compile(r"([0-9]{1,18})-([rso])-([0-9a-f]{24})")


class Named(NamedTuple):
    """Of a thread its number, or of a shop order."""

    number: int
    side: Side
    is_order: bool


def is_taken() -> bool:
    """Whether mails can be answered by mail here (`HALLES_REPLY_ADDRESS`)."""
    return bool(settings.REPLY_ADDRESS)


def address(thread_id: int, side: Side) -> str:
    """Where the mail to `side` is answered; empty where no mail is taken."""
    return _address(thread_id, next(letter for letter, of in _SIDES.items() if of == side))


def address_of_order(shop_order_id: int) -> str:
    """Where its reader answers what they are told of it; empty where no mail is taken."""
    return _address(shop_order_id, _OF_ORDER)


def _address(number: int, letter: str) -> str:
    local, _at, domain = settings.REPLY_ADDRESS.partition("@")
    return f"{local}+{_token(number, letter)}@{domain}" if domain else ""


def _token(number: int, letter: str) -> str:
    mac = salted_hmac("halles.thread-reply", f"{number}:{letter}", algorithm="sha256").hexdigest()[:24]
    return f"{number}-{letter}-{mac}"


def read(recipient: str) -> Named | None:
    """What a recipient's address names; None: it is none of ours, or was made up."""
    local, _at, domain = recipient.strip().lower().rpartition("@")
    ours, _at, own_domain = settings.REPLY_ADDRESS.lower().partition("@")
    given = local.removeprefix(f"{ours}+")
    found = _TOKEN.fullmatch(given)
    if not ours or domain != own_domain or given == local or found is None:
        return None
    number, letter = int(found[1]), found[2]
    if not constant_time_compare(_token(number, letter), given):
        return None
    return Named(number, _SIDES[letter], letter == _OF_ORDER)
