"""A payout that the bank refused, or made in part, is ended by a person: no statement ever says so."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.foundation.amount_field import AmountField
from marketplace.operations.access import operator_page
from marketplace.payments import bank_booking
from marketplace.payments.models import BankPayout


class EndForm(forms.Form):
    paid_minor = AmountField(
        label=gettext_lazy("What left the network's account all the same"),
        required=True,
        help_text=gettext_lazy("0: nothing. The rest is owed again, and in the next file for the bank."),
    )
    reason = forms.CharField(label=gettext_lazy("What did the bank say?"), max_length=200)


@operator_page
def payout(request: HttpRequest, payout_id: int) -> HttpResponse:
    """GET shows it, POST ends it."""
    row = get_object_or_404(BankPayout.objects.select_related("shop"), pk=payout_id)
    posted = request.POST if request.method == "POST" else None
    form = EndForm(posted)
    if form.is_valid():
        try:
            bank_booking.end(row, **form.cleaned_data, by=request.user, now=timezone.now())  # type: ignore[arg-type]
        except bank_booking.PayoutError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Ended. What was not paid is in the next file for the bank."))
            return redirect("operations:exports")
    return render(request, "operations/payout.html", {"row": row, "form": form}, status=422 if posted else 200)
