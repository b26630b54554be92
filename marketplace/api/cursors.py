"""Where a list goes on: sealed, so that nobody writes one, and bound to what was asked, so that none is used elsewhere.

The engine counts hits and knows no "after this one". A cursor therefore names the last titles that were given; the list
goes on after the last of these that is still found, so that titles which came or went meanwhile move nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.core import signing
from django.utils.crypto import salted_hmac

from marketplace.api.failures import CallError

LONGEST = 600
ANCHORS = 3
_SALT = "marketplace.api.cursors"


def seal(position: dict[str, Any], *, asked: object) -> str:
    # Without a time: of one place there is one cursor, so that a list asked for twice is one answer for every cache.
    return signing.Signer(salt=_SALT).sign_object({**position, "of": _digest(asked)})


def unseal(cursor: str, *, asked: object) -> dict[str, Any]:
    try:
        position = signing.Signer(salt=_SALT).unsign_object(cursor)
    except (signing.BadSignature, ValueError):
        raise CallError(422, "This is no cursor of ours: use “next” as it was given.", where="query.cursor")
    if position.pop("of") != _digest(asked):
        raise CallError(422, "This cursor belongs to another search: leave the rest as it was.", where="query.cursor")
    return position


def hits_from(
    block: Callable[[int], Sequence[int]], size: int, *, start: int, anchors: Sequence[int], limit: int
) -> tuple[list[int], int]:
    """Up to `limit` hits, and the place of the first of them. `block(n)` gives the hits from n × size on; `start` is
    where the list would go on if nothing had changed, after the `anchors`. Mostly one or two blocks are read; at most
    three to find the place, and those that hold the hits."""
    read: dict[int, Sequence[int]] = {}

    def hits(number: int) -> Sequence[int]:
        if number not in read:
            read[number] = block(number)
        return read[number]

    place = _place(hits, size, start, anchors)
    found: list[int] = []
    while len(found) < limit:
        number, offset = divmod(place + len(found), size)
        part = hits(number)[offset : offset + limit - len(found)]
        found += part
        if len(hits(number)) < size or not part:
            break
    return found, place


def _place(hits: Callable[[int], Sequence[int]], size: int, start: int, anchors: Sequence[int]) -> int:
    if not anchors or start <= 0:
        return start
    here = (start - 1) // size
    for number in (here, here + 1, here - 1):
        places = [place for place, hit in enumerate(hits(number)) if hit in anchors] if number >= 0 else []
        if places:
            return number * size + places[-1] + 1
    return start


def _digest(asked: object) -> str:
    return salted_hmac(_SALT, repr(asked)).hexdigest()[:16]
