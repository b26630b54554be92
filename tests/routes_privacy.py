"""The rows of `test_routes` for people's data: erasing it, consents, what is recorded, what shops agree to."""

from __future__ import annotations

from tests.routes_kinds import EVERYONE, LOGIN, NOT_THEIRS, OPERATOR, SHOP_A, SIGNED_IN, Row, get, post

ROUTES: dict[str, Row] = {
    "storefront:order-erase": get(EVERYONE, "order", "order_key"),
    "storefront:consents": get(SIGNED_IN),
    "storefront:consent-give": post((LOGIN, 302, 302, 302, 302), purpose="newsletter"),
    "storefront:consent-withdraw": post(NOT_THEIRS, "consent"),
    "portal:data": get(SHOP_A, "slug"),
    "portal:data-save": post((LOGIN, 404, 403, 404, 404), "slug"),  # the owner's, as the next
    "portal:data-export": post((LOGIN, 404, 403, 404, 404), "slug"),
    "portal:brought": get(SHOP_A, "slug"),
    "portal:bring": post((LOGIN, 404, 403, 404, 404), "slug"),
    "portal:forget-customer": post((LOGIN, 404, 403, 404, 404), "slug"),
    "portal:earlier-remove": post((LOGIN, 404, 403, 404, 404), "slug", "earlier_network"),
    "portal:earlier": get(SHOP_A, "slug"),
    "portal:earlier-order": get(SHOP_A, "slug", "earlier"),
    "portal:earlier-statement": get(SHOP_A, "slug", "earlier_statement"),
    "storefront:consent-brought-end": post(NOT_THEIRS, "brought"),
    "operations:privacy": get(OPERATOR),
    "operations:register-file": get(OPERATOR),
    "operations:news-file": post(OPERATOR),
}
