"""Pages of plain text, those that the law wants among them, and the network's colours as a style sheet."""

from __future__ import annotations

from hashlib import blake2b

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.utils.cache import patch_cache_control
from django.views.decorators.http import condition

from marketplace.cms import legal
from marketplace.foundation import network
from marketplace.storefront.templatetags.storefront import in_language

_OF_THE_NETWORK = ("terms", "privacy")
_DARK_TEXT, _LIGHT_TEXT = "#0b1f17", "#ffffff"


def _colours_etag(request: HttpRequest) -> str:
    current = network.current()
    return f'"{blake2b((current.colour + current.colour_dark).encode(), digest_size=6).hexdigest()}"'


@condition(etag_func=_colours_etag)
def network_css(request: HttpRequest) -> HttpResponse:
    """`/network.css`: the network's own colours over the tokens. Pages name it with its colours in the address, so it
    may be kept for long."""
    current = network.current()
    sheet = (
        f":root{{{_colours(current.colour)}}}"
        f"@media (prefers-color-scheme:dark){{:root{{{_colours(current.colour_dark)}}}}}\n"
    )
    response = HttpResponse(sheet, content_type="text/css; charset=utf-8")
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


def text_on(colour: str) -> str:
    """Black or white, whichever is easier to read on `colour` (#rrggbb), by WCAG's relative luminance."""
    return _LIGHT_TEXT if 1.05 / (_luminance(colour) + 0.05) >= 4.5 else _DARK_TEXT


def _colours(colour: str) -> str:
    return f"--green:{colour};--on-green:{text_on(colour)}"


def _luminance(colour: str) -> float:
    channels = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
