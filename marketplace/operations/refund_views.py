"""The operator gives money back of any order; large amounts wait for another operator."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.operations.access import operator_action, operator_page
from marketplace.payments import large_refunds, refunds
from marketplace.payments.models import Payment, ProposedRefund
from marketplace.payments.refund_forms import RefundForm
from marketplace.storefront.reader_request import person
from shops.models import ShopOrder


@operator_page
def refund(request: HttpRequest, number: str) -> HttpResponse:
    """Give money back of a shop order; the operator says who bears it."""
    shop_order = get_object_or_404(ShopOrder.objects.select_related("shop", "order"), number=number)
    payment = get_object_or_404(Payment, checkout__order=shop_order.order)
    posted = request.POST if request.method == "POST" else None
    left = refunds.left(shop_order)
    form = RefundForm(posted, shop_order=shop_order, left=left, by_operator=True)
    if form.is_valid():
        given = form.cleaned_data
        said = large_refunds.Said(given["reason"], given["borne_by"], given["once"])
        try:
            made = large_refunds.ask(payment, form.wanted(), said, by=person(request), now=timezone.now())
        except refunds.RefundError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _what_became(made))
            return redirect("operations:refund", number)
    requests = shop_order.refund_requests.order_by("-pk").prefetch_related("calls")
    context = {
        "order": shop_order,
        "form": form,
        "left": left,
        "requests": requests,
        "asked": [row for row in large_refunds.waiting() if row.shop_order_id == shop_order.pk],
        "open_returns": shop_order.returns.filter(ended_at=None),
    }
    return render(request, "operations/refund.html", context, status=422 if posted is not None else 200)


@operator_action
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        large_refunds.approve(get_object_or_404(ProposedRefund, pk=pk), by=person(request), now=timezone.now())
    except refunds.RefundError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The money goes back; the reader is told by mail."))
    return redirect("operations:money")


@operator_action
def refuse(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        large_refunds.refuse(get_object_or_404(ProposedRefund, pk=pk), by=person(request), now=timezone.now())
    except refunds.RefundError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Refused: nothing goes back."))
    return redirect("operations:money")


def _what_became(made: object) -> str:
    if isinstance(made, ProposedRefund):
        return _("That is above the limit: it goes back once another operator has approved it.")
    return _("The money goes back; the reader is told by mail.")
