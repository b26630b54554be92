"""How readers find a shop: its kind, goods and services as it says them, and the looks of its own entrance."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from marketplace.foundation import audit
from marketplace.storefront import entrances
from shops.models import Shop
from shops.portal.access import StaffRequest, Workplace, page, portal_action, portal_page
from shops.portal.forms import ProfileForm


@require_safe
@portal_page
def profile(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    return _shown(request, workplace, ProfileForm(instance=workplace.shop))


@portal_action
def save_profile(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    form = ProfileForm(request.POST, request.FILES, instance=Shop.objects.get(pk=workplace.shop.pk))
    if not form.is_valid():
        return _shown(request, workplace, form, status=422)
    if form.changed_data:
        with transaction.atomic():
            saved = form.save()
            said = {name: form.cleaned_data[name] for name in form.changed_data if name != "logo"}
            if "logo" in form.changed_data:
                said["logo"] = saved.logo.name
            audit.record("shop.describe", saved, by=request.user, shop_id=saved.pk, **said)
    messages.success(request, _("Saved.") if form.changed_data else _("Nothing was changed."))
    return redirect("portal:profile", slug=workplace.shop.slug)


def _shown(request: StaffRequest, workplace: Workplace, form: ProfileForm, status: int = 200) -> HttpResponse:
    shown = {"form": form, "entrance_address": entrances.address(workplace.shop.slug)}
    return page(request, workplace, "portal/profile.html", shown, status=status)
