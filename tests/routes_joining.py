"""The rows of `test_routes` for signing in, for people who join, and for those who leave."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from shops.models import Application, ChecklistItem
from shops.onboarding import applying
from tests.routes_kinds import (
    EVERYONE,
    LOGIN,
    MOVED,
    NOT_THEIRS,
    NOT_UNDERSTOOD,
    NOWHERE,
    OPERATOR,
    OPERATOR_DOES,
    SHOP_A,
    SHOP_A_DOES,
    SIGNED_IN,
    Row,
    get,
    post,
)
from tests.shops.portal.conftest import Stall

OWNER_DOES = (LOGIN, 404, 403, 404, 404)  # A's person is of its staff
OPERATOR_FORM = (LOGIN, 404, 404, 404, 422)
BORROWED = (
    "mfa_list_webauthn",
    "mfa_add_webauthn",
    "mfa_activate_totp",
    "mfa_view_recovery_codes",
    "account_reauthenticate",
    "usersessions_list",
)

ROUTES: dict[str, Row] = {
    # Who asks to join
    "joining:join": get(EVERYONE),
    "joining:sent": get(EVERYONE),
    "joining:application": get(EVERYONE, "application", "application_key"),
    "joining:confirm": post(MOVED, "application", "application_key"),
    "joining:say": post(MOVED, "application", "application_key", text="x"),
    "joining:attach": post(NOT_UNDERSTOOD, "application", "application_key"),
    "joining:remove-paper": post(NOWHERE, "application", "application_key", "no_export"),
    "joining:withdraw": post(MOVED, "application", "application_key"),
    "operations:application": get(OPERATOR, "application"),
    "operations:application-ask": post(OPERATOR_DOES, "application", text="x"),
    "operations:application-reject": post(OPERATOR_DOES, "application", text="x"),
    "operations:application-approve": post(OPERATOR_FORM, "application"),
    "operations:application-paper": get(NOT_THEIRS, "application", "no_export"),
    "operations:checklist": get(OPERATOR),
    "operations:checklist-ask": post(OPERATOR_DOES, code="hours", is_needed="0"),
    "operations:checklist-add": post(OPERATOR_FORM),
    "operations:checklist-drop": post(OPERATOR_DOES, "checklist_item"),
    "operations:checklist-tick": post(OPERATOR_DOES, "shop_id", "checklist_item", is_done="1"),
    "portal:start": get(SHOP_A, "slug"),
    "portal:preview": get(SHOP_A, "slug"),
    "portal:test-order": post(SHOP_A_DOES, "slug"),
    "portal:step-down": post(SHOP_A_DOES, "slug"),
    "portal:business": get(SHOP_A, "slug"),
    "portal:save-business": post(OWNER_DOES, "slug"),
    "portal:business-shop": post(OWNER_DOES, "slug"),
    "portal:leaving": get(SHOP_A, "slug"),
    "portal:leaving-ask": post(OWNER_DOES, "slug"),
    "portal:leaving-stay": post(OWNER_DOES, "slug"),
    "portal:leaving-export": post(OWNER_DOES, "slug"),
    "operations:shop-has-left": post(OPERATOR_DOES, "shop_id"),
    "portal:accept-agreement": post(OWNER_DOES, "slug", version="x"),
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
    now = timezone.now()
    said = {"kind": "individual", "name": "x", "contact_name": "x", "country": "CA", "email": "x@example.org"}
    asked = Application.objects.create(**said, state="applied", language="fr", made_at=now, changed_at=now)
    item = ChecklistItem.objects.create(text_fr="x")
    known = {"application": asked.pk, "application_key": applying.key_of(asked), "checklist_item": item.pk}
    return known | {"staff_id": a.staff.pk, "session": 0}
