"""How the addresses answer by which parcels are labelled, shelved, missing or not collected, and something else is
offered: as the table of `test_routes`, in rows of (expected, names, what is posted)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from shops.models import Alternative, Rerouting, ShopOrderLine
from tests.routes_kinds import EVERYONE, LOGIN, OPERATOR, OPERATOR_DOES, SHOP_A, SHOP_A_DOES

CANNOT = (LOGIN, 404, 409, 404, 404)
NOBODY = (LOGIN, 404, 404, 404, 404)

PARCELS: dict[str, tuple[tuple[int, int, int, int, int], tuple[str, ...], dict[str, Any] | None]] = {
    "portal:label": (SHOP_A, ("slug", "number"), None),
    "portal:labels": (SHOP_A, ("slug",), None),
    "portal:offer": (SHOP_A, ("slug", "number", "line"), None),
    "portal:offer-withdraw": (NOBODY, ("slug", "number", "no_offer"), {}),  # nothing is offered there
    "storefront:order-alternative": (EVERYONE, ("order", "order_key", "alternative"), None),
    "portal:keep-longer": (CANNOT, ("slug", "number"), {"version": "0", "kept_until": "2026-01-01T00:00:00Z"}),
    "portal:take-back": (CANNOT, ("slug", "number"), {"version": "0"}),
    "portal:parcel-shelve": (CANNOT, ("slug", "parcel"), {"shelf": "A"}),
    "portal:parcel-send-back": (CANNOT, ("slug", "parcel"), {}),
    "portal:parcel-elsewhere": (NOBODY, ("slug", "number", "parcel", "deed_elsewhere"), {}),  # it is another's
    "portal:parcel-miss": (SHOP_A_DOES, ("slug", "parcel"), {}),
    "portal:parcel-miss-sent": (NOBODY, ("slug", "number", "parcel"), {}),  # it is another's
    "portal:parcel-send-again": (NOBODY, ("slug", "number", "parcel"), {}),  # it is another's
    "operations:parcels": (OPERATOR, (), None),
    "operations:give-up-parcel": (OPERATOR_DOES, ("parcel",), {"borne_by": "shop"}),
    "operations:settle-parcel": (OPERATOR_DOES, ("parcel",), {}),
}


def alternative(line: ShopOrderLine, now: datetime) -> int:
    """Something that a shop offers in the place of a line."""
    order = line.shop_order
    rerouting = Rerouting.objects.create(shop_order=order, spoken_of=line, declined_at=now, outcome="nobody")
    values = {"line": line, "units": 1, "title": line.title, "unit_price_minor": 1, "total_minor": 1}
    times = {"offered_at": now, "answer_by": now + timedelta(days=1), "expected_on": now.date()}
    made = Alternative.objects.create(rerouting=rerouting, shop=order.shop, kind="later", **values, **times)
    return made.pk
