"""The reader chooses which shop sells the network's downloads to them, or that the solidarity pool earns them: for all
of them, and for single ones otherwise."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
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
    shops = {str(shop.pk): shop for shop in earners.choices()}
    plan = checkouts.plan_of(checkout, now=timezone.now())
    said = {line.record.pk: request.POST.get(f"line-{line.record.pk}", "") for line in plan.for_choice}
    single = {record: shops.get(wanted) for record, wanted in said.items() if wanted}
    checkouts.let_earn(checkout, shops.get(request.POST.get("shop", "")), single)
    return redirect("storefront:checkout-pay", token)
