"""What Django and allauth say of signing in, written down: `readers.sign_ins`."""

from __future__ import annotations

import re
import secrets
from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.account.models import EmailAddress
from allauth.account.signals import email_removed, user_logged_in
from allauth.mfa.signals import authentication_failed, authenticator_added, authenticator_removed, authenticator_used
from allauth.usersessions.models import UserSession
from django.contrib.auth.signals import user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language

from marketplace.foundation.addresses import known_address_of
from marketplace.models import User
from marketplace.readers import brought, second_factor, sign_ins
from marketplace.readers.sign_ins import BROWSER_COOKIE

PASSED = "second_factor_of"  # in the session: whose factor was used, or set up, in it
_BROWSER_ID = re.compile(r"[\w-]{22}")


@receiver(user_logged_in)
def note_sign_in(request: HttpRequest, user: User, **rest: Any) -> None:
    records = get_authentication_records(request, user)
    how = " ".join(dict.fromkeys(str(record.get("type") or record["method"]) for record in records))
    browser_id = request.COOKIES.get(BROWSER_COOKIE, "")
    if not _BROWSER_ID.fullmatch(browser_id):
        browser_id = request.new_browser_id = secrets.token_urlsafe(16)  # type: ignore[attr-defined]
    language = (get_language() or "fr")[:2]
    sign_ins.signed_in(
        user, how=how or "link", browser_id=browser_id, language=language, now=timezone.now(), **_from(request)
    )


@receiver(user_login_failed)
def note_wrong_password(credentials: dict[str, Any], request: HttpRequest | None = None, **rest: Any) -> None:
    if request is not None and (email := credentials.get("email") or credentials.get("username")):
        sign_ins.failed(str(email), now=timezone.now(), **_from(request))


@receiver(email_removed)
def keep_away_from_shops(user: User, email_address: EmailAddress, **rest: Any) -> None:
    if email_address.verified:  # one that was never theirs says nothing
        brought.address_removed(user, email_address.email, now=timezone.now())


@receiver(authentication_failed)
def note_wrong_code(request: HttpRequest, user: User, authenticator: Any, **rest: Any) -> None:
    sign_ins.failed_factor(user, how=authenticator.type, now=timezone.now(), **_from(request))


@receiver(authenticator_used)
@receiver(authenticator_added)
def note_factor(request: HttpRequest, user: User, authenticator: Any, **rest: Any) -> None:
    """Codes to fall back on are made beside a factor, and open as one does when they are used."""
    request.session[PASSED] = user.pk
    second_factor.end_grace(user, timezone.now())


@receiver(authenticator_removed)
def forget_factor(request: HttpRequest, user: User, **rest: Any) -> None:
    """Whoever has none any more has passed in no session: the others of theirs end."""
    if second_factor.factors(user).exists():
        return
    request.session.pop(PASSED, None)
    for session in UserSession.objects.filter(user=user).exclude(session_key=request.session.session_key):
        session.end()


def _from(request: HttpRequest) -> dict[str, str]:
    return {"address": known_address_of(request), "browser": request.headers.get("User-Agent", "")}
