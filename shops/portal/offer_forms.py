"""What staff fill in to offer a reader something in the place of what they cannot hand over."""

from __future__ import annotations

from datetime import date, timedelta

from django import forms
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.foundation import money
from shops.models import ShopOrderLine
from shops.portal.forms import MOST, DeclineForm, OrderForm
from shops.portal.own_forms import PriceField

HOURS = ((12, gettext_lazy("12 hours")), (24, gettext_lazy("a day")), (48, gettext_lazy("two days")),
         (96, gettext_lazy("four days")))  # fmt: skip
LONGEST, LONGEST_WAIT = timedelta(hours=96), timedelta(days=366)


class OfferForm(OrderForm):
    """`within()`: how long the reader has to answer."""

    units = forms.IntegerField(label=gettext_lazy("Copies you cannot hand over now"), min_value=1, max_value=MOST)
    hours = forms.TypedChoiceField(
        label=gettext_lazy("The reader has so long to answer"), choices=HOURS, coerce=int, initial=24
    )
    note = forms.CharField(label=gettext_lazy("A word to the reader"), max_length=300, required=False, strip=True)

    def within(self) -> timedelta:
        return timedelta(hours=self.cleaned_data["hours"])


class LaterForm(OfferForm):
    on = forms.DateField(
        label=gettext_lazy("When do you have it?"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": gettext_lazy("Say on which day you have it.")},
    )

    def clean_on(self) -> date:
        on: date = self.cleaned_data["on"]
        today = localdate()
        if on <= today:
            raise forms.ValidationError(_("Choose a day after today."))
        if on > today + LONGEST_WAIT:
            raise forms.ValidationError(_("That is more than a year away."))
        return on


class OtherForm(OfferForm):
    """`currency`: the price is in it."""

    record = forms.IntegerField(
        min_value=1, error_messages={"required": gettext_lazy("Choose what you offer instead.")}
    )
    price = PriceField(
        label=gettext_lazy("Price of one copy"),
        help_text=gettext_lazy("Empty: as shown above. Never more than the reader paid for what it is instead of."),
        min_value=0,
        max_value=1_000_000,
        decimal_places=2,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    reason = DeclineForm.base_fields["reason"]
    left = DeclineForm.base_fields["left"]
    field_order = ("units", "reason", "left", "price", "hours", "note")

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        uncounted = cleaned.get("left") is None and "left" not in self.errors
        if uncounted and cleaned.get("reason") == ShopOrderLine.Reason.NOT_FOUND:
            self.add_error("left", _("Count what is on the shelf; 0 when there is none."))
        return cleaned

    def price_minor(self, currency: str) -> int | None:
        """None: what it costs in the shop, or what the reader paid where that is less."""
        price = self.cleaned_data.get("price")
        return None if price is None else money.to_minor(price, currency)
