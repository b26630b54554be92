"""Forms of the basket. Units are what a reader may type; what the shop can sell is asked later, of the shop's stock."""

from __future__ import annotations

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from oscar.apps.catalogue.models import Product

from marketplace.catalogue.sale_limits import LEAST_YEARS, MOST_YEARS

MOST_UNITS = 99
# `%` would put a lazy text into words at once, in the language of the process that imports this.
HOW_MANY = format_lazy(_("Say how many copies: 0 to {most}."), most=MOST_UNITS)


class AddForm(forms.Form):
    stock_record = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    quantity = forms.IntegerField(min_value=1, max_value=MOST_UNITS, required=False, label=_("Copies"))
    next = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean_quantity(self) -> int:
        return self.cleaned_data["quantity"] or 1


class QuantityForm(forms.Form):
    quantity = forms.IntegerField(
        min_value=0,
        max_value=MOST_UNITS,
        label=_("Copies"),
        error_messages={
            "required": HOW_MANY,
            "invalid": HOW_MANY,
        },
    )


class AgeForm(forms.Form):
    """That the reader is at least so old."""

    years = forms.IntegerField(min_value=LEAST_YEARS, max_value=MOST_YEARS)
    stated = forms.BooleanField()
    next = forms.CharField(required=False)


class MoveForm(forms.Form):
    stock_record = forms.IntegerField(min_value=1)


class OrderForm(forms.Form):
    product = forms.ModelChoiceField(Product.objects.filter(is_public=True))


class TakeForm(forms.Form):
    """`proposal`: the fingerprint of what the reader saw; `used`: whether used copies were among it."""

    proposal = forms.CharField(min_length=32, max_length=32)
    used = forms.BooleanField(required=False)
