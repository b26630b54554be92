"""Titles and lists as OPDS 2.0 has them (https://drafts.opds.io/opds-2.0): JSON for programs in which people read and
look for books. A publication must have links to itself and to where it is bought, and a picture."""

from __future__ import annotations

import mimetypes
from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse

from marketplace.catalogue import cover_files, subjects
from marketplace.catalogue.models import ProductFacts
from marketplace.storefront import structured
from search import listings, names
from search.engines.fields import volume_order
from search.rows import Row, cheapest

FEED = "application/opds+json"
PUBLICATION = "application/opds-publication+json"
BUY = "http://opds-spec.org/acquisition/buy"
_HTML = "text/html"
_THEMA = "https://ns.editeur.org/thema/"
_NO_COVER = (240, 360)
_ROLES = ("author", "translator", "illustrator", "editor", "narrator")


def link(request: HttpRequest, path: str, rel: str = "", *, kind: str = FEED, **more: Any) -> dict[str, Any]:
    said = {"href": request.build_absolute_uri(path), "type": kind, **more}
    return {"rel": rel, **said} if rel else said


def feed(
    request: HttpRequest, title: str, *, links: Sequence[dict[str, Any]], metadata: dict[str, Any], **collections: Any
) -> dict[str, Any]:
    """A feed with its way back to the start; empty collections are left out, but one is always there."""
    filled = {name: value for name, value in collections.items() if value}
    return {
        "metadata": {"title": title, **metadata},
        "links": [
            link(request, request.get_full_path(), "self"),
            link(request, reverse("storefront:opds"), "start"),
            *links,
        ],
        **(filled or dict(list(collections.items())[:1])),
    }


def search_link(request: HttpRequest, path: str) -> dict[str, Any]:
    return {
        "rel": "search",
        "href": f"{request.build_absolute_uri(path)}{{?query}}",
        "type": FEED,
        "templated": True,
    }


def publication(request: HttpRequest, row: Row) -> dict[str, Any]:
    product, facts = row.product, getattr(row.product, "facts", None)
    page = request.build_absolute_uri(product.get_absolute_url())
    said: dict[str, Any] = {
        "@type": "https://schema.org/Book" if facts and facts.is_book else "https://schema.org/Product",
        "title": product.title,
        "identifier": page,
    }
    if facts:
        said |= {name: value for name, value in _facts(facts).items() if value}
    if row.limit and row.limit.years:
        said["audience"] = {"@type": "https://schema.org/PeopleAudience", "requiredMinAge": row.limit.years}
    buy = {"rel": BUY, "href": page, "type": _HTML, "properties": _terms(row)}
    if row.limit and row.limit.refusal:
        buy["title"] = row.limit.in_short
    return {
        "metadata": said,
        "links": [
            link(request, reverse("storefront:opds-title", args=[product.pk]), "self", kind=PUBLICATION),
            {"rel": "alternate", "href": page, "type": _HTML},
            buy,
        ],
        "images": _images(request, facts),
    }


def _facts(facts: ProductFacts) -> dict[str, Any]:
    return {
        "identifier": f"urn:{'isbn' if facts.is_book else 'gtin'}:{facts.gtin:013d}" if facts.gtin else "",
        "subtitle": facts.subtitle,
        **_people(facts),
        "publisher": facts.publisher,
        "language": facts.language,
        "published": facts.publication_date.isoformat() if facts.publication_date else "",
        "modified": facts.updated_at.isoformat(timespec="seconds"),
        "description": structured.plain(facts.description, 1000) if facts.description else "",
        "numberOfPages": facts.pages,
        "subject": [
            {"name": listings.subject_trail(code)[-1].label, "code": code, "scheme": _THEMA}
            for code in facts.subject_codes
            if subjects.path(code)
        ],
        "belongsTo": {"series": [_series(facts)]} if facts.series else None,
    }


def _people(facts: ProductFacts) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for person in facts.contributors:
        if person.get("name"):
            role = person["role"] if person.get("role") in _ROLES else "contributor"
            found.setdefault(role, []).append(names.shown("author", person["name"]))
    return found


def _series(facts: ProductFacts) -> dict[str, Any]:
    said: dict[str, Any] = {"name": facts.series}
    position = volume_order(facts.series_number)
    return said | {"position": position} if position < volume_order("") else said


def _terms(row: Row) -> dict[str, Any]:
    """The price of the offer that a list shows, and whether it can be bought now: in the network's country, where
    nobody has said another."""
    sold = row.sold
    shown = row.here if row.here in sold else cheapest(sold)
    there = any(offer.buyable for offer in sold)
    said: dict[str, Any] = {"availability": {"state": "available" if there else "unavailable"}}
    if shown:
        said["price"] = {"value": float(shown.price), "currency": shown.currency}
    return said


def _images(request: HttpRequest, facts: ProductFacts | None) -> list[dict[str, Any]]:
    if facts and facts.cover:
        kind = mimetypes.guess_type(str(facts.cover))[0] or "image/jpeg"
        return [link(request, facts.cover.url, kind=kind, width=cover_files.WIDTHS["page"])]
    width, height = _NO_COVER
    return [link(request, static("images/no-cover.png"), kind="image/png", width=width, height=height)]
