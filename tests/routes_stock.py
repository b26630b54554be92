"""How the addresses answer by which a shop adds its stock, or types it: as the table of `test_routes`, in rows of
(expected, names, what is posted)."""

from __future__ import annotations

from typing import Any

LOOKS = (302, 404, 200, 404, 404)
DOES = (302, 404, 302, 404, 404)
SHOWN_AGAIN = (302, 404, 422, 404, 404)

STOCK: dict[str, tuple[tuple[int, int, int, int, int], tuple[str, ...], dict[str, Any] | None]] = {
    "portal:stock-start": (LOOKS, ("slug",), None),
    "portal:stock-upload": (SHOWN_AGAIN, ("slug",), {}),
    "portal:stock-connect": (SHOWN_AGAIN, ("slug",), {}),
    "portal:stock-list": (LOOKS, ("slug", "setup"), None),
    "portal:stock-again": (LOOKS, ("slug", "setup"), {}),
    "portal:stock-kind": (DOES, ("slug", "setup"), {"kind": "csv"}),
    "portal:stock-host-key": (DOES, ("slug", "setup"), {"fingerprint": "SHA256:x"}),
    "portal:stock-give-up": (DOES, ("slug", "setup"), {}),
    "portal:stock-columns": (LOOKS, ("slug", "setup"), None),
    "portal:stock-choose": (DOES, ("slug", "setup"), {}),
    "portal:stock-trial": (LOOKS, ("slug", "setup"), None),
    "portal:stock-try": (DOES, ("slug", "setup"), {}),
    "portal:stock-rows": (LOOKS, ("slug", "setup", "trouble"), None),
    "portal:stock-rows-file": (LOOKS, ("slug", "setup", "trouble"), None),
    "portal:stock-sale": (LOOKS, ("slug", "setup"), None),
    "portal:stock-go": (LOOKS, ("slug", "setup"), {}),
    "portal:own-articles": (LOOKS, ("slug",), None),
    "portal:own-new": (LOOKS, ("slug",), None),
    "portal:own-save": (SHOWN_AGAIN, ("slug",), {}),
    "portal:own-confirm": (DOES, ("slug",), {}),
    "portal:own-article": (LOOKS, ("slug", "own"), None),
    "portal:own-save-change": (SHOWN_AGAIN, ("slug", "own"), {}),
    "portal:own-count": (DOES, ("slug", "own"), {"step": "sold", "shown": "2"}),
    "portal:own-remove": (DOES, ("slug", "own"), {}),
}
