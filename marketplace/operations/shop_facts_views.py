"""What the network sets right of a shop: where it is and how it is reached, its country too; whether its seller is a
trader. Each is audited; an address that mail went to is told of another one."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from marketplace.operations.access import operator_action, operator_page
from marketplace.storefront.reader_request import person
from shops import businesses
from shops.models import Shop
from shops.onboarding import address_words, addresses
from shops.onboarding.address_forms import AddressForm


@require_safe
@operator_page
def address(request: HttpRequest, shop_id: int) -> HttpResponse:
    row = get_object_or_404(Shop, pk=shop_id)
    return _page(request, row, AddressForm(instance=row, may_change_country=True))


@operator_action
def save_address(request: HttpRequest, shop_id: int) -> HttpResponse:
    row = get_object_or_404(Shop, pk=shop_id)
    form = AddressForm(request.POST, instance=row, may_change_country=True)
    if not form.is_valid():
        return _page(request, Shop.objects.get(pk=shop_id), form, 422)
    changed = addresses.change(row, form.cleaned_data, by=person(request), now=timezone.now())
    address_words.tell(request, Shop.objects.get(pk=shop_id), changed)
    return redirect("operations:shop-address", shop_id=shop_id)


@operator_action
def save_seller(request: HttpRequest, shop_id: int) -> HttpResponse:
    row, said = get_object_or_404(Shop, pk=shop_id), request.POST.get("is_professional")
    if said not in {"0", "1"}:
        messages.error(request, _("Choose one of the two."))
    elif businesses.correct_seller(row, is_professional=said == "1", by=person(request)):
        messages.success(request, _("Saved: readers see it from now on; orders keep what their readers were told."))
    else:
        messages.info(request, _("Nothing was changed."))
    return redirect("operations:shop", shop_id=shop_id)


def _page(request: HttpRequest, row: Shop, form: AddressForm, status: int = 200) -> HttpResponse:
    context = {"shop": row, "form": form, "is_placed": row.latitude is not None, "beside": addresses.beside(row)}
    return render(request, "operations/shop_address.html", context, status=status)
