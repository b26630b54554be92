"""Who of the network looked at the shop's pages, what they did there, and whether they may do more than look."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from marketplace.readers import support
from shops import queries
from shops.portal.access import StaffRequest, Workplace, owner_action, page, portal_page

SHOWN = 50


@require_safe
@portal_page
def support_page(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    now, slug = timezone.now(), workplace.shop.slug
    context = {
        "visits": support.visits_at(workplace.shop)[:SHOWN],
        "until": support.granted_until(request.user, workplace.shop, now=now),
        "may_grant": queries.owns(request.user, workplace.shop),
        "grant_hours": support.GRANT_HOURS,
        "grant_url": reverse("portal:support-grant", args=[slug]),
        "take_back_url": reverse("portal:support-take-back", args=[slug]),
    }
    return page(request, workplace, "portal/support.html", context)


@owner_action
def grant(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    hours = request.POST.get("hours", "")
    try:
        support.grant(request.user, workplace.shop, hours=int(hours) if hours.isdecimal() else 0, now=timezone.now())
    except support.SupportError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Support may change things in your place for that long."))
    return redirect("portal:support", workplace.shop.slug)


@owner_action
def take_back(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    if support.take_back(request.user, workplace.shop, now=timezone.now()):
        messages.success(request, _("Support may only look from now on."))
    return redirect("portal:support", workplace.shop.slug)
