"""What a shop declares of a feed: shown in plain words, changed by those who work in the shop."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from catalog_sync import declaring
from catalog_sync.models import TYPED, Feed
from shops.portal.access import StaffRequest, Workplace, page, portal_action, portal_page
from shops.portal.declaring_form import DeclaringForm
from shops.portal.queries import feeds_for


@require_safe
@portal_page
def declared(request: StaffRequest, workplace: Workplace, name: str) -> HttpResponse:
    feed = _feed(request, workplace, name)
    return page(
        request,
        workplace,
        "portal/declaring.html",
        {"feed": feed, "form": DeclaringForm(feed, locked=not workplace.can_work)},
    )


@portal_action
def declare(request: StaffRequest, workplace: Workplace, name: str) -> HttpResponse:
    feed = _feed(request, workplace, name)
    form = DeclaringForm(feed, request.POST)
    if not form.is_valid():
        return page(request, workplace, "portal/declaring.html", {"feed": feed, "form": form}, status=422)
    changed = declaring.declare(
        feed,
        form.values(),
        stock_lane=form.stock_lane(),
        booking_lag_minutes=form.cleaned_data["booking_lag_minutes"],
        by=request.user,
        now=timezone.now(),
    )
    messages.success(request, _("Saved. It counts from the next reading on.") if changed else _("Nothing was changed."))
    return redirect("portal:declared", slug=workplace.shop.slug, name=feed.name)


def _feed(request: StaffRequest, workplace: Workplace, name: str) -> Feed:
    mine = feeds_for(request.user).filter(shop=workplace.shop).exclude(kind=TYPED).select_related("shop")
    return get_object_or_404(mine, name=name)
