"""A pick-up point as its keepers see it: what is on its way, what waits, what was collected. No more of an order than a
shop learns that hands over for another."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from shops import queries
from shops.models import PickupPoint
from shops.orders import carrying, fulfilment, left_elsewhere
from shops.portal.access import StaffRequest
from shops.portal.carrying_views import carried, sent_back

View = Callable[..., HttpResponse]


def _kept(view: View) -> View:
    """For `view(request, point, …)`: another's point does not exist for them (404)."""

    @wraps(view)
    def wrapped(request: StaffRequest, point_id: int, **names: object) -> HttpResponse:
        return view(request, get_object_or_404(queries.points_for(request.user), pk=point_id), **names)

    return login_required(wrapped)


@require_safe
@_kept
def point(request: StaffRequest, point: PickupPoint) -> HttpResponse:
    return _page(request, point)


@require_POST
@_kept
def arrive(request: StaffRequest, point: PickupPoint, parcel_id: int) -> HttpResponse:
    parcel = get_object_or_404(queries.parcels_at(point), pk=parcel_id)
    try:
        carrying.arrive(parcel, by=request.user, now=timezone.now())
    except fulfilment.FulfilmentError as error:
        return _page(request, point, str(error), status=409)
    messages.success(request, _("%(number)s is here. The reader is told.") % {"number": parcel.shop_order.number})
    return redirect("portal:point", point_id=point.pk)


@require_POST
@_kept
def collect(request: StaffRequest, point: PickupPoint, parcel_id: int) -> HttpResponse:
    parcel = get_object_or_404(queries.parcels_at(point), pk=parcel_id)
    try:
        carrying.collect(parcel, code=request.POST.get("code", "")[:40], by=request.user, now=timezone.now())
    except fulfilment.FulfilmentError as error:
        return _page(request, point, str(error), status=409)
    messages.success(request, _("Handed over."))
    return redirect("portal:point", point_id=point.pk)


@require_POST
@_kept
def send_back(request: StaffRequest, point: PickupPoint, parcel_id: int) -> HttpResponse:
    """Nobody came for it here: it goes back to the shop that sold it."""
    parcel = get_object_or_404(queries.parcels_at(point), pk=parcel_id)
    try:
        left_elsewhere.send_back(parcel, by=request.user, now=timezone.now())
    except fulfilment.FulfilmentError as error:
        return _page(request, point, str(error), status=409)
    messages.success(request, sent_back(parcel))
    return redirect("portal:point", point_id=point.pk)


def _page(request: StaffRequest, point: PickupPoint, problem: str = "", status: int = 200) -> HttpResponse:
    rows = carried(queries.parcels_at(point), queries.orders_on_their_way_to_point(point), point)
    return render(
        request, "portal/point.html", {"point": point, "problem": problem, "can_work": True, **rows}, status=status
    )
