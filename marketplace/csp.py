"""The content policy of every page: strict, except in the two back offices whose pages others wrote.

Wagtail's editor and Oscar's dashboards write scripts and styles into their pages, without a nonce: there, and for
people who are signed in, these are allowed. Wagtail shows the draft of a page of ours inside its own: a draft may be
framed by us, and is strict otherwise. Another origin is never named."""

from __future__ import annotations

from typing import Any

from csp.middleware import CSPMiddleware, PolicyParts
from django.http import HttpRequest
from django.http.response import HttpResponseBase

BACK_OFFICES = ("/cms/", "/dashboard/")
ALLOWED_THERE: dict[str, Any] = {
    "script-src": ["'self'", "'unsafe-inline'"],
    "style-src": ["'self'", "'unsafe-inline'"],
    "img-src": ["'self'", "data:", "blob:"],  # a picture before it is uploaded
    "frame-src": ["'self'"],
}


class ContentPolicyMiddleware(CSPMiddleware):
    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if getattr(request, "is_preview", False):  # Wagtail asks for the draft in its own request, as if for a reader
            parts.replace = {"frame-ancestors": ["'self'"], **(parts.replace or {})}
        user = getattr(request, "user", None)
        if request.path_info.startswith(BACK_OFFICES) and user is not None and user.is_authenticated:
            parts.replace = {**ALLOWED_THERE, **(parts.replace or {})}
        return parts
