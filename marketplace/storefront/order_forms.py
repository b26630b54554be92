"""What a reader changes in an order."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from shops.models import ShopOrderLine

TOO_OLD = _("The shop did something with this order meanwhile. Here is how it stands now.")


class CancelForm(forms.Form):
    """How many copies of a line; the order's version is the one that the reader saw."""

    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    units = forms.TypedChoiceField(label=_("Copies to cancel"), coerce=int, error_messages={"invalid_choice": TOO_OLD})

    def __init__(self, *args: Any, line: ShopOrderLine, **kwargs: Any) -> None:
        most = line.cancellable_units
        kwargs["initial"] = {"units": most, "version": line.shop_order.version}
        super().__init__(*args, **kwargs)
        units = self.fields["units"]
        assert isinstance(units, forms.ChoiceField)
        units.choices = [(number, str(number)) for number in range(1, most + 1)]
        if most == 1:
            units.widget = forms.HiddenInput()


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
