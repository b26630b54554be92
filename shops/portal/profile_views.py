"""What a shop says of itself: what readers filter shops by, the looks of its own entrance, and under which tax numbers
it sells."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from marketplace.foundation import audit
from marketplace.storefront import entrances
from shops import businesses
from shops.models import Shop
from shops.portal.access import StaffRequest, Workplace, page, portal_action, portal_page
from shops.portal.forms import ProfileForm, TaxForm


@require_safe
@portal_page
def profile(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    return _page(request, workplace)


@portal_action
def save_profile(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    form = ProfileForm(request.POST, request.FILES, instance=Shop.objects.get(pk=workplace.shop.pk))
    if not form.is_valid():
        return _page(request, workplace, form=form)
    if form.changed_data:
        with transaction.atomic():
            saved = form.save(commit=False)
            saved.save(update_fields=form.changed_data)  # and never what somebody else has changed meanwhile
            said = {name: form.cleaned_data[name] for name in form.changed_data if name != "logo"}
            if "logo" in form.changed_data:
                said["logo"] = saved.logo.name
            audit.record("shop.describe", saved, by=request.user, shop_id=saved.pk, **said)
    messages.success(request, _("Saved.") if form.changed_data else _("Nothing was changed."))
    return redirect("portal:profile", slug=workplace.shop.slug)


@require_POST
@portal_page
def save_tax(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    if not workplace.keeps_accounts:
        return page(request, workplace, "portal/only_look.html", status=403)
    form = TaxForm(request.POST, instance=Shop.objects.get(pk=workplace.shop.pk))
    if not form.is_valid():
        return _page(request, workplace, tax_form=form)
    if form.changed_data:
        with transaction.atomic():
            saved = form.save(commit=False)
            saved.save(update_fields=form.changed_data)
            saved.refresh_from_db()
            businesses.share(saved)
            said = {name: form.cleaned_data[name] for name in form.changed_data}
            audit.record("shop.tax", saved, by=request.user, shop_id=saved.pk, **said)
    messages.success(request, _("Saved.") if form.changed_data else _("Nothing was changed."))
    return redirect("portal:profile", slug=workplace.shop.slug)


def _page(
    request: StaffRequest, workplace: Workplace, form: ProfileForm | None = None, tax_form: TaxForm | None = None
) -> HttpResponse:
    """Both forms; one of them may be the one that was sent and is wrong."""
    context = {
        "form": form or ProfileForm(instance=workplace.shop),
        "tax_form": tax_form or TaxForm(instance=workplace.shop),
        "entrance_address": entrances.address(workplace.shop.slug),
        "keeps_accounts": workplace.keeps_accounts,
    }
    return page(request, workplace, "portal/profile.html", context, status=422 if form or tax_form else 200)
