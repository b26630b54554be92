"""What lies ready at the counter and nobody comes for: kept longer, or put back once its time is over."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from shops.models import ShopOrder
from shops.orders import uncollected
from shops.orders.changing import FulfilmentError
from shops.portal.access import StaffRequest, Workplace, portal_action
from shops.portal.forms import KeepForm, OrderForm
from shops.portal.order_page import Failed, find, order_page


@portal_action
def keep_longer(request: StaffRequest, workplace: Workplace, number: str) -> HttpResponse:
    def keep(order: ShopOrder) -> None:
        order.keep_until = form.cleaned_data["kept_until"]
        uncollected.keep_longer(order, by=request.user, now=timezone.now())

    form = KeepForm(request.POST)
    return _act(request, workplace, number, form, keep, _("It is kept a week longer."))


@portal_action
def take_back(request: StaffRequest, workplace: Workplace, number: str) -> HttpResponse:
    """Whoever presses it has put it on the shelf."""

    def put(order: ShopOrder) -> None:
        uncollected.take_back(order, by=request.user, now=timezone.now(), on_shelf=True)

    form, said = OrderForm(request.POST), _("Put back. It is for sale again, the reader does not pay.")
    return _act(request, workplace, number, form, put, said)


def _act(
    request: StaffRequest,
    workplace: Workplace,
    number: str,
    form: OrderForm,
    act: Callable[[ShopOrder], None],
    said: str,
) -> HttpResponse:
    """On the order as the person saw it; at once, since it is asked of staff who have the parcel in their hands: where
    there is no line it is not kept for later either."""
    order = find(request, workplace, number)
    if not form.is_valid():
        failed = Failed("pickup", form, _("This page is too old. Look at the order again."))
        return order_page(request, workplace, order, failed, status=422)
    order.version = form.cleaned_data["version"]
    try:
        act(order)
    except FulfilmentError as error:
        failed = Failed("pickup", form, str(error))
        return order_page(request, workplace, find(request, workplace, number), failed, status=409)
    messages.success(request, said)
    return redirect("portal:order", slug=workplace.shop.slug, number=number)
