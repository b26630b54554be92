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
    "api:offer_instead": Row(KEYLESS, ("number",), sent={}),
    "api:offers": get(KEYLESS),
    "api:withdraw_offer": Row(KEYLESS, ("alternative",), sent={}),
    "api:put_back": Row(KEYLESS, ("number",), sent={}),
    "api:said": get(KEYLESS),
    "api:returns": get(KEYLESS),
    "api:sent_back": get(KEYLESS, "return_number"),
    "api:agree_to_return": Row(KEYLESS, ("return_number",), sent={}),
    "api:refuse_return": Row(KEYLESS, ("return_number",), sent={}),
    "api:return_arrived": Row(KEYLESS, ("return_number",), sent={}),
    "api:check_return": Row(KEYLESS, ("return_number",), sent={}),
    "api:statements": get(KEYLESS),
    "api:statement": get(KEYLESS, "running"),
}
