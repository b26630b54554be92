"""Titles that wait for an operator's yes, one by one or many at once, and new shops to vouch for."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from catalog_sync.titles import moderation
from marketplace.catalogue.models import Moderation
from marketplace.operations.access import operator_action, operator_page
from shops.models import Shop

ROWS_SHOWN = 50
SHOWN = {"waiting": "", "refused": Moderation.Answer.NO, "allowed": Moderation.Answer.YES}


@require_safe
@operator_page
def waiting(request: HttpRequest) -> HttpResponse:
    shown = request.GET.get("show", "waiting")
    if shown not in SHOWN:
        raise Http404
    rows = Moderation.objects.filter(answer=SHOWN[shown]).select_related("product__facts", "shop", "answered_by")
    new_shops = Shop.objects.filter(pk__in=Moderation.objects.filter(answer="", reason="new_shop").values("shop"))
    counts = dict(Moderation.objects.values_list("answer").annotate(Count("pk")))
    context = {
        "pages": Paginator(rows.order_by("asked_at", "pk"), ROWS_SHOWN).get_page(request.GET.get("page")),
        "shown": shown,
        "counts": [(name, counts.get(answer, 0)) for name, answer in SHOWN.items()],
        "kept": f"show={shown}&",
        "new_shops": new_shops.order_by("name"),
    }
    return render(request, "operations/moderation.html", context)


@operator_action
def answer(request: HttpRequest) -> HttpResponse:
    said = request.POST.get("answer", "")
    ids = [int(value) for value in request.POST.getlist("title") if value.isdigit() and len(value) < 19]
    if said not in Moderation.Answer.values or not ids:
        messages.error(request, _("Tick the titles first."))
        return redirect("operations:moderation")
    why = request.POST.get("why", "")
    done = moderation.answer(ids, said, by=request.user, now=timezone.now(), why=why)  # type: ignore[arg-type]
    if said == Moderation.Answer.YES:
        text = ngettext("%(count)s title is shown now.", "%(count)s titles are shown now.", done)
    else:
        text = ngettext("%(count)s title is not shown.", "%(count)s titles are not shown.", done)
    messages.success(request, text % {"count": done})
    return redirect("operations:moderation")


@operator_action
def vouch(request: HttpRequest, shop_id: int) -> HttpResponse:
    shop = get_object_or_404(Shop, pk=shop_id)
    done = moderation.vouch(shop, by=request.user, now=timezone.now())  # type: ignore[arg-type]
    text = ngettext(
        "%(shop)s needs no look any more; %(count)s title is shown now.",
        "%(shop)s needs no look any more; %(count)s titles are shown now.",
        done,
    )
    messages.success(request, text % {"shop": shop.name, "count": done})
    return redirect("operations:moderation")
