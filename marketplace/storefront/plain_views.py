"""Pages of plain text, those that the law wants among them, and the network's colours as a style sheet."""

from __future__ import annotations

from hashlib import blake2b

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.utils.cache import patch_cache_control
from django.views.decorators.http import condition

from marketplace.cms import legal
from marketplace.foundation import looks, network
from marketplace.storefront.templatetags.storefront import in_language
from search import directory

_OF_THE_NETWORK = ("terms", "privacy")


def _colours(slug: str = "") -> tuple[str, str]:
    """The network's, or what a shop has of its own over them."""
    current, shop = network.current(), directory.by_slug(slug) if slug else None
    light, dark = (shop.colour, shop.colour_dark) if shop else ("", "")
    return light or current.colour, dark or current.colour_dark


def _colours_etag(request: HttpRequest, slug: str = "") -> str:
    return f'"{blake2b("".join(_colours(slug)).encode(), digest_size=6).hexdigest()}"'


@condition(etag_func=_colours_etag)
def network_css(request: HttpRequest, slug: str = "") -> HttpResponse:
    """`/network.css`, and of a shop's entrance `/shops/<slug>/colours.css`: colours over the tokens. Pages name it with
    its colours in the address, so it may be kept for long."""
    response = HttpResponse(looks.sheet(*_colours(slug)), content_type="text/css; charset=utf-8")
    patch_cache_control(response, public=True, max_age=86_400)
    return response


def favicon(request: HttpRequest) -> HttpResponse:
    """Where browsers look on pages that name no icon."""
    return redirect(static("icons/favicon.svg"))


def legal_page(request: HttpRequest, kind: str) -> HttpResponse:
    """`/terms/`, `/privacy/` and the like: what the operator wrote among the network's texts, or else the editors' page
    (`cms.legal`), which has an address of its own as well."""
    written = kind in _OF_THE_NETWORK and in_language(network.current(), kind)
    page = None if written else legal.page_of(kind)
    if page:
        return page.serve(request)
    return render(
        request, "storefront/legal.html", {"heading": in_language(legal.PAGES[kind], "heading"), "text": written}
    )


def open_data(request: HttpRequest) -> HttpResponse:
    return render(request, "storefront/open_data.html")
