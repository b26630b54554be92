"""No text of ours holds a NUL: PostgreSQL cannot store one, nor look for it. What was typed is read without, an address
with one is nowhere. Programs are told so in their own form (`marketplace.api`)."""

from __future__ import annotations

from collections.abc import Callable

from django.http import Http404, HttpRequest, QueryDict, UnreadablePostError
from django.http.response import HttpResponseBase

NUL = "\0"


class PlainTextMiddleware:
    """Stands before everything that reads an address or a form."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith("/api/"):
            if NUL in request.path_info:
                raise Http404
            request.GET = _without(request.GET)  # type: ignore[assignment]  # as immutable as it was
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., object], names: object, more: object) -> None:
        """What is posted by programs is signed as it is, and read by its view alone: no cookie counts there. Any other
        form is read anyway, for its token."""
        if request.method == "POST" and not getattr(view, "csrf_exempt", False):
            try:
                request.POST = _without(request.POST)  # type: ignore[assignment]
            except UnreadablePostError:  # who sent it is gone; then it has no token either
                return


def _without(given: QueryDict) -> QueryDict:
    if not any(NUL in value for _name, values in given.lists() for value in values):
        return given
    plain = given.copy()
    for name, values in given.lists():
        plain.setlist(name, [value.replace(NUL, "") for value in values])
    plain._mutable = False
    return plain
