"""A test order, asked for on the pages of the start and of how orders come."""

from __future__ import annotations

from django.contrib import messages
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.storefront import tries
from shops import queries
from shops.channels import testing
from shops.models import Shop, TransmissionTry
from shops.portal.access import StaffRequest

PER_MINUTE = 5
Outcome = TransmissionTry.Outcome


def send(request: StaffRequest, shop_id: int) -> None:
    """Send one and tell what came of it."""
    shop = Shop.objects.get(pk=shop_id)
    if tries.too_many(request, "channel-test", per_minute=PER_MINUTE, by=str(shop.pk)):
        messages.error(request, _("Too many tests: wait a minute."))
        return
    wanted = bool(request.POST.get("stays")) and queries.owns(request.user, shop)
    try:
        tried = testing.send(shop, by=request.user, now=timezone.now(), stays=wanted)
    except testing.ConfirmError:
        messages.error(request, _("Nothing was sent: an owner has to say that it may stay in your system."))
        return
    if tried.outcome == Outcome.ON_ITS_WAY:
        email = testing.way_of(shop).to
        messages.success(request, _("A test order is on its way to %(email)s.") % {"email": email})
    elif tried.outcome == Outcome.SENT:
        messages.success(request, f"{_('The test order arrived.')} {tried.error}".strip())
    else:
        messages.error(request, _("The test order did not arrive: %(error)s") % {"error": tried.error})
