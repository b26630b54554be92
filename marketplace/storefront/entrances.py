"""A shop's own entrance: `/at/<slug>/…`, or `<slug>.<domain>` where the operator gave a domain (`ENTRANCE_DOMAIN`).

It is the same site behind another door. On the way in the entrance is taken off a request's address, so that every view
works at the network's own addresses, and `request.entrance` says which shop's it is; on the way out the links of pages
that an entrance has get its beginning back. Basket, checkout and account are the network's: there is one payment."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase

from search import directory
from search.directory import ShopCard

PREFIX = "/at/"
# What an entrance has beside the shop's own pages. `basket/add/` and `i18n/` only lead back to where they were called.
_WITHIN = (
    *("/search/", "/suggest/", "/catalogue/", "/author/", "/publisher/", "/series/", "/subject/", "/new/", "/place/"),
    *("/basket/add/", "/i18n/"),
)
# On a host of its own an entrance needs what its pages are made of as well.
_MADE_OF = ("/network.css", "/favicon.ico", settings.STATIC_URL, settings.MEDIA_URL)
_LINKS = re.compile(r"""(<(?:a|form)\s[^>]*?(?:href|action)="|\s(?:hx-get|data-suggest|data-href)=")(/[^"]*)""")
_SAFE = ("GET", "HEAD")

Answer = Callable[[HttpRequest], HttpResponseBase]


def address(slug: str) -> str:
    """Where a shop's entrance is: its own host where there is a domain."""
    site = urlsplit(settings.SITE_URL)
    if settings.ENTRANCE_DOMAIN:
        port = f":{site.port}" if site.port else ""
        return f"{site.scheme}://{slug}.{settings.ENTRANCE_DOMAIN}{port}/"
    return f"{settings.SITE_URL.rstrip('/')}{PREFIX}{slug}/"


class EntranceMiddleware:
    """Stands before everything that looks at an address. Both kinds of entrance end where no shop on sale has the
    slug, with "not here"; a host that the site does not answer for is refused before, as ever (400)."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith(PREFIX):
            return _by_path(request, self.get_response)
        if not settings.ENTRANCE_DOMAIN:
            return self.get_response(request)
        host = request.get_host().rsplit(":", 1)[0].lower()
        slug = _slug_of(host)
        response = _by_host(request, slug, self.get_response) if slug else self.get_response(request)
        if f".{host}".endswith(f".{settings.ENTRANCE_DOMAIN}"):
            for cookie in response.cookies.values():  # one visitor, one basket: on whichever host
                cookie["domain"] = settings.ENTRANCE_DOMAIN
        return response


def _by_path(request: HttpRequest, get_response: Answer) -> HttpResponseBase:
    slug, slash, rest = request.path_info.removeprefix(PREFIX).partition("/")
    shop = directory.by_slug(slug)
    if shop is None or rest.startswith("/"):
        raise Http404
    if not slash:
        return HttpResponseRedirect(f"{PREFIX}{slug}/")
    _move(request, f"/{rest}")
    if not _has(request.path_info, shop):
        return _to_the_network(request)
    _enter(request, shop)
    return _with_prefix(get_response(request), shop)


def _by_host(request: HttpRequest, slug: str, get_response: Answer) -> HttpResponseBase:
    shop = directory.by_slug(slug)
    if shop is None:
        raise Http404
    # From here on every address that is made is the network's; `CSRF_TRUSTED_ORIGINS` has the entrances.
    request.META["HTTP_HOST"] = urlsplit(settings.SITE_URL).netloc
    there = _has(request.path_info, shop) or request.path_info.startswith(_MADE_OF)
    if request.method in _SAFE and not there:
        return _to_the_network(request, settings.SITE_URL.rstrip("/"))
    _enter(request, shop)
    return get_response(request)


def _slug_of(host: str) -> str:
    """The beginning of an entrance's host; empty for the network's own and those that the operator named."""
    slug = host.removesuffix(f".{settings.ENTRANCE_DOMAIN}")
    return "" if host in (slug, urlsplit(settings.SITE_URL).hostname, *settings.ALLOWED_HOSTS) else slug


def _has(path: str, shop: ShopCard) -> bool:
    return path == "/" or path.startswith((shop.address, *_WITHIN))


def _enter(request: HttpRequest, shop: ShopCard) -> None:
    request.entrance = shop  # type: ignore[attr-defined]
    if request.path_info == "/":
        _move(request, shop.address)


def _move(request: HttpRequest, path: str) -> None:
    request.path = request.path_info = path


def _to_the_network(request: HttpRequest, site: str = "") -> HttpResponse:
    if request.method not in _SAFE:
        raise Http404
    return HttpResponseRedirect(site + request.get_full_path())


def _with_prefix(response: HttpResponseBase, shop: ShopCard) -> HttpResponseBase:
    """The answer with its links inside the entrance."""
    prefix = f"{PREFIX}{shop.slug}"

    def inside(link: str) -> str:
        path = re.split("[?#]", link, maxsplit=1)[0]
        if link.startswith("//") or not _has(path, shop):
            return link
        return f"{prefix}/{link.removeprefix(shop.address)}" if path == shop.address else prefix + link

    for header in ("Location", "HX-Push-Url"):
        if header in response:
            response[header] = inside(response[header])
    if isinstance(response, HttpResponse) and response.get("Content-Type", "").startswith("text/html"):
        page = response.content.decode(response.charset)
        response.content = _LINKS.sub(lambda found: found[1] + inside(found[2]), page)
        response["Content-Length"] = str(len(response.content))
    return response
