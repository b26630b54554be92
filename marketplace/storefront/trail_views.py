"""The audit trail's end of each day, for whoever wants to keep it: shown only if the network wishes (decision 0030)."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from marketplace.foundation import network
from marketplace.foundation.models import AuditRoot

SHOWN = 31


@require_safe
def audit_roots(request: HttpRequest) -> HttpResponse:
    _check_published()
    return render(request, "storefront/audit_roots.html", {"roots": AuditRoot.objects.order_by("-day")[:SHOWN]})


@require_safe
def audit_roots_json(request: HttpRequest) -> HttpResponse:
    """All of them, the oldest first: `{"roots": [{"day": "2026-03-02", "place": 5120, "sha256": "…"}]}`."""
    _check_published()
    roots = AuditRoot.objects.order_by("day").values_list("day", "place", "digest")
    told = [{"day": day.isoformat(), "place": place, "sha256": digest} for day, place, digest in roots]
    response = JsonResponse({"roots": told})
    patch_cache_control(response, public=True, max_age=3600)
    return response


def _check_published() -> None:
    if not network.current().publishes_audit_roots:
        raise Http404
