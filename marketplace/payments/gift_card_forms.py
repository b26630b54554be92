"""What a person says of a gift card: its code, an amount, who gets it."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.foundation.amount_field import AmountField
from marketplace.foundation.day_field import DayField
from marketplace.payments.models import GiftCard

PaidBy = GiftCard.PaidBy


class CodeField(forms.CharField):
    def __init__(self, label: Any) -> None:
        attrs = {"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        missing = {"required": gettext_lazy("Type or scan the code.")}
        super().__init__(
            label=label,
            max_length=40,
            widget=forms.TextInput(attrs=attrs),
            error_messages=missing,
        )


class OnceForm(forms.Form):
    """Sent twice it acts once."""

    once = forms.CharField(max_length=40, min_length=16, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("once", secrets.token_urlsafe(16))


class RedeemForm(OnceForm):
    code = CodeField(gettext_lazy("Code of the gift card"))
    amount_minor = AmountField(label=gettext_lazy("Amount to take off it"), required=True)


class SellForm(OnceForm):
    amount_minor = AmountField(label=gettext_lazy("Amount of the new card"), required=True)
    recipient_email = forms.EmailField(
        label=gettext_lazy("Mail the code to (if you like)"),
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )


class IssueForm(SellForm):
    """The operator's: who pays for the card, and a last day where the law allows one."""

    paid_by = forms.ChoiceField(
        label=gettext_lazy("How is it paid?"),
        choices=[(kind.value, kind.label) for kind in (PaidBy.BANK, PaidBy.PROMOTION)],
    )
    ends_on = DayField(
        label=gettext_lazy("Last day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("Empty: it never ends. Quebec allows no end on a card that somebody paid for."),
    )

    def clean_ends_on(self) -> datetime | None:
        """The moment from which it is over, in UTC."""
        day = self.cleaned_data["ends_on"]
        if day and day < timezone.localdate():
            raise forms.ValidationError(_("It would be over before it begins."))
        return datetime.combine(day + timedelta(days=1), time(), tzinfo=UTC) if day else None
