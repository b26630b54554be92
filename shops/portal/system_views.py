"""A shop's own system: connected by its owner, tried at once, how it does, and what is read from it and sent to it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from catalog_sync import capabilities, health
from catalog_sync.doors import connecting, setting_up
from catalog_sync.models import FeedSetup
from catalog_sync.reasons import words_of
from shops import queries
from shops.models import ShopSystem
from shops.portal.access import StaffRequest, Workplace, owner_action, page, portal_page
from shops.portal.system_forms import SystemForm
from shops.systems import SYSTEMS, keeping


@require_safe
@portal_page
def systems(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    return _page(request, workplace)


@owner_action
def connect(request: StaffRequest, workplace: Workplace, kind: str) -> HttpResponse:
    """What was entered is kept; the step calls it within seconds, never this page."""
    if kind not in SYSTEMS:
        raise Http404
    form = SystemForm(kind, request.POST)
    if not form.is_valid():
        return _page(request, workplace, form)
    connecting.connect(workplace.shop, form.access(), by=request.user, now=timezone.now())
    return _back(workplace)


@owner_action
def read(request: StaffRequest, workplace: Workplace, kind: str) -> HttpResponse:
    """Its stock is tried as any list is, with nothing written."""
    connection = _connection(workplace, kind)
    try:
        setup = connecting.begin_feed(connection, by=request.user, now=timezone.now())
    except setting_up.SetupError as problem:
        messages.error(request, str(problem))
        return _back(workplace)
    return redirect("portal:stock-list", slug=workplace.shop.slug, setup_id=setup.pk)


@owner_action
def send_orders(request: StaffRequest, workplace: Workplace, kind: str) -> HttpResponse:
    connection = _connection(workplace, kind)
    if connection.options.get(keeping.FOUND, {}).get("takes_orders"):
        connecting.take_orders(connection, by=request.user, now=timezone.now())
        messages.success(request, _("Orders go into your system from now on."))
    return _back(workplace)


@owner_action
def end(request: StaffRequest, workplace: Workplace, kind: str) -> HttpResponse:
    connecting.end(_connection(workplace, kind), by=request.user, now=timezone.now())
    messages.success(request, _("The connection is ended, and its keys are forgotten."))
    return _back(workplace)


def _connection(workplace: Workplace, kind: str) -> ShopSystem:
    return get_object_or_404(ShopSystem.objects.select_related("shop"), shop=workplace.shop, kind=kind)


def _page(request: StaffRequest, workplace: Workplace, form: SystemForm | None = None) -> HttpResponse:
    rows = {row.kind: row for row in ShopSystem.objects.filter(shop=workplace.shop).select_related("shop")}
    kinds = sorted(SYSTEMS, key=lambda kind: (kind not in rows, str(SYSTEMS[kind].label)))
    is_owner = queries.owns(request.user, workplace.shop)
    kinds = [kind for kind in kinds if is_owner or kind in rows]  # who connects none sees those that there are
    cards = [_card(kind, rows.get(kind), form if form and form.kind == kind else None) for kind in kinds]
    context = {
        "cards": cards,
        "connected": len(rows),
        "is_owner": is_owner,
        "table": [capabilities.heads(), *capabilities.rows()],
        "others": [capabilities.other_heads(), *capabilities.others()],
        "is_looking": any(card["is_looking"] for card in cards),
    }
    return page(request, workplace, "portal/systems.html", context, status=422 if form else 200)


def _card(kind: str, row: ShopSystem | None, form: SystemForm | None) -> dict[str, Any]:
    """One system, connected or not."""
    feed = connecting.feed_of(row) if row else None
    found = row.options.get(keeping.FOUND) if row else None
    setup = FeedSetup.objects.filter(feed=feed, went_at=None).first() if feed else None
    return {
        "kind": kind,
        "label": SYSTEMS[kind].label,
        "steps": SYSTEMS[kind].steps,
        "row": row,
        "found": found,
        "trouble": words_of(row.trouble) if row and row.trouble else "",
        "is_looking": row is not None and not found and not row.trouble,
        "form": form or SystemForm(kind, connection=row),
        "feed": feed if feed and not setup else None,
        "setup": setup,
        "health": health.health(feed, now=timezone.now()) if feed and not setup else None,
        "takes_orders": row is not None and row.shop.channel == kind,
        "elsewhere": row is not None and row.shop.channel == kind and row.options.get("elsewhere"),
    }


def _back(workplace: Workplace) -> HttpResponse:
    return redirect("portal:systems", slug=workplace.shop.slug)
