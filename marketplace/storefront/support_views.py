"""Who of the network looked at a reader's pages, and whether they may do more than look."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from marketplace.readers import support
from marketplace.storefront.reader_request import person

SHOWN = 50


@require_safe
@login_required
def mine(request: HttpRequest) -> HttpResponse:
    reader = person(request)
    context = {
        "visits": support.visits_of(reader)[:SHOWN],
        "until": support.granted_until(reader, None, now=timezone.now()),
        "may_grant": not getattr(request, "visit", None),
        "grant_hours": support.GRANT_HOURS,
        "grant_url": reverse("storefront:support-grant"),
        "take_back_url": reverse("storefront:support-take-back"),
    }
    return render(request, "storefront/support.html", context)


@login_required
@require_POST
def grant(request: HttpRequest) -> HttpResponse:
    hours = request.POST.get("hours", "")
    try:
        support.grant(person(request), None, hours=int(hours) if hours.isdecimal() else 0, now=timezone.now())
    except support.SupportError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Support may change things in your place for that long."))
    return redirect("storefront:support")


@login_required
@require_POST
def take_back(request: HttpRequest) -> HttpResponse:
    if support.take_back(person(request), None, now=timezone.now()):
        messages.success(request, _("Support may only look from now on."))
    return redirect("storefront:support")
