"""Ledger against the payment provider: the runs, what differs, who closed it and why."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from marketplace.foundation import network
from marketplace.operations.access import operator_action, operator_page
from marketplace.payments import reconciliation
from marketplace.payments.models import Difference, ReconciliationRun

SHOWN = 50


@require_safe
@operator_page
def runs(request: HttpRequest) -> HttpResponse:
    differences = Difference.objects.select_related("run", "closed_by")
    context = {
        "runs": ReconciliationRun.objects.select_related("asked_by")[:10],
        "waiting": ReconciliationRun.objects.exclude(due_at=None).exists(),
        "open": differences.filter(closed_at=None)[:SHOWN],
        "closed": differences.exclude(closed_at=None)[:SHOWN],
        "currency": network.current().currency,
    }
    return render(request, "operations/reconciliation.html", context)


@operator_action
def run_now(request: HttpRequest) -> HttpResponse:
    reconciliation.ask(by=request.user, now=timezone.now())
    messages.success(request, _("It is being compared. Come back in a moment."))
    return redirect("operations:reconciliation")


@operator_action
def close(request: HttpRequest, difference_id: int) -> HttpResponse:
    difference, reason = get_object_or_404(Difference, pk=difference_id), request.POST.get("reason", "")
    if not reason.strip():
        messages.error(request, _("Say why it is in order: without a reason it stays open."))
    elif reconciliation.close(difference, by=request.user, reason=reason, now=timezone.now()):
        messages.success(request, _("Closed, with your reason."))
    else:
        messages.info(request, _("It was closed before."))
    return redirect("operations:reconciliation")
