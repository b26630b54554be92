"""A new shop: its row, Oscar's partner, and the invitation of its first owner."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from oscar.apps.partner.models import Partner

from marketplace.foundation import audit
from marketplace.models import User
from shops import team
from shops.models import Shop, ShopMember

# Names that would be taken for a page's or a host's.
NOT_NAMES = frozenset({"www", "points", "invitations"})


class ShopForm(forms.ModelForm):
    owner = forms.EmailField(
        label=gettext_lazy("E-mail address of its first owner"),
        help_text=gettext_lazy("They are invited by mail, in the shop's language."),
    )

    class Meta:
        model = Shop
        fields = ["name", "slug", "legal_name", "line1", "city", "postcode", "country", "email", "timezone", "language"]
        labels = {
            "name": gettext_lazy("Name"),
            "slug": gettext_lazy("Name in addresses"),
            "legal_name": gettext_lazy("Legal name, if it is another"),
            "line1": gettext_lazy("Street and number"),
            "city": gettext_lazy("Town"),
            "postcode": gettext_lazy("Postcode"),
            "country": gettext_lazy("Country (two letters)"),
            "email": gettext_lazy("Where its orders go by mail"),
            "timezone": gettext_lazy("Time zone, as in America/Toronto"),
            "language": gettext_lazy("Language of its mail"),
        }
        help_texts = {"slug": gettext_lazy("Small letters, digits and hyphens; it stays as it is."), "email": ""}
        help_texts |= {"legal_name": "", "language": ""}
        widgets = {"language": forms.Select(choices=settings.LANGUAGES)}

    def clean_slug(self) -> str:
        slug = str(self.cleaned_data["slug"]).lower()
        taken = slug in NOT_NAMES or Partner.objects.filter(code=slug).exists()
        if taken or Shop.objects.filter(slug=slug).exists():
            raise forms.ValidationError(_("This name is taken."))
        return slug

    def clean_country(self) -> str:
        country = str(self.cleaned_data["country"]).upper()
        if len(country) != 2 or not (country.isascii() and country.isalpha()):
            raise forms.ValidationError(_("Two letters, as in CA or FR."))
        return country

    def clean_timezone(self) -> str:
        zone: str = self.cleaned_data["timezone"]
        if zone not in available_timezones():
            raise forms.ValidationError(_("There is no such time zone."))
        return zone


def make(said: dict[str, Any], *, by: User, now: datetime) -> Shop:
    """`said` as `ShopForm` cleaned it. The shop is joining: it sells nothing yet."""
    columns = {name: value for name, value in said.items() if name != "owner"}
    with transaction.atomic():
        partner = Partner.objects.create(code=columns["slug"], name=columns["name"])
        shop = Shop.objects.create(partner=partner, status_since=now, status_by=by.email, **columns)
        audit.record("shop.make", shop, by=by, shop_id=shop.pk, slug=shop.slug)
        team.invite(shop, said["owner"], ShopMember.Role.OWNER, language=shop.language, by=by, now=now)
    return shop
