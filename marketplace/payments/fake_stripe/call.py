"""What every object's functions are given: the request, already read and checked, and the store."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from marketplace.payments.fake_stripe.errors import no_such
from marketplace.payments.fake_stripe.store import PLATFORM, Body, Store


@dataclass(frozen=True)
class Call:
    """`now` in Unix seconds; `ids` are the path's variable parts; `account` is the connected account asked about."""

    store: Store
    now: int
    params: Mapping[str, Any]
    ids: tuple[str, ...] = ()
    account: str = PLATFORM
    path: str = ""

    def found(self, kind: str, object_id: str, *, param: str = "id", status: int = 404) -> Body:
        body = self.store.get(kind, object_id)
        if body is None:
            raise no_such(kind, object_id, param=param, status=status)
        return body


Operation = Callable[[Call], Body]


def new_id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(12)}"


def public(body: Any) -> Any:
    """What may leave: without the keys that begin with an underscore, at any depth."""
    if isinstance(body, dict):
        return {name: public(value) for name, value in body.items() if not name.startswith("_")}
    return [public(entry) for entry in body] if isinstance(body, list) else body
