"""What a reader says of a list or an alert."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from marketplace.foundation import money, network
from marketplace.readers import lists
from marketplace.readers.models import Alert
from search import directory
from search.reader import Reader


class ListForm(forms.Form):
    name = forms.CharField(max_length=lists.LONGEST_NAME, label=_("Name of the list"))
    shared = forms.BooleanField(required=False, label=_("Whoever has its address may look at it"))


class AlertForm(forms.Form):
    """Where a title is waited for, and at which price."""

    where = forms.ChoiceField(widget=forms.RadioSelect, label=_("Where?"))
    shop = forms.ChoiceField(required=False, label=_("Which shop?"))
    used_only = forms.BooleanField(required=False, label=_("Used copies only"))
    most = forms.DecimalField(
        required=False, min_value=Decimal("0.01"), max_value=Decimal(100_000), decimal_places=2, label=_("At most")
    )

    def __init__(self, *args: Any, reader: Reader, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["where"].choices = [  # type: ignore[attr-defined]
            (Alert.Where.ANYWHERE, Alert.Where.ANYWHERE.label),
            *([(Alert.Where.NEAR, _near_label(reader))] if reader.place else []),
            (Alert.Where.SHOP, Alert.Where.SHOP.label),
        ]
        self.fields["shop"].choices = [  # type: ignore[attr-defined]
            ("", _("Choose a shop")),
            *((str(card.pk), f"{card.name}, {card.city}") for card in directory.active().values()),
        ]
        self.initial.setdefault("where", Alert.Where.SHOP if reader.shop else Alert.Where.ANYWHERE)
        self.initial.setdefault("shop", str(reader.shop.pk) if reader.shop else "")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("where") == Alert.Where.SHOP and not cleaned.get("shop"):
            self.add_error("shop", _("Choose the shop that is to have it."))
        return cleaned

    @property
    def most_minor(self) -> int | None:
        most = self.cleaned_data.get("most")
        return None if most is None else money.to_minor(most, network.current().currency)


def _near_label(reader: Reader) -> str:
    assert reader.place
    return str(_("Within %(km)d km of %(place)s") % {"km": reader.place.radius_km, "place": reader.place.label})
