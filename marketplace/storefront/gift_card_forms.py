"""Buying a gift card: how much, for whom, when, from whom."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from marketplace.foundation import money, network
from marketplace.foundation.amount_field import AmountField
from marketplace.payments.gift_card_forms import CodeField, OnceForm
from marketplace.payments.gift_card_sales import FURTHEST, LEAST_MINOR, MOST_MINOR, SUGGESTED_MINOR
from marketplace.storefront.checkout_forms import text

MAILED, PRINTED, OTHER = "mail", "print", "other"
_NO_ADDRESS = gettext_lazy("That is not an e-mail address. It looks like lea@example.org.")


def _shown(amount_minor: int) -> str:
    return money.display(amount_minor, network.current().currency, get_language() or "fr")


class BalanceForm(forms.Form):
    code = CodeField(gettext_lazy("Code of the gift card"))


class BuyForm(OnceForm):
    amount = forms.ChoiceField(
        label=gettext_lazy("How much?"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose an amount.")},
    )
    other_minor = AmountField(label=gettext_lazy("Another amount"))
    way = forms.ChoiceField(
        label=gettext_lazy("How does it get there?"),
        choices=[(MAILED, gettext_lazy("By mail to whom it is for")), (PRINTED, gettext_lazy("I print it"))],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose: by mail, or printed by you.")},
    )
    recipient_name = text(gettext_lazy("Who is it for?"), 100, "off", required=False)
    recipient_email = forms.EmailField(
        label=gettext_lazy("Their e-mail"),
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        error_messages={"invalid": _NO_ADDRESS},
    )
    mail_on = forms.DateField(
        label=gettext_lazy("On which day is it mailed?"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("At eight in the morning. Empty: at once."),
    )
    message = forms.CharField(
        label=gettext_lazy("A word to them"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    buyer_name = text(gettext_lazy("Your name"), 100, "name", missing=gettext_lazy("Say who it is from."))
    buyer_email = forms.EmailField(
        label=gettext_lazy("Your e-mail"),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        help_text=gettext_lazy("The receipt goes there, and the link by which a lost card is blocked."),
        error_messages={
            "required": gettext_lazy("Give an e-mail address: the receipt goes there."),
            "invalid": _NO_ADDRESS,
        },
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        amounts = [(str(minor), _shown(minor)) for minor in SUGGESTED_MINOR]
        self.fields["amount"].choices = [*amounts, (OTHER, _("Another amount"))]  # type: ignore[attr-defined]
        bounds = {"least": _shown(LEAST_MINOR), "most": _shown(MOST_MINOR)}
        self.fields["other_minor"].help_text = _("From %(least)s to %(most)s.") % bounds

    def clean_mail_on(self) -> date | None:
        day, today = self.cleaned_data["mail_on"], timezone.localdate()
        if day and day < today:
            raise forms.ValidationError(_("This day is over."))
        if day and day > today + FURTHEST:
            raise forms.ValidationError(_("At most a year ahead."))
        return day

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if given.get("way") == MAILED and not given.get("recipient_email") and "recipient_email" not in self.errors:
            self.add_error("recipient_email", _("Give the e-mail address that the card is mailed to."))
        fits = LEAST_MINOR <= (given.get("other_minor") or 0) <= MOST_MINOR
        if given.get("amount") == OTHER and not fits and "other_minor" not in self.errors:
            self.add_error("other_minor", self.fields["other_minor"].help_text)
        return given

    @property
    def amount_minor(self) -> int:
        given = self.cleaned_data
        return int(given["other_minor"] if given["amount"] == OTHER else given["amount"])
