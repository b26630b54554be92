"""Local currencies: made, accounts credited, what shops hold changed into money."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from marketplace.foundation import audit, secrets
from marketplace.foundation import network as networks
from marketplace.operations.access import operator_action, operator_page
from marketplace.payments import ledger, local_kept, local_service
from marketplace.payments.gift_card_forms import OnceForm
from marketplace.payments.local_forms import CreditForm, UnitsField
from marketplace.payments.models import LocalAccount, LocalCurrency

SHOWN = 100


class CurrencyForm(forms.ModelForm):
    service_address = forms.URLField(
        label=gettext_lazy("Address of the outside service"), max_length=300, required=False, assume_scheme="https"
    )
    service_key = forms.CharField(
        label=gettext_lazy("Key of the outside service"),
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )

    class Meta:
        model = LocalCurrency
        fields = ["code", "name", "rate_numerator", "rate_denominator", "provider", "service_address", "service_key"]
        labels = {
            "code": gettext_lazy("Code"),
            "name": gettext_lazy("Name"),
            "rate_numerator": gettext_lazy("One unit is worth so many"),
            "rate_denominator": gettext_lazy("… divided by"),
            "provider": gettext_lazy("Who keeps its accounts?"),
        }
        help_texts = {
            "code": gettext_lazy("Three capitals, as in GON."),
            "rate_numerator": gettext_lazy("Of the network’s currency. It cannot be changed later."),
        }

    def clean_code(self) -> str:
        """The ledger tells currencies apart by their code."""
        code = str(self.cleaned_data["code"])
        if code == networks.current().currency:
            raise forms.ValidationError(_("That is the network’s own currency. Choose another code."))
        return code

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        outside = given.get("provider") == LocalCurrency.Provider.SERVICE
        if outside and not given.get("service_address", "").startswith("https://"):
            self.add_error("service_address", _("Write an address that begins with https://."))
        if given.get("code") and given.get("service_key"):
            self.instance.code = given["code"]
            given["service_key"] = secrets.seal(given["service_key"], row=local_service.key_name(self.instance))
        return given


class BoardCreditForm(CreditForm):
    payer = forms.ChoiceField(
        label=gettext_lazy("How is it paid?"),
        choices=[
            (ledger.BANK, gettext_lazy("Paid to the network’s bank account")),
            (ledger.PROMOTIONS, gettext_lazy("Given away: the network bears it")),
        ],
    )


class ChangeForm(OnceForm):
    account = forms.ModelChoiceField(
        LocalAccount.objects.exclude(shop=None).select_related("shop", "currency"), label=gettext_lazy("Shop")
    )
    units = UnitsField(label=gettext_lazy("How much of it?"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["account"]
        field.label_from_instance = lambda account: f"{account.shop} ({account.currency.code})"  # type: ignore[attr-defined]


@require_safe
@operator_page
def local(request: HttpRequest) -> HttpResponse:
    return _page(request)


@operator_action
def make(request: HttpRequest) -> HttpResponse:
    form = CurrencyForm(request.POST)
    if not form.is_valid():
        return _page(request, currency_form=form, status=422)
    with transaction.atomic():
        made = form.save()
        audit.record("local.make", made, by=request.user, code=made.code, rate=made.rate_numerator)
    messages.success(request, _("Saved."))
    return redirect("operations:local")


@operator_action
def credit(request: HttpRequest) -> HttpResponse:
    form = BoardCreditForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        account = local_kept.account_of(given["currency"], user=given["email"])
        about: dict[str, Any] = {"payer": given["payer"], "by": request.user, "once": f"board:{given['once']}"}
        try:
            local_kept.credit(account, given["units"], now=timezone.now(), **about)
        except local_kept.LocalMoneyError as error:
            form.add_error("units", str(error))
        else:
            messages.success(request, _("It is on the account."))
            return redirect("operations:local")
    return _page(request, credit_form=form, status=422)


@operator_action
def change(request: HttpRequest) -> HttpResponse:
    """What a shop holds becomes money that the network owes it."""
    form = ChangeForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        about: dict[str, Any] = {"by": request.user, "once": f"change:{given['once']}"}
        try:
            local_kept.change_into_money(given["account"], given["units"], now=timezone.now(), **about)
        except local_kept.LocalMoneyError as error:
            form.add_error("units", str(error))
        else:
            messages.success(request, _("It is paid with what the shop is paid next."))
            return redirect("operations:local")
    return _page(request, change_form=form, status=422)


def _page(request: HttpRequest, *, status: int = 200, **forms_: object) -> HttpResponse:
    accounts = LocalAccount.objects.select_related("currency", "user", "shop")
    currencies = LocalCurrency.objects.annotate(held_minor=Sum("accounts__balance_minor", default=0))
    context = {
        "currencies": currencies.order_by("code"),
        "accounts": accounts.order_by("-balance_minor", "pk")[:SHOWN],
        "currency_form": CurrencyForm(auto_id="currency-%s"),
        "credit_form": BoardCreditForm(auto_id="credit-%s"),
        "change_form": ChangeForm(auto_id="change-%s"),
        **forms_,
    }
    return render(request, "operations/local.html", context, status=status)
