"""The reader's order page, for accounts and guests alike: its key opens it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from oscar.apps.order.models import Order

from marketplace.checkout import invoicing, tax
from marketplace.foundation import links
from marketplace.payments import worth
from marketplace.payments.models import Invoice, RefundRequest
from marketplace.payments.views import invoice_file
from marketplace.storefront import order_stations, order_threads, return_stations, tries


def key_for(request: HttpRequest, number: str) -> str:
    """The key that the addresses of a page shown to `request` bear."""
    visit = getattr(request, "visit", None)  # `operations.visiting`
    return links.visit_key(number, visit.pk) if visit else links.order_key(number)


def order_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """For `view(request, order, key, …)`: the order that its reader's key opens, or on a visit the visit's. For every
    other key there is none, and one address has few tries."""

    @never_cache
    @wraps(view)
    def opened(request: HttpRequest, number: str, key: str, **names: object) -> HttpResponse:
        if not (links.order_key_fits(number, key) or constant_time_compare(key_for(request, number), key)):
            if tries.too_many(request, "order"):
                return render(request, "storefront/too_often.html", status=429)
            raise Http404(_("This address opens no order. Use the one in your mail."))
        orders = Order.objects.select_related("checkout", "shipping_address__country", "user")
        return view(request, get_object_or_404(orders, number=number), key, **names)

    return opened


@require_safe
@order_page
def order(request: HttpRequest, found: Order, key: str) -> HttpResponse:
    parts = order_threads.with_threads(request, found, key, order_stations.parts(found))
    placed = [part for part in parts if not part.shop_order.instead_of_id]
    checkout = getattr(found, "checkout", None)
    context = {
        "order": found,
        "key": key,
        "checkout": checkout,
        "tax_included": checkout and checkout.total_minor == checkout.goods_minor + checkout.delivery_minor,
        "parts": parts,
        "taxes": tax.by_rate(tax.thawed(line.tax_parts) for part in placed for line in part.lines),
        "declined_minor": sum(part.declined_minor for part in parts),
        "elsewhere_minor": sum(worth.taken_over(part.lines) for part in parts),
        "requests": RefundRequest.objects.filter(payment__checkout__order=found).order_by("pk"),
        "may_withdraw": return_stations.may_withdraw(parts),
        "returns": sorted((row for part in parts for row in part.shop_order.returns.all()), key=lambda row: row.pk),
        "documents": invoicing.documents_of(found.pk),
    }
    return render(request, "storefront/order.html", context)


@require_safe
@order_page
def document(request: HttpRequest, found: Order, key: str, pk: int) -> HttpResponse:
    """An invoice or credit note of this order, as PDF."""
    documents = Invoice.objects.filter(shop_order__order=found).select_related("shop")
    return invoice_file(get_object_or_404(documents, pk=pk))


@require_safe
@order_page
def invoice(request: HttpRequest, found: Order, key: str, part: str) -> HttpResponse:
    """The address in the mail of the hand-over: written in the moment before the step makes the invoice."""
    of_part = Invoice.objects.filter(shop_order__order=found, shop_order__number=part, kind=Invoice.Kind.INVOICE)
    made = of_part.select_related("shop").first()
    if made:
        return invoice_file(made)
    messages.info(request, _("This invoice is not made yet. You find it on this page as soon as it is."))
    return redirect("storefront:order", found.number, key)
