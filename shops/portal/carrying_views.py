"""What other shops bring here for their readers: on its way, waiting at the counter, collected. Of the order this shop
learns what it needs to hand it over: number, sender, for whom, how many copies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib import messages
from django.db.models import Sum
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from shops import queries
from shops.models import Parcel, ShopOrder
from shops.orders import carrying, fulfilment
from shops.portal.access import StaffRequest, Workplace, page, portal_action, portal_page

RECENT = timedelta(days=7)
MOST_SHOWN = 200


@dataclass(frozen=True)
class CarriedRow:
    """`parcel_id` is None while it is still in the shop that sold it."""

    number: str
    sender: str
    name: str
    copies: int
    since: datetime
    parcel_id: int | None = None


@require_safe
@portal_page
def for_others(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    return _page(request, workplace)


@portal_action
def arrive(request: StaffRequest, workplace: Workplace, parcel_id: int) -> HttpResponse:
    parcel = _own(request, workplace, parcel_id)
    try:
        carrying.arrive(parcel, by=request.user, now=timezone.now())
    except fulfilment.FulfilmentError as error:
        return _page(request, workplace, str(error), status=409)
    messages.success(request, _("%(number)s is here. The reader is told.") % {"number": parcel.shop_order.number})
    return redirect("portal:for-others", slug=workplace.shop.slug)


@portal_action
def collect(request: StaffRequest, workplace: Workplace, parcel_id: int) -> HttpResponse:
    parcel = _own(request, workplace, parcel_id)
    try:
        carrying.collect(parcel, code=request.POST.get("code", "")[:40], by=request.user, now=timezone.now())
    except fulfilment.FulfilmentError as error:
        return _page(request, workplace, str(error), status=409)
    messages.success(request, _("Handed over."))
    return redirect("portal:for-others", slug=workplace.shop.slug)


def _page(request: StaffRequest, workplace: Workplace, problem: str = "", status: int = 200) -> HttpResponse:
    """Six queries, however many parcels."""
    parcels = queries.parcels_for(request.user).filter(carried_to=workplace.shop).annotate(copies=Sum("lines__units"))
    coming = queries.orders_on_their_way_to(request.user, workplace.shop).annotate(copies=Sum("lines__accepted"))
    since = timezone.now() - RECENT
    here = parcels.filter(collected_at=None).exclude(arrived_at=None)
    context = {
        "problem": problem,
        "here": [_row(one.shop_order, one.copies, one.arrived_at, one.pk) for one in here[:MOST_SHOWN]],
        "on_the_way": [
            _row(one.shop_order, one.copies, one.handed_over_at, one.pk)
            for one in parcels.filter(arrived_at=None)[:MOST_SHOWN]
        ],
        "coming": [_row(one, one.copies, one.created_at) for one in coming[:MOST_SHOWN]],
        "done": [
            _row(one.shop_order, one.copies, one.collected_at)
            for one in parcels.filter(collected_at__gt=since).order_by("-collected_at")[:MOST_SHOWN]
        ],
    }
    return page(request, workplace, "portal/for_others.html", context, status=status)


def _row(shop_order: ShopOrder, copies: int | None, since: datetime | None, parcel_id: int | None = None) -> CarriedRow:
    checkout = getattr(shop_order.order, "checkout", None)
    return CarriedRow(
        number=shop_order.number,
        sender=shop_order.shop.name,
        name=(checkout.recipient_name or checkout.name) if checkout else "",
        copies=copies or 0,
        since=since or shop_order.created_at,
        parcel_id=parcel_id,
    )


def _own(request: StaffRequest, workplace: Workplace, parcel_id: int) -> Parcel:
    return get_object_or_404(queries.parcels_for(request.user), pk=parcel_id, carried_to=workplace.shop)
