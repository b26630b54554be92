"""What other shops bring here for their readers: on its way, waiting at the counter, missing, collected. Of the order
this shop learns what it needs to hand it over: number, sender, for whom, how many copies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.contrib import messages
from django.db.models import F, QuerySet, Sum
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from shops import queries
from shops.models import Parcel, PickupPoint, Shop, ShopOrder
from shops.orders import carrying, fulfilment, left_elsewhere, resending
from shops.portal.access import StaffRequest, Workplace, page, portal_action, portal_page
from shops.portal.order_page import find

RECENT = timedelta(days=7)
MOST_SHOWN = 200
ACTS = ("arrive", "collect", "send-back")
ACTS_OF_SHOPS = (*ACTS, "shelve", "miss")


@dataclass(frozen=True)
class CarriedRow:
    """`acts`: addresses, none while it is still in the shop that sold it. `by`: who handed it over."""

    number: str
    sender: str
    name: str
    copies: int
    since: datetime
    by: str = ""
    shelf: str = ""
    arrived: bool = False
    kept_until: datetime | None = None
    acts: Mapping[str, str] = field(default_factory=dict)


@require_safe
@portal_page
def for_others(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    return _page(request, workplace)


@portal_action
def arrive(request: StaffRequest, workplace: Workplace, parcel_id: int) -> HttpResponse:
    parcel = _own(request, workplace, parcel_id)
    try:
        shelf = request.POST.get("shelf", "").strip()[:40]
        carrying.arrive(parcel, by=request.user, now=timezone.now(), shelf=shelf)
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


@portal_action
def shelve(request: StaffRequest, workplace: Workplace, parcel_id: int) -> HttpResponse:
    parcel = _own(request, workplace, parcel_id)
    try:
        carrying.shelve(parcel, request.POST.get("shelf", ""), by=request.user, now=timezone.now())
    except fulfilment.FulfilmentError as error:
        return _page(request, workplace, str(error), status=409)
    messages.success(request, _("Saved."))
    return redirect("portal:for-others", slug=workplace.shop.slug)


@portal_action
def miss(request: StaffRequest, workplace: Workplace, parcel_id: int) -> HttpResponse:
    """It did not arrive here, or is not on its shelf."""
    parcel = _own(request, workplace, parcel_id)
    try:
        carrying.miss(parcel, Parcel.Said.RECEIVER, by=request.user, now=timezone.now())
    except fulfilment.FulfilmentError as error:
        return _page(request, workplace, str(error), status=409)
    messages.success(request, _told())
    return redirect("portal:for-others", slug=workplace.shop.slug)


@portal_action
def send_back(request: StaffRequest, workplace: Workplace, parcel_id: int) -> HttpResponse:
    """Nobody came for it here: it goes back to the shop that sold it."""
    parcel = _own(request, workplace, parcel_id)
    try:
        left_elsewhere.send_back(parcel, by=request.user, now=timezone.now())
    except fulfilment.FulfilmentError as error:
        return _page(request, workplace, str(error), status=409)
    messages.success(request, sent_back(parcel))
    return redirect("portal:for-others", slug=workplace.shop.slug)


def sent_back(parcel: Parcel) -> str:
    return _("Noted: it is on its way back to %(shop)s.") % {"shop": parcel.shop_order.shop.name}


@portal_action
def end_elsewhere(request: StaffRequest, workplace: Workplace, number: str, parcel_id: int, deed: str) -> HttpResponse:
    """Of what waits for its reader elsewhere the shop that sold it says what becomes of it."""
    order = find(request, workplace, number)
    related = ("shop_order__shop", "shop_order__order__checkout", "carried_to", "waits_at")
    parcel = get_object_or_404(order.parcels.select_related(*related), pk=parcel_id)
    acts = {
        "keep": (left_elsewhere.keep_longer, _("Kept a week longer.")),
        "back": (left_elsewhere.take_back, _("It comes back. The reader gets the price of the articles back.")),
        "home": (left_elsewhere.come_home, _("Noted. Your next number counts the copies.")),
    }
    act, said = acts[deed]
    try:
        act(parcel, by=request.user, now=timezone.now())
        messages.success(request, said)
    except fulfilment.FulfilmentError as error:
        messages.warning(request, str(error))
    return redirect("portal:order", slug=workplace.shop.slug, number=number)


@portal_action
def miss_sent(request: StaffRequest, workplace: Workplace, number: str, parcel_id: int) -> HttpResponse:
    """The shop that sent it hears that it never came."""
    order = find(request, workplace, number)
    parcels = order.parcels.select_related("shop_order__shop", "carried_to").exclude(carried_to=None)
    try:
        said = Parcel.Said.SENDER
        carrying.miss(get_object_or_404(parcels, pk=parcel_id), said, by=request.user, now=timezone.now())
        messages.success(request, _told())
    except fulfilment.FulfilmentError as error:
        messages.warning(request, str(error))
    return redirect("portal:order", slug=workplace.shop.slug, number=number)


@portal_action
def send_again(request: StaffRequest, workplace: Workplace, number: str, parcel_id: int) -> HttpResponse:
    """It is lost: the shop that sold it sends other copies."""
    order = find(request, workplace, number)
    related = ("shop_order__shop", "shop_order__order__checkout", "carried_to", "waits_at")
    parcel = get_object_or_404(order.parcels.select_related(*related), pk=parcel_id)
    sent = {name: request.POST.get(name, "").strip() for name in ("carrier", "tracking")}
    try:
        resending.send_again(parcel, by=request.user, now=timezone.now(), **sent)
        messages.success(request, _("Noted. The reader is told that another copy is on its way."))
    except fulfilment.FulfilmentError as error:
        messages.warning(request, str(error))
    return redirect("portal:order", slug=workplace.shop.slug, number=number)


def _told() -> str:
    return _("Noted as missing. The other shop and the network are told.")


def _page(request: StaffRequest, workplace: Workplace, problem: str = "", status: int = 200) -> HttpResponse:
    """Eight queries, however many parcels."""
    parcels = queries.parcels_for(request.user).filter(carried_to=workplace.shop)
    coming = queries.orders_on_their_way_to(request.user, workplace.shop)
    context = {"problem": problem, "can_work": workplace.can_work, **carried(parcels, coming, workplace.shop)}
    return page(request, workplace, "portal/for_others.html", context, status=status)


def carried(parcels: QuerySet[Parcel], coming: QuerySet[ShopOrder], place: Shop | PickupPoint) -> dict[str, object]:
    """What a shop or a point hands over for others, as `portal/parts/carried.html` shows it: six queries."""
    parcels = parcels.select_related("collected_by").annotate(copies=Sum("lines__units"))
    parcels = parcels.filter(missing_ended_at=None)
    here = parcels.filter(collected_at=None, missing_at=None, uncollected_at=None).exclude(arrived_at=None)
    back = parcels.filter(sent_back_at=None, home_at=None).exclude(uncollected_at=None)
    gone = parcels.filter(collected_at__gt=timezone.now() - RECENT).order_by("-collected_at")
    not_sent = coming.annotate(copies=Sum(F("lines__accepted") - F("lines__handed_over")))
    missing = parcels.filter(collected_at=None).exclude(missing_at=None)
    return {
        "here": [_row(one.shop_order, one.copies, one.arrived_at, place, one) for one in here[:MOST_SHOWN]],
        "back": [_row(one.shop_order, one.copies, one.uncollected_at, place, one) for one in back[:MOST_SHOWN]],
        "on_the_way": [
            _row(one.shop_order, one.copies, one.handed_over_at, place, one)
            for one in parcels.filter(arrived_at=None, missing_at=None)[:MOST_SHOWN]
        ],
        "missing": [_row(one.shop_order, one.copies, one.missing_at, place, one) for one in missing[:MOST_SHOWN]],
        "coming": [_row(one, one.copies, one.created_at, place) for one in not_sent[:MOST_SHOWN]],
        "done": [_row(one.shop_order, one.copies, one.collected_at, place, one) for one in gone[:MOST_SHOWN]],
    }


def _row(
    shop_order: ShopOrder,
    copies: int | None,
    since: datetime | None,
    place: Shop | PickupPoint,
    of: Parcel | None = None,
) -> CarriedRow:
    checkout = getattr(shop_order.order, "checkout", None)
    person = of.collected_by if of else None
    return CarriedRow(
        number=shop_order.number,
        sender=shop_order.shop.name,
        name=(checkout.recipient_name or checkout.name) if checkout else "",
        copies=copies or 0,
        since=since or shop_order.created_at,
        by=(person.get_full_name() or person.email) if person else "",
        shelf=of.shelf if of else "",
        arrived=bool(of and of.arrived_at),
        kept_until=of.keep_until if of else None,
        acts={act.replace("-", "_"): address for act, address in _acts(of, place).items()} if of else {},
    )


def _acts(parcel: Parcel, place: Shop | PickupPoint) -> dict[str, str]:
    """Where "it is here" and "hand over" are said."""
    if isinstance(place, Shop):
        return {act: reverse(f"portal:parcel-{act}", args=(place.slug, parcel.pk)) for act in ACTS_OF_SHOPS}
    return {act: reverse(f"portal:point-{act}", args=(place.pk, parcel.pk)) for act in ACTS}


def _own(request: StaffRequest, workplace: Workplace, parcel_id: int) -> Parcel:
    return get_object_or_404(queries.parcels_for(request.user), pk=parcel_id, carried_to=workplace.shop)
