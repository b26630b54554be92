"""The pages that every site must have: pre-filled texts (`templates/cms/legal/`) that a network checks and makes its
own. Once somebody has changed one, it is theirs: nothing here writes it again."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string

from marketplace.cms.building import build_page
from marketplace.cms.models import StandardPage
from marketplace.foundation import network as networks
from marketplace.foundation.models import Network
from marketplace.readers.sign_ins import BROWSER_COOKIE, BROWSER_DAYS
from search.reader import PLACE_COOKIE

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class LegalPage:
    """`kind` is its own short address (`/terms/`) and the name of its texts, `slug` its place among the pages."""

    kind: str
    slug: str
    heading_fr: str
    heading_en: str


PAGES = {
    page.kind: page
    for page in (
        LegalPage("terms", "conditions-de-vente", "Conditions de vente", "Terms of sale"),
        LegalPage("privacy", "donnees-personnelles", "Utilisation des données", "How data is used"),
        LegalPage("legal", "mentions-legales", "Mentions légales", "Legal notice"),
        LegalPage("returns", "retours", "Retours", "Returns"),
        LegalPage("accessibility", "accessibilite", "Accessibilité", "Accessibility"),
        LegalPage("cookies", "temoins", "Témoins (cookies)", "Cookies"),
    )
}


@transaction.atomic
def create() -> int:
    """Write those that are not there yet, with the network's own name and addresses; how many."""
    there = set(
        StandardPage.objects.filter(slug__in=[page.slug for page in PAGES.values()]).values_list("slug", flat=True)
    )
    missing = [page for page in PAGES.values() if page.slug not in there]
    for page in missing:
        _write(page, networks.current())
    return len(missing)


@transaction.atomic
def follow(before: Network, after: Network) -> int:
    """The network's name or address changed: say so in the texts that still are as they were pre-filled; how many."""
    done = 0
    for page in PAGES.values():
        stands = StandardPage.objects.filter(slug=page.slug, live=True, has_unpublished_changes=False).first()
        was, now = _bodies(page, before), _bodies(page, after)
        if stands and was != now and (stands.body_fr, stands.body_en) == was:
            _write(page, after)
            done += 1
    return done


def page_of(kind: str) -> StandardPage | None:
    """The page as readers see it now. One query."""
    return StandardPage.objects.filter(slug=PAGES[kind].slug, live=True).first()


def _write(page: LegalPage, network: Network) -> None:
    french, english = _bodies(page, network)
    build_page(page.slug, heading_fr=page.heading_fr, heading_en=page.heading_en, body_fr=french, body_en=english)


def _bodies(page: LegalPage, network: Network) -> tuple[str, str]:
    """Its texts in French and in English, as HTML."""
    says = {
        "network": network,
        "name": network.name,
        "runner": network.legal_name or network.name,
        "address": ", ".join(network.legal_address.split("\n")).replace("\r", ""),
        "email": network.sender_email,
        "hours": network.answer_within_hours,
        "session": settings.SESSION_COOKIE_NAME,
        "session_days": settings.SESSION_COOKIE_AGE // _DAY,
        "csrf": settings.CSRF_COOKIE_NAME,
        "language": settings.LANGUAGE_COOKIE_NAME,
        "basket": settings.OSCAR_BASKET_COOKIE_OPEN,  # type: ignore[misc]
        "basket_days": settings.OSCAR_BASKET_COOKIE_LIFETIME // _DAY,  # type: ignore[misc]
        "place": PLACE_COOKIE,
        "browser": BROWSER_COOKIE,
        "browser_days": BROWSER_DAYS,
    }
    french, english = (render_to_string(f"cms/legal/{page.kind}.{language}.html", says) for language in ("fr", "en"))
    return french, english
