"""What was to be there by now is not: the reader waits until a day of their own, has another shop looked for, or takes
their money back."""

from __future__ import annotations

from datetime import datetime, timedelta

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods
from oscar.apps.order.models import Order

from marketplace.checkout import rerouting
from marketplace.storefront.order_views import order_page
from shops.models import DeliveryOption, ShopOrderLine
from shops.orders import late_days
from shops.orders.changing import FulfilmentError

FIRST_PROPOSED = timedelta(days=7)


class WaitForm(forms.Form):
    version = forms.IntegerField(widget=forms.HiddenInput)
    on = forms.DateField(
        label=gettext_lazy("Until which day do you wait?"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": gettext_lazy("Choose a day."), "invalid": gettext_lazy("Choose a day.")},
    )


class ElsewhereForm(forms.Form):
    version = forms.IntegerField(widget=forms.HiddenInput)


@require_http_methods(["GET", "HEAD", "POST"])
@order_page
def late(request: HttpRequest, found: Order, key: str, line_id: int) -> HttpResponse:
    """GET shows the choices; POST with `elsewhere` has another shop looked for, else it says how long they wait."""
    related = ("shop_order__shop", "shop_order__order__checkout")
    lines = ShopOrderLine.objects.filter(shop_order__order=found).select_related(*related)
    line, now = get_object_or_404(lines, pk=line_id), timezone.now()
    seen = {"version": line.shop_order.version}
    day = late_days.today(line.shop_order, now=now)
    wait = WaitForm(initial=seen | {"on": day + FIRST_PROPOSED})
    status = 200
    if request.method == "POST" and late_days.is_late(line, now=now):
        elsewhere = "elsewhere" in request.POST
        form: forms.Form = ElsewhereForm(request.POST) if elsewhere else WaitForm(request.POST)
        if form.is_valid():
            return _decide(request, found, key, line, form, now)
        wait, status = (form, 422) if isinstance(form, WaitForm) else (wait, 422)
    context = {
        "order": found,
        "key": key,
        "line": line,
        "shop": line.shop_order.shop,
        "is_late": late_days.is_late(line, now=now),
        "units": late_days.late_units(line),
        "is_sent": line.shop_order.delivery_kind != DeliveryOption.Kind.PICKUP,
        "wait_form": wait,
        "elsewhere_form": ElsewhereForm(initial=seen) if _may_move(line, now) else None,
        "others": [row for row in late_days.gone_with(line) if row.pk != line.pk],
        "latest": day + late_days.LONGEST,
    }
    return render(request, "storefront/order_late.html", context, status=status)


def _may_move(line: ShopOrderLine, now: datetime) -> bool:
    return late_days.may_look_elsewhere(line) and rerouting.may_move_from(line.shop_order, now=now)


def _decide(
    request: HttpRequest, found: Order, key: str, line: ShopOrderLine, form: forms.Form, now: datetime
) -> HttpResponse:
    by = request.user if request.user.pk and request.user.pk == found.user_id else f"reader {found.number}"
    line.shop_order.version = form.cleaned_data["version"]
    try:
        if isinstance(form, WaitForm):
            on = form.cleaned_data["on"]
            late_days.wait_until(line, on, by=by, now=now)
            said = _("You wait until %(day)s. The shop sees it; you get a mail when it is there.")
            messages.success(request, said % {"day": date_format(on, "DATE_FORMAT")})
        elif _may_move(line, now):
            late_days.look_elsewhere(line, by=by, now=now)
            messages.success(request, _("We look for another shop that has it. You pay no more than you agreed to."))
        else:
            messages.warning(request, _("Another shop cannot be asked any more: wait for it, or take your money back."))
    except FulfilmentError as error:
        messages.warning(request, str(error))
        return redirect("storefront:order-late", found.number, key, line.pk)
    return redirect("storefront:order", found.number, key)
