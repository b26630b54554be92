"""The reader's address book."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from oscar.apps.address.models import UserAddress

from marketplace.checkout import order_rows
from marketplace.foundation import network
from marketplace.readers import addresses
from marketplace.storefront.address_forms import AddressForm
from marketplace.storefront.reader_request import person


@login_required
def mine(request: HttpRequest) -> HttpResponse:
    return render(request, "storefront/addresses.html", {"addresses": addresses.of(person(request))})


@login_required
def change(request: HttpRequest, pk: int = 0) -> HttpResponse:
    """A new address without `pk`. Another reader's does not exist."""
    reader = person(request)
    row = get_object_or_404(UserAddress, pk=pk, user=reader) if pk else None
    initial = (
        order_rows.fields_of(row) if row else {"name": reader.get_full_name(), "country": network.current().country}
    )
    form = AddressForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        try:
            addresses.keep(reader, {name: form.cleaned_data[name] for name in addresses.FIELDS}, changed=row)
        except addresses.AddressError:
            form.add_error(None, _("You have as many addresses as there can be. Remove one first."))
        else:
            messages.success(request, _("Saved."))
            return redirect("storefront:addresses")
    return render(request, "storefront/address.html", {"form": form, "row": row}, status=422 if form.errors else 200)


@login_required
@require_POST
def prefer(request: HttpRequest, pk: int) -> HttpResponse:
    reader = person(request)
    addresses.prefer(reader, get_object_or_404(UserAddress, pk=pk, user=reader))
    return redirect("storefront:addresses")


@login_required
@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    get_object_or_404(UserAddress, pk=pk, user=person(request)).delete()
    messages.success(request, _("Removed. Orders that went there keep it."))
    return redirect("storefront:addresses")
