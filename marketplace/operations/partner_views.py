"""Partners who send readers here: their links, their shares, their statements."""

from __future__ import annotations

from datetime import UTC, datetime
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

from marketplace.checkout import referrals
from marketplace.foundation import audit, links, network
from marketplace.operations.access import operator_action, operator_page
from marketplace.payments import partners
from marketplace.payments.models import SoldBy
from shops.models import Partner

ACCOUNT = ("holder", "iban", "bic")


class PartnerForm(forms.ModelForm):
    class Meta:
        model = Partner
        fields = ["name", "contact", "email", "address", *ACCOUNT, "active"]
        labels = {
            "name": gettext_lazy("Name"),
            "contact": gettext_lazy("Whom to write to"),
            "email": gettext_lazy("E-mail address"),
            "address": gettext_lazy("Address on its statement"),
            "holder": gettext_lazy("Account holder"),
            "iban": gettext_lazy("IBAN"),
            "bic": gettext_lazy("BIC"),
            "active": gettext_lazy("Its links count"),
        }
        help_texts = {"address": "", "active": "", "iban": gettext_lazy("Empty: it is paid in another way.")}
        widgets = {"address": forms.Textarea(attrs={"rows": 3})}

    def clean_iban(self) -> str:
        given = self.cleaned_data["iban"]
        if given and not iban_number.is_valid(given):
            raise forms.ValidationError(_("This is no IBAN: its check digits do not fit. Type it again."))
        return iban_number.compact(given) if given else ""

    def clean_bic(self) -> str:
        given = self.cleaned_data["bic"]
        if given and not bic_number.is_valid(given):
            raise forms.ValidationError(_("This is no BIC: it has 8 or 11 letters and digits."))
        return bic_number.compact(given) if given else ""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("iban") and not cleaned.get("holder"):
            self.add_error("holder", _("Say whose account it is."))
        return cleaned


@require_safe
@operator_page
def partners_page(request: HttpRequest) -> HttpResponse:
    return _list(request, PartnerForm())


@operator_action
def make(request: HttpRequest) -> HttpResponse:
    form = PartnerForm(request.POST)
    if not form.is_valid():
        return _list(request, form, status=422)
    made = _save(form, request, "partner.make")
    messages.success(request, _("Give %(name)s its link.") % {"name": made.name})
    return redirect("operations:partner", made.pk)


@require_safe
@operator_page
def partner(request: HttpRequest, partner_id: int) -> HttpResponse:
    found = get_object_or_404(Partner, pk=partner_id)
    return _one(request, found, PartnerForm(instance=found))


@operator_action
def save(request: HttpRequest, partner_id: int) -> HttpResponse:
    found = get_object_or_404(Partner, pk=partner_id)
    form = PartnerForm(request.POST, instance=found)
    if not form.is_valid():
        return _one(request, Partner.objects.get(pk=partner_id), form, status=422)
    _save(form, request, "partner.change")
    messages.success(request, _("Saved."))
    return redirect("operations:partner", partner_id)


@require_safe
@operator_page
def statement_csv(request: HttpRequest, partner_id: int, year: int, month: int) -> HttpResponse:
    found = get_object_or_404(Partner, pk=partner_id)
    made = partners.statement(found, _month(year, month), currency=network.current().currency)
    response = HttpResponse("".join(partners.csv_lines(made)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="partner-{found.pk}-{made.begins_at:%Y-%m}.csv"'
    return response


def _save(form: PartnerForm, request: HttpRequest, action: str) -> Partner:
    now = timezone.now()
    with transaction.atomic():
        made = form.save(commit=False)
        if made.pk is None:
            made.created_at = now
        if set(ACCOUNT) & set(form.changed_data):
            made.account_changed_at = now
        made.save()
        audit.record(action, made, by=request.user, changed=sorted(form.changed_data))
    return made


def _month(year: int, month: int) -> datetime:
    return datetime(min(max(year, 2000), 2999), min(max(month, 1), 12), 1, tzinfo=UTC)


def _list(request: HttpRequest, form: PartnerForm, *, status: int = 200) -> HttpResponse:
    context = {"form": form, "rows": Partner.objects.all()}
    return render(request, "operations/partners.html", context, status=status)


def _one(request: HttpRequest, found: Partner, form: PartnerForm, *, status: int = 200) -> HttpResponse:
    now, currency = timezone.now(), network.current().currency
    asked = request.GET.get("month", "")
    year, _dash, month = asked.partition("-")
    chosen = _month(int(year), int(month)) if year.isdecimal() and month.isdecimal() and len(asked) == 7 else now
    context = {
        "partner": found,
        "form": form,
        "link": f"{links.absolute('/')}?{referrals.PARAMETER}={referrals.token(found)}",
        "widget": f"{referrals.PARAMETER}={referrals.token(found, SoldBy.WIDGET)}",
        "statement": partners.statement(found, chosen, currency=currency),
        "months": partners.months_of(found, now),
    }
    return render(request, "operations/partner.html", context, status=status)
