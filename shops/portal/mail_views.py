"""Which mail of a shop goes to whom of it, and when none is sent. Its owners say it: orders have readers' addresses."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from shops import mailing, queries
from shops.models import Shop, ShopAddress
from shops.portal.access import StaffRequest, Workplace, owner_action, page, portal_page


def _clock(label: Any) -> forms.TimeField:
    return forms.TimeField(label=label, required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))


class MailForm(forms.Form):
    """An address for each kind of mail; empty: the shop's own."""

    orders, late, feeds, money = (forms.EmailField(label=kind.label, required=False) for kind in ShopAddress.Kind)
    quiet_from = _clock(gettext_lazy("Quiet from"))
    quiet_until = _clock(gettext_lazy("Quiet until"))

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        begins, ends = cleaned.get("quiet_from"), cleaned.get("quiet_until")
        if not {"quiet_from", "quiet_until"} & set(self.errors):
            if (begins is None) != (ends is None):
                self.add_error("quiet_until" if ends is None else "quiet_from", _("Say both, from and until."))
            elif begins is not None and begins == ends:
                self.add_error("quiet_until", _("That would be no hour, or the whole day."))
        return cleaned

    def addresses(self) -> list[forms.BoundField]:
        return [self[kind] for kind in ShopAddress.Kind.values]


@require_safe
@portal_page
def mail(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    return _page(request, workplace)


@owner_action
def save_mail(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    form = MailForm(request.POST)
    if not form.is_valid():
        return _page(request, workplace, form)
    said = form.cleaned_data
    addresses = {kind: said[kind] for kind in ShopAddress.Kind.values}
    quiet = (said["quiet_from"], said["quiet_until"])
    changed = mailing.set_up(workplace.shop, addresses, quiet, by=request.user, now=timezone.now())
    messages.success(request, _("Saved.") if changed else _("Nothing was changed."))
    return redirect("portal:mail", slug=workplace.shop.slug)


def _page(request: StaffRequest, workplace: Workplace, form: MailForm | None = None) -> HttpResponse:
    shop: Shop = workplace.shop
    known = dict(ShopAddress.objects.filter(shop=shop).values_list("kind", "email"))
    initial = {**known, "quiet_from": shop.quiet_from, "quiet_until": shop.quiet_until}
    context = {"form": form or MailForm(initial=initial), "is_owner": queries.owns(request.user, shop)}
    return page(request, workplace, "portal/mail.html", context, status=422 if form else 200)
