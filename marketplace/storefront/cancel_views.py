"""The reader takes back a line of an order, in part or whole, or the whole parcel where the law leaves no other way."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods
from oscar.apps.order.models import Order

from marketplace.checkout.cancelling import BelowMinimum, below_minimum
from marketplace.storefront.amounts import shown
from marketplace.storefront.order_forms import TOO_OLD, CancelForm, WholeForm
from marketplace.storefront.order_views import order_page
from shops.models import ShopOrder, ShopOrderLine
from shops.orders import fulfilment
from shops.orders.changing import BeingHandedOverError


@require_http_methods(["GET", "HEAD", "POST"])
@order_page
def cancel(request: HttpRequest, found: Order, key: str, line_id: int) -> HttpResponse:
    """Asks what is to be cancelled of a line; posted to, the reader takes it back, if the shop did nothing
    meanwhile."""
    related = ("shop", "delivery_option__point", "delivery_option__receiving_shop")
    lines = ShopOrderLine.objects.filter(shop_order__order=found)
    line = get_object_or_404(lines.select_related(*(f"shop_order__{name}" for name in related)), pk=line_id)
    shop_order = line.shop_order
    against, whole = _against(found, line, list(shop_order.lines.select_related("product__facts")))
    posted = request.POST if request.method == "POST" else None
    asks_whole = whole and posted is not None and "whole" in posted
    form = CancelForm(None if asks_whole else posted, line=line, against=against)
    whole_form = WholeForm(posted if asks_whole else None, line=line)
    if whole_form.is_valid():
        return _take_back(request, found, key, line, None)
    if line.cancellable_units and form.is_valid():
        return _take_back(request, found, key, line, form.cleaned_data["units"])
    if form.has_error("version", "old") or whole_form.has_error("version", "old"):
        messages.warning(request, TOO_OLD)
        return redirect("storefront:order-cancel", found.number, key, line_id)
    context = {
        "order": found,
        "key": key,
        "line": line,
        "shop": shop_order.shop,
        "form": form,
        "against": next(iter(against.values()), ""),
        "whole_form": whole_form if whole else None,
    }
    return render(request, "storefront/order_cancel.html", context, status=422 if form.errors else 200)


def _take_back(request: HttpRequest, found: Order, key: str, line: ShopOrderLine, units: int | None) -> HttpResponse:
    """`units` of the line, None: the whole parcel; of the version that the reader saw."""
    by = request.user if request.user.pk and request.user.pk == found.user_id else f"reader {found.number}"
    now = timezone.now()
    try:
        if units is None:
            fulfilment.cancel_whole(line.shop_order, by=by, now=now)
        else:
            fulfilment.cancel(line, units, by=by, now=now)
    except fulfilment.FulfilmentError as error:
        messages.warning(request, str(error) if isinstance(error, BeingHandedOverError) else TOO_OLD)
        return redirect("storefront:order-cancel", found.number, key, line.pk)
    if units is None:
        messages.success(request, _("All of order %(number)s is cancelled.") % {"number": line.shop_order.number})
    else:
        said = ngettext(
            "One copy of “%(title)s” is cancelled.", "%(units)s copies of “%(title)s” are cancelled.", units
        )
        messages.success(request, said % {"title": line.title, "units": units})
    return redirect("storefront:order", found.number, key)


def _against(found: Order, line: ShopOrderLine, lines: Sequence[ShopOrderLine]) -> tuple[dict[int, str], bool]:
    """How many units of the line cannot be taken back by themselves, with the law in a sentence; and whether the whole
    parcel can be instead, where that is more than the line."""
    to = found.shipping_address.country_id if found.shipping_address else ""
    against = {}
    for units in range(1, line.cancellable_units + 1):
        if below := below_minimum(line.shop_order, lines, {line.pk: units}, to=to):
            against[units] = _words(line.shop_order, below)
    all_free = all(one.cancellable_units >= one.left_units for one in lines)
    return against, all_free and line.left_units in against


def _words(shop_order: ShopOrder, below: BelowMinimum) -> str:
    values = {
        "law": below.law.name,
        "least": shown(below.least_minor, shop_order.currency),
        "left": shown(below.left_minor, shop_order.currency),
    }
    text = _(
        "By law (%(law)s), sending the new books that stay costs at least %(least)s; only %(left)s would be left of it."
    )
    return text % values
