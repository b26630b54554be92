"""The reader's own page: what they ordered and reserved, and how it stands."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from marketplace.readers import orders
from marketplace.storefront.order_views import key_for
from marketplace.storefront.reader_request import person
from marketplace.storefront.reservation_views import token_for
from shops.models import Reservation

ORDERS_SHOWN = 20


@login_required
def account(request: HttpRequest) -> HttpResponse:
    reader = person(request)
    shown = orders.of(reader).prefetch_related("shop_orders__shop", "shop_orders__lines")
    pages = Paginator(shown, ORDERS_SHOWN).get_page(request.GET.get("page"))
    reserved = Reservation.objects.filter(user=reader, ended_at=None).select_related("shop")
    context = {
        "orders": [(order, key_for(request, order.number)) for order in pages],
        "pages": pages,
        "as_guest": orders.as_guest(reader).count(),
        "reservations": [(row, token_for(request, row)) for row in reserved],
    }
    return render(request, "storefront/account.html", context)


@login_required
@require_POST
def join(request: HttpRequest) -> HttpResponse:
    """Orders made as a guest, with an address that is known to be the reader's, come into the account."""
    count = orders.join(person(request))
    said = ngettext("One order came into your account.", "%(count)s orders came into your account.", count)
    messages.success(request, said % {"count": count})
    return redirect("storefront:account")
