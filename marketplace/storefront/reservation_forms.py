"""What a reader says to have copies set aside."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from marketplace.models import User
from marketplace.storefront.checkout_forms import text
from shops.reservations import MOST_UNITS


class ReserveForm(forms.Form):
    """An account's address is its own; a guest gives one."""

    units = forms.TypedChoiceField(
        label=_("Copies"), coerce=int, error_messages={"invalid_choice": _("The shop has not that many copies left.")}
    )
    name = text(_("Name"), 160, "name", missing=_("Give the name that the shop keeps it under."))
    email = forms.EmailField(
        label=_("E-mail"),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        help_text=_("A mail asks you to confirm; then the shop sets it aside."),
        error_messages={
            "required": _("Give an e-mail address: you confirm by it."),
            "invalid": _("That is not an e-mail address. It looks like lea@example.org."),
        },
    )

    def __init__(self, *args: Any, reader: User | None, most: int, **kwargs: Any) -> None:
        if reader:
            kwargs["initial"] = {"name": reader.get_full_name()}
        super().__init__(*args, **kwargs)
        if reader:
            del self.fields["email"]
        units = self.fields["units"]
        assert isinstance(units, forms.ChoiceField)
        most = min(most, MOST_UNITS)
        units.choices = [(number, str(number)) for number in range(1, most + 1)]
        if most == 1:
            units.widget, units.initial = forms.HiddenInput(), 1
