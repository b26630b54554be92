"""What staff fill in."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog_sync.models import Webhook
from catalog_sync.titles.questions import Choice
from marketplace.foundation import looks, tax_numbers
from marketplace.foundation.models import COLOUR
from shops.models import Shop, ShopOrderLine
from shops.orders.transitions import STAFF_REASONS
from shops.portal.words import REASONS

MOST, MOST_PARTS = 10_000, 1000
PART = "part-"
_WHOLE, _UNITS = re.compile(r"[0-9]{1,18}"), re.compile(r"[0-9]{0,5}")
# Of these the desk asks how many are left; sold and damaged copies are withheld alone where nobody counted.
_GONE = {ShopOrderLine.Reason.NOT_FOUND, ShopOrderLine.Reason.SOLD, ShopOrderLine.Reason.DAMAGED}
MOST_RESERVE_HOURS = 14 * 24
LONGEST_DESCRIPTION = 3000
# `--paper` and, in the dark, `--sheet` of static/css/tokens.css: what stands out on these stands out on the others.
_LIGHT_GROUND, _DARK_GROUND = "#fbfaf6", "#1c1f24"


class ListForm(forms.Form):
    """A list that a shop sends. Empty `made_at`: it was exported just now."""

    file = forms.FileField(
        label=gettext_lazy("The list"),
        error_messages={
            "required": gettext_lazy("Choose the file."),
            "empty": gettext_lazy("The file is empty. Nothing was changed; please send it again."),
        },
    )
    made_at = forms.DateTimeField(
        label=gettext_lazy("When was it exported?"),
        help_text=gettext_lazy("Leave it empty if that was just now. The numbers of copies count from then on."),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
        error_messages={"invalid": gettext_lazy("That is not a date and a time.")},
    )


class QuestionForm(forms.Form):
    sku = forms.CharField(max_length=128, strip=False)
    choice = forms.ChoiceField(choices=[(choice.value, choice.value) for choice in Choice])


class KeyForm(forms.Form):
    label = forms.CharField(
        label=gettext_lazy("What is the key for?"),
        max_length=60,
        error_messages={"required": gettext_lazy("Say what the key is for: the name of the program.")},
    )


class WebhookForm(forms.Form):
    form = forms.ChoiceField(label=gettext_lazy("Who sends it?"), choices=Webhook.Form.choices)
    secret = forms.CharField(
        label=gettext_lazy("Its secret, if it has one already"),
        help_text=gettext_lazy(
            "Shopify makes it itself, and Square once it has the address. Otherwise leave this empty: we make one."
        ),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class OrderForm(forms.Form):
    """Every form of an order says which version of it the person saw and what was pressed last, and carries the token
    that makes a double click harmless. The template writes them, always fresh."""

    version = forms.IntegerField(min_value=0)
    after = forms.IntegerField(min_value=0, required=False)
    once = forms.CharField(max_length=40, required=False)


class KeepForm(OrderForm):
    """With the day that the page showed, so that a double click does not keep it two weeks."""

    kept_until = forms.DateTimeField()


class AcceptForm(OrderForm):
    units = forms.IntegerField(label=gettext_lazy("Copies"), min_value=1, max_value=MOST)


class DeclineForm(OrderForm):
    units = forms.IntegerField(label=gettext_lazy("Copies you cannot hand over"), min_value=1, max_value=MOST)
    reason = forms.ChoiceField(
        label=gettext_lazy("Why"),
        choices=[(code, word) for code, word in REASONS.items() if code in STAFF_REASONS],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Say why: choose one of the reasons.")},
    )
    left = forms.IntegerField(
        label=gettext_lazy("How many are left on the shelf?"),
        help_text=gettext_lazy("Count those set aside for orders too."),
        min_value=0,
        max_value=MOST,
        required=False,
    )
    note = forms.CharField(label=gettext_lazy("A word to the reader"), max_length=300, required=False, strip=True)

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        reason = cleaned.get("reason")
        if reason not in _GONE:
            cleaned["left"] = None
        elif reason == ShopOrderLine.Reason.NOT_FOUND and cleaned.get("left") is None and "left" not in self.errors:
            self.add_error("left", _("Count what is on the shelf; 0 when there is none."))
        return cleaned


class HandOverForm(OrderForm):
    code = forms.CharField(
        label=gettext_lazy("Pick-up code"),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )
    carrier = forms.CharField(
        label=gettext_lazy("Carrier"),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"list": "carriers", "autocomplete": "off"}),
    )
    tracking = forms.CharField(
        label=gettext_lazy("Tracking number"),
        max_length=80,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean(self) -> dict[str, object]:
        """`parts`: by line, as JSON keeps it, what leaves now; none where the form says nothing of it."""
        cleaned = super().clean() or {}
        said = {name.removeprefix(PART): str(value) for name, value in self.data.items() if name.startswith(PART)}
        if len(said) > MOST_PARTS or not all(_WHOLE.fullmatch(pk) and _UNITS.fullmatch(n) for pk, n in said.items()):
            raise ValidationError(_("Say how many copies leave now."))
        cleaned["parts"] = {pk: int(units or 0) for pk, units in said.items()} or None
        return cleaned


class ProfileForm(forms.ModelForm):
    """What readers filter shops by, and how the shop's own entrance looks."""

    goods = forms.MultipleChoiceField(
        label=gettext_lazy("What there is on the shelves"),
        choices=Shop.Goods.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    services = forms.MultipleChoiceField(
        label=gettext_lazy("What you do for people"),
        choices=Shop.Service.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = Shop
        fields = [
            *("kind", "goods", "services", "description_fr", "description_en", "reserve_hours"),
            *("logo", "colour", "colour_dark"),
        ]
        widgets = {name: forms.Textarea(attrs={"rows": 5}) for name in ("description_fr", "description_en")}
        labels = {
            "description_fr": gettext_lazy("Your shop in your own words, in French"),
            "description_en": gettext_lazy("Your shop in your own words, in English"),
            "kind": gettext_lazy("Kind of shop"),
            "reserve_hours": gettext_lazy("Hours you keep a copy that a reader reserves without paying"),
            "logo": gettext_lazy("Logo"),
            "colour": gettext_lazy("Main colour on light ground"),
            "colour_dark": gettext_lazy("Main colour on dark ground"),
        }
        help_texts = {
            "description_fr": gettext_lazy("It stands on your page. Where one language is empty, the other is shown."),
            "reserve_hours": gettext_lazy("48, for two days. 0: readers cannot reserve."),
            "logo": gettext_lazy("PNG, JPEG or WebP, at most 2 MB. Shown 32 pixels high."),
            "colour": gettext_lazy("Written #rrggbb. Empty: the network's."),
            "colour_dark": gettext_lazy("For readers whose screen is dark. Empty: the network's."),
        }

    def clean_reserve_hours(self) -> int:
        hours = self.cleaned_data["reserve_hours"]
        if hours > MOST_RESERVE_HOURS:
            raise forms.ValidationError(_("Two weeks, %(hours)s hours, at most.") % {"hours": MOST_RESERVE_HOURS})
        return hours

    def clean_description_fr(self) -> str:
        return self._short("description_fr")

    def clean_description_en(self) -> str:
        return self._short("description_en")

    def _short(self, name: str) -> str:
        said: str = self.cleaned_data[name]
        if len(said) > LONGEST_DESCRIPTION:
            raise forms.ValidationError(_("%(most)s characters, at most.") % {"most": LONGEST_DESCRIPTION})
        return said

    def texts(self) -> list[forms.BoundField]:
        return [self["description_fr"], self["description_en"]]

    def several(self) -> list[forms.BoundField]:
        return [self["goods"], self["services"]]

    def looks(self) -> list[forms.BoundField]:
        return [self["logo"], self["colour"], self["colour_dark"]]

    def clean_logo(self) -> object:
        return looks.checked_logo(self.cleaned_data["logo"])

    def clean_colour(self) -> str:
        return self._readable("colour", _LIGHT_GROUND)

    def clean_colour_dark(self) -> str:
        return self._readable("colour_dark", _DARK_GROUND)

    def _readable(self, name: str, ground: str) -> str:
        """Links are written in it."""
        colour = self.cleaned_data[name].lower()
        if _is_colour(colour) and looks.contrast(colour, ground) < looks.READABLE:
            raise ValidationError(
                _("Nobody could read links in %(colour)s there: take a darker one.") % {"colour": colour}
                if ground == _LIGHT_GROUND
                else _("Nobody could read links in %(colour)s there: take a lighter one.") % {"colour": colour}
            )
        return colour


def _is_colour(said: str) -> bool:
    try:
        COLOUR(said)
    except ValidationError:  # the model says so as well
        return False
    return True


class TaxForm(forms.ModelForm):
    """Whether the shop charges tax, and under which numbers."""

    class Meta:
        model = Shop
        fields = ["tax_registered", "tax_number", "qst_number"]
        labels = {
            "tax_registered": gettext_lazy("The shop is registered for tax"),
            "tax_number": gettext_lazy("GST/HST or VAT number"),
            "qst_number": gettext_lazy("QST number"),
        }
        help_texts = {
            "tax_registered": gettext_lazy(
                "Not ticked, as a small supplier: readers pay no tax on what you sell, and their orders say why."
            ),
            "tax_number": gettext_lazy("It stands on your invoices."),
            "qst_number": gettext_lazy("In Quebec only."),
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        return cleaned | tax_numbers.checked_fields(self, cleaned, self.instance.country)
