"""`/opds/`: the catalogue of all shops and of each for reading programs, as OPDS 2.0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from marketplace.foundation import network
from marketplace.storefront import opds
from marketplace.storefront.feed_views import kept
from search import directory, listings, queries
from search.engines.base import DEEPEST_HIT, Page, Query, SearchError, Sort
from search.forms import PAGE_SIZE, Choices, choices
from search.listings import Listing
from search.reader import Reader
from search.rows import rows
from search.views import plain_search
from shops import sharing


def start(request: HttpRequest) -> HttpResponse:
    """`/opds/`"""
    navigation = [
        opds.link(request, reverse(f"storefront:{name}"), rel, title=title)
        for name, rel, title in (
            ("opds-new", "http://opds-spec.org/sort/new", _("New arrivals")),
            ("opds-titles", "subsection", _("All titles")),
            ("opds-subjects", "subsection", _("Subjects")),
            ("opds-shops", "subsection", _("Shops")),
        )
    ]
    return _answer(request, network.current().name, navigation=navigation)


def titles(request: HttpRequest) -> HttpResponse:
    """`/opds/titles/?query=`"""
    return _titles(request, listings.everything())


def new(request: HttpRequest) -> HttpResponse:
    return _titles(request, listings.arrivals())


def shops(request: HttpRequest) -> HttpResponse:
    navigation = [
        opds.link(request, reverse("storefront:opds-shop", args=[card.slug]), "subsection", title=card.name)
        for card in directory.active().values()
        if _is_open(card)
    ]
    return _answer(request, _("Shops"), navigation=navigation)


def shop(request: HttpRequest, slug: str) -> HttpResponse:
    """`/opds/shops/…/?query=`: what one shop has."""
    card = directory.by_slug(slug)
    return _titles(request, listings.in_shop(card) if card and _is_open(card) else None)


def _is_open(card: directory.ShopCard) -> bool:
    return sharing.allows(card, sharing.Use.OPEN, sharing.Kind.TITLES)


def all_subjects(request: HttpRequest) -> HttpResponse:
    return _answer(request, _("Subjects"), navigation=_below(request, ""))


def subject(request: HttpRequest, place: str) -> HttpResponse:
    """`/opds/subjects/fb-…/?query=`: its titles, and the subjects below it."""
    code = place.partition("-")[0].upper()
    return _titles(request, listings.subject(code), navigation=_below(request, code))


def title(request: HttpRequest, pk: str) -> HttpResponse:
    """`/opds/title/7/`: one publication."""
    found = rows([int(pk)], Reader(now=timezone.now(), use=sharing.Use.OPEN))
    if not found:
        raise Http404
    return kept(request, JsonResponse(opds.publication(request, found[0]), content_type=opds.PUBLICATION))


def _titles(request: HttpRequest, listing: Listing | None, navigation: Sequence[dict[str, Any]] = ()) -> HttpResponse:
    """One page of a list: two queries beside its own, and one question to the engine."""
    if listing is None:
        raise Http404
    asked = choices(request.GET, listing.sort)
    typed = " ".join(request.GET.get("query", "").split())[:200]
    sort = Sort.BEST if typed else listing.sort
    chosen = Choices(text=typed, sort=sort, usual_sort=sort, page=asked.page)
    reader = Reader(now=timezone.now(), use=sharing.Use.OPEN)
    try:
        page = queries.search(replace(listing.query(chosen, reader), facets=()))
    except SearchError:
        page = plain_search(chosen, listing.where, listing.order)
    found = rows(page.ids, reader, shop_id=listing.shop_id)
    return _answer(
        request,
        listing.name,
        links=[opds.link(request, listing.address, "alternate", kind="text/html"), *_pages(request, chosen, page)],
        metadata={"numberOfItems": page.total, "itemsPerPage": PAGE_SIZE, "currentPage": chosen.page},
        publications=[opds.publication(request, row) for row in found],
        navigation=list(navigation) if chosen.page == 1 and not typed else [],
    )


def _answer(
    request: HttpRequest,
    title: str,
    *,
    links: Sequence[dict[str, Any]] = (),
    metadata: dict[str, Any] | None = None,
    **collections: Any,
) -> HttpResponse:
    """Where titles are listed, the search stays among them."""
    searched = request.path if "publications" in collections else reverse("storefront:opds-titles")
    links = [opds.search_link(request, searched), *links]
    said = opds.feed(request, title, links=links, metadata=metadata or {}, **collections)
    return kept(request, JsonResponse(said, content_type=opds.FEED))


def _pages(request: HttpRequest, chosen: Choices, page: Page) -> list[dict[str, Any]]:
    last = max(1, -(-min(page.total, DEEPEST_HIT) // PAGE_SIZE))
    places = {"first": 1, "last": last}
    if 1 < chosen.page <= last:
        places["previous"] = chosen.page - 1
    if chosen.page < last:
        places["next"] = chosen.page + 1
    found = []
    for rel, number in places.items():
        parameters = request.GET.copy()
        parameters["page"] = str(number)
        found.append(opds.link(request, f"{request.path}?{parameters.urlencode()}", rel))
    return found


def _below(request: HttpRequest, code: str) -> list[dict[str, Any]]:
    """The subjects one level below that have titles, with their number. No query."""
    try:
        counted = queries.search(Query(under=code, available=True, orderable=True, page_size=1, facets=("subject",)))
    except SearchError:
        return []
    return [
        opds.link(
            request,
            reverse("storefront:opds-subject", args=[crumb.address.split("/")[2]]),
            "subsection",
            title=crumb.label,
            properties={"numberOfItems": titles},
        )
        for crumb, titles in listings.subjects_below(code, counted.facets["subject"])
    ]
