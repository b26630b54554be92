"""An amount of money in a form."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from marketplace.foundation import money, network

# What the database's column holds is 21,474,836.47; above this it is a slip of the finger.
MOST = 20_000_000


class AmountField(forms.DecimalField):
    """Minor units of the network's currency in the database, an amount on screen: 1250 is "12.50"."""

    def __init__(self, **options: Any) -> None:
        limits = {"min_value": 0, "max_value": MOST, "max_digits": 12}
        super().__init__(**{**limits, "required": False, **options})

    def clean(self, value: Any) -> int | None:
        amount = super().clean(value)
        try:
            return None if amount is None else money.to_minor(amount, network.current().currency)
        except ValueError:
            raise ValidationError(_("This is finer than the currency.")) from None
