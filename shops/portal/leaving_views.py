"""The shop leaves the network, as its owner asks; what is left to do until it is gone."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from shops import lifecycle, queries
from shops.models import Shop
from shops.onboarding import leaving
from shops.portal.access import StaffRequest, Workplace, owner_action, page, portal_page


class LeaveForm(forms.Form):
    """The shop's name is typed: no slip of a finger takes a shop off sale for good."""

    name = forms.CharField(label=gettext_lazy("Type the shop's name"), max_length=120)
    reason = forms.CharField(label=gettext_lazy("Why? The network reads it."), max_length=500, required=False)

    def __init__(self, *args: object, shop: Shop, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        self.shop = shop

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if name.casefold() != self.shop.name.casefold():
            raise forms.ValidationError(_("That is not its name: %(name)s.") % {"name": self.shop.name})
        return name


@require_safe
@portal_page
def leaving_page(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    return _page(request, workplace)


@owner_action
def ask(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    form = LeaveForm(request.POST, shop=workplace.shop)
    if not form.is_valid():
        return _page(request, workplace, form)
    if leaving.ask(workplace.shop, reason=form.cleaned_data["reason"], by=request.user, now=timezone.now()):
        messages.success(request, _("Nothing of yours is for sale within a minute. Finish what is open."))
    return _back(workplace)


@owner_action
def stay(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    if lifecycle.stay(workplace.shop, by=request.user, now=timezone.now()):
        messages.success(request, _("You stay."))
    return _back(workplace)


@owner_action
def export(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    """POST: who took the shop's data along is noted."""
    answer = HttpResponse(leaving.export(workplace.shop, by=request.user), content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="{workplace.shop.slug}.zip"'
    answer["Cache-Control"] = "private, no-store"
    return answer


def _page(request: StaffRequest, workplace: Workplace, form: LeaveForm | None = None) -> HttpResponse:
    shop = workplace.shop
    context = {
        "points": leaving.points(shop),
        "is_owner": queries.owns(request.user, shop),
        "may_ask": shop.status not in {Shop.Status.LEAVING, Shop.Status.LEFT},
        "form": form or LeaveForm(shop=shop),
    }
    return page(request, workplace, "portal/leaving.html", context, status=422 if form else 200)


def _back(workplace: Workplace) -> HttpResponse:
    return redirect("portal:leaving", slug=workplace.shop.slug)
