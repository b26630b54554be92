"""What a row of `test_routes` says, and the answers that many rows share: for an anonymous visitor, a reader, a person
of shop A, one of shop B, and an operator."""

from __future__ import annotations

from dataclasses import dataclass

LOGIN = 302
EVERYONE = (200, 200, 200, 200, 200)
MOVED = (302, 302, 302, 302, 302)
NOWHERE = (404, 404, 404, 404, 404)
REFUSED = (400, 400, 400, 400, 400)
NOT_UNDERSTOOD = (422, 422, 422, 422, 422)
KEYLESS = (401, 401, 401, 401, 401)
SIGNED_IN = (LOGIN, 200, 200, 200, 200)
NOT_THEIRS = (LOGIN, 404, 404, 404, 404)
SHOP_A = (LOGIN, 404, 200, 404, 404)
SHOP_A_DOES = (LOGIN, 404, 302, 404, 404)
OPERATOR = (LOGIN, 404, 404, 404, 200)
OPERATOR_DOES = (LOGIN, 404, 404, 404, 302)


@dataclass(frozen=True)
class Row:
    """`names` are what the address names, keys of `World.known`; `sent` is posted, None means GET."""

    expected: tuple[int, int, int, int, int]
    names: tuple[str, ...] = ()
    sent: dict[str, object] | None = None
    way: str = "post"


def get(expected: tuple[int, int, int, int, int], *names: str) -> Row:
    return Row(expected, names)


def post(expected: tuple[int, int, int, int, int], *names: str, **sent: object) -> Row:
    return Row(expected, names, sent)
