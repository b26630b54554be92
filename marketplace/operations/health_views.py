"""`/healthz`: for a load balancer or a watchdog. Quick, without secrets, for anyone."""

from __future__ import annotations

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from marketplace.operations import health


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """{"database": "ok", "worker": "ok"}, 200; with anything else than ok, 503."""
    found = {"database": _database(), "worker": health.background_worker().state}
    return JsonResponse(found, status=200 if set(found.values()) == {"ok"} else 503)


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "error"
    return "ok"
