"""What the network announced to the shop; each person says that they have read it."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_POST, require_safe

from shops import announcing
from shops.portal.access import StaffRequest, Workplace, page, portal_page

SHOWN = 50


@require_safe
@portal_page
def announcements(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    language = get_language() or workplace.shop.language
    rows = [(row, *announcing.in_language(row, language)) for row in announcing.of_shop(workplace.shop)[:SHOWN]]
    return page(request, workplace, "portal/announcements.html", {"rows": rows})


@require_POST
@portal_page
def read(request: StaffRequest, workplace: Workplace, pk: int) -> HttpResponse:
    """Also of who only looks: it is about them, not about the shop."""
    row = get_object_or_404(announcing.of_shop(workplace.shop), pk=pk)
    announcing.read(row, request.user, now=timezone.now())
    return redirect("portal:desk", workplace.shop.slug)
