"""How the addresses answer by which parcels are labelled, laid on a shelf, missing or not collected: as the table of
`test_routes`, in rows of (expected, names, what is posted)."""

from __future__ import annotations

from typing import Any

from tests.routes_kinds import LOGIN, OPERATOR, OPERATOR_DOES, SHOP_A, SHOP_A_DOES

CANNOT = (LOGIN, 404, 409, 404, 404)
NOBODY = (LOGIN, 404, 404, 404, 404)

PARCELS: dict[str, tuple[tuple[int, int, int, int, int], tuple[str, ...], dict[str, Any] | None]] = {
    "portal:label": (SHOP_A, ("slug", "number"), None),
    "portal:labels": (SHOP_A, ("slug",), None),
    "portal:keep-longer": (CANNOT, ("slug", "number"), {"version": "0"}),
    "portal:take-back": (CANNOT, ("slug", "number"), {"version": "0"}),
    "portal:parcel-shelve": (CANNOT, ("slug", "parcel"), {"shelf": "A"}),
    "portal:parcel-miss": (SHOP_A_DOES, ("slug", "parcel"), {}),
    "portal:parcel-miss-sent": (NOBODY, ("slug", "number", "parcel"), {}),  # it is another's
    "operations:parcels": (OPERATOR, (), None),
    "operations:give-up-parcel": (OPERATOR_DOES, ("parcel",), {"borne_by": "shop"}),
    "operations:settle-parcel": (OPERATOR_DOES, ("parcel",), {}),
}
