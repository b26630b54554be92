"""The shop's downloads: which of its articles are, and what readers get who buy one."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe
from oscar.apps.partner.models import StockRecord

from marketplace.catalogue.models import Form
from search.text import isbn_query
from shops import downloads
from shops.downloads import handing_out, uploading
from shops.models import Availability
from shops.portal.access import StaffRequest, Workplace, page, portal_action, portal_page
from shops.portal.download_forms import FORMS, forms_of
from shops.portal.queries import stock_records_for

SHOWN = 50


@require_safe
@portal_page
def listed(request: StaffRequest, workplace: Workplace) -> HttpResponse:
    mine = stock_records_for(request.user).filter(partner__shop=workplace.shop)
    found = mine.filter(
        Q(download__isnull=False) | Q(product__facts__form=Form.EBOOK) | Q(terms__availability=Availability.DIGITAL)
    ).select_related("product", "download")
    if typed := request.GET.get("q", "").strip()[:100]:
        wanted = Q(product__title__icontains=typed) | Q(partner_sku=typed) | Q(product__upc=typed)
        isbn = isbn_query(typed)
        found = found.filter(wanted | Q(product__facts__gtin=isbn) if isbn is not None else wanted)
    kept = f"{urlencode({'q': typed})}&" if typed else ""
    pages = Paginator(found.order_by("product__title", "pk"), SHOWN).get_page(request.GET.get("page"))
    return page(request, workplace, "portal/downloads.html", {"pages": pages, "typed": typed, "kept": kept})


@require_safe
@portal_page
def article(request: StaffRequest, workplace: Workplace, record_id: int) -> HttpResponse:
    return _article(request, workplace, _record(request, workplace, record_id))


@portal_action
def give(request: StaffRequest, workplace: Workplace, record_id: int, what: str) -> HttpResponse:
    record, now = _record(request, workplace, record_id), timezone.now()
    if what not in FORMS:
        raise Http404
    form = forms_of(what, request.POST, request.FILES)[what]
    if not form.is_valid():
        return _article(request, workplace, record, what, form, status=422)
    given = form.cleaned_data
    try:
        if what == "file":
            file = given["file"]
            uploading.give_file(record, file, file.name, by=request.user, now=now)
            said = _("Readers who buy it can download this file now.")
        elif what == "link":
            uploading.give_link(record, given["link"], by=request.user, now=now)
            said = _("Readers who buy it get this link now.")
        else:
            made = uploading.give_codes(record, given["codes"], by=request.user, now=now)[1]
            said = ngettext("One new code can be sold.", "%(codes)d new codes can be sold.", made) % {"codes": made}
    except uploading.UploadError as error:
        form.add_error(what, str(error))
        return _article(request, workplace, record, what, form, status=422)
    messages.success(request, said)
    return redirect("portal:download", workplace.shop.slug, record.pk)


@portal_action
def sell(request: StaffRequest, workplace: Workplace, record_id: int) -> HttpResponse:
    """Sell it, or no more."""
    found = downloads.of(_record(request, workplace, record_id))
    if found is None:
        raise Http404
    uploading.sell(found, "sell" in request.POST, by=request.user, now=timezone.now())
    return redirect("portal:download", workplace.shop.slug, record_id)


def _record(request: StaffRequest, workplace: Workplace, record_id: int) -> StockRecord:
    """Of this shop, and one that may be a download: an upload does not make a paperback one."""
    rows = stock_records_for(request.user).filter(partner__shop=workplace.shop)
    record = get_object_or_404(
        rows.select_related("product__facts", "terms", "download", "partner__shop"), pk=record_id
    )
    if not downloads.may_be(record):
        raise Http404
    return record


def _article(
    request: StaffRequest,
    workplace: Workplace,
    record: StockRecord,
    what: str = "",
    bound: object = None,
    *,
    status: int = 200,
) -> HttpResponse:
    context = {
        "record": record,
        "download": downloads.of(StockRecord.objects.select_related("download").get(pk=record.pk)),
        "forms": {**forms_of(), **({what: bound} if bound else {})},
        "most_megabytes": uploading.MOST_BYTES // 2**20,
        "times": handing_out.TIMES,
        "days": handing_out.DAYS,
    }
    return page(request, workplace, "portal/download.html", context, status=status)
