"""A price rule as a shop says it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog_sync import price_setting
from catalog_sync.models import Feed, PriceRule
from marketplace.catalogue import subjects
from marketplace.foundation.amount_field import AmountField
from shops.models import Shop

CHEAPER, DEARER = "cheaper", "dearer"
_MOST_OFF, _MOST_ON = 90, 200  # per cent: more is a slip of the finger


class PriceRuleForm(forms.Form):
    """Amounts are in minor units once they are cleaned; `change_bp` and `change_minor` have their sign."""

    subject = forms.CharField(
        label=gettext_lazy("Subject"),
        help_text=gettext_lazy("What its Thema code begins with: YF for children’s fiction. Empty: any."),
        max_length=12,
        required=False,
    )
    publisher = forms.CharField(
        label=gettext_lazy("Publisher"), help_text=gettext_lazy("Empty: any."), max_length=200, required=False
    )
    worn = forms.ChoiceField(
        label=gettext_lazy("Condition"),
        choices=[("", gettext_lazy("New and used")), *PriceRule.Worn.choices],
        required=False,
    )
    feed = forms.ModelChoiceField(
        label=gettext_lazy("From which list"),
        queryset=Feed.objects.none(),
        required=False,
        empty_label=gettext_lazy("Any"),
    )
    way = forms.ChoiceField(
        label=gettext_lazy("The price becomes"),
        choices=[(CHEAPER, gettext_lazy("Cheaper")), (DEARER, gettext_lazy("Dearer"))],
    )
    percent = forms.DecimalField(
        label=gettext_lazy("Per cent"), min_value=0, max_value=_MOST_ON, decimal_places=2, required=False
    )
    amount = AmountField(label=gettext_lazy("Amount"), help_text=gettext_lazy("In addition to the per cent."))
    rounding = forms.ChoiceField(label=gettext_lazy("Rounding"), choices=PriceRule.Rounding.choices, required=False)
    floor = AmountField(label=gettext_lazy("Never for less than"), help_text=gettext_lazy("Empty: no lowest price."))

    def __init__(self, data: Any = None, *, shop: Shop, **options: Any) -> None:
        super().__init__(data, **options)
        self.shop = shop
        self.fields["feed"].queryset = Feed.objects.filter(shop=shop)  # type: ignore[attr-defined]

    def clean_subject(self) -> str:
        code: str = self.cleaned_data["subject"].strip().upper()
        if code and not subjects.label(code, "en"):
            raise forms.ValidationError(_("No subject’s code begins like that."))
        return code

    def clean_publisher(self) -> str:
        name: str = self.cleaned_data["publisher"].strip()
        found = price_setting.publishers_like(self.shop, name) if name else set()
        if name and not found:
            raise forms.ValidationError(_("No article of yours is by this publisher."))
        return min(found, default="")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        percent, amount = cleaned.get("percent") or Decimal(0), cleaned.get("amount") or 0
        if cleaned.get("way") == CHEAPER and percent > _MOST_OFF:
            self.add_error("percent", _("Cheaper by at most 90 per cent."))
        if not self.errors and not (percent or amount or cleaned.get("rounding") or cleaned.get("floor")):
            self.add_error(
                "percent", _("Say what becomes of the price: per cent, an amount, rounding or a lowest one.")
            )
        return cleaned

    def rule(self) -> PriceRule:
        """What a valid form says, not saved."""
        said, sign = self.cleaned_data, -1 if self.cleaned_data["way"] == CHEAPER else 1
        return PriceRule(
            shop=self.shop,
            subject=said["subject"],
            publisher=said["publisher"],
            worn=said["worn"],
            feed=said["feed"],
            change_bp=sign * int((said["percent"] or 0) * 100),
            change_minor=sign * (said["amount"] or 0),
            rounding=said["rounding"],
            floor_minor=said["floor"] or 0,
        )
