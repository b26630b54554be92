"""What a shop declares of one feed, in its own words, each with the safe value where nothing is said."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog_sync import declaring, lanes
from catalog_sync.adapters import adapter_class
from catalog_sync.adapters.base import PARTIAL, STOCK_LANE
from catalog_sync.models import Feed, StockLane
from marketplace.foundation import money

MODES = {
    Feed.Mode.FULL: gettext_lazy("All we have. What it lacks is not sold any more."),
    Feed.Mode.DELTA: gettext_lazy("Only what has changed. The rest stays as it is."),
    Feed.Mode.PARTIAL: gettext_lazy("Only some articles and some columns. Everything else stays as it is."),
}
LAGS = {
    0: gettext_lazy("At once: our system takes it off when we accept"),
    60: gettext_lazy("Within an hour"),
    24 * 60: gettext_lazy("Within a day: somebody rings it up"),
    72 * 60: gettext_lazy("Within three days"),
}


class DeclaringForm(forms.Form):
    """Of `feed`, as it is; `locked`: only to look at; `values()` and `stock_lane()` are what `declaring.declare`
    takes."""

    mode = forms.ChoiceField(label=gettext_lazy("What does the list hold?"), widget=forms.RadioSelect)
    missing_is_zero = forms.BooleanField(
        label=gettext_lazy("It lists only what is in stock: what it lacks is sold out"), required=False
    )
    every_minutes = forms.IntegerField(label=gettext_lazy("Read it every … minutes"), min_value=5, max_value=10_080)
    lateness_hours = forms.IntegerField(
        label=gettext_lazy("How old can its numbers be, in hours?"),
        help_text=gettext_lazy("Counts only where neither the list nor its file bears a time."),
        min_value=0,
        max_value=336,
    )
    booking_lag_minutes = forms.TypedChoiceField(
        label=gettext_lazy("When does your number know of an order that you accept?"),
        help_text=gettext_lazy("For all lists of this shop. If in doubt, the longer one: no copy is sold twice."),
        coerce=int,
    )
    freshness_hours = forms.IntegerField(
        label=gettext_lazy("For how many hours after a list may its stock be sold online?"),
        help_text=gettext_lazy("After that readers still find the titles, and cannot order them."),
        min_value=1,
        max_value=720,
    )
    drop_limit = forms.IntegerField(label=gettext_lazy("Articles missing, per cent"), min_value=1, max_value=90)
    price_jump = forms.IntegerField(label=gettext_lazy("A price that moves, per cent"), min_value=5, max_value=300)
    price_floor = forms.DecimalField(
        label=gettext_lazy("A price below"), min_value=0, max_value=100_000, decimal_places=2
    )
    has_stock_lane = forms.BooleanField(
        label=gettext_lazy("The number of copies comes by itself, more often than this list"), required=False
    )
    stock_location = forms.URLField(
        label=gettext_lazy("Address of the list of numbers"),
        required=False,
        max_length=500,
        assume_scheme="https",
    )
    stock_every_minutes = forms.IntegerField(
        label=gettext_lazy("Read the numbers every … minutes"), min_value=5, max_value=10_080, required=False
    )
    stock_missing_is_zero = forms.BooleanField(
        label=gettext_lazy("The numbers are only of what is in stock: what they lack is sold out"), required=False
    )

    OF_THE_LIST = ("mode", "missing_is_zero", "every_minutes")
    OF_THE_NUMBERS = ("lateness_hours", "booking_lag_minutes", "freshness_hours")
    SUSPICIOUS = ("drop_limit", "price_jump", "price_floor")
    OF_THE_STOCK_LANE = ("has_stock_lane", "stock_location", "stock_every_minutes", "stock_missing_is_zero")

    def __init__(self, feed: Feed, posted: Any = None, *, locked: bool = False) -> None:
        row = StockLane.objects.filter(feed=feed).first()
        super().__init__(posted, initial=_initial(feed, row))
        self.feed, self.can = feed, adapter_class(feed.kind).capabilities
        modes = [mode for mode in MODES if mode != Feed.Mode.PARTIAL or PARTIAL in self.can]
        self.fields["mode"].choices = [(mode, MODES[mode]) for mode in modes]  # type: ignore[attr-defined]
        lag = feed.shop.booking_lag_minutes
        lags = LAGS if lag in LAGS else {lag: _("After %(minutes)s minutes") % {"minutes": lag}, **LAGS}
        self.fields["booking_lag_minutes"].choices = list(lags.items())  # type: ignore[attr-defined]
        self.fields["stock_location"].help_text = self._where_from()
        for field in self.fields.values():
            field.disabled = locked
        if feed.lane != lanes.Lane.CATALOGUE:
            for name in self.OF_THE_STOCK_LANE:
                del self.fields[name]

    def _where_from(self) -> str:
        if STOCK_LANE in self.can:
            return _("Empty: the same system is asked for the numbers alone.")
        return _("Empty: you send the numbers yourself, from the page of the feeds.")

    def groups(self) -> list[tuple[Any, list[forms.BoundField]]]:
        """(heading, fields) in the order of the page."""
        named = [
            (_("The list"), self.OF_THE_LIST),
            (_("How far its numbers can be trusted"), self.OF_THE_NUMBERS),
            (_("What waits for a person"), self.SUSPICIOUS),
            (_("Stock by itself"), self.OF_THE_STOCK_LANE),
        ]
        found = [(heading, [self[name] for name in names if name in self.fields]) for heading, names in named]
        return [(heading, fields) for heading, fields in found if fields]

    def clean_stock_location(self) -> str:
        address = str(self.cleaned_data["stock_location"])
        if address and urlsplit(address).scheme != "https":
            raise forms.ValidationError(_("The address must begin with https://."))
        return address

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if (
            cleaned.get("has_stock_lane")
            and not cleaned.get("stock_every_minutes")
            and "stock_every_minutes" in cleaned
        ):
            self.add_error("stock_every_minutes", _("Say how often."))
        return cleaned

    def values(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        floor = money.to_minor(cleaned["price_floor"], self.feed.currency)
        return {name: cleaned.get(name, floor) for name in declaring.DECLARED}

    def stock_lane(self) -> dict[str, Any] | None:
        cleaned = self.cleaned_data
        if not cleaned.get("has_stock_lane"):
            return None
        sent = "" if STOCK_LANE in self.can else declaring.stock_folder(self.feed)
        return {
            "location": cleaned["stock_location"] or sent,
            "every_minutes": cleaned["stock_every_minutes"],
            "missing_is_zero": cleaned["stock_missing_is_zero"],
        }


def _initial(feed: Feed, row: StockLane | None) -> dict[str, Any]:
    shown = {name: getattr(feed, name) for name in declaring.DECLARED if name != "price_floor_minor"}
    address = row.location if row is not None and urlsplit(row.location).scheme else ""
    return shown | {
        "price_floor": money.to_decimal(feed.price_floor_minor, feed.currency),
        "booking_lag_minutes": feed.shop.booking_lag_minutes,
        "has_stock_lane": row is not None,
        "stock_location": address,
        "stock_every_minutes": row.every_minutes if row else 15,
        "stock_missing_is_zero": row.missing_is_zero if row else False,
    }
