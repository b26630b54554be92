"""Who gives what of money that goes back at a shop's cost: decided as it is asked for, under the payment's lock, and
kept with the request."""

from __future__ import annotations

from collections.abc import Mapping

from marketplace.payments import earnings, partner_shares
from marketplace.payments.models import RefundRequest
from marketplace.payments.worth import borne_back


def divide(request: RefundRequest, *, refunded: Mapping[int, int]) -> None:
    """Units of a shop that took over take along what was borne of them; `refunded` are units given back before, by
    line. After the transfer was written, or the earning booked: what shop, network, tax office and partner give."""
    shop_order = request.shop_order
    if shop_order is None or request.borne_by != RefundRequest.Bearer.SHOP:
        return
    if request.line and request.kind == RefundRequest.Kind.LINE:
        request.borne_minor = borne_back(request.line, request.units, refunded.get(request.line.pk, 0))
    booked = earnings.booked(shop_order)
    if booked is None:
        return
    earlier = list(shop_order.refund_requests.order_by("pk"))
    since = [one for one in earlier if one.after_transfer]
    share = earnings.given_back(booked, request, earlier)
    request.after_transfer = True
    request.share_minor = share.shop_minor
    request.commission_minor, request.commission_tax = share.kept_minor, share.taxes
    request.sales_tax = share.sales_taxes
    request.partner_shares = partner_shares.given_back(
        shop_order.lines.all(),
        kept_minor=booked.kept_minor,
        back_minor=share.kept_minor + sum(one.commission_minor for one in since),
        earlier=[one.partner_shares for one in since],
    )
