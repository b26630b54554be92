"""Where a shop's orders are posted to, and what happens to those that its system does not take."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.foundation import http

MINUTES = 60


class ChannelForm(forms.Form):
    address = forms.URLField(
        label=gettext_lazy("The address of your system, beginning with https"), max_length=500, assume_scheme="https"
    )

    def clean_address(self) -> str:
        address: str = self.cleaned_data["address"]
        try:
            http.check_address(address)
        except http.HttpError as error:
            raise ValidationError(_("The address of your system, beginning with https")) from error
        return address


class FallbackForm(forms.Form):
    fallback = forms.ChoiceField(
        label=gettext_lazy("If your system does not take an order"),
        choices=[("other", gettext_lazy("It comes another way")), ("", gettext_lazy("Wait: a person looks at it"))],
        required=False,
    )
    fallback_minutes = forms.IntegerField(
        label=gettext_lazy("After how many minutes"),
        help_text=gettext_lazy("Between 5 minutes and a day."),
        min_value=5,
        max_value=24 * 60,
        initial=MINUTES,
    )

    @property
    def minutes(self) -> int | None:
        """Of what was said; None: a person looks at it."""
        return int(self.cleaned_data["fallback_minutes"]) if self.cleaned_data["fallback"] else None
