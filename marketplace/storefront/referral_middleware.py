"""A partner's link is followed: who sent the reader is kept in their session. A page without one costs nothing."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from marketplace.checkout import referrals

# Frames on other people's sites set no cookie; they hand the token on to the page they lead to.
COOKIELESS = ("/widget/",)


class ReferralMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_page = response.status_code == 200 and response.headers.get("Content-Type", "").startswith("text/html")
        looked_at = is_page and request.method == "GET" and not request.path.startswith(COOKIELESS)
        if looked_at and (said := request.GET.get(referrals.PARAMETER, "")):
            referrals.note(request.session, said, now=timezone.now())
        return response
