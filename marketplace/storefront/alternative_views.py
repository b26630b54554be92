"""What a shop offers in the place of what it lacks: the reader says yes, or no, and what is to become of it then."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from oscar.apps.order.models import Order

from marketplace.checkout import alternatives
from marketplace.checkout.alternative_plans import AlternativeError
from marketplace.storefront.order_views import order_page
from shops.models import Alternative
from shops.orders import alternatives as offers


@require_http_methods(["GET", "HEAD", "POST"])
@order_page
def alternative(request: HttpRequest, found: Order, key: str, pk: int) -> HttpResponse:
    related = ("shop", "line", "product__facts", "rerouting__shop_order__order__checkout")
    rows = Alternative.objects.filter(rerouting__shop_order__order=found).select_related(*related)
    row = get_object_or_404(rows, pk=pk)
    if request.method == "POST" and request.POST.get("answer") in {"yes", "elsewhere", "money"}:
        return _answered(request, found, key, row, request.POST["answer"])
    parts = list(row.rerouting.parts.select_related("line").order_by("pk"))
    agreed = sum(part.agreed_minor for part in parts)
    context = {
        "order": found,
        "key": key,
        "shop": row.shop,
        "shop_order": row.rerouting.shop_order,
        "alternative": row,
        "is_open": row.state == Alternative.State.OPEN and timezone.now() < row.answer_by,
        "units": row.units,
        "others": [part for part in parts if part.line_id != row.line_id],
        "agreed_minor": agreed,
        "back_minor": max(0, agreed - row.total_minor),
        "may_look_elsewhere": alternatives.may_look_elsewhere(row.rerouting),
        "silence": offers.silence(row),
    }
    return render(request, "storefront/order_alternative.html", context)


def _answered(request: HttpRequest, found: Order, key: str, row: Alternative, answer: str) -> HttpResponse:
    by = request.user if request.user.pk and request.user.pk == found.user_id else f"reader {found.number}"
    now = timezone.now()
    try:
        if answer == "yes":
            alternatives.take(row, by=by, now=now)
            said = _("Thank you. %(shop)s prepares it for you.")
        else:
            alternatives.refuse(row, elsewhere=answer == "elsewhere", by=by, now=now)
            said = _("We look for another shop that has it.") if answer == "elsewhere" else _("You do not pay for it.")
    except AlternativeError as error:
        messages.warning(request, str(error))
        return redirect("storefront:order-alternative", found.number, key, row.pk)
    messages.success(request, said % {"shop": row.shop.name})
    return redirect("storefront:order", found.number, key)
