"""One order at the desk: to look at, and what is printed of it."""

from __future__ import annotations

from functools import partial

from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from catalog_sync.shelves import places
from shops import queries
from shops.models import ShopOrder
from shops.orders import sight
from shops.orders.picklists import pick_list
from shops.portal.access import StaffRequest, Workplace, page, portal_page
from shops.portal.labels import labels_pdf
from shops.portal.order_page import find, order_page, recipient

AT_ONCE = 100  # labels, slips


@require_safe
@portal_page
def order(request: StaffRequest, workplace: Workplace, number: str) -> HttpResponse:
    return order_page(request, workplace, find(request, workplace, number))


@require_safe
@portal_page
def slip(request: StaffRequest, workplace: Workplace, number: str) -> HttpResponse:
    """The packing slip that lies in the parcel, or waits with it at the counter."""
    return page(request, workplace, "portal/slip.html", {"slip": _slip(find(request, workplace, number))})


@require_safe
@portal_page
def slips(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    """Of everything that is to be prepared or lies ready, one to a sheet, in the order of the numbers."""
    waiting = _waiting(request, workplace)
    chosen = [_slip(shop_order) for shop_order in waiting[:AT_ONCE]]
    beyond = max(0, waiting.count() - AT_ONCE)
    return page(request, workplace, "portal/slips.html", {"slips": chosen, "beyond": beyond})


def _slip(shop_order: ShopOrder) -> dict[str, object]:
    lines = [line for line in shop_order.lines.all() if line.left_units]
    return {"order": shop_order, "lines": lines, "recipient": recipient(shop_order)}


@require_safe
@portal_page
def picking_one(request: StaffRequest, workplace: Workplace, number: str) -> HttpResponse:
    shop_order = find(request, workplace, number)
    rows = pick_list(shop_order, places=partial(places, workplace.shop.pk))
    context = {
        "rows": rows,
        "orders": [shop_order],
        "beyond": 0,
        "order": shop_order,
        "shelved": any(row.shelf for row in rows),
    }
    return page(request, workplace, "portal/pick_list.html", context)


@require_safe
@portal_page
def label(request: StaffRequest, workplace: Workplace, number: str) -> HttpResponse:
    """The address where it is sent; for the shelf where it is collected."""
    shop_order = find(request, workplace, number)
    if shop_order.is_download or not sight.is_seen(shop_order, timezone.now()):
        raise Http404
    return _pdf(labels_pdf([shop_order], now=timezone.now()), shop_order.number)


@require_safe
@portal_page
def labels(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    """Of everything that is to be prepared or lies ready, in the order of the numbers."""
    waiting = _waiting(request, workplace)
    beyond = max(0, waiting.count() - AT_ONCE)
    return _pdf(labels_pdf(list(waiting[:AT_ONCE]), now=timezone.now(), beyond=beyond), workplace.shop.slug)


def _waiting(request: StaffRequest, workplace: Workplace) -> QuerySet[ShopOrder]:
    """Accepted or packed, not handed over."""
    states = [ShopOrder.Status.ACCEPTED, ShopOrder.Status.PACKED]
    every = queries.orders_for(request.user).filter(shop=workplace.shop, status__in=states, is_download=False)
    related = every.select_related("shop", "order__checkout", "order__shipping_address", "order__user")
    related = related.select_related("delivery_option__point", "delivery_option__receiving_shop")
    return related.prefetch_related("lines").order_by("pk")


def _pdf(content: bytes, name: str) -> HttpResponse:
    """Names and codes: kept by nobody between."""
    answer = HttpResponse(content, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    answer["Cache-Control"] = "no-store, private"
    return answer
