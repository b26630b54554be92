"""Another plan in the place of lines that are declined, frozen as a new shop order of the order that was placed: of
another shop (`rerouting`), or of the same one (`alternatives`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q

from marketplace.checkout import freezing, institutions, order_rows, referrals
from marketplace.checkout.planning import PlannedParcel
from marketplace.foundation import prepared
from marketplace.payments import commission
from marketplace.payments.models import Dispute, Payment, RefundRequest
from shops.models import ReroutedUnits, Shop, ShopOrder, ShopOrderLine
from shops.orders import splitting


def is_bound(payment: Payment, shop_order: ShopOrder) -> bool:
    """Whether nothing may take its place: a bank looks at the payment; a person has given money back of that part, so
    that what of it is still there is no longer what was agreed; an institution, which has its own rules for from whom
    it buys; an amount in local currency, of which each shop says how much it takes."""
    open_dispute = Dispute.objects.filter(payment=payment).exclude(status=Dispute.Status.WON).exists()
    of_part = Q(shop_order=shop_order) | Q(payment=payment, shop_order=None)
    given_back = RefundRequest.objects.filter(of_part).exists()
    institution = institutions.institution_of(shop_order.order.user_id)
    in_part_local = shop_order.order.checkout.local_minor > 0
    return bool(open_dispute or given_back or institution or in_part_local)


def write(
    declined: ShopOrder,
    planned: PlannedParcel,
    *,
    borne: Sequence[int],
    bearer: Shop | None,
    latest: datetime | None,
    now: datetime,
) -> list[ShopOrderLine]:
    """The lines of the new shop order. `borne`: of each, what the reader does not pay. `latest`: when its shop must
    have answered. The caller takes the stock, then calls `follow`."""
    checkout = declined.order.checkout
    # Not stored: the checkout stays what the reader paid.
    parcel = freezing.parcel_of(checkout, planned)
    frozen = [freezing.line_of(parcel, line) for line in planned.lines]
    return splitting.take_over(
        declined,
        checkout,
        parcel,  # type: ignore[arg-type]  # its lines are not related rows
        frozen,
        order_lines=prepared.insert(order_rows.line_of(declined.order, line) for line in frozen),
        borne=borne,
        bearer=bearer,
        now=now,
        latest=latest,
    )


def follow(
    declined: ShopOrder,
    planned: PlannedParcel,
    parts: Sequence[ReroutedUnits],
    lines: Sequence[ShopOrderLine],
    *,
    now: datetime,
) -> ShopOrder:
    """Where each of the parts went, and the network's share of what is sold now. Returns the new shop order."""
    for part, line in zip(parts, lines, strict=True):
        ReroutedUnits.objects.filter(pk=part.pk).update(moved_to=line)
    facts = {line.record.product_id: getattr(line.record.product, "facts", None) for line in planned.lines}
    checkout = declined.order.checkout
    earning = referrals.earning(checkout)
    prepared.insert(commission.agreed(lines, facts, channel=checkout.channel, partner_id=earning, at=now))
    return lines[0].shop_order
