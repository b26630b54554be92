"""System checks: Oscar's classes resolve to ours, production settings are safe. `check --deploy` adds Django's own."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured
from oscar.core.loading import get_class

# (module label, class) → the package that must win
OVERRIDES = {
    ("partner.strategy", "Selector"): "marketplace.oscar_apps.partner",
    ("search.views", "FacetedSearchView"): "search",
    ("search.forms", "SearchForm"): "search",
}
MIN_KEY_LENGTH = 32


@register(Tags.models)
def overrides_resolve(**kwargs: object) -> list[CheckMessage]:
    """A fork that Oscar no longer finds would silently sell at the wrong shop's price."""
    found: list[CheckMessage] = []
    for (label, name), package in OVERRIDES.items():
        winner = get_class(label, name).__module__
        if not winner.startswith(package + "."):
            found.append(Error(f"{label}.{name} resolves to {winner}, not to {package}.", id="halles.E001"))
    return found


@register(Tags.security)
def production_is_safe(**kwargs: object) -> list[CheckMessage]:
    """With DEBUG off these are errors that stop the start, not advice."""
    if settings.DEBUG:
        return []
    problems = {
        "HALLES_SECRET_KEY is missing or short: give it 50 random characters.": len(settings.SECRET_KEY)
        < MIN_KEY_LENGTH,
        "HALLES_FIELD_KEY is missing or short: it encrypts stored secrets.": len(settings.FIELD_KEY) < MIN_KEY_LENGTH,
        "HALLES_HOSTS is missing: name the hosts this site answers for.": not settings.ALLOWED_HOSTS,
        "HALLES_HOSTS holds *: name the hosts.": "*" in settings.ALLOWED_HOSTS,
        "HALLES_HTTPS is off: readers pay here, plain HTTP will not do.": not settings.SECURE_SSL_REDIRECT,
        "HALLES_SITE_URL must begin with https://.": not settings.SITE_URL.startswith("https://"),
        "HALLES_ENTRANCE_DOMAIN must be the host of HALLES_SITE_URL or what follows its first dot: both share "
        "their visitors' cookies.": bool(settings.ENTRANCE_DOMAIN)
        and not f".{urlsplit(settings.SITE_URL).hostname}".endswith(f".{settings.ENTRANCE_DOMAIN}"),
        "HALLES_SECOND_FACTOR is off: whoever works for a shop or the network needs one.": (
            not settings.SECOND_FACTOR_REQUIRED
        ),
        "HALLES_SECOND_FACTOR_DAYS must be 0 to 30.": not 0 <= settings.SECOND_FACTOR_GRACE_DAYS <= 30,
        "The fake Stripe is on: give STRIPE_SECRET_KEY.": settings.STRIPE_FAKE,
        "STRIPE_WEBHOOK_SECRET is missing: events could be forged.": bool(settings.STRIPE_SECRET_KEY)
        and not settings.STRIPE_WEBHOOK_SECRET,
    }
    return [Error(text, id="halles.E002") for text, wrong in problems.items() if wrong]


def refuse_unsafe() -> None:
    """Called where a process starts to serve or to work: raises ImproperlyConfigured naming every problem."""
    if problems := production_is_safe():
        raise ImproperlyConfigured(
            "This configuration is not safe: " + " ".join(str(problem.msg) for problem in problems)
        )
