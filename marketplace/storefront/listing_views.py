"""Pages that list titles: of an author, a publisher, a series, a subject, a shop, and what arrived last."""

from __future__ import annotations

from functools import partial
from urllib.parse import unquote

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from search import directory, ignored, listings, names
from search.forms import SORTS
from search.listings import Listing
from search.reader import entrance_of, reader_of
from search.views import Found, context, plain_search


def named(request: HttpRequest, kind: str, slug: str) -> HttpResponse:
    """`/author/…/`, `/publisher/…/`, `/series/…/`. Without a title there is no such page."""
    return _page(request, listings.named(kind, slug))


def subject(request: HttpRequest, place: str) -> HttpResponse:
    """`/subject/fb-…/`: the code decides."""
    return _page(request, listings.subject(place.partition("-")[0].upper()))


def in_shop(request: HttpRequest, slug: str) -> HttpResponse:
    card = directory.by_slug(slug)
    return _page(request, listings.in_shop(card) if card else None)


def arrivals(request: HttpRequest) -> HttpResponse:
    return _page(request, listings.arrivals())


def _page(request: HttpRequest, listing: Listing | None) -> HttpResponse:
    if listing is None:
        raise Http404
    if request.path != unquote(listing.address):
        rest = request.META["QUERY_STRING"]
        return redirect(f"{listing.address}?{rest}" if rest else listing.address, permanent=True)
    reader = reader_of(request)
    chosen, left_out = ignored.known_choices(request.GET, reader, listing.sort)
    found = Found.of(
        chosen,
        left_out,
        partial(listing.query, reader=reader),
        partial(plain_search, where=listing.where, order=listing.order),
    )
    chosen, page, failed = found.chosen, found.page, found.failed
    if listing.kind in names.QUERIED and chosen.is_plain and not page.total:
        raise Http404
    shown = context(chosen, page, reader, failed=failed, shop_id=listing.shop_id, entrance=entrance_of(request))
    code = str(listing.fixed.get("under", ""))
    shown |= {
        **found.said(shown["chips"]),
        "facets": [facet for facet in shown["facets"] if facet.name != listing.kind],
        "narrower": listings.subjects_below(code, page.facets.get("subject", ())) if code and not chosen.text else [],
        "listing": listing,
        "indexed": chosen.is_plain and page.total > 0 and not failed,
        "sorts": ((listing.sort, listing.sort_label), *SORTS) if listing.sort_label else SORTS,
    }
    response = render(request, "search/listing.html", shown)
    parameters = chosen.parameters(page=chosen.page if chosen.page > 1 else "")
    response["HX-Push-Url"] = f"{listing.address}?{parameters}" if parameters else listing.address
    return response
