"""The reader sends something of an order back, or withdraws from it: for accounts and guests alike, by the order's key
(directive 2011/83/EU, article 11a: the function is on the order's page as long as the right lasts)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from oscar.apps.order.models import Order

from marketplace.checkout import institutions
from marketplace.foundation.places import distance_km
from marketplace.payments import refunds
from marketplace.storefront import places, return_stations, tries
from marketplace.storefront.order_views import order_page
from marketplace.storefront.return_forms import ReturnForm, SentForm, may_change_mind
from search.reader import reader_of
from shops.models import Parcel, Return, ReturnPhoto, Shop, ShopOrder
from shops.orders import reader_mail
from shops.returns import asking, letters, model_form, moving, photos
from shops.returns.asking import Returnable
from shops.returns.rights import Basis, Case

MOST_PLACES = 4
NEAR_KM = 60.0


@require_http_methods(["GET", "HEAD", "POST"])
@order_page
def start(request: HttpRequest, found: Order, key: str, part: str) -> HttpResponse:
    """What of one shop's part can go back, and the form; posted to, it is asked for, or withdrawn from."""
    now = timezone.now()
    shop_order = _part(found, part)
    case, kept = _case(shop_order, now), _kept(shop_order)
    rows = asking.returnable(shop_order, case, kept=kept)
    posted = request.method == "POST"
    if posted and tries.too_many(request, "return"):
        return render(request, "storefront/too_often.html", status=429)
    files = request.FILES if posted else None
    wrong = "wrong" in request.GET or not may_change_mind(rows)
    where = _places(request, shop_order)
    form = ReturnForm(request.POST if posted else None, files, rows=rows, places=where, wrong=wrong)
    if form.is_valid():
        try:
            made = asking.ask(
                shop_order,
                form.wanted(),
                case=case,
                kept=kept,
                once=form.cleaned_data["once"],
                by=_who(request, found),
                now=now,
            )
        except (asking.ReturnError, photos.PhotoError) as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _said(made))
            return redirect("storefront:order-return", found.number, key, made.pk)
    context = {
        "order": found,
        "key": key,
        "part": shop_order,
        "shop": shop_order.shop,
        "form": form,
        "rows": rows,
        "wrong": wrong,
        "may_change_mind": may_change_mind(rows),
        "withdrawal": _first(rows, Basis.WITHDRAWAL),
        "terms": _first(rows, Basis.TERMS),
        "email": reader_mail.address_of(found),
        "earlier": shop_order.returns.order_by("pk"),
    }
    return render(request, "storefront/return_start.html", context, status=422 if posted else 200)


@require_safe
@order_page
def followed(request: HttpRequest, found: Order, key: str, pk: int) -> HttpResponse:
    return _page(request, found, key, _own(found, pk))


@require_POST
@order_page
def act(request: HttpRequest, found: Order, key: str, pk: int, deed: str) -> HttpResponse:
    """`send`: it is on its way; `call-off`: the reader keeps it."""
    row, by, now = _own(found, pk), _who(request, found), timezone.now()
    form = SentForm(request.POST)
    try:
        if deed == "call-off":
            moving.call_off(row, by=by, now=now)
            messages.success(request, _("You keep it: the shop is told."))
        elif deed != "send":
            raise Http404
        elif form.is_valid():
            moving.send(row, tracking=form.cleaned_data["tracking"], by=by, now=now)
            messages.success(request, _("Thank you: it is noted that it is on its way."))
        else:
            return _page(request, found, key, row, sent_form=form, status=422)
    except asking.ReturnError as error:
        messages.warning(request, str(error))
    return redirect("storefront:order-return", found.number, key, pk)


@require_safe
@order_page
def form(request: HttpRequest, found: Order, key: str, part: str) -> HttpResponse:
    """The model form of the law, filled in: to print, or to send as a mail."""
    now, shop_order = timezone.now(), _part(found, part)
    checkout, address = getattr(found, "checkout", None), found.shipping_address
    fields = [part for part in address.active_address_fields() if part] if address else []
    said = model_form.lines(
        shop_order,
        [f"{line.left_units} × {line.title}" for line in shop_order.lines.all() if line.left_units],
        ordered_on=timezone.localdate(found.date_placed),
        received_on=_case(shop_order, now).received_on,
        name=checkout.name if checkout else "",
        address=", ".join(fields),
    )
    context = {"order": found, "key": key, "part": shop_order, "shop": shop_order.shop, "said": said}
    context["mail_address"] = model_form.mail_address(shop_order, said)
    return render(request, "storefront/return_form.html", context)


@require_safe
@order_page
def photo(request: HttpRequest, found: Order, key: str, pk: int, photo_id: int) -> HttpResponse:
    one = get_object_or_404(ReturnPhoto, pk=photo_id, of=_own(found, pk))
    return HttpResponse(photos.content(one), content_type="image/webp")


def _page(
    request: HttpRequest, found: Order, key: str, row: Return, *, sent_form: SentForm | None = None, status: int = 200
) -> HttpResponse:
    State = Return.State
    context = {
        "order": found,
        "key": key,
        "row": row,
        "part": row.shop_order,
        "shop": row.shop_order.shop,
        "lines": row.lines.select_related("line"),
        "photos": row.photos.all(),
        "stations": return_stations.of(row),
        "where_to": letters.where_to(row) if row.state in (State.AGREED, State.SENT) else [],
        "when_paid": letters.when_paid(row) if row.is_open else [],
        "sent_form": sent_form or SentForm(initial={"tracking": row.tracking}),
        "may_send": row.state in (State.AGREED, State.SENT),
        "may_call_off": row.state in (State.ASKED, State.AGREED),
    }
    return render(request, "storefront/return.html", context, status=status)


def _part(found: Order, part: str) -> ShopOrder:
    """One shop's part of the order; of what delivers itself nothing comes back here."""
    related = ("shop", "delivery_option__point", "delivery_option__receiving_shop", "order__shipping_address")
    parts = ShopOrder.objects.select_related(*related).prefetch_related("lines__product__facts")
    return get_object_or_404(parts, order=found, number=part, is_download=False)


def _own(found: Order, pk: int) -> Return:
    rows = Return.objects.select_related("shop_order__shop", "shop_order__order__user", "goes_to", "refund")
    return get_object_or_404(rows, pk=pk, shop_order__order=found)


def _case(shop_order: ShopOrder, now: datetime) -> Case:
    """Institutions are no consumers (directive 2011/83/EU, article 2 (1))."""
    parcels: Sequence[Parcel] = list(shop_order.parcels.select_related("carried_to", "waits_at"))
    is_consumer = institutions.institution_of(shop_order.order.user_id) is None
    return asking.case_of(shop_order, parcels, is_consumer=is_consumer, now=now)


def _kept(shop_order: ShopOrder) -> Mapping[int, int]:
    return refunds.units_left(shop_order)


def _places(request: HttpRequest, shop_order: ShopOrder) -> list[Shop]:
    """The shop that sold it, then those near the reader that receive for others, the nearest first."""
    seller = shop_order.shop
    others = Shop.objects.filter(receives_returns=True, status=Shop.Status.ACTIVE).exclude(pk=seller.pk)
    place, address = reader_of(request).place, shop_order.order.shipping_address
    if place is None and address:
        place = places.find(address.postcode or address.line4, radius_km=10).place
    at = (place.latitude, place.longitude) if place else (seller.latitude, seller.longitude)
    if None in at:
        return [seller, *others.order_by("name")[:MOST_PLACES]]
    near = [
        (distance, shop)
        for shop in others.exclude(latitude=None).exclude(longitude=None)
        if (distance := distance_km(at, (shop.latitude, shop.longitude))) <= NEAR_KM  # type: ignore[arg-type]
    ]
    return [seller, *(shop for _km, shop in sorted(near, key=lambda one: (one[0], one[1].pk))[:MOST_PLACES])]


def _first(rows: Sequence[Returnable], basis: Basis) -> object:
    """The right by this basis of the first line that has it."""
    return next((right for row in rows for right in row.rights if right.basis == basis), None)


def _who(request: HttpRequest, found: Order) -> object:
    return request.user if request.user.pk and request.user.pk == found.user_id else f"reader {found.number}"


def _said(made: Return) -> str:
    if made.basis == Basis.WITHDRAWAL:
        return _("Your withdrawal is received. A mail confirms it, with day and time.")
    if made.state == Return.State.AGREED:
        return _("It is noted: send it back. A mail says where to.")
    return _("%(shop)s has your question and answers you by mail.") % {"shop": made.shop_order.shop.name}
