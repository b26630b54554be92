"""What a person says of a new voucher; the same for a shop's and the network's."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.checkout.models import Voucher
from marketplace.checkout.vouchers import code_of, forget
from marketplace.foundation import audit, network
from marketplace.foundation.amount_field import AmountField
from marketplace.foundation.day_field import DayField
from marketplace.models import User
from shops.models import Shop

SHORTEST = 4


class VoucherForm(forms.Form):
    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=20,
        required=False,
        help_text=gettext_lazy("Letters and figures; hard to guess if it is worth much."),
    )
    automatic = forms.BooleanField(
        label=gettext_lazy("A promotion: it counts without a code"),
        required=False,
        help_text=gettext_lazy("Where no voucher is entered; of several the one that takes most off."),
    )
    label = forms.CharField(label=gettext_lazy("What for"), max_length=80, help_text=gettext_lazy("Readers see it."))
    percent = forms.IntegerField(label=gettext_lazy("Per cent off"), min_value=1, max_value=100, required=False)
    amount_minor = AmountField(label=gettext_lazy("Or so much off an order"))
    minimum_minor = AmountField(label=gettext_lazy("From goods of"))
    subject = forms.CharField(
        label=gettext_lazy("Only this subject (Thema code or its beginning)"), max_length=12, required=False
    )
    begins_on = DayField(
        label=gettext_lazy("First day"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    ends_on = DayField(label=gettext_lazy("Last day"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    most_uses = forms.IntegerField(
        label=gettext_lazy("How often in all"),
        min_value=1,
        max_value=1_000_000,
        required=False,
        help_text=gettext_lazy("1: a single time. Empty: without an end."),
    )
    once_each = forms.BooleanField(label=gettext_lazy("Each reader once"), required=False, initial=True)

    def clean_code(self) -> str:
        code = code_of(self.cleaned_data["code"])
        if not code:
            return ""
        if len(code) < SHORTEST:
            raise forms.ValidationError(_("Give at least four letters and figures."))
        if Voucher.objects.filter(code=code).exists():
            raise forms.ValidationError(_("There is a voucher with this code already."))
        return code

    def clean_subject(self) -> str:
        return self.cleaned_data["subject"].strip().upper()

    def clean_begins_on(self) -> datetime | None:
        day = self.cleaned_data["begins_on"]
        zone = timezone.get_current_timezone()
        return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC) if day else None

    def clean_ends_on(self) -> datetime | None:
        """The moment from which it is over, in the time zone at hand."""
        day = self.cleaned_data["ends_on"]
        if day and day < timezone.localdate():
            raise forms.ValidationError(_("It would be over before it begins."))
        zone = timezone.get_current_timezone()
        return datetime.combine(day + timedelta(days=1), time(), tzinfo=zone).astimezone(UTC) if day else None

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if given.get("automatic"):
            given |= {"code": f"P{secrets.token_hex(6)}".upper(), "once_each": False}
            self.errors.pop("code", None)
        elif not given.get("code") and "code" not in self.errors:
            self.add_error("code", _("Give a code, or make it a promotion."))
        begins, ends = given.get("begins_on"), given.get("ends_on")
        if begins and ends and ends <= begins:
            self.add_error("ends_on", _("It would be over before it begins."))
        if not self.errors and bool(given.get("percent")) == bool(given.get("amount_minor")):
            self.add_error("percent", _("Give either a rate or an amount."))
        return given

    def save(self, *, shop: Shop | None, by: User, now: datetime) -> Voucher:
        """`shop`: whose it is, who bears it; None: the network."""
        given = self.cleaned_data
        voucher = Voucher.objects.create(
            code=given["code"],
            label=given["label"],
            shop=shop,
            basis_points=given["percent"] * 100 if given["percent"] else None,
            amount_minor=given["amount_minor"] or None,
            currency=network.current().currency,
            minimum_minor=given["minimum_minor"] or 0,
            subject=given["subject"],
            only_shop=given.get("only_shop"),
            automatic=given["automatic"],
            begins_at=max(now, given["begins_on"] or now),
            ends_at=given["ends_on"],
            most_uses=given["most_uses"],
            once_each=given["once_each"],
            made_by=by,
        )
        audit.record("voucher.make", voucher, by=by, shop_id=shop.pk if shop else None, code=voucher.code)
        forget()
        return voucher


class NetworkVoucherForm(VoucherForm):
    """The network's may be for one shop's goods alone; the network bears them all the same."""

    only_shop = forms.ModelChoiceField(
        label=gettext_lazy("Only goods of this shop"),
        queryset=Shop.objects.filter(status=Shop.Status.ACTIVE).order_by("name"),
        required=False,
        empty_label=gettext_lazy("Any shop"),
    )


def said(voucher: Voucher) -> str:
    """To whoever made it."""
    if voucher.automatic:
        return _("“%(label)s” counts by itself from its first day on.") % {"label": voucher.label}
    return _("Readers can use “%(code)s” now.") % {"code": voucher.code}
