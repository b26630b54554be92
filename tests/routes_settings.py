"""How the addresses answer by which a shop sets what it wants, and reads its figures: as the table of `test_routes`, in
rows of (expected, names, what is posted)."""

from __future__ import annotations

from typing import Any

from tests.routes_stock import DOES, LOOKS, SHOWN_AGAIN

OWNERS = (302, 404, 403, 404, 404)

SETTINGS: dict[str, tuple[tuple[int, int, int, int, int], tuple[str, ...], dict[str, Any] | None]] = {
    "portal:figures": (LOOKS, ("slug",), None),
    "portal:kept": (LOOKS, ("slug",), None),
    "portal:save-rule": (SHOWN_AGAIN, ("slug",), {}),
    "portal:remove-rule": (DOES, ("slug", "buffer_rule"), {}),
    "portal:save-article": (SHOWN_AGAIN, ("slug",), {}),
    "portal:prices": (LOOKS, ("slug",), None),
    "portal:price-preview": (SHOWN_AGAIN, ("slug",), {}),
    "portal:price-save": (SHOWN_AGAIN, ("slug",), {}),
    "portal:price-up": (DOES, ("slug", "price_rule"), {}),
    "portal:price-remove": (DOES, ("slug", "price_rule"), {}),
    "portal:address": (LOOKS, ("slug",), None),
    "portal:save-address": (OWNERS, ("slug",), {}),
    "portal:mail": (LOOKS, ("slug",), None),
    "portal:save-mail": (OWNERS, ("slug",), {}),
    "portal:systems": (LOOKS, ("slug",), None),
    "portal:system-connect": (OWNERS, ("slug", "system"), {}),
    "portal:system-read": (OWNERS, ("slug", "system"), {}),
    "portal:system-orders": (OWNERS, ("slug", "system"), {}),
    "portal:system-end": (OWNERS, ("slug", "system"), {}),
    "portal:picks": (LOOKS, ("slug",), None),
    "portal:add-pick": (SHOWN_AGAIN, ("slug",), {}),
    "portal:end-pick": (DOES, ("slug", "pick"), {}),
}
