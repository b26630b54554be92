"""What stands in the columns of a shop's list: its first rows, what we understand, what the shop says."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from catalog_sync import mapping
from catalog_sync.models import Feed
from catalog_sync.reasons import FeedError, Reason
from shops.portal import columns_shown
from shops.portal.access import StaffRequest, Workplace, page, portal_action, portal_page
from shops.portal.queries import feeds_for


@require_safe
@portal_page
def columns(request: StaffRequest, workplace: Workplace, name: str) -> HttpResponse:
    return _show(request, workplace, _feed(request, workplace, name))


@portal_action
def choose(request: StaffRequest, workplace: Workplace, name: str) -> HttpResponse:
    """The shop says which column is which: it is tried out on the first articles, or kept and read again at once."""
    feed = _feed(request, workplace, name)
    if not mapping.has_columns(feed):
        return _show(request, workplace, feed)
    try:
        choice = columns_shown.choice_of(request, feed)
    except FeedError:
        return _show(request, workplace, feed)
    if choice.options is None:
        messages.info(request, _("The list is another one now. Look at its columns again."))
        return _show(request, workplace, feed)
    if choice.problem is None and request.POST.get("do") == "keep":
        mapping.remember(feed, choice.options, by=request.user, now=timezone.now())
        messages.success(request, _("Thank you. The columns are remembered, and the list is read again now."))
        return redirect("portal:feeds", slug=workplace.shop.slug)
    return _show(request, workplace, feed, choice.chosen, choice.problem)


def _feed(request: StaffRequest, workplace: Workplace, name: str) -> Feed:
    return get_object_or_404(feeds_for(request.user).filter(shop=workplace.shop).select_related("shop"), name=name)


def _show(
    request: StaffRequest,
    workplace: Workplace,
    feed: Feed,
    chosen: Sequence[str] | None = None,
    problem: Reason | None = None,
) -> HttpResponse:
    context = {"feed": feed, **columns_shown.shown(feed, chosen, problem)}
    return page(request, workplace, "portal/columns.html", context)
