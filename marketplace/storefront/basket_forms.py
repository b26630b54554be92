"""Forms of the basket. Units are what a reader may type; what the shop can sell is asked later, of the shop's stock."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

MOST_UNITS = 99


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
            "required": _("Say how many copies: 0 to %(most)s.") % {"most": MOST_UNITS},
            "invalid": _("Say how many copies: 0 to %(most)s.") % {"most": MOST_UNITS},
        },
    )


class MoveForm(forms.Form):
    stock_record = forms.IntegerField(min_value=1)
