"""What is sent on of a shop's own typed articles: pushes of its feed, applied as any other (`pushing`)."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from catalog_sync.models import Feed, Push


def accept(
    feed: Feed, articles: Sequence[Any], gone: Sequence[str], *, as_of: datetime, now: datetime, once: str = ""
) -> Push:
    """Keep whole articles of a shop's own, as our own schema says them and checked before, or their quantities alone
    (`number_row`), and the numbers of those it has no more (`own_articles`). `once`: of their form."""
    rows = [*articles, *({"gone": sku} for sku in gone)]
    values = {"as_of": as_of, "received_at": now, "due_at": now, "rows": rows}
    digest = hashlib.sha256(json.dumps([as_of.isoformat(), rows], sort_keys=True).encode()).hexdigest()
    return Push.objects.create(feed=feed, key=key_of(once), digest=digest, **values)


def key_of(once: str) -> str:
    """The key of what comes from a form, however often it is sent; one of its own without a form."""
    return hashlib.sha256(f"form:{once}".encode()).hexdigest()[:32] if once else secrets.token_hex(16)


def number_row(sku: str, quantity: int) -> list[Any]:
    """An article's quantity, and nothing else of it."""
    return [sku, quantity, True, None, False]
