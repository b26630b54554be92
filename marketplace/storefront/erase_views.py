"""A guest has what an order says of them erased, by the link that opens it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from oscar.apps.order.models import Order

from marketplace.readers import erasing
from marketplace.storefront.leaving_views import WHY_STAY
from marketplace.storefront.order_views import order_page


@require_http_methods(["GET", "HEAD", "POST"])
@order_page
def erase(request: HttpRequest, found: Order, key: str) -> HttpResponse:
    """GET says what goes and what stays; POST with the box ticked erases. An order of an account goes with that."""
    problem = ""
    if request.method == "POST" and not found.user_id:
        if not request.POST.get("sure"):
            problem = _("Tick the box: it cannot be undone.")
        elif not erasing.erase_guest(found, now=timezone.now()):
            messages.success(request, _("Nothing in this order says who you are any more."))
            return redirect("storefront:order", found.number, key)
    context = {
        "order": found,
        "key": key,
        "problem": problem,
        "reasons": [WHY_STAY[reason] for reason in erasing.reasons_to_wait(erasing.of_order(found))],
        "is_erased": erasing.is_erased(found),
    }
    return render(request, "storefront/order_erase.html", context, status=422 if request.method == "POST" else 200)
