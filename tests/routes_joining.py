"""The rows of `test_routes` for signing in, for people who join, and for those who leave."""

from __future__ import annotations

from typing import Any

from tests.routes_kinds import MOVED, NOT_THEIRS, OPERATOR, OPERATOR_DOES, SIGNED_IN, Row, get, post
from tests.shops.portal.conftest import Stall

BORROWED = (
    "mfa_list_webauthn",
    "mfa_add_webauthn",
    "mfa_activate_totp",
    "mfa_view_recovery_codes",
    "account_reauthenticate",
    "usersessions_list",
)

ROUTES: dict[str, Row] = {
    "storefront:sign-ins": get(SIGNED_IN),
    "storefront:session-end": post(NOT_THEIRS, "session"),
    "storefront:sessions-end": post(MOVED),
    "mfa_list_webauthn": get(SIGNED_IN),
    "mfa_add_webauthn": get(MOVED),  # says the password once more
    "mfa_activate_totp": get(MOVED),
    "mfa_view_recovery_codes": get(NOT_THEIRS),  # nobody has any here
    "account_reauthenticate": get(SIGNED_IN),
    "usersessions_list": get(MOVED),  # to our own
    "operations:shop-sign-ins": get(OPERATOR, "shop_id"),
    "operations:reset-factor": post(OPERATOR_DOES, "shop_id", "staff_id", reason="x"),
}


def rows(a: Stall) -> dict[str, Any]:
    """What their addresses name."""
    return {"staff_id": a.staff.pk, "session": 0}
