"""What a title's page says to programs: schema.org's words as JSON-LD, in one block of data. Browsers do not run it, so
the content policy has nothing to allow."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from datetime import time
from typing import Any

from django.http import HttpRequest
from django.utils.html import strip_tags
from django.utils.safestring import SafeString, mark_safe
from oscar.apps.catalogue.models import Product

from marketplace.agenda import publishing
from marketplace.agenda.upcoming import Shown
from marketplace.catalogue import sale_limits
from marketplace.catalogue.models import ProductFacts
from marketplace.foundation import network
from marketplace.readers.reviews import BEST, Reviews
from search import confidence, names
from search.directory import ShopCard
from search.listings import Crumb
from search.offers import Offer
from shops.models import Shop

DESCRIPTION_CHARACTERS = 200
_SCHEMA = "https://schema.org/"
_ROLES = {"author": "author", "translator": "translator", "illustrator": "illustrator", "editor": "editor"}
_BINDINGS = {
    "hardback": "Hardcover",
    "paperback": "Paperback",
    "pocket": "Paperback",
    "ebook": "EBook",
    "audio": "AudiobookFormat",
}
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_HOURS = "OpeningHoursSpecification"
_BOOKSHOPS = {Shop.Kind.BOOKS, Shop.Kind.USED_BOOKS, Shop.Kind.COMICS}
_STATES = {"have": "InStock", "ask": "LimitedAvailability", "soon": "BackOrder"}
# Nothing in a text may end the block or begin another.
_UNSAFE = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}


def block(parts: Sequence[dict[str, Any]]) -> SafeString:
    """The inside of `<script type="application/ld+json">`."""
    graph = {"@context": _SCHEMA.rstrip("/"), "@graph": parts}
    return mark_safe(json.dumps(graph, ensure_ascii=False, separators=(",", ":")).translate(_UNSAFE))  # noqa: S308


def title(
    request: HttpRequest,
    product: Product,
    facts: ProductFacts | None,
    offers: Sequence[Offer],
    reviewed: Reviews | None = None,
) -> dict[str, Any]:
    """A `Product`, and a `Book` where it is one, with an `Offer` of each shop's stock record."""
    address = request.build_absolute_uri(product.get_absolute_url())
    said: dict[str, Any] = {"@id": address, "url": address, "name": product.title}
    said["@type"] = ["Book", "Product"] if facts and facts.is_book else "Product"
    if facts:
        said |= {name: value for name, value in _facts(request, facts).items() if value}
    if facts and (years := sale_limits.years(facts, network.current().country)):
        said["audience"] = {"@type": "PeopleAudience", "requiredMinAge": years}
    if offers:
        said["offers"] = [_offer(request, address, offer) | _regions(facts, offer) for offer in offers]
    if reviewed:
        said["aggregateRating"] = {
            "@type": "AggregateRating",
            "ratingValue": round(reviewed.mean, 2),
            "reviewCount": reviewed.count,
            "bestRating": BEST,
            "worstRating": 1,
        }
    return said


def event(request: HttpRequest, shown: Shown) -> dict[str, Any]:
    """An `Event` in the shop's own time; of an all-day one only the days."""
    event, card = shown.event, shown.card
    shop = request.build_absolute_uri(card.address)
    times = (
        (shown.first.date(), shown.last.date()) if event.all_day else (shown.first, event.ends.astimezone(card.zone))
    )
    said = {
        "@type": "Event",
        "url": request.build_absolute_uri(event.get_absolute_url()),
        "name": event.title,
        "startDate": times[0].isoformat(),
        "endDate": times[1].isoformat(),
        "eventStatus": _SCHEMA + ("EventCancelled" if event.cancelled else "EventScheduled"),
        "eventAttendanceMode": _SCHEMA + "OfflineEventAttendanceMode",
        "description": plain(publishing.text_of(event), 1000),
        "location": {
            "@type": "Place",
            "name": event.place or card.name,
            "address": event.place or publishing.place_of(event, card),
        },
        "organizer": {"@type": "Store", "name": card.name, "url": shop},
    }
    return {name: value for name, value in said.items() if value}


def store(request: HttpRequest, card: ShopCard) -> dict[str, Any]:
    """A `Store` with its hours, and the days on which they are others."""
    week: dict[tuple[time, time], list[str]] = {}
    for span in card.hours:
        week.setdefault((span.opens, span.closes), []).append(_WEEKDAYS[span.weekday])
    address = request.build_absolute_uri(card.address)
    said: dict[str, Any] = {
        "@type": "BookStore" if card.kind in _BOOKSHOPS else "Store",
        "@id": address,
        "url": address,
        "name": card.name,
        "telephone": card.phone,
        "address": _postal(card),
        "openingHoursSpecification": [
            {"@type": _HOURS, "dayOfWeek": days, **_hours(*span)} for span, days in week.items()
        ],
        "specialOpeningHoursSpecification": [
            {
                "@type": _HOURS,
                "name": row.note,
                "validFrom": row.first_day.isoformat(),
                "validThrough": row.last_day.isoformat(),
                **_hours(row.opens, row.closes),
            }
            for row in card.special_days
        ],
    }
    if card.position:
        latitude, longitude = card.position
        said["geo"] = {"@type": "GeoCoordinates", "latitude": latitude, "longitude": longitude}
    return {name: value for name, value in said.items() if value}


def _postal(card: ShopCard) -> dict[str, str]:
    said = {
        "@type": "PostalAddress",
        "streetAddress": card.line1,
        "addressLocality": card.city,
        "addressRegion": card.region,
        "postalCode": card.postcode,
    }
    return {name: value for name, value in said.items() if value}


def trail(request: HttpRequest, crumbs: Sequence[Crumb]) -> dict[str, Any]:
    """A `BreadcrumbList`; the last crumb is the page itself."""
    return {
        "@type": "BreadcrumbList",
        "itemListElement": [
            {
                "@type": "ListItem",
                "position": place,
                "name": crumb.label,
                "item": request.build_absolute_uri(crumb.address),
            }
            for place, crumb in enumerate(crumbs, 1)
        ],
    }


def plain(description: str, characters: int = DESCRIPTION_CHARACTERS) -> str:
    """A description as one line of text, cut at a word."""
    bare = " ".join(html.unescape(strip_tags(description.replace("<", " <"))).split())
    return bare if len(bare) <= characters else bare[: characters - 1].rpartition(" ")[0] + "…"


def availability(offer: Offer) -> str:
    """schema.org's address for the state of an offer."""
    if offer.state == "have" and offer.confidence == confidence.DOUBTFUL:
        return _SCHEMA + "LimitedAvailability"
    return _SCHEMA + ("PreOrder" if offer.availability == "preorder" else _STATES.get(offer.state, "OutOfStock"))


def _hours(opens: time | None, closes: time | None) -> dict[str, str]:
    """As search engines read them: from midnight to midnight is closed, the whole day ends a minute before."""
    if opens is None or closes is None:
        return {"opens": "00:00", "closes": "00:00"}
    whole_day = opens == closes == time()
    return {"opens": f"{opens:%H:%M}", "closes": "23:59" if whole_day else f"{closes:%H:%M}"}


def _facts(request: HttpRequest, facts: ProductFacts) -> dict[str, Any]:
    said: dict[str, Any] = {
        "image": request.build_absolute_uri(facts.cover.url) if facts.cover else "",
        "description": plain(facts.description, 1000) if facts.description else "",
    }
    if facts.gtin:
        said["isbn" if facts.is_book else "gtin"] = f"{facts.gtin:013d}"
    if not facts.is_book:
        return said
    if facts.gtin:
        said["gtin13"] = f"{facts.gtin:013d}"
    for person in facts.contributors:
        if person.get("name"):
            role = _ROLES.get(person.get("role", ""), "contributor")
            said.setdefault(role, []).append(_person(request, person["name"]))
    return said | {
        "alternativeHeadline": facts.subtitle,
        "publisher": {"@type": "Organization", "name": facts.publisher} if facts.publisher else None,
        "datePublished": facts.publication_date.isoformat() if facts.publication_date else "",
        "inLanguage": facts.language,
        "numberOfPages": facts.pages,
        "bookFormat": _SCHEMA + _BINDINGS[facts.form] if facts.form in _BINDINGS else "",
        "isPartOf": _series(request, facts),
        "position": facts.series_number if facts.series else "",
    }


def _person(request: HttpRequest, name: str) -> dict[str, str]:
    page = names.address("author", name)
    said = {"@type": "Person", "name": names.shown("author", name)}
    return said | {"url": request.build_absolute_uri(page)} if page else said


def _series(request: HttpRequest, facts: ProductFacts) -> dict[str, str] | None:
    if not facts.series:
        return None
    page = names.address("series", facts.series)
    said = {"@type": "BookSeries", "name": facts.series}
    return said | {"url": request.build_absolute_uri(page)} if page else said


def _regions(facts: ProductFacts | None, offer: Offer) -> dict[str, Any]:
    """Where new copies may be sold, or may not."""
    if facts is None or not facts.territory or offer.is_used:
        return {}
    only, countries = sale_limits.listed(facts.territory)
    return {"eligibleRegion" if only else "ineligibleRegion": list(countries)}


def _offer(request: HttpRequest, address: str, offer: Offer) -> dict[str, Any]:
    return {
        "@type": "Offer",
        "url": address,
        "price": f"{offer.price:f}",
        "priceCurrency": offer.currency,
        "availability": availability(offer),
        "itemCondition": _SCHEMA + ("UsedCondition" if offer.is_used else "NewCondition"),
        "seller": {"@type": "Store", "name": offer.shop.name, "url": request.build_absolute_uri(offer.shop.address)},
    }
