"""What a reader changes in an order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from shops.models import ShopOrderLine

TOO_OLD = _("The shop did something with this order meanwhile. Here is how it stands now.")


class WholeForm(forms.Form):
    """All that is left of a shop order. The version is the one that the reader saw."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, line: ShopOrderLine, **kwargs: Any) -> None:
        self.seen = line.shop_order.version
        kwargs["initial"] = {"version": self.seen} | kwargs.get("initial", {})
        super().__init__(*args, **kwargs)

    def clean_version(self) -> int:
        version: int = self.cleaned_data["version"]
        if version != self.seen:
            raise forms.ValidationError(TOO_OLD, code="old")
        return version


class CancelForm(WholeForm):
    """How many copies of a line. `against`: why so many cannot be taken back by themselves, in words."""

    units = forms.TypedChoiceField(label=_("Copies to cancel"), coerce=int, error_messages={"invalid_choice": TOO_OLD})

    def __init__(self, *args: Any, line: ShopOrderLine, against: Mapping[int, str], **kwargs: Any) -> None:
        self.against, numbers = against, range(1, line.cancellable_units + 1)
        self.may = [number for number in numbers if number not in against]
        super().__init__(*args, line=line, initial={"units": max(self.may, default=0)}, **kwargs)
        units = self.fields["units"]
        assert isinstance(units, forms.ChoiceField)
        units.choices = [(number, str(number)) for number in numbers]
        if len(self.may) < 2:
            units.widget = forms.HiddenInput()
        else:
            units.widget.choices = [(number, str(number)) for number in self.may]

    def clean_units(self) -> int:
        units: int = self.cleaned_data["units"]
        if units in self.against:
            raise forms.ValidationError(self.against[units])
        return units


class LostForm(forms.Form):
    email = forms.EmailField(
        label=_("E-mail"),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        help_text=_("The one that you gave when you ordered."),
        error_messages={
            "required": _("Give the e-mail address that you ordered with."),
            "invalid": _("That is not an e-mail address. It looks like lea@example.org."),
        },
    )
