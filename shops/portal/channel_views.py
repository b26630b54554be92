"""How a shop's orders reach it: its owner says where its own system takes them; staff see what did not come through."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from marketplace.storefront import tries
from shops import queries, webhooks
from shops.models import ShopWebhook, Transmission, TransmissionTry
from shops.portal import order_key_views
from shops.portal.access import StaffRequest, Workplace, owner_action, page, portal_action, portal_page
from shops.portal.channel_forms import ChannelForm

SHOWN, TESTS_PER_MINUTE = 50, 5
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
    setup = ShopWebhook.objects.get(shop=workplace.shop)
    if (setup.fallback, setup.fallback_minutes) != (said["fallback"], said["fallback_minutes"]):
        webhooks.fall_back_after(setup, said["fallback"], said["fallback_minutes"], by=request.user)
    if secret:
        return page(request, workplace, "portal/channel_secret.html", {"setup": setup, "secret": secret})
    messages.success(request, _("Saved."))
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
    setup = get_object_or_404(ShopWebhook.objects.select_related("shop"), shop=workplace.shop)
    if tries.too_many(request, "channel-test", per_minute=TESTS_PER_MINUTE, by=str(setup.shop_id)):
        messages.error(request, _("Too many tests: wait a minute."))
        return _back(workplace)
    tried = webhooks.send_test(setup, by=request.user, now=timezone.now())
    if tried.outcome == TransmissionTry.Outcome.SENT:
        messages.success(request, _("The test order arrived."))
    else:
        messages.error(request, _("The test order did not arrive: %(error)s") % {"error": tried.error})
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
    if webhooks.send_again(get_object_or_404(mine, number=number), by=request.user, now=timezone.now()):
        messages.success(request, _("It is sent again."))
    else:
        messages.error(request, _("There is nothing to send again: it is on its way, or comes by e-mail."))
    return _back(workplace)


def _page(request: StaffRequest, workplace: Workplace, form: ChannelForm | None = None) -> HttpResponse:
    shop = workplace.shop
    setup = ShopWebhook.objects.filter(shop=shop).first()
    known = {name: getattr(setup, name) for name in ("address", "fallback", "fallback_minutes")} if setup else None
    waiting = Transmission.objects.filter(shop=shop, due_at__isnull=False).select_related("shop_order").order_by("pk")
    last = TransmissionTry.objects.filter(shop=shop).select_related("transmission__shop_order")
    context = {
        "setup": setup,
        "files": shop.channel in FILES,
        "form": form or ChannelForm(initial=known),
        "order_keys": order_key_views.keys_of(workplace),
        "order_key_form": order_key_views.OrderKeyForm(),
        "is_owner": queries.owns(request.user, shop),
        "waiting": waiting[:SHOWN],
        "tries": last[:SHOWN],
    }
    return page(request, workplace, "portal/channel.html", context, status=422 if form else 200)


def _back(workplace: Workplace) -> HttpResponse:
    return redirect("portal:channel", slug=workplace.shop.slug)
