"""Institutions of Quebec and the accredited shops from which they buy; the report of a year."""

from __future__ import annotations

from datetime import datetime

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from marketplace.checkout import institutions
from marketplace.checkout.models import Institution
from marketplace.foundation import audit
from marketplace.foundation.day_field import DayField
from marketplace.models import User
from marketplace.operations.access import operator_action, operator_page
from marketplace.payments.models import CreditTerms, Receivable
from marketplace.readers import confirmed
from shops.models import Shop

FIRST_YEAR, LAST_YEAR = 2020, 2100


class InstitutionForm(forms.ModelForm):
    email = forms.EmailField(label=gettext_lazy("E-mail of the account that buys"))

    class Meta:
        model = Institution
        fields = ["name", "region"]
        labels = {"name": gettext_lazy("Name"), "region": gettext_lazy("Administrative region")}
        help_texts = {"region": gettext_lazy("Only for institutions of Quebec that the Act binds.")}

    def clean_email(self) -> User:
        email = str(self.cleaned_data["email"]).lower()
        found = confirmed.owners([email]).get(email)
        if found is None:
            raise forms.ValidationError(_("No account has confirmed this address: %(email)s") % {"email": email})
        if Institution.objects.filter(user=found).exists():
            raise forms.ValidationError(_("This account buys for an institution already."))
        return found


class AccreditationForm(forms.Form):
    shop = forms.ModelChoiceField(Shop.objects.order_by("name"), label=gettext_lazy("Shop"))
    accreditation = forms.CharField(
        label=gettext_lazy("Number of its accreditation"),
        help_text=gettext_lazy("Leave it empty where the shop has none any more."),
        max_length=40,
        required=False,
    )
    accredited_until = DayField(
        label=gettext_lazy("Until"),
        help_text=gettext_lazy("Empty: until it is taken away."),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
    )
    administrative_region = forms.ChoiceField(
        label=gettext_lazy("Administrative region"), choices=[("", "—"), *Shop.Region.choices], required=False
    )

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        if cleaned.get("accreditation") and not cleaned.get("administrative_region"):
            self.add_error("administrative_region", _("Say in which region the shop is."))
        return cleaned


@require_safe
@operator_page
def institutions_page(request: HttpRequest) -> HttpResponse:
    return _page(request, InstitutionForm(), AccreditationForm())


@operator_action
def add(request: HttpRequest) -> HttpResponse:
    form = InstitutionForm(request.POST)
    if not form.is_valid():
        return _page(request, form, AccreditationForm(), status=422)
    with transaction.atomic():
        form.instance.user = form.cleaned_data["email"]
        made = form.save()
        audit.record("institution.add", made, by=request.user, name=made.name, region=made.region)
    messages.success(request, _("Saved."))
    return redirect("operations:institutions")


@operator_action
def remove(request: HttpRequest, institution_id: int) -> HttpResponse:
    """The account buys as anybody does from now on; its orders stay."""
    row = get_object_or_404(Institution, pk=institution_id)
    if Receivable.objects.filter(terms__institution=row).exists():
        messages.warning(
            request, _("It has ordered by invoice, and stays for the accounts. Give it 0 days to pay instead.")
        )
        return redirect("operations:institutions")
    with transaction.atomic():
        CreditTerms.objects.filter(institution=row).delete()
        audit.record("institution.remove", row, by=request.user, name=row.name)
        row.delete()
    messages.success(request, _("Saved."))
    return redirect("operations:institutions")


@operator_action
def accredit(request: HttpRequest) -> HttpResponse:
    form = AccreditationForm(request.POST)
    if not form.is_valid():
        return _page(request, InstitutionForm(), form, status=422)
    said = dict(form.cleaned_data)
    shop: Shop = said.pop("shop")
    with transaction.atomic():
        for name, value in said.items():
            setattr(shop, name, value)
        shop.save(update_fields=list(said))
        facts = {name: str(value or "") for name, value in said.items()}
        audit.record("shop.accredit", shop, by=request.user, shop_id=shop.pk, **facts)
    messages.success(request, _("Saved."))
    return redirect("operations:institutions")


@require_safe
@operator_page
def report(request: HttpRequest, year: int) -> HttpResponse:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Http404
    response = HttpResponse("".join(institutions.report(year)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="institutions-{year}.csv"'
    return response


def _page(
    request: HttpRequest, form: InstitutionForm, accreditation: AccreditationForm, status: int = 200
) -> HttpResponse:
    year = datetime.now(institutions.QUEBEC).year
    rows = []
    for row in Institution.objects.select_related("user").order_by("name", "pk"):
        count = institutions.distinct_shops(institutions.bought(row, year))
        rows.append((row, count, count >= institutions.LEAST_SHOPS or not row.region))
    context = {
        "rows": rows,
        "least": institutions.LEAST_SHOPS,
        "shops": Shop.objects.exclude(accreditation="").order_by("administrative_region", "name"),
        "form": form,
        "accreditation": accreditation,
        "years": [year, year - 1],
    }
    return render(request, "operations/institutions.html", context, status=status)
