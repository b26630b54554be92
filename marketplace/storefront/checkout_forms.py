"""Forms of the checkout, one per decision. Nothing is ticked or chosen before the reader does, except what can only be
one way."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from babel import Locale
from django import forms
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext_lazy as _
from oscar.apps.order.models import ShippingAddress

from marketplace.catalogue import sale_words
from marketplace.checkout.checkouts import ADDRESS, FOR_SOMEBODY
from marketplace.checkout.models import Checkout
from marketplace.checkout.planning import Plan
from marketplace.payments.models import CreditTerms
from marketplace.storefront.checkout_ways import Way, Ways, slot_of
from shops.models import DeliveryOption

SENT, COLLECTED = "sent", "collected"
BY_CARD, BY_INVOICE = "card", "invoice"


def text(label: Any, most: int, autocomplete: str, *, required: bool = True, missing: Any = "") -> forms.CharField:
    """One line of text that a browser can fill in."""
    messages = {"required": missing} if missing else {}
    widget = forms.TextInput(attrs={"autocomplete": autocomplete})
    return forms.CharField(label=label, max_length=most, required=required, widget=widget, error_messages=messages)


class WhoForm(forms.Form):
    """`way` is asked only where everything could be collected and something could be sent."""

    email = forms.EmailField(
        label=_("E-mail"),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        help_text=_("Your order and its news go there."),
        error_messages={
            "required": _("Give an e-mail address: your order goes there."),
            "invalid": _("That is not an e-mail address. It looks like lea@example.org."),
        },
    )
    name = text(_("Name"), 160, "name", missing=_("Give the name that the shops hand your order to."))
    phone = text(_("Telephone (if you like)"), 40, "tel", required=False)
    recipient_name = text(_("Who gets or collects it, if not you"), 160, "off", required=False)
    recipient_email = forms.EmailField(
        label=_("Their e-mail (if you like)"),
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        help_text=_("They are told when it is ready, with the pick-up code and without prices."),
        error_messages={"invalid": _("That is not an e-mail address. It looks like lea@example.org.")},
    )
    gift_note = forms.CharField(
        label=_("A word to them"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Printed on the slip in the parcel, which names no price."),
    )
    purchase_order = text(_("Purchase order number of your institution"), 60, "off", required=False)
    way = forms.ChoiceField(
        label=_("How do you want it?"),
        choices=[(SENT, _("Sent to me")), (COLLECTED, _("I collect everything in the shops"))],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose: sent to you, or collected.")},
    )

    def __init__(self, *args: Any, plan: Plan, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = [{option.kind for option in parcel.options} for parcel in plan.sent]
        pickup = DeliveryOption.Kind.PICKUP
        if not (all(pickup in kind for kind in kinds) and any(kind - {pickup} for kind in kinds)):
            del self.fields["way"]

    def for_somebody(self) -> list[forms.BoundField]:
        """What most people leave out."""
        return [self[name] for name in FOR_SOMEBODY]

    def says_somebody(self) -> bool:
        """Whether any of it is filled in, or wrong."""
        return any(field.value() or field.errors for field in self.for_somebody())


def fits_country(postcode: str, country: str) -> bool:
    """Whether a postcode looks like one of that country, where its form is known."""
    pattern = ShippingAddress.POSTCODES_REGEX.get(country)
    written = "".join(postcode.split()).upper()
    return not written or not pattern or re.match(pattern, written) is not None


class WhereForm(forms.Form):
    line1 = text(_("Street and number"), 160, "address-line1", missing=_("Give the street and number."))
    line2 = text(_("Floor, door, company (if any)"), 160, "address-line2", required=False)
    city = text(_("Town"), 80, "address-level2", missing=_("Give the town."))
    region = text(_("Province or region (if any)"), 80, "address-level1", required=False)
    postcode = text(_("Postcode"), 16, "postal-code", missing=_("Give the postcode: the delivery depends on it."))
    country = forms.ChoiceField(label=_("Country"), widget=forms.Select(attrs={"autocomplete": "country"}))

    keep = forms.BooleanField(label=_("Keep this address in my account"), required=False)

    def __init__(self, *args: Any, plan: Plan, country: str, may_keep: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_keep:
            del self.fields["keep"]
        reached = {code for parcel in plan.parcels for option in parcel.options for code in option.countries}
        names = Locale((get_language() or "fr")[:2]).territories
        codes = sorted(reached | {country}, key=lambda code: (code != country, str(names.get(code, code))))
        country_field = self.fields["country"]
        assert isinstance(country_field, forms.ChoiceField)
        country_field.choices = [(code, names.get(code, code)) for code in codes]

    def clean(self) -> dict[str, str]:
        cleaned = super().clean() or {}
        if not fits_country(cleaned.get("postcode", ""), cleaned.get("country", "")):
            self.add_error("postcode", _("That is not a postcode of this country."))
        return cleaned

    def address(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in ADDRESS}


class HowForm(forms.Form):
    """One choice per shop, among the options that can bring its parcel; a courier with slots asks for one of those too,
    in a field `when-<option>`."""

    def __init__(self, *args: Any, ways: Sequence[Ways], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.of_slots: dict[int, Way] = {}
        for parcel, options in ((one.parcel, [way.option for way in one.possible]) for one in ways):
            self.fields[f"shop-{parcel.shop.pk}"] = forms.TypedChoiceField(
                label=parcel.shop.name,
                choices=[(option.pk, option.name_en) for option in options],
                coerce=int,
                widget=forms.RadioSelect,
                initial=parcel.option.pk if parcel.option else None,
                error_messages={
                    "required": _("Choose how this shop's part reaches you."),
                    "invalid_choice": _("That is not possible any more: choose again."),
                },
            )
        for way in (way for one in ways for way in one.possible if way.slots):
            self.of_slots[way.option.pk] = way
            self.fields[f"when-{way.option.pk}"] = forms.ChoiceField(
                label=_("When?"),
                required=False,
                choices=[("", _("Choose a time")), *way.slots],
                initial=way.chosen,
                error_messages={"invalid_choice": _("That time is taken meanwhile: choose another.")},
            )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for option in self.chosen().values():
            name = f"when-{option}"
            if option in self.of_slots and not cleaned.get(name) and name not in self.errors:
                self.add_error(name, _("Choose a time at which the courier comes."))
        return cleaned

    def chosen(self) -> dict[int, int]:
        """Delivery option by shop."""
        given = self.cleaned_data.items()
        return {int(name.removeprefix("shop-")): option for name, option in given if name.startswith("shop-")}

    def in_slots(self) -> dict[int, tuple[int, date]]:
        """The courier's slot and day by shop."""
        said = {shop_id: self.cleaned_data.get(f"when-{option}") for shop_id, option in self.chosen().items()}
        return {shop_id: slot_of(value) for shop_id, value in said.items() if value}


class PayForm(forms.ModelForm):
    """What the reader agrees to, and the fingerprint of the plan that was on the page."""

    seen = forms.CharField(widget=forms.HiddenInput, max_length=64)
    how_paid = forms.ChoiceField(label=_("How do you pay?"), required=False, widget=forms.RadioSelect)
    only_whole = forms.BooleanField(
        label=_("All or nothing: if a copy is missing, I do not want the rest of that shop's part."), required=False
    )

    class Meta:
        model = Checkout
        fields = ("agrees_other_shop", "agrees_later")
        labels = {
            "agrees_other_shop": _("Another shop may send it, at the same price or less."),
            "agrees_later": _("It may come later than said."),
        }

    of_age = forms.BooleanField(error_messages={"required": _("Say that you are old enough, or take the line out.")})
    agree_to_download = forms.BooleanField(
        label=_(
            "Hand my downloads over at once. I know that I can no longer take one back once I have downloaded it or "
            "seen its link or code."
        ),
        error_messages={
            "required": _("Tick this to get your downloads: without it we may not hand them over for two weeks.")
        },
    )

    def __init__(self, *args: Any, plan: Plan, years: int = 0, terms: CreditTerms | None = None, **kwargs: Any) -> None:
        """`years`: the age that is still to be stated, 0: none. `terms`: on which the reader may order by invoice."""
        super().__init__(*args, **kwargs)
        if years:
            self.fields["of_age"].label = sale_words.i_am(years)
        else:
            del self.fields["of_age"]
        self.initial["only_whole"] = not self.instance.agrees_in_part
        if not plan.downloads:
            del self.fields["agree_to_download"]
        if not plan.sent:
            for name in ("agrees_other_shop", "agrees_later", "only_whole"):
                del self.fields[name]
        if terms is None:
            del self.fields["how_paid"]
        else:
            days = ngettext("By invoice, within one day", "By invoice, within %(days)s days", terms.days)
            choices = [(BY_CARD, _("Now, by card")), (BY_INVOICE, days % {"days": terms.days})]
            self.fields["how_paid"].choices = choices  # type: ignore[attr-defined]
            self.initial["how_paid"] = BY_INVOICE if self.instance.by_invoice else BY_CARD

    @property
    def by_invoice(self) -> bool:
        return self.cleaned_data.get("how_paid") == BY_INVOICE

    def agreements(self) -> dict[str, bool]:
        """Every name of `checkouts.AGREEMENTS`."""
        said = self.cleaned_data
        return {
            "agrees_other_shop": said.get("agrees_other_shop", False),
            "agrees_later": said.get("agrees_later", False),
            "agrees_in_part": not said.get("only_whole", False),
        }
