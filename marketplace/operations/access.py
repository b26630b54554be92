"""The operator's door: `is_staff`, and nobody else."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_POST

View = Callable[..., HttpResponseBase]


def operator_page(view: View) -> View:
    """Anonymous visitors sign in first; for everyone else who is no operator the page does not exist."""

    @wraps(view)
    def wrapped(request: HttpRequest, **names: object) -> HttpResponseBase:
        if not request.user.is_staff:
            raise Http404
        return view(request, **names)

    return login_required(wrapped)


def operator_action(view: View) -> View:
    return require_POST(operator_page(view))
