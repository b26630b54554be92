"""The ways into a feed beside the list: its webhook."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog_sync import hooks
from catalog_sync.models import Feed, Webhook
from shops.portal.access import StaffRequest, Workplace, page, portal_action
from shops.portal.forms import WebhookForm
from shops.portal.queries import feeds_for


@portal_action
def make_webhook(request: StaffRequest, workplace: Workplace, name: str) -> HttpResponse:
    """A secret for the feed's webhook; it is shown on the page that comes back, and never again."""
    feed = _feed(request, workplace, name)
    form = WebhookForm(request.POST)
    if not form.is_valid():
        problem = " ".join(str(error) for found in form.errors.values() for error in found)
        return _back(request, workplace, problem)
    kind = Webhook.Form(form.cleaned_data["form"])
    try:
        secret = hooks.make(feed, form=kind, given=form.cleaned_data["secret"], by=request.user, now=timezone.now())
    except hooks.HookError as error:
        return _back(request, workplace, str(error))
    made = Webhook.objects.get(feed=feed)
    address = request.build_absolute_uri(reverse("hook", args=[made.slug]))
    context = {"feed": feed, "webhook": made, "address": address, "secret": secret}
    return page(request, workplace, "portal/webhook.html", context)


@portal_action
def end_webhook(request: StaffRequest, workplace: Workplace, name: str) -> HttpResponse:
    if hooks.end(_feed(request, workplace, name), by=request.user):
        messages.success(request, _("The webhook is ended: what is sent there is not taken any more."))
    return _back(request, workplace)


def _feed(request: StaffRequest, workplace: Workplace, name: str) -> Feed:
    return get_object_or_404(feeds_for(request.user).filter(shop=workplace.shop), name=name)


def _back(request: StaffRequest, workplace: Workplace, problem: str = "") -> HttpResponse:
    if problem:
        messages.error(request, problem)
    return redirect("portal:feeds", slug=workplace.shop.slug)
