"""One address of a reader's book."""

from __future__ import annotations

from typing import Any

from babel import Locale
from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from marketplace.storefront.checkout_forms import fits_country, text


class AddressForm(forms.Form):
    """The names are those of `readers.addresses.FIELDS`."""

    name = text(_("Name"), 160, "name", missing=_("Give the name on the parcel."))
    line1 = text(_("Street and number"), 160, "address-line1", missing=_("Give the street and number."))
    line2 = text(_("Floor, door, company (if any)"), 160, "address-line2", required=False)
    postcode = text(_("Postcode"), 16, "postal-code", missing=_("Give the postcode: the delivery depends on it."))
    city = text(_("Town"), 80, "address-level2", missing=_("Give the town."))
    region = text(_("Province or region (if any)"), 80, "address-level1", required=False)
    country = forms.ChoiceField(label=_("Country"), widget=forms.Select(attrs={"autocomplete": "country"}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = Locale((get_language() or "fr")[:2]).territories
        countries = sorted((str(name), code) for code, name in names.items() if len(code) == 2 and code.isalpha())
        country = self.fields["country"]
        assert isinstance(country, forms.ChoiceField)
        country.choices = [(code, name) for name, code in countries]

    def clean(self) -> dict[str, str]:
        cleaned = super().clean() or {}
        if not fits_country(cleaned.get("postcode", ""), cleaned.get("country", "")):
            self.add_error("postcode", _("That is not a postcode of this country."))
        return cleaned
