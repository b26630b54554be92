"""What is left to do before the shop is on sale: the agreement with the network, a look at its page as readers will see
it, and a test order through its own channel."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from oscar.apps.partner.models import StockRecord

from marketplace.foundation import money, network
from marketplace.storefront.shop_views import TITLES_SHOWN, about
from search import directory
from search.reader import reader_of
from shops import queries
from shops.channels import testing
from shops.models import Application, Shop
from shops.onboarding import agreement, applying, checklist
from shops.portal import send_test_order
from shops.portal.access import StaffRequest, Workplace, owner_action, page, portal_action, portal_page

# Where in the portal a line of the list is done.
WHERE = {"owner": "team", "delivery": "delivery", "hours": "hours", "stock": "feeds", "paid": "money"}


@require_safe
@portal_page
def start(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    shop = workplace.shop
    context = {
        "points": [(point, WHERE.get(point.code, "")) for point in checklist.points(shop)],
        "agreement": agreement.text(),
        "version": agreement.version(),
        "accepted": agreement.accepted(shop),
        "is_owner": (is_owner := queries.owns(request.user, shop)),
        "papers_url": _papers_url(shop) if is_owner else "",
        "test_way": testing.way_of(shop),
        "test_url": reverse("portal:test-order", args=[shop.slug]),
    }
    return page(request, workplace, "portal/start.html", context)


def _papers_url(shop: Shop) -> str:
    row = Application.objects.filter(shop=shop).first()
    return reverse("joining:application", args=[row.pk, applying.key_of(row)]) if row else ""


@owner_action
def accept_agreement(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    seen = request.POST.get("version", "")
    if agreement.accept(workplace.shop, seen, by=request.user, now=timezone.now()):
        messages.success(request, _("Accepted."))
    else:
        messages.error(request, _("The words were changed meanwhile: read them again."))
    return redirect("portal:start", slug=workplace.shop.slug)


@never_cache
@require_safe
@portal_page
def preview(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    """The shop's page with its newest titles, whether it is on sale or not; for its people alone."""
    shop, reader = workplace.shop, reader_of(request)
    stock = StockRecord.objects.filter(partner=shop.partner_id).order_by("-pk").select_related("product")
    currency = network.current().currency
    titles = [
        (row.product.title, None if row.price is None else money.to_minor(row.price, currency), row.num_in_stock)
        for row in stock[:TITLES_SHOWN]
    ]
    context = about(request, shop, directory.card_of(shop), reader)
    context |= {"is_preview": True, "preview_titles": titles, "total": stock.count(), "rows": []}
    return render(request, "storefront/shop.html", context)


@portal_action
def test_order(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    send_test_order.send(request, workplace.shop.pk)
    return redirect("portal:start", slug=workplace.shop.slug)
