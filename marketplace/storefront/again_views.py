"""What was ordered once more, and a guest's way back to a lost address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from oscar.apps.order.models import Order

from marketplace.oscar_apps.basket import lines
from marketplace.oscar_apps.basket.lines import NotForSaleError
from marketplace.readers import orders
from marketplace.storefront import tries
from marketplace.storefront.order_forms import LostForm
from marketplace.storefront.order_views import order_page
from marketplace.storefront.reader_request import ReaderRequest
from search.offers import Offer, offers_of
from search.reader import reader_of
from shops.models import ShopOrderLine

SHOWN_OFFERS = 3


@dataclass(frozen=True)
class AgainRow:
    """A line of an order, and who has its title now: the same shop's copy where there is one, then others."""

    line: ShopOrderLine
    same: Offer | None
    others: Sequence[Offer]


@require_http_methods(["GET", "HEAD", "POST"])
@order_page
def again(request: ReaderRequest, found: Order, key: str) -> HttpResponse:
    """GET shows what is still for sale, and by whom; POST puts what the same shops have into the basket."""
    rows = _rows(request, found)
    if request.method != "POST":
        missing = [row for row in rows if row.same is None]
        context = {"order": found, "key": key, "rows": rows, "missing": len(missing), "there": len(rows) - len(missing)}
        return render(request, "storefront/order_again.html", context)
    added = sum(_add(request, row) for row in rows)
    if added:
        said = ngettext("One title is in your basket.", "%(count)s titles are in your basket.", added)
        messages.success(request, said % {"count": added})
    if added < len(rows):
        messages.info(request, _("What the same shop does not have any more stands below, with who has it."))
        return redirect("storefront:order-again", found.number, key)
    return redirect("storefront:basket")


def _rows(request: ReaderRequest, found: Order) -> list[AgainRow]:
    """Every line with its offers; three queries however many lines."""
    wanted = list(
        ShopOrderLine.objects.filter(shop_order__order=found)
        .select_related("product", "shop_order__shop")
        .order_by("pk")
    )
    ids = {line.product_id for line in wanted if line.product_id and line.product and line.product.is_public}
    offers = offers_of(ids, reader_of(request)) if ids else {}
    rows = []
    for line in wanted:
        there = [offer for offer in offers.get(line.product_id or 0, []) if offer.buyable]
        same = next((offer for offer in there if offer.stock_record_id == line.stock_record_id), None)
        others = [offer for offer in there if offer is not same][:SHOWN_OFFERS]
        rows.append(AgainRow(line, same, others))
    return rows


def _add(request: ReaderRequest, row: AgainRow) -> bool:
    if row.same is None:
        return False
    try:
        known, wanted = reader_of(request), row.line.quantity
        buyer = lines.Buyer(known.area, known.age)
        change = lines.add(request.basket, row.same.stock_record_id, wanted, now=timezone.now(), buyer=buyer)
        return bool(change.quantity)
    except NotForSaleError:
        return False


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def lost(request: ReaderRequest) -> HttpResponse:
    """`/orders/lost/`: the answer is the same whether there are orders or not."""
    form = LostForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        if tries.too_many(request, "lost", per_minute=5):
            return render(request, "storefront/too_often.html", status=429)
        orders.mail_links(form.cleaned_data["email"], language=(get_language() or "fr")[:2], now=timezone.now())
        return render(request, "storefront/order_lost.html", {"sent": True})
    return render(request, "storefront/order_lost.html", {"form": form}, status=422 if form.errors else 200)
