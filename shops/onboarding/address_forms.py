"""What an owner, or the network, says of where a shop is and how it is reached."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.checkout.tax_places import place_of
from marketplace.foundation import tax_numbers, whereabouts
from marketplace.foundation.places import distance_km
from marketplace.storefront.checkout_forms import fits_country
from shops.models import Shop
from shops.onboarding import addresses, checks

# So far from its postcode or town no point of an address is: a sign is missing, or the two were exchanged. The
# postcodes of the north are some hundred kilometres wide.
FARTHEST_KM = 500
_DEGREES = {"inputmode": "decimal", "autocomplete": "off"}


class AddressForm(forms.ModelForm):
    latitude = forms.FloatField(
        label=gettext_lazy("Latitude, north of the equator"),
        help_text=gettext_lazy("As in 45.5163."),
        min_value=-90,
        max_value=90,
        required=False,
        localize=True,
        widget=forms.TextInput(attrs=_DEGREES),
    )
    longitude = forms.FloatField(
        label=gettext_lazy("Longitude, east of Greenwich"),
        help_text=gettext_lazy("As in -73.5580: west of Greenwich with a minus sign."),
        min_value=-180,
        max_value=180,
        required=False,
        localize=True,
        widget=forms.TextInput(attrs=_DEGREES),
    )
    timezone = forms.ChoiceField(label=gettext_lazy("Time zone, by a town in it"))

    class Meta:
        model = Shop
        fields = [*addresses.FIELDS, *addresses.POSITION]
        labels = {
            "name": gettext_lazy("Name of the shop"),
            "line1": gettext_lazy("Street and number"),
            "city": gettext_lazy("Town"),
            "region": gettext_lazy("Province or region (if any)"),
            "postcode": gettext_lazy("Postcode"),
            "country": gettext_lazy("Country (two letters)"),
            "phone": gettext_lazy("Telephone"),
            "email": gettext_lazy("E-mail address"),
            "language": gettext_lazy("Language of its mail"),
        }
        help_texts = {
            "email": gettext_lazy(
                "Orders and mail go there, and readers see it. The address that counts so far is told of the change."
            ),
            "language": "",
        }
        widgets = {
            "language": forms.Select(choices=settings.LANGUAGES),
            "phone": forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
        }

    def __init__(self, *args: Any, may_change_country: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        shop = self.instance
        zones = dict(whereabouts.zones_in(shop.country))
        zones.setdefault(shop.timezone, whereabouts.zone_name(shop.timezone))
        self.fields["timezone"].choices = list(zones.items())  # type: ignore[attr-defined]
        self.fields["phone"].required = True
        self.fields["country"].disabled = not may_change_country
        self.fields["country"].help_text = _COUNTRY if may_change_country else _COUNTRY_STAYS

    def reached(self) -> list[forms.BoundField]:
        return [self[name] for name in ("name", "phone", "email", "language")]

    def lies(self) -> list[forms.BoundField]:
        return [self[name] for name in ("line1", "city", "region", "postcode", "country", "timezone")]

    def point(self) -> list[forms.BoundField]:
        return [self[name] for name in addresses.POSITION]

    def clean_country(self) -> str:
        said = str(self.cleaned_data["country"])
        return said if self.fields["country"].disabled else checks.country(said)

    def clean_phone(self) -> str:
        return checks.phone(str(self.cleaned_data["phone"]))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        country, postcode = cleaned.get("country"), cleaned.get("postcode")
        if country and postcode and not fits_country(postcode, country):
            self.add_error("postcode", _("That is not a postcode of this country."))
        if country and country != self.instance.country:
            self._moves(country, cleaned)
        elif postcode and country and self._is_taxed_elsewhere(country, postcode):
            self.add_error("postcode", _("There another tax holds than here: write to the network when you move."))
        if not self.errors:
            self._check_point(cleaned)
        return cleaned

    def _is_taxed_elsewhere(self, country: str, postcode: str) -> bool:
        stays = self.fields["country"].disabled
        return stays and place_of(country, postcode) != place_of(country, self.instance.postcode)

    def _moves(self, country: str, cleaned: dict[str, Any]) -> None:
        try:
            if self.instance.tax_number:
                tax_numbers.checked(country, self.instance.tax_number)
        except tax_numbers.TaxNumberError:
            text = _("The shop's tax number is none of this country: empty it first (Profile, Tax).")
            self.add_error("country", text)
        zone = whereabouts.zone_of(country, cleaned.get("postcode") or "")
        cleaned["timezone"] = zone or cleaned.get("timezone")

    def _check_point(self, cleaned: dict[str, Any]) -> None:
        point = (cleaned["latitude"], cleaned["longitude"])
        if None in point:
            if point != (None, None):
                self.add_error("latitude" if point[0] is None else "longitude", _("Say both, or neither."))
            return
        if all(point[at] == getattr(self.instance, name) for at, name in enumerate(addresses.POSITION)):
            return  # what is stored: looked up anew where the address is another
        found = whereabouts.position_of(cleaned["country"], cleaned["postcode"], cleaned["city"])
        if found and (away := distance_km(found, point)) > FARTHEST_KM:
            text = _("This point is %(km)s km from %(town)s: look at the sign, and which of the two numbers is which.")
            self.add_error("longitude", text % {"km": round(away), "town": cleaned["city"]})


_COUNTRY = gettext_lazy(
    "It decides tax, the law of books, prices by rule and whether the shop can be paid by Stripe, from now on; orders "
    "that are placed stay as they are. An account at Stripe is one of its country and would have to be made anew."
)
_COUNTRY_STAYS = gettext_lazy(
    "It decides tax, the law of books and how you are paid: of a shop that has been on sale the network changes it. "
    "Write to the network when you move abroad."
)
