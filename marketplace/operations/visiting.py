"""An operator's visit, page by page: on the pages of the shop or the account that is visited the request is that
person's, only to look unless they granted more. Everywhere else the operator is the operator."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_cache_control

from marketplace.foundation import audit
from marketplace.foundation.models import Role
from marketplace.models import User
from marketplace.operations import roles
from marketplace.readers import support
from marketplace.readers.models import SupportVisit

KEY = "support_visit"
LOOKING = {"GET", "HEAD", "OPTIONS"}
# Of the account: what a reader sees of theirs, also by a key in the address. Not baskets, payments, downloads, all
# their data, passwords, factors, sessions: there the operator stays who they are.
OF_ACCOUNT = frozenset(
    {
        *("account", "account-join", "addresses", "address-new", "address", "address-prefer", "address-remove"),
        *("lists", "list-put", "list", "list-change", "list-off", "searches", "search-forget"),
        *("alerts", "alert-ask", "alert-end", "reservation", "reservation-give-up", "local-accounts"),
        *("order", "order-invoice", "order-document", "order-cancel", "order-again", "order-return-start"),
        *("order-words", "order-words-file", "order-incident", "order-settle"),
        *("order-return-form", "order-return", "order-return-act", "order-return-photo", "support"),
    }
)
# Of a shop, what nobody does in another's place: its account at Stripe and where its money goes, its people and what
# they granted, its address and where its mail goes, its agreement, votes, secrets, which system it is connected to,
# money given back, cards that are worth money, its end.
NEVER = frozenset(
    {
        *("stripe-connect", "stripe-again", "stripe-back", "save-tax", "save-business", "business-shop"),
        *("invite", "uninvite", "member-role", "member-remove", "step-down", "support-grant", "support-take-back"),
        *("save-mail", "save-address", "accept-agreement", "motion-propose", "motion-say", "motion-vote"),
        "announcement-read",
        *(
            "make-key",
            "revoke-key",
            "make-order-key",
            "revoke-order-key",
            "make-webhook",
            "end-webhook",
            "save-channel",
            "save-fallback",
            "renew-secret",
            "end-channel",
            "save-order-files",
            "confirm-order-server",
            "end-order-files",
        ),
        *("system-connect", "system-orders", "system-end", "stock-connect", "stock-host-key", "confirm-host-key"),
        *("refund", "gift-card-redeem", "gift-card-sell", "gift-card-print", "gift-card-receipt", "local-credit"),
        *("leaving-ask", "leaving-stay", "leaving-export", "data-save", "data-export"),
        *("bring", "earlier-remove", "forget-customer"),
    }
)


class VisitMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with ExitStack() as stack:
            request.while_visiting = stack  # type: ignore[attr-defined]
            response = self.get_response(request)
        if getattr(request, "visit", None):
            patch_cache_control(response, no_store=True, private=True)
        return response

    def process_view(self, request: HttpRequest, view: object, args: Any, names: Any) -> HttpResponse | None:
        visit = _visit_here(request)
        if visit is None:
            return None
        now = timezone.now()
        until = support.granted_until(visit.user, visit.shop, now=now)
        _take_the_place(request, visit, may_act=until is not None)
        name = request.resolver_match.url_name if request.resolver_match else ""
        never = name in NEVER and visit.shop_id is not None
        if request.method not in LOOKING:
            allowed = until is not None and not never
            support.note(visit, request.path, allowed=allowed, now=now)
            return None if allowed else _refused(request, never)
        return _refused(request, never) if never else None


def _visit_here(request: HttpRequest) -> SupportVisit | None:
    """The visit that goes on, where this page is of what is visited."""
    match = request.resolver_match
    if match is None or match.namespaces[:1] not in (["portal"], ["storefront"]) or KEY not in request.session:
        return None
    operator = request.user
    if not isinstance(operator, User) or Role.ORDERS not in roles.of_request(request):
        return None
    visit = support.running(request.session[KEY], operator, now=timezone.now())
    if visit is None:
        del request.session[KEY]
        return None
    if visit.shop is None:
        return visit if match.namespaces == ["storefront"] and match.url_name in OF_ACCOUNT else None
    return visit if match.namespaces == ["portal"] and match.kwargs.get("slug") == visit.shop.slug else None


def _take_the_place(request: HttpRequest, visit: SupportVisit, *, may_act: bool) -> None:
    request.visit, request.visit_may_act = visit, may_act  # type: ignore[attr-defined]
    request.while_visiting.enter_context(audit.in_place(visit.operator))  # type: ignore[attr-defined]
    request.user = visit.user


def _refused(request: HttpRequest, never: bool) -> HttpResponse:
    return render(request, "operations/visit_refused.html", {"never": never}, status=403)
