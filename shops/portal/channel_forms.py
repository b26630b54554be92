"""Where a shop's orders are posted to, and what happens to those that its system does not take."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.foundation import http


class ChannelForm(forms.Form):
    address = forms.URLField(
        label=gettext_lazy("The address of your system, beginning with https"), max_length=500, assume_scheme="https"
    )
    fallback = forms.ChoiceField(
        label=gettext_lazy("If your system does not take an order"),
        choices=[("email", gettext_lazy("By e-mail instead")), ("", gettext_lazy("Wait: a person looks at it"))],
        required=False,
    )
    fallback_minutes = forms.IntegerField(
        label=gettext_lazy("After how many minutes"),
        help_text=gettext_lazy("Between 5 minutes and a day."),
        min_value=5,
        max_value=24 * 60,
        initial=60,
    )

    def clean_address(self) -> str:
        address: str = self.cleaned_data["address"]
        try:
            http.check_address(address)
        except http.HttpError as error:
            raise ValidationError(_("The address of your system, beginning with https")) from error
        return address
