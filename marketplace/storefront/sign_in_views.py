"""Where one is signed in, each session to be ended, and who signed in or tried to."""

from __future__ import annotations

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from marketplace.models import User
from marketplace.readers import sign_ins
from marketplace.storefront.reader_request import person

SHOWN = 50


@never_cache
@login_required
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    reader = person(request)
    here = request.session.session_key
    sessions = [
        {"pk": row.pk, "since": row.created_at, "browser": sign_ins.words_of(row.user_agent), "ip": row.ip,
         "is_here": row.session_key == here}
        for row in _sessions(reader)
    ]  # fmt: skip
    log = [(row, sign_ins.words_of(row.browser)) for row in sign_ins.of(reader)[:SHOWN]]
    return render(request, "storefront/sign_ins.html", {"sessions": sessions, "log": log})


@login_required
@require_POST
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """One of one's own; the one at hand ends by signing out."""
    row = get_object_or_404(UserSession, pk=pk, user=person(request))
    if row.session_key == request.session.session_key:
        return redirect("account_logout")
    row.end()
    messages.success(request, _("Ended: there one has to sign in again."))
    return redirect("storefront:sign-ins")


@login_required
@require_POST
def end_others(request: HttpRequest) -> HttpResponse:
    for row in _sessions(person(request)):
        if row.session_key != request.session.session_key:
            row.end()
    messages.success(request, _("You are signed in here alone."))
    return redirect("storefront:sign-ins")


def _sessions(reader: User) -> list[UserSession]:
    """Those that still open something, the latest first."""
    return sorted(UserSession.objects.purge_and_list(reader), key=lambda row: row.created_at, reverse=True)
