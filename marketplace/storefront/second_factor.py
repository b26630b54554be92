"""The second factor at the doors of those who work: portal, board, and the back offices of Django, Wagtail and Oscar.

A session has passed once a factor was used or set up in it; allauth asks at sign-in whoever has one. A session that was
open before is sent to say it once more. `SECOND_FACTOR_REQUIRED` is off in a clone and in the demo alone, whose
password is known anyway; `marketplace.checks` lets no other network start without."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from marketplace.models import User
from marketplace.readers import second_factor
from marketplace.readers.sign_ins import BROWSER_COOKIE, BROWSER_DAYS
from marketplace.storefront.sign_in_signals import PASSED

DOORS = frozenset({"portal", "operations", "admin", "dashboard"})  # namespaces; Wagtail's addresses have none
EDITORS = "/cms/"


class SecondFactorMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if _is_door(request) and not response.has_header("Cache-Control"):
            patch_cache_control(response, private=True, no_store=True)  # nothing for the next one at this device
        if browser_id := getattr(request, "new_browser_id", ""):
            response.set_cookie(
                BROWSER_COOKIE,
                browser_id,
                max_age=BROWSER_DAYS * 24 * 3600,
                httponly=True,
                secure=settings.SESSION_COOKIE_SECURE,
                samesite="Lax",
            )
        return response

    def process_view(self, request: HttpRequest, view: object, args: Any, names: Any) -> HttpResponse | None:
        if not settings.SECOND_FACTOR_REQUIRED or not _is_door(request):
            return None
        person = request.user
        if not isinstance(person, User) or request.session.get(PASSED) == person.pk:
            return None
        if not second_factor.is_asked_of(person):
            return None
        return _ask(request, person, timezone.now())


def _is_door(request: HttpRequest) -> bool:
    match = request.resolver_match
    return bool(match and match.namespaces and match.namespaces[0] in DOORS) or request.path_info.startswith(EDITORS)


def _ask(request: HttpRequest, person: User, now: datetime) -> HttpResponse | None:
    types = set(second_factor.factors(person).values_list("type", flat=True))
    if types:
        by_code = Authenticator.Type.TOTP in types
        where = reverse("mfa_reauthenticate" if by_code else "mfa_reauthenticate_webauthn")
        return _to(request, f"{where}?{urlencode({'next': _back(request)})}")
    until = second_factor.may_wait_until(person, language=(get_language() or "fr")[:2], now=now)
    if until is not None:
        request.second_factor_until = until  # type: ignore[attr-defined]  # said at the top of each page
        return None
    messages.warning(request, _("Set up a second factor first: whoever works here needs one."))
    return _to(request, reverse("mfa_index"))


def _back(request: HttpRequest) -> str:
    """Where one comes back to; to an action's address nobody can."""
    if request.method in {"GET", "HEAD"}:
        return request.get_full_path()
    return reverse("portal:door" if request.path_info.startswith("/portal/") else "operations:board")


def _to(request: HttpRequest, where: str) -> HttpResponse:
    if "HX-Request" not in request.headers:
        return HttpResponseRedirect(where)
    response = HttpResponse(status=401)
    response["HX-Redirect"] = where
    return response
