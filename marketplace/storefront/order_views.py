"""The reader's order page, for accounts and guests alike: its key opens it."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from oscar.apps.order.models import Order

from marketplace.foundation import links
from marketplace.storefront import order_stations
from marketplace.storefront.order_forms import CancelForm
from shops.models import ShopOrderLine
from shops.orders import fulfilment


@never_cache
@require_safe
def order(request: HttpRequest, number: str, key: str) -> HttpResponse:
    found = _opened(number, key)
    parts = order_stations.parts(found)
    checkout = getattr(found, "checkout", None)
    context = {
        "order": found,
        "key": key,
        "checkout": checkout,
        "tax_included": checkout and checkout.total_minor == checkout.goods_minor + checkout.delivery_minor,
        "parts": parts,
        "declined_minor": sum(part.declined_minor for part in parts),
    }
    return render(request, "storefront/order.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, number: str, key: str, line_id: int) -> HttpResponse:
    """Asks what is to be cancelled of a line; posted to, the reader takes it back, if the shop did nothing
    meanwhile."""
    found = _opened(number, key)
    lines = ShopOrderLine.objects.filter(shop_order__order=found).select_related("shop_order__shop")
    line = get_object_or_404(lines, pk=line_id)
    form = CancelForm(request.POST if request.method == "POST" else None, line=line)
    if line.cancellable_units and form.is_valid():
        line.shop_order.version = form.cleaned_data["version"]
        units = form.cleaned_data["units"]
        by = request.user if request.user.pk and request.user.pk == found.user_id else f"reader {number}"
        try:
            fulfilment.cancel(line, units, by=by, now=timezone.now())
        except fulfilment.FulfilmentError:
            messages.warning(request, _("The shop did something with this order meanwhile. Here is how it stands now."))
            return redirect("storefront:order-cancel", number, key, line_id)
        said = ngettext(
            "One copy of “%(title)s” is cancelled.", "%(units)s copies of “%(title)s” are cancelled.", units
        )
        messages.success(request, said % {"title": line.title, "units": units})
        return redirect("storefront:order", number, key)
    context = {"order": found, "key": key, "line": line, "shop": line.shop_order.shop, "form": form}
    return render(request, "storefront/order_cancel.html", context, status=422 if form.errors else 200)


def _opened(number: str, key: str) -> Order:
    """The order that its reader's key opens; for every other key there is none."""
    if not links.order_key_fits(number, key):
        raise Http404(_("This address opens no order. Use the one in your mail."))
    return get_object_or_404(
        Order.objects.select_related("checkout", "shipping_address__country", "user"), number=number
    )
