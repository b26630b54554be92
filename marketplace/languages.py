"""Which language a page is in. An address may say it (`?hl=en`), so that each language's page has an address that
always shows it, for search engines and for links; otherwise the reader's choice, their browser's, the site's."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import translation

from marketplace.foundation import network

PARAMETER = "hl"
# What programs ask and other sites frame sets no cookie, and is refused in its own way.
_WITHOUT = ("/api/", "/widget/")


class LanguageMiddleware(LocaleMiddleware):
    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        said = said_by(request)
        if said and said != translation.get_language():
            request.language_said = said  # type: ignore[attr-defined]
            translation.activate(said)
            request.LANGUAGE_CODE = said

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Who came by an address in another language than theirs goes on in it: our links do not say one."""
        said = getattr(request, "language_said", "")
        if said and "public" not in response.get("Cache-Control", ""):
            response.set_cookie(
                settings.LANGUAGE_COOKIE_NAME,
                said,
                path=settings.LANGUAGE_COOKIE_PATH,
                secure=settings.LANGUAGE_COOKIE_SECURE,
                httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
                samesite=settings.LANGUAGE_COOKIE_SAMESITE,
            )
        return super().process_response(request, response)


def said_by(request: HttpRequest) -> str:
    """The language in the address; empty for none, or one that the site has not."""
    if request.path.startswith(_WITHOUT):
        return ""
    said = request.GET.get(PARAMETER, "")
    if said not in dict(settings.LANGUAGES):
        return ""
    return said if said in (network.current().languages or [said]) else ""


def address_in(language: str, address: str) -> str:
    """An address (with or without parameters) that shows its page in a language: the site's own needs no word."""
    if language == settings.LANGUAGE_CODE:
        return address
    return f"{address}{'&' if '?' in address else '?'}{PARAMETER}={language}"
