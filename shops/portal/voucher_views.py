"""A shop's own vouchers: made and ended by it, borne by it."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from marketplace.checkout import vouchers
from marketplace.checkout.models import Voucher
from marketplace.checkout.voucher_forms import VoucherForm, said
from marketplace.storefront import tries
from shops.portal.access import StaffRequest, Workplace, page, portal_action, portal_page

SHOWN = 100
TRIES = 6
"""Vouchers made in a minute: the answer says of a code that it exists, be it another shop's."""


@require_safe
@portal_page
def vouchers_page(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    return _page(request, workplace, VoucherForm())


@portal_action
def make(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    form = VoucherForm(request.POST)
    if tries.too_many(request, "voucher-made", per_minute=TRIES, by=f"shop {workplace.shop.pk}"):
        messages.warning(request, _("That was often in a short time. Please wait a minute, then try again."))
        return _page(request, workplace, VoucherForm(initial=request.POST.dict()), status=429)
    if not form.is_valid():
        return _page(request, workplace, form, status=422)
    with transaction.atomic():
        voucher = form.save(shop=workplace.shop, by=request.user, now=timezone.now())
    messages.success(request, said(voucher))
    return redirect("portal:vouchers", workplace.shop.slug)


@portal_action
def end(request: StaffRequest, workplace: Workplace, voucher_id: int) -> HttpResponse:
    voucher = get_object_or_404(Voucher, pk=voucher_id, shop=workplace.shop)
    if vouchers.end(voucher, by=request.user, now=timezone.now()):
        text = _("“%(code)s” has ended. Whoever is paying with it keeps it.")
        messages.success(request, text % {"code": voucher.code})
    else:
        messages.info(request, _("It had ended before."))
    return redirect("portal:vouchers", workplace.shop.slug)


def _page(request: StaffRequest, workplace: Workplace, form: VoucherForm, *, status: int = 200) -> HttpResponse:
    rows = Voucher.objects.filter(shop=workplace.shop)[:SHOWN]
    context = {"form": form, "rows": rows, "now": timezone.now()}
    return page(request, workplace, "portal/vouchers.html", context, status=status)
