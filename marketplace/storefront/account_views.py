"""The reader's own page: what they ordered, and how each shop's part stands."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from oscar.apps.order.models import Order

from marketplace.foundation import links

ORDERS_SHOWN = 20


@login_required
def account(request: HttpRequest) -> HttpResponse:
    mine = Order.objects.filter(user_id=request.user.pk).order_by("-date_placed", "-pk")
    shown = mine.prefetch_related("shop_orders__shop", "shop_orders__lines")
    pages = Paginator(shown, ORDERS_SHOWN).get_page(request.GET.get("page"))
    orders = [(order, links.order_key(order.number)) for order in pages]
    return render(request, "storefront/account.html", {"orders": orders, "pages": pages})
