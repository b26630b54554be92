"""How the addresses of trust answer: roles, large refunds, visits of support, announcements, votes of the members, the
trail's roots. As the table of `test_routes`."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from marketplace.payments.models import Payment, ProposedPayback, ProposedRefund
from marketplace.readers import support
from shops import announcing, voting
from tests import factories
from tests.routes_kinds import (
    LOGIN,
    NOT_THEIRS,
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

OWNERS = (LOGIN, 404, 403, 404, 404)  # not of staff
ROUTES: dict[str, Row] = {
    "storefront:audit-roots": get(NOWHERE),  # the network does not publish them by itself
    "storefront:audit-roots-json": get(NOWHERE),
    "operations:operators": get(OPERATOR),
    "operations:operator-save": post((LOGIN, 404, 404, 404, 422)),
    "operations:operator-end": post(OPERATOR_DOES, "somebody"),
    "operations:approve-refund": post(OPERATOR_DOES, "large_refund"),
    "operations:refuse-refund": post(OPERATOR_DOES, "large_refund"),
    "operations:approve-payback": post(OPERATOR_DOES, "large_payback"),
    "operations:refuse-payback": post(OPERATOR_DOES, "large_payback"),
    "operations:shop-shares": post(OPERATOR_DOES, "shop_id", member_shares="3"),
    "operations:visits": get(OPERATOR),
    "operations:visit-begin": post((LOGIN, 404, 404, 404, 422)),
    "operations:visit-end": post(NOT_THEIRS, "visit"),  # another operator's
    "storefront:support": get(SIGNED_IN),
    "storefront:support-grant": post((LOGIN, 302, 302, 302, 302), hours="1"),
    "storefront:support-take-back": post((LOGIN, 302, 302, 302, 302)),
    "portal:support": get(SHOP_A, "slug"),
    "portal:support-grant": post(OWNERS, "slug", hours="1"),
    "portal:support-take-back": post(OWNERS, "slug"),
    "operations:announcements": get(OPERATOR),
    "operations:announce": post((LOGIN, 404, 404, 404, 422)),
    "operations:announcement-end": post(OPERATOR_DOES, "announcement"),
    "portal:announcements": get(SHOP_A, "slug"),
    "portal:announcement-read": post(SHOP_A_DOES, "slug", "announcement"),
    "operations:motions": get(OPERATOR),
    "operations:motion-propose": post((LOGIN, 404, 404, 404, 422)),
    "operations:motion": get(OPERATOR, "motion"),
    "operations:motion-say": post(OPERATOR_DOES, "motion", text="x"),
    "operations:motion-open": post(OPERATOR_DOES, "motion", weighing="member", days="7"),
    "portal:motions": get(SHOP_A, "slug"),
    "portal:motion": get(SHOP_A, "slug", "motion"),
    "portal:motion-propose": post(OWNERS, "slug"),
    "portal:motion-say": post(OWNERS, "slug", "motion", text="x"),
    "portal:motion-vote": post(OWNERS, "slug", "motion", choice="0"),
}


def _payback(a: Stall, asked: ProposedRefund) -> ProposedPayback:
    call = factories.transfer(a.order, kind="refund", failed_at=timezone.now())
    said = {"amount_minor": 1, "currency": "CAD", "asked_by": asked.asked_by, "asked_at": timezone.now()}
    return ProposedPayback.objects.create(call=call, reason="x", **said)


def known(a: Stall) -> dict[str, Any]:
    """What their addresses name, of A."""
    asked = ProposedRefund.objects.create(
        payment=Payment.objects.filter(checkout__order=a.order.order).first() or factories.payment(a.order.order),
        shop_order=a.order,
        kind="other",
        amount_minor=1,
        borne_by="shop",
        reason="x",
        once="large",
        asked_by=factories.operator(),
        asked_at=timezone.now(),
    )
    now, by = timezone.now(), asked.asked_by
    words = dict.fromkeys(("subject_fr", "subject_en", "text_fr", "text_en"), "x")
    return {
        "somebody": factories.user().pk,
        "large_refund": asked.pk,
        "large_payback": _payback(a, asked).pk,
        "visit": support.begin(by, a.staff, a.shop, reason="x", now=now).pk,
        "announcement": announcing.announce(words, shop=a.shop, is_important=False, by=by, now=now).pk,
        "motion": voting.propose("Dues", "x", ["Yes", "No"], by=by, now=now).pk,
    }
