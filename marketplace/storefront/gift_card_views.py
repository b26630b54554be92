"""Gift cards and vouchers in a checkout: entered by their code, and taken off again."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from marketplace.checkout import filling_in, vouchers
from marketplace.checkout.models import Checkout
from marketplace.payments import gift_cards
from marketplace.payments.gift_card_forms import CodeField
from marketplace.storefront import tries
from marketplace.storefront.reader_request import ReaderRequest


class CodeForm(forms.Form):
    code = CodeField(gettext_lazy("Code of a gift card or voucher"))


@never_cache
@require_POST
def enter(request: ReaderRequest, token: str) -> HttpResponse:
    """One address has few tries in a minute, whatever codes it types."""
    checkout = get_object_or_404(Checkout, token=token)
    form = CodeForm(request.POST)
    if not form.is_valid():
        messages.warning(request, str(form.errors["code"][0]))
    elif checkout.state == Checkout.State.OPEN:
        if tries.too_many(request, "gift-card"):
            return render(request, "storefront/too_often.html", status=429)
        try:
            messages.success(request, _enter(checkout, form.cleaned_data["code"]))
        except (gift_cards.GiftCardError, vouchers.VoucherError) as error:
            messages.warning(request, str(error))
    return redirect("storefront:checkout", token)


def _enter(checkout: Checkout, code: str) -> str:
    """One field for both: a voucher's code is short, a card's has 16 characters."""
    now = timezone.now()
    try:
        vouchers.enter(checkout, code, now=now)
        return _("Your voucher counts.")
    except vouchers.UnknownVoucherError:
        with transaction.atomic():
            if not filling_in.locked(checkout):
                raise gift_cards.GiftCardError(_("This order is being paid already.")) from None
            gift_cards.enter(checkout.pk, code, currency=checkout.currency, now=now)
        return _("Your gift card pays along.")


@never_cache
@require_POST
def take_off(request: ReaderRequest, token: str, use_id: int) -> HttpResponse:
    checkout = get_object_or_404(Checkout, token=token)
    with transaction.atomic():
        if filling_in.locked(checkout):
            gift_cards.take_off(checkout.pk, use_id)
    return redirect("storefront:checkout", token)


@never_cache
@require_POST
def voucher_off(request: ReaderRequest, token: str) -> HttpResponse:
    checkout = get_object_or_404(Checkout, token=token)
    if checkout.state == Checkout.State.OPEN:
        vouchers.take_off(checkout)
    return redirect("storefront:checkout", token)
