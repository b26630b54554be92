"""The rows of `test_routes` for people's data: erasing it, consents, what is recorded, what shops agree to."""

from __future__ import annotations

from tests.routes_kinds import EVERYONE, Row, get

ROUTES: dict[str, Row] = {
    "storefront:order-erase": get(EVERYONE, "order", "order_key"),
}
