"""What somebody fills in who asks to join."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from stdnum.exceptions import ValidationError as NumberError
from stdnum.fr import siren, siret

from marketplace.foundation import tax_numbers
from shops.models import Application, ApplicationDocument, Business
from shops.onboarding import checks

ADULT, OLDEST = 18, 120
MOST_BRANCHES = 500

_SHOP_FIELDS = ["name", "shop_kind", "line1", "city", "postcode", "country", "phone"]
_LABELS = {
    "kind": gettext_lazy("Who sells?"),
    "name": gettext_lazy("Name of the shop"),
    "shop_kind": gettext_lazy("Kind of shop"),
    "legal_name": gettext_lazy("Legal name of the company"),
    "registration": gettext_lazy("Number in the register (SIREN, NEQ, company number)"),
    "contact_name": gettext_lazy("Your first and last name"),
    "born_on": gettext_lazy("Your date of birth"),
    "tax_registered": gettext_lazy("Registered for tax"),
    "tax_number": gettext_lazy("GST/HST or VAT number"),
    "qst_number": gettext_lazy("QST number"),
    "line1": gettext_lazy("Street and number"),
    "city": gettext_lazy("Town"),
    "postcode": gettext_lazy("Postcode"),
    "country": gettext_lazy("Country (two letters)"),
    "email": gettext_lazy("E-mail address"),
    "phone": gettext_lazy("Telephone"),
    "website": gettext_lazy("Website, if there is one"),
    "branches": gettext_lazy("How many shops have you?"),
    "system": gettext_lazy("The program your stock is kept in, if any"),
    "note": gettext_lazy("Anything else we should know"),
}

_SEEN = gettext_lazy("Readers see it, also where the shop is your home.")
_SHOWN = {"line1": _SEEN, "phone": _SEEN}


class _ShopPart(forms.ModelForm):
    """What one shop is, whoever it belongs to."""

    def clean_country(self) -> str:
        return checks.country(str(self.cleaned_data["country"]))

    def clean_phone(self) -> str:
        return checks.phone(str(self.cleaned_data["phone"]))


class BranchForm(_ShopPart):
    """Another shop of a business that is known: nothing of its facts is asked twice."""

    class Meta:
        model = Application
        fields = [*_SHOP_FIELDS, "system", "note"]
        labels = _LABELS
        widgets = {"note": forms.Textarea(attrs={"rows": 3})}


class ApplicationForm(_ShopPart):
    website = forms.URLField(
        label=_LABELS["website"],
        required=False,
        max_length=200,
        assume_scheme="https",
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
    )
    sells_as = forms.ChoiceField(
        label=gettext_lazy("As a person in your own name: how do you sell?"),
        choices=[
            ("trader", gettext_lazy("As a trader: regularly, or to live on it, also beside another job")),
            ("private", gettext_lazy("As a private person: now and then, what was my own")),
        ],
        required=False,
        widget=forms.RadioSelect,
        help_text=gettext_lazy(
            "Readers are told before they buy: of a private person the law gives them no right to send back."
        ),
    )
    declares = forms.BooleanField(
        label=gettext_lazy("What I say is true, and I offer only what the law allows to be sold."),
        error_messages={"required": gettext_lazy("Tick it: without this no shop can join.")},
    )

    class Meta:
        model = Application
        fields = [
            "kind",
            "contact_name",
            "email",
            "legal_name",
            "registration",
            "born_on",
            "tax_registered",
            "tax_number",
            "qst_number",
            *_SHOP_FIELDS,
            "website",
            "branches",
            "system",
            "note",
        ]
        labels = _LABELS
        help_texts = {
            **_SHOWN,
            "legal_name": gettext_lazy("Of a company."),
            "registration": gettext_lazy("Of a company; of a person who has one."),
            "born_on": gettext_lazy("Of a person who sells in their own name."),
            "tax_registered": gettext_lazy("Not ticked, as a small supplier: you charge no tax."),
            "qst_number": gettext_lazy("In Quebec only."),
            "system": gettext_lazy("None is needed: a spreadsheet will do, or your phone."),
            "email": gettext_lazy("We write there; it becomes the shop's address for its orders."),
        }
        widgets = {
            "kind": forms.RadioSelect,
            "born_on": forms.DateInput(attrs={"type": "date", "autocomplete": "bday"}, format="%Y-%m-%d"),
            "note": forms.Textarea(attrs={"rows": 4}),
        }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["kind"].choices = Business.Kind.choices  # type: ignore[attr-defined]  # none that is empty

    def who(self) -> list[forms.BoundField]:
        return [self[name] for name in ("contact_name", "email", "phone")]

    def law(self) -> list[forms.BoundField]:
        return [self[name] for name in ("legal_name", "registration", "born_on")]

    def tax(self) -> list[forms.BoundField]:
        return [self[name] for name in _TAX]

    def shop(self) -> list[forms.BoundField]:
        named = [name for name in _SHOP_FIELDS if name != "phone"]
        return [self[name] for name in (*named, "website", "branches", "system", "note")]

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).strip().lower()

    def clean_branches(self) -> int:
        number: int = self.cleaned_data["branches"]
        if not 1 <= number <= MOST_BRANCHES:
            raise forms.ValidationError(_("Between 1 and %(most)s.") % {"most": MOST_BRANCHES})
        return number

    def clean_born_on(self) -> date | None:
        born: date | None = self.cleaned_data["born_on"]
        if born and not ADULT <= _age(born, timezone.localdate()) <= OLDEST:
            raise forms.ValidationError(_("That is no date of birth of an adult."))
        return born

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        country = str(cleaned.get("country") or "")
        if cleaned.get("kind") == Business.Kind.COMPANY:
            self._ask("legal_name", "registration")
        elif cleaned.get("kind") == Business.Kind.INDIVIDUAL:
            self._ask("born_on", "sells_as")
        if cleaned.get("tax_registered") and country == "CA":
            self._ask("tax_number")
        if country == "FR" and (number := cleaned.get("registration")):
            cleaned["registration"] = self._french(str(number))
        return self._as_trader(cleaned) | tax_numbers.checked_fields(self, cleaned, country)

    def _as_trader(self, cleaned: dict[str, Any]) -> dict[str, Any]:
        """`is_professional` in the place of `sells_as`: a company always is."""
        is_private = cleaned.pop("sells_as", "") == "private" and cleaned.get("kind") == Business.Kind.INDIVIDUAL
        if is_private and (cleaned.get("tax_registered") or cleaned.get("registration")):
            text = _("Whoever is registered for tax, or as a business, sells as a trader: choose that, or empty those.")
            self.add_error("sells_as", text)
        return cleaned | {"is_professional": not is_private}

    def _ask(self, *names: str) -> None:
        for name in names:
            if not self.cleaned_data.get(name) and name not in self.errors:
                self.add_error(name, _("This is needed here."))

    def _french(self, number: str) -> str:
        """SIREN or SIRET, by their check digits."""
        for kind in (siren, siret):
            try:
                return kind.validate(number)
            except NumberError:
                continue
        self.add_error("registration", _("That is no SIREN: it has nine digits, as in 303 265 045."))
        return number


_TAX = ("tax_registered", "tax_number", "qst_number")


def _age(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


class WordsForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("Your words"),
        max_length=3000,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": gettext_lazy("Write something first.")},
    )


class PaperForm(forms.Form):
    kind = forms.ChoiceField(label=gettext_lazy("What is it?"), choices=ApplicationDocument.Kind.choices)
    file = forms.FileField(
        label=gettext_lazy("The file"),
        help_text=gettext_lazy("PDF, JPEG or PNG, at most 10 MB."),
        error_messages={"required": gettext_lazy("Choose the file.")},
        allow_empty_file=True,
    )
