"""The reader chooses which shop sells the network's downloads to them, or that the solidarity pool earns them."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from marketplace.checkout import checkouts, earners
from marketplace.checkout.models import Checkout
from marketplace.storefront.reader_request import ReaderRequest


@never_cache
@require_POST
def choose(request: ReaderRequest, token: str) -> HttpResponse:
    """What is no shop that can be chosen counts as the pool: the page says then who earns it."""
    checkout = get_object_or_404(Checkout, token=token)
    wanted = request.POST.get("shop", "")
    shop = earners.choices().filter(pk=int(wanted)).first() if wanted.isdecimal() and len(wanted) < 10 else None
    checkouts.let_earn(checkout, shop)
    return redirect("storefront:checkout-pay", token)
