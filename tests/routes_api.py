"""How the addresses of a shop's orders answer programs that show no key: as the table of `test_routes`."""

from __future__ import annotations

from tests.routes_kinds import KEYLESS, Row, get

OF_ORDER_KEYS = {
    "api:orders": get(KEYLESS),
    "api:order": get(KEYLESS, "number"),
    "api:accept": Row(KEYLESS, ("number",), sent={}),
    "api:decline": Row(KEYLESS, ("number",), sent={}),
    "api:cancel": Row(KEYLESS, ("number",), sent={}),
    "api:pack": Row(KEYLESS, ("number",), sent={}),
    "api:hand_over": Row(KEYLESS, ("number",), sent={}),
    "api:put_back": Row(KEYLESS, ("number",), sent={}),
    "api:said": get(KEYLESS),
    "api:statements": get(KEYLESS),
    "api:statement": get(KEYLESS, "running"),
}
