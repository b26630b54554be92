"""What a person says of a local currency: how much of it, to whom, against what."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.models import User
from marketplace.payments.gift_card_forms import OnceForm
from marketplace.payments.models import LocalCurrency

CENTS = Decimal(100)  # local currencies have two decimals, as the money that they stand beside


class UnitsField(forms.DecimalField):
    """Minor units of a local currency in the database, an amount on screen: 1250 is "12.50"."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"min_value": 0, "max_digits": 10, "decimal_places": 2, **options})

    def clean(self, value: Any) -> int | None:
        amount = super().clean(value)
        return None if amount is None else int(amount * CENTS)


def shown_units(minor: int, currency: LocalCurrency) -> str:
    return f"{Decimal(minor) / CENTS:.2f} {currency.code}"


class PayAlongForm(forms.Form):
    """At "pay"; account and code only where an outside service keeps the accounts."""

    currency = forms.ModelChoiceField(LocalCurrency.objects.filter(active=True), widget=forms.HiddenInput)
    units = UnitsField(label=gettext_lazy("How much of it?"))
    account = forms.CharField(label=gettext_lazy("Your account there"), max_length=80, required=False)
    code = forms.CharField(
        label=gettext_lazy("Your code for this payment"),
        max_length=80,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class CreditForm(OnceForm):
    """Onto a reader's account, against money."""

    currency = forms.ModelChoiceField(
        LocalCurrency.objects.filter(active=True, provider=LocalCurrency.Provider.KEPT),
        label=gettext_lazy("Currency"),
        empty_label=None,
    )
    email = forms.EmailField(label=gettext_lazy("E-mail of the reader’s account"))
    units = UnitsField(label=gettext_lazy("How much of it?"))

    def clean_email(self) -> User:
        found = User.objects.filter(email__iexact=self.cleaned_data["email"], is_active=True).first()
        if found is None:
            raise ValidationError(_("Nobody has an account with this address."))
        return found
