"""Pause selling, and sell again: one button each."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from shops import lifecycle
from shops.models import Shop
from shops.portal.access import StaffRequest, Workplace, portal_action


@portal_action
def pause(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    if lifecycle.pause(workplace.shop, by=request.user, now=timezone.now()):
        messages.success(request, _("Paused: nothing of yours is for sale within a minute. Open orders go on."))
    return redirect("portal:profile", slug=workplace.shop.slug)


@portal_action
def resume(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    if lifecycle.resume(workplace.shop, by=request.user, now=timezone.now()):
        messages.success(request, _("You sell again. Readers find your titles within a minute."))
    elif workplace.shop.status != Shop.Status.ACTIVE:
        messages.error(request, _("Only the network can put this shop on sale."))
    return redirect("portal:profile", slug=workplace.shop.slug)
