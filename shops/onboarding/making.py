"""A new shop: its row, Oscar's partner, and the invitation of its first owner."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from oscar.apps.partner.models import Partner

from marketplace.foundation import audit, whereabouts
from marketplace.models import User
from shops import team
from shops.models import Shop, ShopMember
from shops.onboarding import addresses, checks

# Names that would be taken for a page's or a host's.
NOT_NAMES = frozenset({"www", "points", "invitations"})


class ShopForm(forms.ModelForm):
    owner = forms.EmailField(
        label=gettext_lazy("E-mail address of its first owner"),
        help_text=gettext_lazy("They are invited by mail, in the shop's language."),
    )

    class Meta:
        model = Shop
        fields = [
            *("name", "slug", "legal_name", "line1", "city", "postcode", "country", "phone", "email", "timezone"),
            "language",
        ]
        labels = {
            "name": gettext_lazy("Name"),
            "slug": gettext_lazy("Name in addresses"),
            "legal_name": gettext_lazy("Legal name, if it is another"),
            "line1": gettext_lazy("Street and number"),
            "city": gettext_lazy("Town"),
            "postcode": gettext_lazy("Postcode"),
            "country": gettext_lazy("Country (two letters)"),
            "phone": gettext_lazy("Telephone"),
            "email": gettext_lazy("Where its orders go by mail"),
            "timezone": gettext_lazy("Time zone, as in America/Toronto"),
            "language": gettext_lazy("Language of its mail"),
        }
        help_texts = {"slug": gettext_lazy("Small letters, digits and hyphens; it stays as it is."), "email": ""}
        help_texts |= {"legal_name": "", "language": ""}
        help_texts["timezone"] = gettext_lazy("Empty: that of its postcode.")
        widgets = {"language": forms.Select(choices=settings.LANGUAGES)}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if "phone" in self.fields:  # whoever is asked only what the network chooses said it before
            self.fields["phone"].required = True
            self.fields["timezone"].required = False

    def clean_slug(self) -> str:
        slug = str(self.cleaned_data["slug"]).lower()
        taken = slug in NOT_NAMES or Partner.objects.filter(code=slug).exists()
        if taken or Shop.objects.filter(slug=slug).exists():
            raise forms.ValidationError(_("This name is taken."))
        return slug

    def clean_country(self) -> str:
        return checks.country(str(self.cleaned_data["country"]))

    def clean_phone(self) -> str:
        return checks.phone(str(self.cleaned_data["phone"]))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not cleaned["timezone"]:
            cleaned["timezone"] = whereabouts.zone_of(cleaned["country"], cleaned["postcode"])
            if not cleaned["timezone"]:
                self.add_error("timezone", _("Say it: none is known of this country."))
        return cleaned

    def clean_timezone(self) -> str:
        said = str(self.cleaned_data["timezone"])
        return checks.zone(said) if said else ""


def make(said: dict[str, Any], *, by: User, now: datetime) -> Shop:
    """`said` as `ShopForm` cleaned it. The shop is joining: it sells nothing yet. It stands on the map where its
    address lies, if that is known."""
    columns = {name: value for name, value in said.items() if name != "owner"}
    columns |= addresses.position(columns)
    with transaction.atomic():
        partner = Partner.objects.create(code=columns["slug"], name=columns["name"])
        shop = Shop.objects.create(partner=partner, status_since=now, status_by=by.email, **columns)
        audit.record("shop.make", shop, by=by, shop_id=shop.pk, slug=shop.slug)
        team.invite(shop, said["owner"], ShopMember.Role.OWNER, language=shop.language, by=by, now=now)
    return shop
