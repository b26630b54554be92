"""A local currency: a part of a checkout paid in it, and what a reader's account holds."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from marketplace.checkout import checkouts, filling_in
from marketplace.checkout.models import Checkout
from marketplace.payments import local_currency
from marketplace.payments.local_forms import PayAlongForm
from marketplace.payments.models import LocalAccount, LocalEntry
from marketplace.storefront import tries
from marketplace.storefront.reader_request import ReaderRequest

SHOWN = 50


@never_cache
@require_POST
def enter(request: ReaderRequest, token: str) -> HttpResponse:
    """An account that is kept here pays only for whoever is signed in to it; one elsewhere has few
    tries in a minute."""
    checkout = get_object_or_404(Checkout, token=token)
    form = PayAlongForm(request.POST)
    if not form.is_valid() or not form.cleaned_data["units"]:
        messages.warning(request, _("Say how much of it you want to pay."))
    elif checkout.state == Checkout.State.OPEN:
        if tries.too_many(request, "local-currency"):
            return render(request, "storefront/too_often.html", status=429)
        given = form.cleaned_data
        user_id = request.user.pk if request.user.is_authenticated else None
        parts = [(p.shop.pk, p.total_minor) for p in checkouts.plan_of(checkout, now=timezone.now()).parcels]
        found = local_currency.choices(parts, user_id)
        choice = next((one for one in found if one.currency == given["currency"]), None)
        if choice is None:
            messages.warning(request, _("This cannot be paid in that currency."))
        else:
            elsewhere = {name: given[name] if choice.account is None else "" for name in ("account", "code")}
            with transaction.atomic():
                free = filling_in.locked(checkout)
                entered = free and local_currency.enter(checkout.pk, choice, given["units"], **elsewhere)
            if not entered:
                messages.warning(request, _("This order is being paid already."))
    return redirect("storefront:checkout", token)


@never_cache
@require_POST
def take_off(request: ReaderRequest, token: str) -> HttpResponse:
    checkout = get_object_or_404(Checkout, token=token)
    with transaction.atomic():
        if filling_in.locked(checkout):
            local_currency.take_off(checkout.pk)
    return redirect("storefront:checkout", token)


@never_cache
@require_safe
@login_required
def accounts(request: ReaderRequest) -> HttpResponse:
    mine = LocalAccount.objects.filter(user=request.user.pk).select_related("currency")
    moved = LocalEntry.objects.filter(account__in=mine).select_related("account__currency", "use__checkout__order")
    context = {"accounts": mine, "entries": moved.order_by("-pk")[:SHOWN]}
    return render(request, "storefront/local.html", context)
