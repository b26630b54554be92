"""What all answers of the read API share: any page of the web may ask for them, what has not changed is not sent again,
and what is left of the caller's minute is told."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import wraps

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.http import quote_etag

from marketplace.api import failures
from marketplace.api.parsing import NUL

_OF_SHOPS = ("feed/", "shop/")  # the shops' own routes: no page of another site has a business there
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, If-None-Match",
    "Access-Control-Max-Age": "86400",
}
_EXPOSED = "ETag, Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset"


def opened(pattern: URLPattern | URLResolver) -> URLPattern | URLResolver:
    """The same route with this door before it; those of a shop stay as they are, but for what none of theirs holds."""
    if isinstance(pattern, URLResolver):
        return pattern
    if str(pattern.pattern).startswith(_OF_SHOPS):
        return URLPattern(pattern.pattern, plain(pattern.callback), pattern.default_args, pattern.name)
    return URLPattern(pattern.pattern, through(pattern.callback), pattern.default_args, pattern.name)


def plain(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """No number of ours has a NUL in it, and PostgreSQL looks for none."""

    @wraps(view)
    def answered(request: HttpRequest, *args: object, **names: object) -> HttpResponse:
        if any(NUL in str(given) for given in (*names.values(), *request.GET.values())):
            return failures.answer(404, "There is nothing at this address. See /api/v1/openapi.json.")
        return view(request, *args, **names)

    return answered


def through(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    @wraps(view)
    def answered(request: HttpRequest, *args: object, **names: object) -> HttpResponse:
        if request.method == "OPTIONS":
            return _open_to_all(HttpResponse(status=204, headers=_PREFLIGHT))
        method = request.method
        request.method = "GET" if method == "HEAD" else method  # the server leaves the body out by itself
        try:
            response = view(request, *args, **names)
        except Http404:
            response = failures.answer(404, "There is nothing at this address. See /api/v1/openapi.json.")
        if response.status_code == 405:
            allowed = response["Allow"]
            response = failures.answer(405, f"Only {allowed} at this address.")
            response["Allow"] = allowed
        response = _unless_known(request, response)
        request.method = method
        _tell_allowance(request, response)
        response["Content-Language"] = "en"  # of its messages; titles are in their own
        return _open_to_all(response)

    answered.csrf_exempt = True  # type: ignore[attr-defined]  # no cookie counts here
    return answered


def nothing(request: HttpRequest, **names: object) -> HttpResponse:
    """Any other address below the API's."""
    raise Http404


def _unless_known(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """With its ETag, made of the content; 304 where the caller has the same already."""
    if request.method != "GET" or response.status_code != 200:
        patch_cache_control(response, no_store=True)
        return response
    if not response.has_header("Cache-Control"):
        patch_cache_control(response, private=True, no_cache=True)  # kept, and asked about each time: stock changes
    etag = quote_etag(hashlib.sha256(response.content).hexdigest()[:32])
    response["ETag"] = etag
    return get_conditional_response(request, etag, None, response) or response


def _tell_allowance(request: HttpRequest, response: HttpResponse) -> None:
    allowance = getattr(request, "allowance", None)
    if allowance is None:
        return
    response["X-RateLimit-Limit"] = str(allowance.limit)
    response["X-RateLimit-Remaining"] = str(max(0, allowance.left))
    response["X-RateLimit-Reset"] = str(allowance.seconds)
    if response.status_code == 429:
        response["Retry-After"] = str(allowance.seconds)


def _open_to_all(response: HttpResponse) -> HttpResponse:
    response["Access-Control-Allow-Origin"] = "*"
    response["Access-Control-Expose-Headers"] = _EXPOSED
    return response
