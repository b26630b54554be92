"""Readers' reviews: those that wait or were reported, and the operator's answer to one or many at once."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe
from oscar.apps.catalogue.reviews.models import ProductReview

from marketplace.operations.access import operator_action, operator_page
from marketplace.readers import reviews as readers_reviews
from marketplace.readers.models import ReviewReport

ROWS_SHOWN = 50
SHOWN = ("waiting", "allowed", "refused")
_STATUS = {"allowed": ProductReview.APPROVED, "refused": ProductReview.REJECTED}


@require_safe
@operator_page
def reviews(request: HttpRequest) -> HttpResponse:
    shown = request.GET.get("show", "waiting")
    if shown not in SHOWN:
        raise Http404
    rows = readers_reviews.to_look_at()
    if shown in _STATUS:
        rows = ProductReview.objects.filter(status=_STATUS[shown], product__isnull=False)
    still = Prefetch("reports", ReviewReport.objects.filter(settled_at=None), to_attr="open_reports")
    rows = rows.select_related("product", "user").prefetch_related(still).order_by("date_created", "pk")
    pages = Paginator(rows, ROWS_SHOWN).get_page(request.GET.get("page"))
    context = {
        "pages": pages,
        "rows": [(row, readers_reviews.seen(row)) for row in pages],
        "shown": shown,
        "choices": SHOWN,
        "kept": f"show={shown}&",
    }
    return render(request, "operations/reviews.html", context)


@operator_action
def answer(request: HttpRequest) -> HttpResponse:
    said = request.POST.get("answer", "")
    ticked = [value.partition(":") for value in request.POST.getlist("review")]
    looked_at = {int(key): seen for key, _colon, seen in ticked if key.isdecimal() and len(key) < 19}
    if said not in ("yes", "no") or not looked_at:
        messages.error(request, _("Tick the reviews first."))
        return redirect("operations:reviews")
    why = request.POST.get("why", "")
    done = readers_reviews.answer(
        looked_at,
        shown=said == "yes",
        by=request.user,  # type: ignore[arg-type]
        why=why,
        now=timezone.now(),
    )
    if said == "yes":
        text = ngettext("%(count)s review is shown now.", "%(count)s reviews are shown now.", done)
    else:
        text = ngettext("%(count)s review is not shown.", "%(count)s reviews are not shown.", done)
    messages.success(request, text % {"count": done})
    if done < len(looked_at):
        messages.info(request, _("What was written anew since you opened the page waits for another look."))
    return redirect("operations:reviews")
