"""The stand-in's hosted pages: where the real Stripe would ask for a card, and for a shop's papers."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from marketplace.foundation.money import display
from marketplace.payments.fake_stripe import hosted
from marketplace.payments.fake_stripe.database import DatabaseStore
from marketplace.payments.fake_stripe.errors import FakeStripeError


@never_cache
@require_http_methods(["GET", "POST"])
def pay(request: HttpRequest, session_id: str) -> HttpResponse:
    """The payment page of one session. POST `card`: approved or declined."""
    store, now = DatabaseStore(), int(time.time())
    try:
        page = hosted.show(store, session_id, now)
        if request.method == "POST":
            page = hosted.pay(store, session_id, now, approved=request.POST.get("card") == "approved")
    except FakeStripeError as error:
        raise Http404(error.message) from error
    if page.status == "complete":
        return HttpResponseRedirect(page.success_url)
    with translation.override(_language(page.locale)):
        if page.status == "expired":
            return render(request, "fake_stripe/ended.html", {"back_url": page.cancel_url}, status=410)
        if request.method == "POST":
            return HttpResponseRedirect(request.path)
        return render(request, "fake_stripe/pay.html", _context(page) | {"seller": _seller(page, request)})


@never_cache
@require_http_methods(["GET", "POST"])
def onboarding(request: HttpRequest, token: str) -> HttpResponse:
    """Where a shop would give Stripe what it asks for; finishing makes its account able to receive."""
    store, now = DatabaseStore(), int(time.time())
    try:
        link = hosted.onboarding_link(store, token, now)
        if request.method == "POST" and not link["spent"]:
            return HttpResponseRedirect(hosted.finish_onboarding(store, token, now)["return_url"])
    except FakeStripeError as error:
        raise Http404(error.message) from error
    if link["spent"]:
        return HttpResponseRedirect(link["refresh_url"])
    return render(request, "fake_stripe/onboarding.html", {"account": link["account"]})


def _context(page: hosted.PaymentPage) -> dict[str, Any]:
    language = translation.get_language() or settings.LANGUAGE_CODE
    lines = [line | {"amount": display(line["amount_total"], page.currency, language)} for line in page.lines]
    total = display(page.total_minor, page.currency, language)
    return {"page": page, "lines": lines, "total": total}


def _seller(page: hosted.PaymentPage, request: HttpRequest) -> str:
    return page.display_name or request.get_host()


def _language(locale: str) -> str:
    """The session's language where the site has it, else the reader's."""
    known = dict(settings.LANGUAGES)
    return locale[:2] if locale[:2] in known else translation.get_language() or settings.LANGUAGE_CODE
