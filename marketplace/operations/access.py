"""The operator's door: `is_staff`, and of those the ones whose roles the page asks for (`operations.roles`)."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_POST

from marketplace.foundation.models import Role
from marketplace.operations import roles

View = Callable[..., HttpResponseBase]


def operator_page(view: View) -> View:
    """Anonymous visitors sign in first; for everyone else who is no operator the page does not exist. An operator
    without the role that it asks for is told which one that is, and who gives it (403)."""

    @wraps(view)
    def wrapped(request: HttpRequest, **names: object) -> HttpResponseBase:
        if not request.user.is_staff:
            raise Http404
        match = request.resolver_match
        name, argument = (match.url_name or "", str(match.kwargs.get("name", ""))) if match else ("", "")
        if not roles.may_open(roles.of_request(request), name, argument):
            return _not_yours(request, roles.needed(name, argument))
        return view(request, **names)

    return login_required(wrapped)


def _not_yours(request: HttpRequest, wanted: frozenset[Role]) -> HttpResponse:
    context = {
        "wanted": sorted(role.label for role in wanted),
        "has_none": not roles.of_request(request),
        "administrators": [one for one in roles.holders(Role.ADMINISTRATION) if one != request.user],
    }
    return render(request, "operations/not_yours.html", context, status=403)


def operator_action(view: View) -> View:
    return require_POST(operator_page(view))
