"""What a person says when money goes back: of which line, how many, or how much, and why."""

from __future__ import annotations

import secrets
from typing import Any

from django import forms
from django.core.validators import validate_slug
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.foundation.money import to_minor
from marketplace.payments.models import RefundRequest
from marketplace.payments.refunds import Left, Wanted
from shops.models import ShopOrder

Kind = RefundRequest.Kind


class RefundForm(forms.Form):
    """`what` is "line-<id>", "delivery" or "other". The operator's form asks who bears it, too."""

    what = forms.ChoiceField(label=gettext_lazy("What goes back?"), widget=forms.RadioSelect)
    units = forms.IntegerField(
        label=gettext_lazy("How many copies"), min_value=1, required=False, help_text=gettext_lazy("Of a line.")
    )
    amount = forms.DecimalField(
        label=gettext_lazy("Amount"),
        min_value=0,
        max_digits=9,
        decimal_places=2,
        localize=True,
        required=False,
        help_text=gettext_lazy("For another amount, or a part of the delivery."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Why"), max_length=200, help_text=gettext_lazy("The reader reads this in the mail.")
    )
    borne_by = forms.ChoiceField(label=gettext_lazy("Who bears it?"), choices=RefundRequest.Bearer.choices)
    once = forms.CharField(max_length=40, widget=forms.HiddenInput, validators=[validate_slug])

    def __init__(self, *args: Any, shop_order: ShopOrder, left: Left, by_operator: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"once": secrets.token_urlsafe(16), "units": 1, "what": Kind.OTHER.value}
        self.shop_order = shop_order
        self.lines = {f"line-{row.line.pk}": row.line for row in left.lines if row.units and row.amount_minor}
        choices = [(name, f"{line.title} ({line.quantity})") for name, line in self.lines.items()]
        if left.delivery_minor:
            choices.append((Kind.DELIVERY.value, _("The delivery")))
        self.fields["what"].choices = [*choices, (Kind.OTHER.value, _("Another amount"))]  # type: ignore[attr-defined]
        if not by_operator:
            del self.fields["borne_by"]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        what = given.get("what", "")
        if what in self.lines and not given.get("units") and "units" not in self.errors:
            self.add_error("units", _("How many?"))
        if what == Kind.OTHER and not given.get("amount") and "amount" not in self.errors:
            self.add_error("amount", _("How much?"))
        return given

    def wanted(self) -> Wanted:
        given = self.cleaned_data
        if line := self.lines.get(given["what"]):
            return Wanted(Kind.LINE, self.shop_order, line, units=given["units"])
        amount = to_minor(given["amount"], self.shop_order.currency) if given["amount"] else 0
        return Wanted(given["what"], self.shop_order, amount_minor=amount)
