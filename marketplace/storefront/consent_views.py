"""What a reader agreed to: given, shown, withdrawn."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from marketplace.readers import brought, consents
from marketplace.readers.models import Consent
from marketplace.storefront.reader_request import person
from shops.models import Shop

SHOPS_SHOWN = 50


@never_cache
@login_required
@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    reader = person(request)
    rows = Consent.objects.filter(user=reader).select_related("shop")
    held = [row for row in rows if row.withdrawn_at is None]
    known = {row.shop_id for row in held if row.shop_id}
    bought_at = Shop.objects.filter(shop_orders__order__user=reader).exclude(pk__in=known).distinct().order_by("name")
    to_ask = [(shop.pk, consents.words(Consent.Purpose.SHOP, shop)) for shop in bought_at[:SHOPS_SHOWN]]
    news = Consent.Purpose.NEWSLETTER
    context = {
        "held": held,
        "over": [row for row in rows if row.withdrawn_at],
        "lasting": Consent.Purpose.DOWNLOAD,
        "news": "" if any(row.purpose == news for row in held) else consents.words(news),
        "shops": to_ask,
        "brought": list(brought.of(reader)),
    }
    return render(request, "storefront/consents.html", context)


@login_required
@require_POST
def give(request: HttpRequest) -> HttpResponse:
    purpose, shop_id = request.POST.get("purpose", ""), request.POST.get("shop", "")
    if purpose not in consents.ASKED:
        raise Http404
    shop = None
    if purpose == Consent.Purpose.SHOP:
        bought_at = Shop.objects.filter(shop_orders__order__user=person(request)).distinct()
        shop = get_object_or_404(bought_at, pk=int(shop_id) if shop_id.isdecimal() and len(shop_id) < 12 else 0)
    consents.give(person(request), purpose, shop=shop, now=timezone.now())
    messages.success(request, _("Noted. You can take it back here at any time."))
    return redirect("storefront:consents")


@login_required
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Consent, pk=pk, user=person(request))
    if consents.withdraw(row, now=timezone.now()):
        messages.success(request, _("Taken back."))
    return redirect("storefront:consents")


@login_required
@require_POST
def end_brought(request: HttpRequest, pk: int) -> HttpResponse:
    """What a shop says that they agreed to elsewhere."""
    row = get_object_or_404(brought.of(person(request)), pk=pk)
    brought.end(brought.of(person(request)).filter(pk=row.pk), now=timezone.now())
    messages.success(request, _("Taken back."))
    return redirect("storefront:consents")
