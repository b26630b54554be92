"""The shop's own account at Stripe: made by its owner, completed on Stripe's pages, its state read on coming back."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from marketplace.foundation import links
from marketplace.payments import accounts, gateway
from marketplace.payments.gateway_records import PaymentGatewayError
from marketplace.storefront import tries
from shops import queries
from shops.models import Shop
from shops.portal.access import StaffRequest, Workplace, owner_action, page, portal_page

PER_MINUTE = 10


@owner_action
def connect(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    """Make the account if there is none, and on to Stripe's page."""
    if _too_many(request, workplace):
        return _back(workplace)
    try:
        shop = accounts.connect(workplace.shop, now=timezone.now())
    except accounts.RegionError:
        messages.error(request, _("Stripe cannot pay this shop: it lies in another country than the network."))
        return _back(workplace)
    except PaymentGatewayError:
        return _unreachable(request, workplace)
    return _to_stripe(request, workplace, shop)


@require_safe
@portal_page
def again(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    """Where Stripe sends whoever came with a link that is over: on with a new one."""
    if not queries.owns(request.user, workplace.shop):
        return page(request, workplace, "portal/only_look.html", status=403)
    if not workplace.shop.stripe_account or _too_many(request, workplace):
        return _back(workplace)
    return _to_stripe(request, workplace, workplace.shop)


@require_safe
@portal_page
def back(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    """Where Stripe sends whoever is done there. That says nothing of the account: it is asked for."""
    if not workplace.shop.stripe_account or _too_many(request, workplace):
        return _back(workplace)
    try:
        shop = accounts.refresh(workplace.shop, now=timezone.now())
    except PaymentGatewayError:
        return _unreachable(request, workplace)
    if shop.stripe_account_ready:
        messages.success(request, _("Your account at Stripe is ready to receive."))
    else:
        messages.info(request, _("Stripe looks at what you gave, or still asks for something. We look again each day."))
    return _back(workplace)


def _to_stripe(request: StaffRequest, workplace: Workplace, shop: Shop) -> HttpResponse:
    slug = shop.slug
    try:
        link = gateway.account_link(
            shop.stripe_account,
            refresh_url=links.absolute(reverse("portal:stripe-again", args=[slug])),
            return_url=links.absolute(reverse("portal:stripe-back", args=[slug])),
            # A link opens once and moves nothing: each press makes another, none is worth keeping a key for.
            idempotency_key=f"account-link:{shop.pk}:{uuid.uuid4().hex}",
        )
    except PaymentGatewayError:
        return _unreachable(request, workplace)
    return HttpResponseRedirect(link.url)


def _too_many(request: StaffRequest, workplace: Workplace) -> bool:
    if not tries.too_many(request, "stripe-account", per_minute=PER_MINUTE, by=str(workplace.shop.pk)):
        return False
    messages.error(request, _("Too many tries: wait a minute."))
    return True


def _unreachable(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    messages.error(request, _("Stripe did not answer as it should. Nothing is lost; try again in a moment."))
    return _back(workplace)


def _back(workplace: Workplace) -> HttpResponse:
    return redirect("portal:money", slug=workplace.shop.slug)
