"""Gift cards in a checkout: entered by their code, and taken off again."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from marketplace.checkout.models import Checkout
from marketplace.payments import gift_cards
from marketplace.payments.gift_card_forms import CodeField
from marketplace.storefront import tries
from marketplace.storefront.reader_request import ReaderRequest


class CardForm(forms.Form):
    code = CodeField()


@never_cache
@require_POST
def enter(request: ReaderRequest, token: str) -> HttpResponse:
    """One address has few tries in a minute, whatever codes it types."""
    checkout = get_object_or_404(Checkout, token=token)
    form = CardForm(request.POST)
    if not form.is_valid():
        messages.warning(request, str(form.errors["code"][0]))
    elif checkout.state == Checkout.State.OPEN:
        if tries.too_many(request, "gift-card"):
            return render(request, "storefront/too_often.html", status=429)
        code = form.cleaned_data["code"]
        try:
            gift_cards.enter(checkout.pk, code, currency=checkout.currency, now=timezone.now())
        except gift_cards.GiftCardError as error:
            messages.warning(request, str(error))
        else:
            messages.success(request, _("Your gift card pays along."))
    return redirect("storefront:checkout", token)


@never_cache
@require_POST
def take_off(request: ReaderRequest, token: str, use_id: int) -> HttpResponse:
    checkout = get_object_or_404(Checkout, token=token)
    if checkout.state == Checkout.State.OPEN:
        gift_cards.take_off(checkout.pk, use_id)
    return redirect("storefront:checkout", token)
