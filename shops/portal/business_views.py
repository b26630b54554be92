"""Who sells, as the law knows them: said once for all shops of a business; another shop of it is asked for here."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from marketplace.foundation import audit
from marketplace.storefront import tries
from shops import businesses, queries
from shops.models import Application, Shop
from shops.onboarding import applying
from shops.onboarding.forms import BranchForm
from shops.portal.access import StaffRequest, Workplace, owner_action, page, portal_page

FORMS_PER_MINUTE = 3


class BusinessForm(forms.ModelForm):
    class Meta:
        model = Shop
        fields = ["legal_name", "registration"]
        labels = {
            "legal_name": gettext_lazy("Legal name"),
            "registration": gettext_lazy("Number in the register (SIREN, NEQ, company number)"),
        }
        help_texts = {"legal_name": gettext_lazy("Empty: the shop's name."), "registration": ""}


@require_safe
@portal_page
def business(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    return _page(request, workplace)


@owner_action
def save(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    form = BusinessForm(request.POST, instance=Shop.objects.get(pk=workplace.shop.pk))
    if not form.is_valid():
        return _page(request, workplace, form=form)
    with transaction.atomic():
        saved = form.save(commit=False)
        saved.save(update_fields=form.changed_data)  # and never what somebody else has changed meanwhile
        saved.refresh_from_db()
        businesses.share(saved)
        said = {name: form.cleaned_data[name] for name in form.changed_data}
        audit.record("shop.business", saved, by=request.user, shop_id=saved.pk, **said)
    messages.success(request, _("Saved."))
    return redirect("portal:business", slug=workplace.shop.slug)


@owner_action
def apply_for_shop(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    form, now = BranchForm(request.POST), timezone.now()
    if not form.is_valid():
        return _page(request, workplace, branch=form)
    if tries.too_many(request, "business-shop", per_minute=FORMS_PER_MINUTE, by=str(request.user.pk)):
        messages.error(request, _("Too many at once: wait a minute."))
        return redirect("portal:business", slug=workplace.shop.slug)
    mine, language = businesses.of(workplace.shop, now=now), (get_language() or "fr")[:2]
    applying.apply_for_branch(mine, form.cleaned_data, by=request.user, language=language, now=now)
    messages.success(request, _("The network looks at it and writes to you."))
    return redirect("portal:business", slug=workplace.shop.slug)


def _page(
    request: StaffRequest, workplace: Workplace, form: BusinessForm | None = None, branch: BranchForm | None = None
) -> HttpResponse:
    shop = workplace.shop
    is_owner = queries.owns(request.user, shop)
    asked = Application.objects.filter(business=shop.business_id) if shop.business_id and is_owner else ()
    context = {
        "form": form or BusinessForm(instance=shop),
        "branch": branch or BranchForm(initial={"country": shop.country, "shop_kind": shop.kind}),
        "others": Shop.objects.filter(business=shop.business_id).exclude(pk=shop.pk) if shop.business_id else (),
        "asked": [(row, applying.key_of(row)) for row in asked if row.is_open],
        "is_owner": is_owner,
    }
    return page(request, workplace, "portal/business.html", context, status=422 if form or branch else 200)
