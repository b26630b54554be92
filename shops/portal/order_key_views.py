"""Keys by which the shop's own program reads and answers its orders; the owner makes and revokes them."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache

from shops import order_keys
from shops.models import ShopKey, ShopScope
from shops.portal.access import StaffRequest, Workplace, owner_action, page


class OrderKeyForm(forms.Form):
    label = forms.CharField(
        label=gettext_lazy("Which program is it for?"),
        max_length=60,
        help_text=gettext_lazy("So that you know later which one to revoke."),
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What may it do?"),
        choices=ShopScope.choices,
        initial=[ShopScope.READ, ShopScope.WRITE],
        widget=forms.CheckboxSelectMultiple,
    )


def keys_of(workplace: Workplace) -> list[ShopKey]:
    return list(ShopKey.objects.filter(shop=workplace.shop, revoked_at=None))


@never_cache  # it shows the key
@owner_action
def make_order_key(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    """It is shown on the page that comes back, and never again."""
    form = OrderKeyForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(str(error) for found in form.errors.values() for error in found))
        return _back(workplace)
    said = form.cleaned_data
    key = order_keys.make(
        workplace.shop, label=said["label"], scopes=said["scopes"], by=request.user, now=timezone.now()
    )
    return page(request, workplace, "portal/order_key.html", {"key": key, "label": said["label"]})


@owner_action
def revoke_order_key(request: StaffRequest, workplace: Workplace, key_id: int) -> HttpResponse:
    key = get_object_or_404(ShopKey, shop=workplace.shop, pk=key_id)
    if order_keys.revoke(key, by=request.user, now=timezone.now()):
        messages.success(request, _("The key opens nothing any more."))
    return _back(workplace)


def _back(workplace: Workplace) -> HttpResponse:
    return redirect("portal:channel", slug=workplace.shop.slug)
