"""Open invoices of institutions: what is owed and how late it is, sums entered by hand, the terms of each."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe
from stdnum import bic as bic_number
from stdnum import iban as iban_number

from marketplace.checkout.models import Institution
from marketplace.foundation import audit, network
from marketplace.foundation.amount_field import AmountField
from marketplace.foundation.day_field import DayField
from marketplace.operations.access import operator_action, operator_page
from marketplace.payments import receivables
from marketplace.payments.gift_card_forms import OnceForm
from marketplace.payments.models import CreditTerms, Receipt, Receivable
from shops.models import ShopOrder

Kind = Receipt.Kind
BY_HAND = (Kind.HAND, Kind.WRITTEN_OFF, Kind.PAID_BACK)
LONGEST_DAYS = 120


class ReceiptForm(OnceForm):
    """A sum that no statement brought."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What happened?"),
        choices=[
            (Kind.HAND.value, gettext_lazy("It was paid: a cheque, a transfer without reference")),
            (Kind.WRITTEN_OFF.value, gettext_lazy("It is not paid any more: the network bears it")),
            (Kind.PAID_BACK.value, gettext_lazy("We paid back what was too much")),
        ],
    )
    amount_minor = AmountField(label=gettext_lazy("Amount"), required=True)
    booked_on = DayField(label=gettext_lazy("Day"), widget=forms.DateInput(attrs={"type": "date"}))
    note = forms.CharField(label=gettext_lazy("In a few words"), max_length=200)

    def signed_minor(self) -> int:
        amount: int = self.cleaned_data["amount_minor"]
        return -amount if self.cleaned_data["kind"] == Kind.PAID_BACK else amount


class TermsForm(forms.Form):
    institution = forms.ModelChoiceField(Institution.objects.order_by("name"), label=gettext_lazy("Institution"))
    days = forms.IntegerField(
        label=gettext_lazy("Days to pay"),
        min_value=0,
        max_value=LONGEST_DAYS,
        initial=30,
        help_text=gettext_lazy("0: it orders by invoice no more; what is open stays open."),
    )
    limit_minor = AmountField(label=gettext_lazy("The most that it may owe at a time"), required=True)
    holder = forms.CharField(label=gettext_lazy("Name at its bank"), max_length=70, required=False)
    iban = forms.CharField(
        label=gettext_lazy("Its IBAN"),
        max_length=42,
        required=False,
        help_text=gettext_lazy("For what goes back to it. Empty: you pay that in another way."),
    )
    bic = forms.CharField(label=gettext_lazy("BIC"), max_length=11, required=False)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        for name, number in (("iban", iban_number), ("bic", bic_number)):
            if typed := given.get(name):
                given[name] = number.compact(typed)
                if not number.is_valid(typed):
                    self.add_error(name, _("Its check digits or length do not fit. Type it again."))
        if given.get("iban") and not given.get("holder"):
            self.add_error("holder", _("Say whose account it is."))
        return given


@require_safe
@operator_page
def receivables_page(request: HttpRequest) -> HttpResponse:
    return _page(request, TermsForm())


@operator_action
def save_terms(request: HttpRequest) -> HttpResponse:
    form = TermsForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    given = dict(form.cleaned_data)
    institution = given.pop("institution")
    with transaction.atomic():
        terms = CreditTerms.objects.update_or_create(institution=institution, defaults=given)[0]
        facts = {"days": given["days"], "limit_minor": given["limit_minor"], "ends_with": given["iban"][-4:]}
        audit.record("institution.credit", terms, by=request.user, **facts)
    messages.success(request, _("Saved."))
    return redirect("operations:receivables")


@operator_page
def receivable(request: HttpRequest, receivable_id: int) -> HttpResponse:
    """One order by invoice with all that came in for it; POST enters a sum by hand."""
    row = get_object_or_404(
        Receivable.objects.select_related("checkout__order", "terms__institution").exclude(placed_at=None),
        pk=receivable_id,
    )
    posted = request.POST if request.method == "POST" else None
    form = ReceiptForm(posted, initial={"booked_on": timezone.localdate(), "kind": Kind.HAND})
    if form.is_valid():
        given = form.cleaned_data
        try:
            receivables.receive(
                row,
                form.signed_minor(),
                kind=given["kind"],
                on=given["booked_on"],
                key=f"form:{given['once']}",
                by=request.user,  # type: ignore[arg-type]  # an operator has signed in
                note=given["note"],
                now=timezone.now(),
            )
        except receivables.ReceiptError as error:
            form.add_error("amount_minor", str(error))
        else:
            messages.success(request, _("Noted."))
            return redirect("operations:receivable", row.pk)
    context = {
        "row": row,
        "form": form,
        "receipts": row.receipts.select_related("by"),
        "parts": ShopOrder.objects.filter(order=row.checkout.order_id)
        .select_related("shop", "paid_part")
        .order_by("pk"),
        "reference": receivables.shown_reference(row.reference or ""),
    }
    return render(request, "operations/receivable.html", context, status=422 if posted is not None else 200)


def _page(request: HttpRequest, form: TermsForm, *, status: int = 200) -> HttpResponse:
    rows, today = receivables.open_ones(), timezone.localdate()
    context = {
        "rows": [(row, receivables.age(row, today)) for row in rows],
        "ages": receivables.by_age(rows, today),
        "terms": CreditTerms.objects.select_related("institution").order_by("institution__name"),
        "form": form,
        "currency": network.current().currency,
        "bank_details": network.current().bank_details,
    }
    return render(request, "operations/receivables.html", context, status=status)
