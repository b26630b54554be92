"""One order at the desk: to look at, and what is printed of it."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from shops.orders.picklists import pick_list
from shops.portal.access import StaffRequest, Workplace, page, portal_page
from shops.portal.order_page import find, order_page, recipient


@require_safe
@portal_page
def order(request: StaffRequest, workplace: Workplace, number: str) -> HttpResponse:
    return order_page(request, workplace, find(request, workplace, number))


@require_safe
@portal_page
def slip(request: StaffRequest, workplace: Workplace, number: str) -> HttpResponse:
    """The packing slip that lies in the parcel, or waits with it at the counter."""
    shop_order = find(request, workplace, number)
    lines = [line for line in shop_order.lines.all() if line.left_units]
    context = {"order": shop_order, "lines": lines, "recipient": recipient(shop_order)}
    return page(request, workplace, "portal/slip.html", context)


@require_safe
@portal_page
def picking_one(request: StaffRequest, workplace: Workplace, number: str) -> HttpResponse:
    shop_order = find(request, workplace, number)
    context = {"rows": pick_list(shop_order), "orders": [shop_order], "beyond": 0, "order": shop_order}
    return page(request, workplace, "portal/pick_list.html", context)
