"""Parcels between shops that are missing: who has said so and since when; given up, the reader gets the money back."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from marketplace.operations.access import operator_action, operator_page
from marketplace.payments import carried_parcels
from marketplace.payments.refunds import RefundError
from marketplace.storefront.reader_request import person
from shops.models import Parcel, ParcelRefund
from shops.orders.changing import FulfilmentError

MOST_SHOWN = 200


@require_safe
@operator_page
def parcels(request: HttpRequest) -> HttpResponse:
    told = Parcel.objects.exclude(missing_at=None).select_related("shop_order__shop", "carried_to", "refund")
    rows = told.annotate(copies=Sum("lines__units"))
    context = {
        "missing": rows.filter(missing_ended_at=None).order_by("missing_at", "pk")[:MOST_SHOWN],
        "lost": rows.exclude(missing_ended_at=None)
        .filter(replaced_by=None)
        .order_by("-missing_ended_at", "-pk")[:MOST_SHOWN],
        "stuck": Parcel.objects.filter(uncollected_at__isnull=False, refund__parked_at__isnull=False)
        .select_related("shop_order__shop", "carried_to", "waits_at", "refund")
        .order_by("pk")[:MOST_SHOWN],
        "bearers": ParcelRefund.Bearer.choices,
    }
    return render(request, "operations/parcels.html", context)


@operator_action
def give_up(request: HttpRequest, parcel_id: int) -> HttpResponse:
    parcel = get_object_or_404(Parcel.objects.select_related("shop_order__shop", "carried_to"), pk=parcel_id)
    borne_by = request.POST.get("borne_by", "")
    if borne_by not in ParcelRefund.Bearer.values:
        messages.error(request, _("Say at whose cost."))
        return redirect("operations:parcels")
    try:
        carried_parcels.give_up(parcel, borne_by=borne_by, by=person(request), now=timezone.now())
    except RefundError as error:
        messages.error(request, str(error))
    except FulfilmentError as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, _("Given up. The reader gets the money back."))
    return redirect("operations:parcels")


@operator_action
def settle(request: HttpRequest, parcel_id: int) -> HttpResponse:
    """Its money was given back by hand, and a person has looked."""
    parcel = get_object_or_404(Parcel.objects.select_related("shop_order"), pk=parcel_id)
    if carried_parcels.settle_by_hand(parcel, by=person(request), now=timezone.now()):
        messages.success(request, _("Nothing more goes back for this parcel."))
    else:
        messages.warning(request, _("There is nothing to settle: look again."))
    return redirect("operations:parcels")
