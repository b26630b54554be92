"""The network's vouchers: for goods of any shop, borne by the network."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from marketplace.checkout import vouchers
from marketplace.checkout.models import Voucher
from marketplace.checkout.voucher_forms import NetworkVoucherForm, said
from marketplace.operations.access import operator_action, operator_page

SHOWN = 100


@require_safe
@operator_page
def vouchers_page(request: HttpRequest) -> HttpResponse:
    return _page(request, NetworkVoucherForm())


@operator_action
def make(request: HttpRequest) -> HttpResponse:
    form = NetworkVoucherForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    with transaction.atomic():
        voucher = form.save(shop=None, by=request.user, now=timezone.now())  # type: ignore[arg-type]  # an operator has signed in
    messages.success(request, said(voucher))
    return redirect("operations:vouchers")


@operator_action
def end(request: HttpRequest, voucher_id: int) -> HttpResponse:
    voucher = get_object_or_404(Voucher, pk=voucher_id, shop=None)
    if vouchers.end(voucher, by=request.user, now=timezone.now()):
        text = _("“%(code)s” has ended. Whoever is paying with it keeps it.")
        messages.success(request, text % {"code": voucher.code})
    else:
        messages.info(request, _("It had ended before."))
    return redirect("operations:vouchers")


def _page(request: HttpRequest, form: NetworkVoucherForm, *, status: int = 200) -> HttpResponse:
    rows = Voucher.objects.filter(shop=None).select_related("only_shop")[:SHOWN]
    context = {"form": form, "rows": rows, "now": timezone.now()}
    return render(request, "operations/vouchers.html", context, status=status)
