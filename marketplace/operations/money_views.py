"""Money that a person must look at: incidents, debts, refunds that came back or wait for a second person, disputes."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from marketplace.foundation.money import to_minor
from marketplace.operations.access import operator_action, operator_page
from marketplace.payments import debts, disputes, evidence, incidents, large_paybacks, large_refunds, refunds, returns
from marketplace.payments.gift_cards import GiftCardError
from marketplace.payments.models import Dispute, MoneyCall, MoneyIncident, ProposedPayback
from marketplace.storefront.reader_request import person
from shops.models import Return, ShopOrder
from shops.returns.asking import ReturnError

DISPUTES_SHOWN = 50


class ShareForm(forms.Form):
    """Which shop bears how much of a lost dispute."""

    shop_order = forms.ModelChoiceField(label=gettext_lazy("Which shop?"), queryset=ShopOrder.objects.none())
    amount = forms.DecimalField(
        label=gettext_lazy("Amount"), min_value=0, max_digits=9, decimal_places=2, localize=True
    )
    reason = forms.CharField(label=gettext_lazy("Why"), max_length=200)


@require_safe
@operator_page
def money(request: HttpRequest) -> HttpResponse:
    paybacks = large_paybacks.waiting()
    context = {
        "incidents": incidents.running(),
        "debts": debts.debts(),
        "failed": refunds.failed(),
        "asked": large_refunds.waiting(),
        "asked_paybacks": paybacks,
        "asked_calls": {row.call_id for row in paybacks},
        "disputes": Dispute.objects.select_related("payment__checkout__order").order_by("closed_at", "-pk")[
            :DISPUTES_SHOWN
        ],
    }
    return render(request, "operations/money.html", context)


@operator_action
def close_incident(request: HttpRequest, incident_id: int) -> HttpResponse:
    incident = get_object_or_404(MoneyIncident, pk=incident_id)
    how = request.POST.get("how", "").strip()
    if not how:
        messages.error(request, _("Say in a few words what was done about it."))
    elif incidents.close(incident, by=request.user, resolution=how, now=timezone.now()):  # type: ignore[arg-type]
        messages.success(request, _("Closed."))
    return redirect("operations:money")


@operator_action
def settle_refund(request: HttpRequest, call_id: int) -> HttpResponse:
    """A refund that the reader's bank sent back: once more, or paid in another way (`how` says which)."""
    call = get_object_or_404(MoneyCall, pk=call_id, kind=MoneyCall.Kind.REFUND)
    how = request.POST.get("how", "").strip()
    if "again" in request.POST:
        if refunds.try_again(call, by=request.user, now=timezone.now()):  # type: ignore[arg-type]
            messages.success(request, _("It is tried again now."))
    elif not how:
        messages.error(request, _("Say in a few words what was done about it."))
    else:
        _paid_from_bank(request, call, how)
    return redirect("operations:money")


def _paid_from_bank(request: HttpRequest, call: MoneyCall, how: str) -> None:
    try:
        waits = large_paybacks.paid_from_bank(call, by=person(request), how=how, now=timezone.now())
    except refunds.RefundError as error:
        messages.error(request, str(error))
    else:
        said = _("That is above the limit: it is noted once another operator has approved it.")
        messages.success(request, said if waits else _("Noted."))


@operator_action
def approve_payback(request: HttpRequest, pk: int) -> HttpResponse:
    """A second person agrees to a large gift card's going back, or says too that a refund was paid from the bank."""
    try:
        large_paybacks.approve(get_object_or_404(ProposedPayback, pk=pk), by=person(request), now=timezone.now())
    except (refunds.RefundError, GiftCardError) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Done."))
    return redirect("operations:money")


@operator_action
def refuse_payback(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        large_paybacks.refuse(get_object_or_404(ProposedPayback, pk=pk), by=person(request), now=timezone.now())
    except refunds.RefundError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Refused: nothing goes back."))
    return redirect("operations:money")


@operator_page
def dispute(request: HttpRequest, dispute_id: int) -> HttpResponse:
    """The dispute with the evidence as it would be, or was, handed in; POST: which shop bears a lost one."""
    row = get_object_or_404(Dispute.objects.select_related("payment__checkout__order"), pk=dispute_id)
    posted = request.POST if request.method == "POST" else None
    form = ShareForm(posted)
    order = row.payment.checkout.order if row.payment else None
    form.fields["shop_order"].queryset = ShopOrder.objects.filter(order=order)  # type: ignore[attr-defined]
    if form.is_valid():
        given = form.cleaned_data
        amount = to_minor(given["amount"], row.currency)
        try:
            disputes.assign(
                row,
                given["shop_order"],
                amount,
                by=request.user,  # type: ignore[arg-type]
                reason=given["reason"],
                now=timezone.now(),
            )
        except disputes.DisputeError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The shop owes it now; it is kept back from its next transfers."))
            return redirect("operations:dispute", row.pk)
    context = {
        "dispute": row,
        "order": order,
        "evidence": row.evidence or evidence.compose(row),
        "can_hand_in": not (row.is_closed or row.submitted_at or row.due_at),
        "shares": row.shares.select_related("shop_order__shop"),
        "cost": disputes.cost(row),
        "form": form,
    }
    return render(request, "operations/dispute.html", context, status=422 if posted is not None else 200)


@operator_action
def hand_in(request: HttpRequest, dispute_id: int) -> HttpResponse:
    row = get_object_or_404(Dispute, pk=dispute_id)
    try:
        disputes.hand_in(row, evidence.compose(row), by=request.user, now=timezone.now())  # type: ignore[arg-type]
    except disputes.DisputeError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The evidence goes to the bank now. It cannot be changed any more."))
    return redirect("operations:dispute", row.pk)


@operator_action
def end_return(request: HttpRequest, return_id: int) -> HttpResponse:
    """The money of a checked return went back by hand (`how` says why it ends): nothing more is paid."""
    row = get_object_or_404(Return.objects.select_related("shop_order"), pk=return_id)
    try:
        returns.end_paid_by_hand(row, reason=request.POST.get("how", ""), by=request.user, now=timezone.now())  # type: ignore[arg-type]
    except ReturnError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Closed."))
    return redirect("operations:refund", row.shop_order.number)
