"""The network's own settings, as an operator fills them in."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.functional import lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from marketplace.foundation import looks, money, network, tax_numbers
from marketplace.foundation.amount_field import AmountField
from marketplace.foundation.models import Network, Role
from marketplace.operations import roles

GROUPS: list[tuple[Any, list[str]]] = [
    (gettext_lazy("Name and looks"), ["name", "tagline_fr", "tagline_en", "logo", "colour", "colour_dark"]),
    (gettext_lazy("Country and languages"), ["country", "currency", "default_language", "languages"]),
    (
        gettext_lazy("Who runs it, who writes"),
        ["legal_name", "legal_address", "bank_details", "sender_name", "sender_email"],
    ),
    (
        gettext_lazy("Money and time"),
        [
            "commission_basis_points",
            "transfer_delay_days",
            "answer_within_hours",
            "new_shop_days",
            "shop_sight_days",
            "tax_included",
        ],
    ),
    (gettext_lazy("When a shop lacks a copy"), ["reroute_borne_by", "reroute_most_minor"]),
    (gettext_lazy("Parcels between shops"), ["handover_fee_minor", "parcel_missing_days"]),
    (gettext_lazy("Tax on the commission"), ["tax_registered", "tax_number", "qst_number"]),
    (gettext_lazy("Trust"), ["refund_two_above_minor", "publishes_audit_roots"]),
    (gettext_lazy("What no shop has"), ["distributor_name", "distributor_address"]),
    (gettext_lazy("Map of shops"), ["tile_address", "tile_attribution"]),
    (
        gettext_lazy("Legal texts"),
        ["terms_fr", "terms_en", "privacy_fr", "privacy_en", "shop_agreement_fr", "shop_agreement_en"],
    ),
]


class PercentField(forms.DecimalField):
    """Basis points in the database, per cent on screen: 1498 is "14.98"."""

    def __init__(self, **options: Any) -> None:
        super().__init__(decimal_places=2, min_value=0, **options)

    def prepare_value(self, value: Any) -> Any:
        return Decimal(value) / 100 if isinstance(value, int) else value

    def clean(self, value: Any) -> int | None:
        percent = super().clean(value)
        return None if percent is None else int(percent * 100)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)


class KeptAmountField(AmountField):
    """With what is stored shown as an amount: 500 is "5.00"."""

    def prepare_value(self, value: Any) -> Any:
        return money.to_decimal(value, network.current().currency) if isinstance(value, int) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)


def _two_persons() -> str:
    """In words: what the limit does, and whether there is anybody to do it."""
    known = len(roles.holders(Role.MONEY))
    what = _(
        "Where operators give back more than this of one order in all, one asks and another one with the role Money "
        "approves. 0: one person is always enough."
    )
    now = ngettext(
        "Now %(count)s operator has that role: nobody could approve what they ask for.",
        "Now %(count)s operators have that role.",
        known,
    )
    return f"{what} {now % {'count': known}}"


class NetworkForm(forms.ModelForm):
    commission_basis_points = PercentField(label=gettext_lazy("Commission, per cent"), max_value=50)
    reroute_most_minor = KeptAmountField(
        label=gettext_lazy("The most that is borne for one shop's part"),
        required=True,
        help_text=gettext_lazy("Where the difference is larger, no other shop takes over and the money goes back."),
    )
    handover_fee_minor = KeptAmountField(
        label=gettext_lazy("What a shop gets for a parcel that it hands over for another"),
        help_text=gettext_lazy("The shop that sold it pays it; as it is at the sale. Empty: nothing."),
    )
    refund_two_above_minor = KeptAmountField(
        label=gettext_lazy("Refunds above this need two persons"),
        required=True,
        help_text=lazy(_two_persons, str)(),
    )
    languages = forms.MultipleChoiceField(
        label=gettext_lazy("Languages offered"),
        choices=settings.LANGUAGES,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None ticked means all."),
    )

    class Meta:
        model = Network
        fields = [name for _heading, names in GROUPS for name in names]
        labels = {
            "name": gettext_lazy("Name"),
            "tagline_fr": gettext_lazy("Tagline, French"),
            "tagline_en": gettext_lazy("Tagline, English"),
            "logo": gettext_lazy("Logo"),
            "colour": gettext_lazy("Main colour on light ground"),
            "colour_dark": gettext_lazy("Main colour on dark ground"),
            "country": gettext_lazy("Country"),
            "currency": gettext_lazy("Currency"),
            "default_language": gettext_lazy("Language where none is known"),
            "legal_name": gettext_lazy("Who runs it"),
            "legal_address": gettext_lazy("Their address"),
            "bank_details": gettext_lazy("Bank account for invoices"),
            "sender_name": gettext_lazy("Sender's name in mail"),
            "sender_email": gettext_lazy("Sender's e-mail address"),
            "transfer_delay_days": gettext_lazy("Days from hand-over to transfer"),
            "answer_within_hours": gettext_lazy("Hours a shop has to answer"),
            "parcel_missing_days": gettext_lazy(
                "Days after which a parcel that did not arrive at the other shop is missing"
            ),
            "tile_address": gettext_lazy("Address of the map's tiles"),
            "tile_attribution": gettext_lazy("Whose map it is"),
            "distributor_name": gettext_lazy("Name of a distributor's catalogue"),
            "distributor_address": gettext_lazy("Its address"),
            "new_shop_days": gettext_lazy("Days for which a shop is new"),
            "shop_sight_days": gettext_lazy("Days for which a shop still sees whose order it was"),
            "tax_included": gettext_lazy("Prices include tax"),
            "tax_registered": gettext_lazy("The network is registered for tax"),
            "tax_number": gettext_lazy("GST/HST or VAT number"),
            "qst_number": gettext_lazy("QST number"),
            "terms_fr": gettext_lazy("Terms of sale, French"),
            "terms_en": gettext_lazy("Terms of sale, English"),
            "privacy_fr": gettext_lazy("How data is used, French"),
            "privacy_en": gettext_lazy("How data is used, English"),
            "shop_agreement_fr": gettext_lazy("Agreement with shops, French"),
            "shop_agreement_en": gettext_lazy("Agreement with shops, English"),
        }
        help_texts = {
            "tax_number": gettext_lazy("Of GST/HST, or of VAT."),
            "qst_number": gettext_lazy("In Quebec only."),
            "logo": gettext_lazy("PNG, JPEG or WebP, at most 2 MB. Shown 32 pixels high."),
            "bank_details": gettext_lazy(
                "Holder, bank, number, as they are printed on invoices that institutions pay by transfer. Empty: none "
                "can order by invoice."
            ),
            "colour": gettext_lazy("Written #rrggbb. It must stand out on white."),
            "colour_dark": gettext_lazy("Written #rrggbb. It must stand out on black."),
            "country": gettext_lazy("Two letters, as in CA."),
            "tile_address": gettext_lazy(
                "As in https://tiles.example.org/{z}/{x}/{y}.png. Readers' browsers then ask that server: say so in "
                "how data is used. Empty: a plain ground, and nobody is asked."
            ),
            "shop_sight_days": gettext_lazy("Days for which a shop still sees whose order it was"),
            "tax_included": gettext_lazy("How much tax is due is in the tables: by place, kind of article and day."),
            "tax_registered": gettext_lazy("Not ticked, as a small supplier: it charges none on its commission."),
            "shop_agreement_fr": gettext_lazy(
                "Each shop's owner accepts it in the portal; once changed, they are told by mail and asked again, and "
                "it holds for them after 15 days. Empty: none."
            ),
            "distributor_address": gettext_lazy(
                "As in https://catalogue.example.org/search?q={query}. A search that finds nothing leads there: "
                "{query} stands for the words, {isbn} for the number of whoever looked for one. Empty: nowhere."
            ),
            "reroute_borne_by": gettext_lazy("The reader never pays more than agreed. As cheap or cheaper always may."),
            "tile_attribution": gettext_lazy("Shown on the map, as its licence asks. It may hold a link."),
            "new_shop_days": gettext_lazy("What it brings without an ISBN or EAN is looked at first. 0: nothing."),
            "currency": gettext_lazy("Three letters, as in CAD. Do not change it once something was sold."),
        }
        widgets = {name: forms.Textarea(attrs={"rows": 8}) for name in GROUPS[-1][1]} | {
            name: forms.Textarea(attrs={"rows": 3}) for name in ("legal_address", "bank_details")
        }

    def groups(self) -> list[tuple[object, list[forms.BoundField]]]:
        return [(heading, [self[name] for name in names]) for heading, names in GROUPS]

    def clean_handover_fee_minor(self) -> int:
        return self.cleaned_data["handover_fee_minor"] or 0

    def clean_country(self) -> str:
        return self._capitals("country", 2)

    def clean_currency(self) -> str:
        return self._capitals("currency", 3)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        return cleaned | tax_numbers.checked_fields(self, cleaned, cleaned.get("country", ""))

    def clean_logo(self) -> object:
        return looks.checked_logo(self.cleaned_data["logo"])

    def _capitals(self, name: str, length: int) -> str:
        value = self.cleaned_data[name].upper()
        if len(value) != length or not value.isascii() or not value.isalpha():
            raise ValidationError(_("Write it with %(length)s letters.") % {"length": length})
        return value
