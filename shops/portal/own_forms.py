"""An article that a shop types or scans, and a photo of it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog_sync.doors import own_articles
from catalog_sync.doors.own_articles import Typed
from catalog_sync.doors.own_shelf import MeanwhileError, RefusedError
from catalog_sync.identifiers import gtin_text, identify
from marketplace.catalogue import cover_files
from marketplace.foundation import money
from shops.models import Condition


class PriceField(forms.DecimalField):
    """ "12,90" and "12.90", whatever the language."""

    def to_python(self, value: Any) -> Any:
        return super().to_python(value.replace(",", ".") if isinstance(value, str) else value)


class OwnArticleForm(forms.Form):
    """`typed()` is what `own_articles.put` takes. `currency`: the price is in it; `is_kept`: the number of an article
    that is listed already stays."""

    number = forms.CharField(
        label=gettext_lazy("ISBN, EAN or your own number"),
        help_text=gettext_lazy("Empty, if it has none."),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}),
    )
    title = forms.CharField(label=gettext_lazy("Title"), max_length=300, required=False)
    author = forms.CharField(label=gettext_lazy("Author"), max_length=200, required=False)
    price = PriceField(
        label=gettext_lazy("Price"),
        min_value=0,
        max_value=1_000_000,
        decimal_places=2,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        error_messages={"required": gettext_lazy("Give the price, tax included.")},
    )
    condition = forms.ChoiceField(label=gettext_lazy("Condition"), choices=Condition.choices, initial=Condition.NEW)
    units = forms.IntegerField(
        label=gettext_lazy("How many stand there?"),
        min_value=0,
        max_value=own_articles.MOST_UNITS,
        initial=1,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    shelf = forms.CharField(
        label=gettext_lazy("Where in the shop?"),
        help_text=gettext_lazy("A shelf, a table, a number: the pick list is sorted by it. Readers do not see it."),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    note = forms.CharField(
        label=gettext_lazy("Words on this copy"),
        help_text=gettext_lazy(
            "What a photo does not show: a torn jacket, notes in pencil, an inscription. Readers see it."
        ),
        max_length=300,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    shown = forms.IntegerField(min_value=0, required=False, widget=forms.HiddenInput)  # `units`, as the page said
    once = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)  # sent twice, it is one article
    photo = forms.FileField(
        label=gettext_lazy("Photo"),
        help_text=gettext_lazy("Of the cover, or of this copy. JPEG, PNG or WebP, at most 10 MB."),
        required=False,
        widget=forms.FileInput(attrs={"accept": "image/*", "capture": "environment"}),
    )

    def __init__(self, currency: str, *args: Any, is_kept: bool = False, **named: Any) -> None:
        super().__init__(*args, **named)
        self.fields["number"].disabled = is_kept
        self.currency = currency
        self.gtin: int | None = None
        self.photo_name = ""

    def clean_number(self) -> str:
        """A GTIN is kept as one; digits that should be one and are not are told."""
        number = " ".join(str(self.cleaned_data["number"]).split())
        self.gtin, why = identify(number)
        if self.gtin is not None:
            return gtin_text(self.gtin)
        if why is not None and why.code in ("gtin_check_digit", "gtin_digits_lost"):
            raise forms.ValidationError(why.words())
        return number

    def clean_price(self) -> int:
        price = money.to_minor(self.cleaned_data["price"], self.currency)
        if not price:
            raise forms.ValidationError(_("Give the price, tax included."))
        return price

    def clean_photo(self) -> object:
        photo = self.cleaned_data["photo"]
        if not photo:
            return photo
        if photo.size > cover_files.MOST_BYTES:
            raise forms.ValidationError(_("The photo is larger than 10 MB. Take a smaller one."))
        try:
            self.photo_name = cover_files.keep(photo.read())
        except cover_files.CoverError as problem:
            raise forms.ValidationError(
                _("That is no photo we can use. Take a JPEG, PNG or WebP of at least 60 × 60 pixels.")
            ) from problem
        return photo

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.gtin is None and not cleaned.get("title") and "number" in cleaned:
            self.add_error("title", _("Without an ISBN or EAN it needs a title."))
        return cleaned

    def shown_units(self) -> int | None:
        """What the page said stood there; None for a new article."""
        shown: int | None = self.cleaned_data["shown"]
        return shown

    def refuse(self, refused: RefusedError) -> None:
        """Why it was not kept; sent again, it is compared with what stands there by now."""
        self.add_error("units", str(refused))
        if isinstance(refused, MeanwhileError):
            self.data = {**{name: self.data.get(name) for name in self.data}, "shown": str(refused.units)}

    def typed(self) -> Typed:
        cleaned = self.cleaned_data
        number = "" if self.gtin is not None else cleaned["number"]
        title, author = (" ".join(cleaned[name].split()) for name in ("title", "author"))
        said = (cleaned["price"], cleaned["condition"], cleaned["units"], self.photo_name, cleaned["once"])
        shelf, note = (" ".join(cleaned[name].split()) for name in ("shelf", "note"))
        return Typed(self.gtin, number, title, author, *said, shelf, note)
