"""A run that awaits approval, for the operator: where much of a shop is touched, the network's word is needed too."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from catalog_sync import decisions, sampling
from catalog_sync.models import SyncRun
from catalog_sync.reasons import refusals, words_of
from marketplace.operations.access import operator_action, operator_page


@require_safe
@operator_page
def run(request: HttpRequest, run_id: int) -> HttpResponse:
    found = _find(run_id)
    context = {
        "run": found,
        "notes": [words_of(note) for note in found.notes],
        "sample": sampling.examples(found),
        "refusals": refusals(found.refused_by),
        "needs_two": decisions.needs_two(found),
        "issues": found.issues.order_by("pk")[:100],
    }
    return render(request, "operations/run.html", context)


@operator_action
def approve(request: HttpRequest, run_id: int) -> HttpResponse:
    done = decisions.approve(_find(run_id), by=request.user, now=timezone.now(), as_operator=True)  # type: ignore[arg-type]
    if done is decisions.Approval.GIVEN:
        messages.success(request, _("Approved: the list is read again and applied now."))
    elif done is decisions.Approval.HALF:
        messages.success(request, _("Noted. The shop must approve it too."))
    else:
        messages.info(request, _("This list does not await approval any more."))
    return redirect("operations:run", run_id)


@operator_action
def reject(request: HttpRequest, run_id: int) -> HttpResponse:
    if decisions.reject(_find(run_id), by=request.user):  # type: ignore[arg-type]
        messages.success(request, _("Rejected: nothing is changed."))
    else:
        messages.info(request, _("This list does not await approval any more."))
    return redirect("operations:run", run_id)


def _find(run_id: int) -> SyncRun:
    return get_object_or_404(SyncRun.objects.select_related("feed__shop", "approved_by", "seconded_by"), pk=run_id)
