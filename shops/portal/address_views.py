"""Where the shop is and how it is reached. Its owners say it: orders and mail go by it, and readers come by it."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from shops import queries
from shops.models import Shop
from shops.onboarding import address_words, addresses
from shops.onboarding.address_forms import AddressForm
from shops.portal.access import StaffRequest, Workplace, owner_action, page, portal_page


@require_safe
@portal_page
def address(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    return _page(request, workplace)


@owner_action
def save_address(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    shop = Shop.objects.get(pk=workplace.shop.pk)
    form = AddressForm(request.POST, instance=shop, may_change_country=addresses.may_change_country(shop))
    if not form.is_valid():
        return _page(request, workplace, form)
    changed = addresses.change(shop, form.cleaned_data, by=request.user, now=timezone.now())
    address_words.tell(request, Shop.objects.get(pk=shop.pk), changed)
    return redirect("portal:address", slug=shop.slug)


def _page(request: StaffRequest, workplace: Workplace, form: AddressForm | None = None) -> HttpResponse:
    shop = workplace.shop
    blank = AddressForm(instance=shop, may_change_country=addresses.may_change_country(shop)) if form is None else form
    context = {
        "form": blank,
        "is_owner": queries.owns(request.user, shop),
        "is_placed": shop.latitude is not None,
        "beside": addresses.beside(shop),
    }
    return page(request, workplace, "portal/address.html", context, status=422 if form else 200)
