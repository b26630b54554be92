"""A ZIP as a shop takes it along, and rows of its files, to be spoilt one key at a time."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from marketplace.models import User
from shops.models import Bringing, Shop
from shops.onboarding import bringing
from tests import factories

OLD = "https://old.example"
MADE = datetime(2026, 3, 1, tzinfo=UTC)
NOW = MADE + timedelta(days=30)


def about(**said: Any) -> dict[str, Any]:
    networks = [{"site": OLD, "name": "Anciennes Halles", "until": MADE.isoformat()}]
    return {"halles_shop": 2, "shop": "port", "made_at": MADE.isoformat(), "networks": networks} | said


def line(**said: Any) -> dict[str, Any]:
    units = {"quantity": 2, "accepted": 2, "declined": 0, "cancelled": 0, "handed_over": 2}
    minor = {"unit_price_minor": 1290, "goods_minor": 2580, "tax_minor": 123, "total_minor": 2580}
    return {"sku": "S-1", "gtin": 9782070360024, "title": "L’Étranger", "condition": "new", **units, **minor} | said


def order(**said: Any) -> dict[str, Any]:
    amounts = {"goods_minor": 2580, "delivery_minor": 0, "tax_minor": 123, "total_minor": 2580}
    times = {"created_at": "2026-01-05T10:00:00+00:00", "answered_at": "2026-01-05T11:00:00+00:00"}
    known = {"network": OLD, "number": "100012-A", "status": "handed_over", "delivery_kind": "post", "currency": "CAD"}
    return known | amounts | times | {"handed_over_at": "2026-01-06T09:00:00+00:00", "lines": [line()]} | said


def moved(**said: Any) -> dict[str, Any]:
    minor = {"goods_minor": 2580, "commission_minor": 206, "tax_minor": 31, "other_minor": 0, "transferred_minor": 0}
    return {"at": "2026-01-06T09:00:00+00:00", "kind": "earning", "order": "100012-A"} | minor | said


def statement(**said: Any) -> dict[str, Any]:
    paid = moved(kind="transfer", goods_minor=0, commission_minor=0, tax_minor=0, transferred_minor=2343)
    sums = {"goods_minor": 2580, "commission_minor": 206, "tax_minor": 31, "other_minor": 0, "transferred_minor": 2343}
    period = {"begins_at": "2026-01-01T05:00:00+00:00", "ends_at": "2026-02-01T05:00:00+00:00", "currency": "CAD"}
    known = {"network": OLD, "number": 1, **period, "opening_minor": 0, **sums, "closing_minor": 0}
    return known | {"lines": [moved(), paid]} | said


def customer(**said: Any) -> dict[str, Any]:
    words = "Port may keep my name and e-mail address as its customer."
    return {"name": "Léa", "email": "Lea@example.org", "since": "2026-01-05T10:00:00+00:00", "words": words} | said


def jsonl(rows: Iterable[object]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows).encode()


def packed(files: Iterable[tuple[str, bytes]]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return made.getvalue()


def export(
    orders: Iterable[object] = (), statements: Iterable[object] = (), customers: Iterable[object] = (), **said: Any
) -> bytes:
    names = ("orders.jsonl", "settlements.jsonl", "customers.jsonl")
    files = zip(names, map(jsonl, (orders, statements, customers)), strict=True)
    return packed([("about.json", json.dumps(about(**said)).encode()), *files])


def bring(shop: Shop, content: bytes, *, now: datetime = NOW, by: User | None = None) -> Bringing:
    return bringing.bring(shop, [content], by=by or factories.user(), now=now)


def unpacked(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@contextmanager
def elsewhere(settings: Any, site: str, name: str) -> Iterator[None]:
    """As another network, at another address."""
    before = settings.SITE_URL, factories.network().name
    settings.SITE_URL = site
    factories.network(name=name)
    yield
    settings.SITE_URL = before[0]
    factories.network(name=before[1])
