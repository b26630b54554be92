"""Files for the accounts, payouts by bank, and the bank's statement read back."""

from __future__ import annotations

from datetime import date

from django import forms
from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from marketplace.foundation import audit, network
from marketplace.foundation.day_field import DayField
from marketplace.operations.access import operator_action, operator_page
from marketplace.payments import bank, bank_statements, exporting
from marketplace.payments.exporting import ExportError
from marketplace.payments.models import BankAccount, BankPayout, Export
from shops.models import Shop

SHOWN = 30


def _day() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"})


class ExportForm(forms.Form):
    kind = forms.ChoiceField(
        label=gettext_lazy("File"), choices=[choice for choice in Export.Kind.choices if choice[0] in exporting.LINES]
    )
    begins_on = DayField(label=gettext_lazy("From"), widget=_day())
    ends_on = DayField(label=gettext_lazy("Last day"), widget=_day())
    siren = forms.CharField(label=gettext_lazy("SIREN, for the FEC"), required=False, max_length=14)


class PayoutForm(forms.Form):
    debtor = forms.CharField(label=gettext_lazy("The network's name at its bank"), max_length=70)
    iban = forms.CharField(label=gettext_lazy("Its IBAN"), max_length=42)
    bic = forms.CharField(label=gettext_lazy("BIC"), max_length=11, required=False)


class AccountForm(forms.Form):
    shop = forms.ModelChoiceField(label=gettext_lazy("Shop"), queryset=Shop.objects.all())
    holder = forms.CharField(label=gettext_lazy("Name at its bank"), max_length=70)
    iban = forms.CharField(label=gettext_lazy("IBAN"), max_length=42)
    bic = forms.CharField(label=gettext_lazy("BIC"), max_length=11, required=False)


@require_safe
@operator_page
def exports(request: HttpRequest) -> HttpResponse:
    return _page(request)


@operator_action
def ask(request: HttpRequest) -> HttpResponse:
    form = ExportForm(request.POST)
    if form.is_valid():
        try:
            exporting.ask(**form.cleaned_data, by=request.user, now=timezone.now())
        except ExportError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The file is being made. It will be listed here."))
            return redirect("operations:exports")
    return _page(request, export_form=form, status=422)


@require_safe
@never_cache
@operator_page
def download(request: HttpRequest, export_id: int) -> HttpResponse:
    export = get_object_or_404(Export, pk=export_id)
    path = exporting.path_of(export)
    if export.finished_at is None or not path.is_file():
        raise Http404
    audit.record("export.download", export, by=request.user)
    return FileResponse(path.open("rb"), as_attachment=True, filename=export.name)  # type: ignore[return-value]


@never_cache
@operator_action
def pay_by_bank(request: HttpRequest) -> HttpResponse:
    """The file is in this answer; asked again, the bank is asked for what came since."""
    form = PayoutForm(request.POST)
    if form.is_valid():
        try:
            export, content = bank.ask_payouts(**form.cleaned_data, by=request.user, now=timezone.now())
        except ExportError as error:
            form.add_error(None, str(error))
        else:
            exporting.keep(export, content)
            messages.success(request, _("The file for the bank is ready below."))
            return redirect("operations:exports")
    return _page(request, payout_form=form, status=422)


@operator_action
def change_account(request: HttpRequest) -> HttpResponse:
    form = AccountForm(request.POST)
    if form.is_valid():
        try:
            bank.change_account(**form.cleaned_data, by=request.user, now=timezone.now())
        except ExportError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Saved. The first payout waits for three days."))
            return redirect("operations:exports")
    return _page(request, account_form=form, status=422)


@operator_action
def read_statement(request: HttpRequest) -> HttpResponse:
    file = request.FILES.get("statement")
    try:
        content = file.read(bank_statements.STATEMENT_BYTES + 1) if file else b""  # type: ignore[union-attr]
        differences = bank.match(bank_statements.read(content), by=request.user, now=timezone.now())
    except ExportError as error:
        return _page(request, differences=[str(error)], status=422)
    if not differences:
        messages.success(request, _("The statement is booked; everything agrees."))
        return redirect("operations:exports")
    return _page(request, differences=differences)


def _page(
    request: HttpRequest,
    *,
    export_form: ExportForm | None = None,
    payout_form: PayoutForm | None = None,
    account_form: AccountForm | None = None,
    differences: list[str] | None = None,
    status: int = 200,
) -> HttpResponse:
    year = timezone.localdate().year - 1
    first = {"begins_on": date(year, 1, 1), "ends_on": date(year, 12, 31)}
    context = {
        "export_form": export_form or ExportForm(initial=first, auto_id="export-%s"),
        "payout_form": payout_form or PayoutForm(initial={"debtor": network.current().legal_name}, auto_id="payout-%s"),
        "account_form": account_form or AccountForm(auto_id="account-%s"),
        "differences": differences or [],
        "exports": Export.objects.select_related("asked_by")[:SHOWN],
        "owed": bank.owed(timezone.now()),
        "owed_back": bank.owed_back(),
        "owed_to_partners": bank.owed_to_partners(timezone.now()),
        "accounts": BankAccount.objects.select_related("shop").order_by("shop__name"),
        "payouts": BankPayout.objects.exclude(state=BankPayout.State.PAID)
        .select_related("shop", "partner")
        .order_by("-pk")[:SHOWN],
        "currency": network.current().currency,
    }
    return render(request, "operations/exports.html", context, status=status)
