"""allauth in our house: its mail goes through our outbox, its secrets are sealed, and the demo's password opens nothing
in production."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from allauth.core import context as allauth_context
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language

from demo.accounts import PASSWORD
from marketplace.foundation import mail, network, secrets
from marketplace.foundation.addresses import known_address_of


class SignInBackend(AuthenticationBackend):
    """By e-mail and password. The demo's password is printed in its documentation: with DEBUG off it is refused for
    every account, also one that was carried over from a demo."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> AbstractBaseUser | None:
        if not settings.DEBUG and credentials.get("password") == PASSWORD:
            return None
        return super().authenticate(request, **credentials)


class AccountAdapter(DefaultAccountAdapter):
    """Sign-in, registration and reset for all three doors."""

    def get_client_ip(self, request: HttpRequest) -> str:
        """As calls of programs are told apart: allauth would refuse whoever has no address it knows."""
        return known_address_of(request) or "::"

    def get_reauthentication_methods(self, user: AbstractBaseUser | AnonymousUser) -> list[dict[str, Any]]:
        """Whoever has a second factor says it: by the password alone a session that has not passed would add one of
        its own, and pass by that."""
        found: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        return [one for one in found if one["id"] != "reauthenticate"] or found

    def format_email_subject(self, subject: str) -> str:
        return subject

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """allauth's words in the reader's language, in the network's name, sent by the step `send_mail`."""
        current = network.current()
        ours = {"current_site": SimpleNamespace(name=current.name, domain=settings.SITE_URL), "email": email}
        message = self.render_mail(template_prefix, email, {**context, **ours})
        mail.post(
            "account_note",
            to=email,
            language=(get_language() or current.default_language)[:2],
            dedupe_key=f"account:{uuid4()}",
            context={"subject": message.subject, "text": message.body},
            now=timezone.now(),
        )


class FactorAdapter(DefaultMFAAdapter):
    """Secrets of authenticator apps and codes to fall back on are stored sealed. A passkey holds for the network's name
    and all entrances of shops below it."""

    def encrypt(self, text: str) -> str:
        return secrets.seal(text, row="allauth.mfa")

    def decrypt(self, encrypted_text: str) -> str:
        return secrets.open_sealed(encrypted_text, row="allauth.mfa")

    def get_totp_issuer(self) -> str:
        return network.current().name

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        here = allauth_context.request.get_host() if settings.DEBUG else urlsplit(settings.SITE_URL).netloc
        return {"id": settings.ENTRANCE_DOMAIN or here.partition(":")[0], "name": network.current().name}
