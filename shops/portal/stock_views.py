"""Stock trouble: copies that were not found, and records that promise more than the shop's number holds."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from shops import withholding
from shops.portal.access import StaffRequest, Workplace, page, portal_action, portal_page
from shops.portal.queries import incidents_for, stock_records_for, withheld_for

SHOWN = 50


@require_safe
@portal_page
def stock(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    mine = {"stock_record__partner__shop": workplace.shop}
    withheld = Paginator(withheld_for(request.user).filter(**mine), SHOWN).get_page(request.GET.get("page"))
    incidents = incidents_for(request.user).filter(**mine)
    context = {
        "pages": withheld,
        "incidents": incidents[:SHOWN],
        "longest_days": withholding.LONGEST.days,
    }
    return page(request, workplace, "portal/stock.html", context)


@portal_action
def till_is_right(request: StaffRequest, workplace: Workplace, record_id: int) -> HttpResponse:
    record = get_object_or_404(stock_records_for(request.user).filter(partner__shop=workplace.shop), pk=record_id)
    units = withholding.till_is_right(record, now=timezone.now(), by=request.user)
    if units:
        said = ngettext(
            "Noted: the next list you send contains this copy.",
            "Noted: the next list you send contains these copies.",
            units,
        )
        messages.success(request, said)
    else:
        messages.info(request, _("That was said already."))
    return redirect("portal:stock", slug=workplace.shop.slug)
