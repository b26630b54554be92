"""A shop's delivery options, their table and their slots, as its people write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import time
from typing import TYPE_CHECKING, Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.foundation import money, network
from shops import rates
from shops.models import DeliveryOption, DeliverySlot, PickupPoint, Shop

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Kind = DeliveryOption.Kind
MOST_DAYS = 60
MOST_SLOTS = 60
MOST_KEPT_DAYS = 90
MOST_PARCELS = 1000
_SLOT = re.compile(r"([1-7])\s*;\s*([0-2]?\d)[:h]([0-5]\d)\s*-\s*([0-2]?\d)[:h]([0-5]\d)\s*;\s*(\d{1,4})")
_SENT = {Kind.POST, Kind.COURIER}
# Which fields a kind has, beside its names, price and days.
_ONLY = {
    "zone": _SENT,
    "table": {Kind.POST},
    "packaging_grams": {Kind.POST},
    "slots": {Kind.COURIER},
    "point": {Kind.POINT},
    "receiving_shop": {Kind.OTHER_SHOP},
}

SlotLine = tuple[int, time, time, int]


def _number(label: str | _StrPromise, most: int, hint: str | _StrPromise = "") -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=0, max_value=most, help_text=hint)


def _amount(label: str | _StrPromise, hint: str | _StrPromise = "", *, required: bool = True) -> forms.CharField:
    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
    return forms.CharField(label=label, max_length=20, help_text=hint, required=required, widget=widget)


def _lines(label: str | _StrPromise, hint: str | _StrPromise) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": 6, "spellcheck": "false"})
    return forms.CharField(label=label, required=False, max_length=20_000, help_text=hint, widget=widget)


class DeliveryForm(forms.Form):
    """One option. Its kind, and the point or shop that it names, are chosen once: orders were promised by them."""

    name_fr = forms.CharField(label=gettext_lazy("Name in French"), max_length=80)
    name_en = forms.CharField(label=gettext_lazy("Name in English"), max_length=80)
    point = forms.ModelChoiceField(PickupPoint.objects.none(), label=gettext_lazy("Pick-up point"))
    receiving_shop = forms.ModelChoiceField(
        Shop.objects.none(),
        label=gettext_lazy("Which shop hands it over?"),
        help_text=gettext_lazy("Only shops that said they do so for others are in the list."),
    )
    price = _amount(gettext_lazy("Price per parcel"), gettext_lazy("As in 4.20; 0 is free."))
    free_above = _amount(gettext_lazy("Free from"), gettext_lazy("Leave it empty if it is never free."), required=False)
    days_min = _number(gettext_lazy("Days until it is there, at best"), MOST_DAYS)
    days_max = _number(gettext_lazy("Days until it is there, at most"), MOST_DAYS)
    zone = forms.CharField(
        label=gettext_lazy("Where to"),
        max_length=600,
        required=False,
        help_text=gettext_lazy("Countries, then postcode beginnings if only some: CA, or CA: H2, H3."),
    )
    packaging_grams = _number(gettext_lazy("Packaging, in grams"), 5000)
    table = _lines(
        gettext_lazy("Table of prices"),
        gettext_lazy(
            "If one price is not enough. One line each: where to; up to grams; up to amount; price; free from. For "
            "example CA: H2, H3; 500; ; 4.20; 60. What is left empty has no limit. The first line that fits counts."
        ),
    )
    slots = _lines(
        gettext_lazy("Times at which the courier comes"),
        gettext_lazy(
            "One line each: day (1 is Monday); from-until; parcels. For example 4; 17:00-19:00; 8. Without lines "
            "the reader chooses no time."
        ),
    )

    def __init__(self, option: DeliveryOption, sent: QueryDict | None = None) -> None:
        self.option, self.currency = option, network.current().currency
        super().__init__(sent, initial=self._said())
        for name, kinds in _ONLY.items():
            if option.kind not in kinds or (option.pk and name in ("point", "receiving_shop")):
                del self.fields[name]
        if "point" in self.fields:
            self._choices("point").queryset = PickupPoint.objects.filter(active=True)
        if "receiving_shop" in self.fields:
            others = Shop.objects.filter(status=Shop.Status.ACTIVE, receives_for_others=True)
            self._choices("receiving_shop").queryset = others.exclude(pk=option.shop_id)

    def clean_price(self) -> int:
        return self._minor("price")

    def clean_free_above(self) -> int | None:
        return self._minor("free_above") if self.cleaned_data["free_above"] else None

    def clean_zone(self) -> rates.Rate:
        return self._read_rates(f"{self.cleaned_data['zone'].strip()}; ; ; 0", _("Write it as in CA, or CA: H2, H3."))[
            0
        ]

    def clean_table(self) -> list[rates.Rate]:
        return self._read_rates(self.cleaned_data["table"])

    def clean_slots(self) -> list[SlotLine]:
        lines = [line.strip() for line in self.cleaned_data["slots"].splitlines() if line.strip()]
        if len(lines) > MOST_SLOTS:
            raise forms.ValidationError(_("There are at most %(most)d lines.") % {"most": MOST_SLOTS})
        found = [_slot(line) for line in lines]
        if len({slot[:2] for slot in found}) < len(found):
            raise forms.ValidationError(_("Two lines begin at the same time of the same day."))
        return found

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and cleaned["days_max"] < cleaned["days_min"]:
            self.add_error("days_max", _("That is less than the days at best."))
        return cleaned

    def filled(self) -> DeliveryOption:
        """The option as the form says it, not yet saved; its slots are `slot_lines`."""
        said, option = self.cleaned_data, self.option
        for name in ("name_fr", "name_en", "days_min", "days_max", "packaging_grams", "point", "receiving_shop"):
            if name in said:
                setattr(option, name, said[name])
        option.price_minor, option.free_above_minor = said["price"], said["free_above"]
        if "zone" in said:
            option.countries, option.postcode_prefixes = list(said["zone"].countries), list(said["zone"].prefixes)
        if said.get("table"):
            _by_table(option, said["table"])
        elif "table" in said:
            option.rates = []
        return option

    def slot_lines(self) -> list[SlotLine] | None:
        """None: an option of this kind has none."""
        return self.cleaned_data.get("slots")

    def _said(self) -> dict[str, Any]:
        option = self.option
        if not option.pk:
            return {"packaging_grams": 100, "days_min": 0, "days_max": 1, "zone": option.shop.country}
        said = {
            name: getattr(option, name) for name in ("name_fr", "name_en", "days_min", "days_max", "packaging_grams")
        }
        free = option.free_above_minor
        zone = rates.Rate(
            tuple(option.countries or [option.shop.country]), tuple(option.postcode_prefixes), None, None, 0, None
        )
        return said | {
            "price": money.to_decimal(option.price_minor, self.currency),
            "free_above": "" if free is None else money.to_decimal(free, self.currency),
            "zone": rates.zone_text(zone),
            "table": rates.write(rates.rows(option.rates), self.currency),
            "slots": "\n".join(map(slot_text, option.slots.filter(active=True))),
        }

    def _choices(self, name: str) -> forms.ModelChoiceField:
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)
        return field

    def _minor(self, name: str) -> int:
        try:
            return rates.amount_minor(self.cleaned_data[name], self.currency)
        except ValueError as error:
            raise forms.ValidationError(_("Write an amount as in 4.20.")) from error

    def _read_rates(self, text: str, wrong: str = "") -> list[rates.Rate]:
        try:
            return rates.read(text, self.currency)
        except rates.RateError as error:
            raise forms.ValidationError(wrong or str(error)) from error


def slot_text(slot: DeliverySlot) -> str:
    return f"{slot.weekday + 1}; {slot.begins:%H:%M}-{slot.ends:%H:%M}; {slot.capacity}"


def _slot(line: str) -> SlotLine:
    found = _SLOT.fullmatch(line)
    try:
        if found is None:
            raise ValueError(line)
        day, capacity = int(found[1]) - 1, int(found[6])
        begins, ends = time(int(found[2]), int(found[3])), time(int(found[4]), int(found[5]))
        if ends <= begins or not 0 < capacity <= MOST_PARCELS:
            raise ValueError(line)
    except ValueError as error:
        text = _("“%(line)s” is not written as in 4; 17:00-19:00; 8.") % {"line": line[:60]}
        raise forms.ValidationError(text) from error
    return day, begins, ends, capacity


def _by_table(option: DeliveryOption, table: Sequence[rates.Rate]) -> None:
    """With a table, the option goes where its lines go, and its price is the lowest of them."""
    option.rates = rates.kept(table)
    option.price_minor = min(rate.price_minor for rate in table)
    if all(rate.countries for rate in table):
        option.countries = sorted({country for rate in table for country in rate.countries})
        option.postcode_prefixes = []


class CounterForm(forms.ModelForm):
    """What the shop says of its own counter."""

    class Meta:
        model = Shop
        fields = [
            "preparation_minutes",
            "kept_days",
            "uncollected",
            "orders_per_day",
            "refuses_when_full",
            "receives_for_others",
        ]
        labels = {
            "preparation_minutes": gettext_lazy("Minutes you need to lay an order ready"),
            "kept_days": gettext_lazy("Days you keep what lies ready for a reader"),
            "uncollected": gettext_lazy("If nobody comes until then"),
            "orders_per_day": gettext_lazy("Orders that you can do in a day"),
            "refuses_when_full": gettext_lazy("Above that, take no more orders that day"),
            "receives_for_others": gettext_lazy("You hand over what other shops of the network bring you"),
        }
        help_texts = {
            "preparation_minutes": gettext_lazy("Of your opening hours. Readers are told from when they can come."),
            "kept_days": gettext_lazy(
                "From 1 to 90. Readers are told the day, and reminded before it. What lies ready already keeps its day."
            ),
            "orders_per_day": gettext_lazy(
                "From then on, what other shops lack goes to another one, and who chooses your shop is told a later"
                " day: tomorrow, after twice as many the day after. Empty: no limit."
            ),
            "refuses_when_full": gettext_lazy("Readers are told to come back tomorrow, rather than a later day."),
            "receives_for_others": gettext_lazy("They may then offer your shop as a place to collect."),
        }

    def clean_kept_days(self) -> int:
        days: int = self.cleaned_data["kept_days"]
        if not 1 <= days <= MOST_KEPT_DAYS:
            raise forms.ValidationError(_("From 1 to %(most)s days.") % {"most": MOST_KEPT_DAYS})
        return days

    def clean_orders_per_day(self) -> int | None:
        orders: int | None = self.cleaned_data["orders_per_day"]
        if orders == 0:
            raise forms.ValidationError(_("One a day, at least. To take none, pause selling."))
        return orders

    def clean_preparation_minutes(self) -> int:
        minutes: int = self.cleaned_data["preparation_minutes"]
        if minutes > 7 * 24 * 60:
            raise forms.ValidationError(_("That is more than a week."))
        return minutes
