"""The reader's order page, for accounts and guests alike: its key opens it."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from oscar.apps.order.models import Order

from marketplace.checkout import tax
from marketplace.foundation import links
from marketplace.storefront import order_stations


@never_cache
@require_safe
def order(request: HttpRequest, number: str, key: str) -> HttpResponse:
    if not links.order_key_fits(number, key):
        raise Http404(_("This address opens no order. Use the one in your mail."))
    found = get_object_or_404(
        Order.objects.select_related("checkout", "shipping_address__country", "user"), number=number
    )
    parts = order_stations.parts(found)
    checkout = getattr(found, "checkout", None)
    context = {
        "order": found,
        "checkout": checkout,
        "tax_included": checkout and checkout.total_minor == checkout.goods_minor + checkout.delivery_minor,
        "parts": parts,
        "taxes": tax.by_rate(tax.thawed(line.tax_parts) for part in parts for line in part.lines),
        "declined_minor": sum(part.declined_minor for part in parts),
    }
    return render(request, "storefront/order.html", context)
