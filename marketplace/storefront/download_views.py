"""What a reader has bought as a download: its page, the file itself, and giving it back before it was fetched."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.db import transaction
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from marketplace.foundation import links
from marketplace.payments import refunds
from marketplace.payments.models import Payment
from marketplace.payments.refunds import Wanted
from marketplace.storefront import tries
from shops.downloads import handing_out
from shops.models import Download, Handout

View = Callable[..., HttpResponseBase]
Kind = Download.Kind


class _SeenError(Exception):
    """It was fetched meanwhile."""


def download_page(view: View) -> View:
    """For `view(request, handout, key)`: the line's own key opens it; one address has few tries with others."""

    @never_cache
    @wraps(view)
    def opened(request: HttpRequest, line_id: int, key: str) -> HttpResponseBase:
        if not constant_time_compare(links.download_key(line_id), key):
            if tries.too_many(request, "download"):
                return render(request, "storefront/too_often.html", status=429)
            raise Http404(_("This address opens no download. Use the one in your mail."))
        rows = Handout.objects.select_related("download", "line__shop_order__shop", "line__shop_order__order")
        return view(request, get_object_or_404(rows, line=line_id), key)

    return opened


@require_http_methods(["GET", "HEAD", "POST"])
@download_page
def download(request: HttpRequest, handout: Handout, key: str) -> HttpResponseBase:
    """GET says what it is and changes nothing: mail programs look at addresses too. POST fetches it."""
    if request.method != "POST":
        return _page(request, handout, key)
    now = timezone.now()
    if handout.kind != Kind.FILE:
        handing_out.show(handout, now=now)
        return redirect("storefront:download", handout.line_id, key)
    try:
        file = handout.download.file.open("rb")
    except (OSError, ValueError):  # nothing is counted
        messages.error(request, _("The file cannot be read just now. Try again later, or write to the shop."))
        return _page(request, handout, key, status=503)
    if not handing_out.fetch(handout, now=now):
        file.close()
        return _page(request, handout, key, status=410)
    response = FileResponse(file, as_attachment=True, filename=handout.download.file_name)
    response["Content-Length"] = str(handout.download.file.size)
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_POST
@download_page
def take_back(request: HttpRequest, handout: Handout, key: str) -> HttpResponseBase:
    """The reader withdraws from what nobody fetched: what is left of the line is paid back. Locks: payment, handout."""
    now, line = timezone.now(), handout.line
    try:
        with transaction.atomic():
            of_order = Payment.objects.filter(checkout__order=line.shop_order.order_id)
            payment = of_order.select_for_update().first()
            if payment is None or not handing_out.can_take_back(handout, now=now):
                raise _SeenError
            if not handing_out.take_back(handout, now=now):
                raise _SeenError
            units = next(of.units for of in refunds.left(line.shop_order).lines if of.line.pk == line.pk)
            wanted = Wanted(refunds.Kind.LINE, line.shop_order, line, units=units)
            reason, once = _("Taken back before it was downloaded"), f"download:{line.pk}"
            refunds.ask(payment, wanted, reason=reason, by=None, once=once, now=now)
    except _SeenError:
        messages.warning(request, _("This can no longer be taken back."))
    except refunds.RefundError:
        text = _("Your payment is not charged yet. Take it back once it is; you have time for it.")
        messages.warning(request, text)
    else:
        messages.success(request, _("It is taken back; your money comes back the way you paid."))
    return redirect("storefront:download", line.pk, key)


def _page(request: HttpRequest, handout: Handout, key: str, *, status: int = 200) -> HttpResponse:
    now, shop_order = timezone.now(), handout.line.shop_order
    context = {
        "handout": handout,
        "line": handout.line,
        "shop": shop_order.shop,
        "shop_order": shop_order,
        "key": key,
        "codes": handout.content.splitlines() if handout.kind == Kind.CODES else [],
        "is_over": handout.expires_at is not None and handout.expires_at <= now,
        "can_take_back": handing_out.can_take_back(handout, now=now),
    }
    return render(request, "storefront/download.html", context, status=status)
