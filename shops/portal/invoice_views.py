"""The numbered documents of a shop: its invoices and credit notes to readers, the network's invoices to it."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from marketplace.payments.views import invoice_file
from shops.portal.access import StaffRequest, Workplace, page, portal_page
from shops.portal.queries import invoices_for

SHOWN = 50


@require_safe
@portal_page
def invoices(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    rows = invoices_for(request.user).filter(shop=workplace.shop)
    return page(
        request, workplace, "portal/invoices.html", {"pages": Paginator(rows, SHOWN).get_page(request.GET.get("page"))}
    )


@require_safe
@portal_page
def invoice(request: StaffRequest, workplace: Workplace, pk: int) -> HttpResponse:
    return invoice_file(get_object_or_404(invoices_for(request.user), shop=workplace.shop, pk=pk))
