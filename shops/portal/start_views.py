"""What is left to do before the shop is on sale, and the agreement with the network, for its people."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from shops import queries
from shops.onboarding import agreement, checklist
from shops.portal.access import StaffRequest, Workplace, owner_action, page, portal_page

# Where in the portal a line of the list is done.
WHERE = {"owner": "team", "delivery": "delivery", "hours": "hours", "stock": "feeds", "paid": "money"}


@require_safe
@portal_page
def start(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    shop = workplace.shop
    context = {
        "points": [(point, WHERE.get(point.code, "")) for point in checklist.points(shop)],
        "agreement": agreement.text(),
        "version": agreement.version(),
        "accepted": agreement.accepted(shop),
        "is_owner": queries.owns(request.user, shop),
    }
    return page(request, workplace, "portal/start.html", context)


@owner_action
def accept_agreement(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    seen = request.POST.get("version", "")
    if agreement.accept(workplace.shop, seen, by=request.user, now=timezone.now()):
        messages.success(request, _("Accepted."))
    else:
        messages.error(request, _("The words were changed meanwhile: read them again."))
    return redirect("portal:start", slug=workplace.shop.slug)
