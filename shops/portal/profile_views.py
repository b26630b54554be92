"""What readers filter shops by: its kind, goods and services, as the shop says them."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from marketplace.foundation import audit
from shops.models import Shop
from shops.portal.access import StaffRequest, Workplace, page, portal_action, portal_page
from shops.portal.forms import ProfileForm


@require_safe
@portal_page
def profile(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    return page(request, workplace, "portal/profile.html", {"form": ProfileForm(instance=workplace.shop)})


@portal_action
def save_profile(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    form = ProfileForm(request.POST, instance=Shop.objects.get(pk=workplace.shop.pk))
    if not form.is_valid():
        return page(request, workplace, "portal/profile.html", {"form": form}, status=422)
    if form.changed_data:
        with transaction.atomic():
            saved = form.save()
            said = {name: form.cleaned_data[name] for name in form.changed_data}
            audit.record("shop.describe", saved, by=request.user, shop_id=saved.pk, **said)
    messages.success(request, _("Saved.") if form.changed_data else _("Nothing was changed."))
    return redirect("portal:profile", slug=workplace.shop.slug)
