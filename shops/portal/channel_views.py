"""How a shop's orders reach it: its owner says where its own system takes them; staff see what did not come through."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from shops import mailing, queries, webhooks
from shops.channels import testing
from shops.models import Shop, ShopWebhook, Transmission, TransmissionTry
from shops.orders import again, falling_back, mailed
from shops.portal import order_key_views, send_test_order
from shops.portal.access import StaffRequest, Workplace, owner_action, page, portal_action, portal_page
from shops.portal.channel_forms import MINUTES, ChannelForm, FallbackForm
from shops.systems import SYSTEMS

SHOWN = 50
FILES = {"dilicom", "editx"}


@require_safe
@portal_page
def channel(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    return _page(request, workplace)


@never_cache  # it shows the secret
@owner_action
def save_channel(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    """The first time a secret is made, which is shown on the page that comes back and never again."""
    form, now = ChannelForm(request.POST), timezone.now()
    if not form.is_valid():
        return _page(request, workplace, form)
    said = form.cleaned_data
    secret = webhooks.set_up(workplace.shop, said["address"], by=request.user, now=now)
    if secret:
        setup = ShopWebhook.objects.get(shop=workplace.shop)
        return page(request, workplace, "portal/channel_secret.html", {"setup": setup, "secret": secret})
    messages.success(request, _("Saved."))
    return _back(workplace)


@owner_action
def save_fallback(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    """What happens to an order that the shop's own system does not take."""
    form = FallbackForm(request.POST)
    if not form.is_valid():
        return _page(request, workplace, fallback=form)
    changed = falling_back.fall_back_after(workplace.shop, form.minutes, by=request.user)
    messages.success(request, _("Saved.") if changed else _("Nothing was changed."))
    return _back(workplace)


@never_cache  # it shows the secret
@owner_action
def renew_secret(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    setup = get_object_or_404(ShopWebhook, shop=workplace.shop)
    secret = webhooks.renew(setup, by=request.user, now=timezone.now())
    setup.refresh_from_db()
    return page(request, workplace, "portal/channel_secret.html", {"setup": setup, "secret": secret})


@owner_action
def test_channel(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    send_test_order.send(request, workplace.shop.pk)
    return _back(workplace)


@owner_action
def end_channel(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    if setup := ShopWebhook.objects.filter(shop=workplace.shop).first():
        webhooks.end(setup, by=request.user, now=timezone.now())
        messages.success(request, _("Orders come by e-mail from now on."))
    return _back(workplace)


@portal_action
def send_again(request: StaffRequest, workplace: Workplace, number: str) -> HttpResponse:
    """An order that did not come through, or that the shop's system has lost."""
    mine = queries.orders_for(request.user).filter(shop=workplace.shop)
    if again.send_again(get_object_or_404(mine, number=number), by=request.user, now=timezone.now()):
        messages.success(request, _("It is sent again."))
    else:
        messages.error(request, _("There is nothing to send again: it is on its way, or comes by e-mail."))
    return _back(workplace)


def _page(
    request: StaffRequest,
    workplace: Workplace,
    form: ChannelForm | None = None,
    fallback: FallbackForm | None = None,
) -> HttpResponse:
    shop, now = workplace.shop, timezone.now()
    setup = ShopWebhook.objects.filter(shop=shop).first()
    known = {"address": setup.address} if setup else None
    waiting = Transmission.objects.filter(shop=shop, due_at__isnull=False).select_related("shop_order").order_by("pk")
    last = TransmissionTry.objects.filter(shop=shop).select_related("transmission__shop_order")
    context = {
        "setup": setup,
        "files": shop.channel in FILES,
        "test_way": testing.way_of(shop),
        "test_url": reverse("portal:test-channel", args=[shop.slug]),
        "system": SYSTEMS[shop.channel].label if shop.channel in SYSTEMS else "",
        "is_posted": shop.channel == webhooks.KIND,
        "form": form or ChannelForm(initial=known),
        "fallback_form": fallback or _as_said(shop),
        "instead": "" if shop.channel == webhooks.PLAIN else falling_back.instead_of(shop.channel, shop.pk),
        "order_keys": order_key_views.keys_of(workplace),
        "order_key_form": order_key_views.OrderKeyForm(),
        "is_owner": queries.owns(request.user, shop),
        "waiting": waiting[:SHOWN],
        "unsent": [(mailing.number_of(row), row) for row in mailed.waiting(shop, now=now)[:SHOWN]],
        "orders_go_to": mailing.address(shop, mailing.About.ORDERS),
        "tries": last[:SHOWN],
    }
    return page(request, workplace, "portal/channel.html", context, status=422 if form or fallback else 200)


def _as_said(shop: Shop) -> FallbackForm:
    minutes = shop.fallback_minutes
    said = {"fallback": "" if minutes is None else "other", "fallback_minutes": minutes or MINUTES}
    return FallbackForm(initial=said)


def _back(workplace: Workplace) -> HttpResponse:
    return redirect("portal:channel", slug=workplace.shop.slug)
