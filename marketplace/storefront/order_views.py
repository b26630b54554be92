"""The reader's order page, for accounts and guests alike: its key opens it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from oscar.apps.order.models import Order

from marketplace.checkout import invoicing, tax
from marketplace.foundation import links
from marketplace.payments import worth
from marketplace.payments.models import Invoice, RefundRequest
from marketplace.payments.views import invoice_file
from marketplace.storefront import order_stations, tries
from marketplace.storefront.order_forms import CancelForm
from shops.models import ShopOrderLine
from shops.orders import fulfilment


def order_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """For `view(request, order, key, …)`: the order that its reader's key opens. For every other key there is none, and
    one address has few tries."""

    @never_cache
    @wraps(view)
    def opened(request: HttpRequest, number: str, key: str, **names: object) -> HttpResponse:
        if not links.order_key_fits(number, key):
            if tries.too_many(request, "order"):
                return render(request, "storefront/too_often.html", status=429)
            raise Http404(_("This address opens no order. Use the one in your mail."))
        orders = Order.objects.select_related("checkout", "shipping_address__country", "user")
        return view(request, get_object_or_404(orders, number=number), key, **names)

    return opened


@require_safe
@order_page
def order(request: HttpRequest, found: Order, key: str) -> HttpResponse:
    parts = order_stations.parts(found)
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


@require_http_methods(["GET", "HEAD", "POST"])
@order_page
def cancel(request: HttpRequest, found: Order, key: str, line_id: int) -> HttpResponse:
    """Asks what is to be cancelled of a line; posted to, the reader takes it back, if the shop did nothing
    meanwhile."""
    number = found.number
    lines = ShopOrderLine.objects.filter(shop_order__order=found).select_related("shop_order__shop")
    line = get_object_or_404(lines, pk=line_id)
    form = CancelForm(request.POST if request.method == "POST" else None, line=line)
    if line.cancellable_units and form.is_valid():
        line.shop_order.version = form.cleaned_data["version"]
        units = form.cleaned_data["units"]
        by = request.user if request.user.pk and request.user.pk == found.user_id else f"reader {number}"
        try:
            fulfilment.cancel(line, units, by=by, now=timezone.now())
        except fulfilment.FulfilmentError:
            messages.warning(request, _("The shop did something with this order meanwhile. Here is how it stands now."))
            return redirect("storefront:order-cancel", number, key, line_id)
        said = ngettext(
            "One copy of “%(title)s” is cancelled.", "%(units)s copies of “%(title)s” are cancelled.", units
        )
        messages.success(request, said % {"title": line.title, "units": units})
        return redirect("storefront:order", number, key)
    context = {"order": found, "key": key, "line": line, "shop": line.shop_order.shop, "form": form}
    return render(request, "storefront/order_cancel.html", context, status=422 if form.errors else 200)
