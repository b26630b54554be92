"""The shop gives money back of one of its orders: its owner, and whoever does its accounts."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.payments import refunds
from marketplace.payments.models import Payment
from marketplace.payments.refund_forms import RefundForm
from shops import queries
from shops.portal.access import StaffRequest, Workplace, page, portal_page


@portal_page
def refund(request: StaffRequest, workplace: Workplace, number: str) -> HttpResponse:
    """GET shows what is left to give back; POST asks for it once, however often it is sent."""
    shop_order = queries.order_for(request.user, number)
    payment = Payment.objects.filter(checkout__order__shop_orders=shop_order).first() if shop_order else None
    if shop_order is None or shop_order.shop_id != workplace.shop.pk or payment is None:
        raise Http404
    if not workplace.keeps_accounts:
        return page(request, workplace, "portal/only_look.html", status=403)
    posted = request.POST if request.method == "POST" else None
    left = refunds.left(shop_order)
    form = RefundForm(posted, shop_order=shop_order, left=left, by_operator=False)
    if form.is_valid():
        given = form.cleaned_data
        try:
            refunds.ask(
                payment,
                form.wanted(),
                reason=given["reason"],
                by=request.user,
                once=given["once"],
                now=timezone.now(),
            )
        except refunds.RefundError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The money goes back; the reader is told by mail."))
            return redirect("portal:order", workplace.shop.slug, number)
    requests = shop_order.refund_requests.order_by("-pk").prefetch_related("calls")
    context = {
        "order": shop_order,
        "form": form,
        "left": left,
        "requests": requests,
        "open_returns": shop_order.returns.filter(ended_at=None),
    }
    status = 422 if posted is not None else 200
    return page(request, workplace, "portal/refund.html", context, status=status)
