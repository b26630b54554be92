"""New arrivals as Atom feeds, of all shops, of one, of a subject; and the description by which a browser adds our
search. Nothing in them depends on who asks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_cache_control, patch_vary_headers, set_response_etag
from django.utils.feedgenerator import Atom1Feed, get_tag_uri
from django.utils.html import escape
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from oscar.apps.partner.models import StockRecord

from marketplace.catalogue.models import ProductFacts
from marketplace.foundation import money, network
from search import directory, listings, queries, words
from search.engines.base import SearchError, Sort
from search.forms import Choices
from search.listings import Listing
from search.reader import Reader
from search.rows import Row, cheapest, rows
from search.views import plain_search
from shops import sellable, sharing

ENTRIES = 50
_LOOKED_THROUGH = 1000  # articles of a shop
_KEPT_SECONDS = 60  # they say what is there
_NOT_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def arrivals(request: HttpRequest) -> HttpResponse:
    """`/new/feed.atom`"""
    reader = Reader(now=timezone.now(), use=sharing.Use.OPEN)
    listing = listings.arrivals()
    return _feed(request, listing, listing.name, rows(newest(listing, reader), reader))


def of_subject(request: HttpRequest, place: str) -> HttpResponse:
    """`/subject/fb-…/feed.atom`"""
    listing = listings.subject(place.partition("-")[0].upper())
    if listing is None:
        raise Http404
    reader = Reader(now=timezone.now(), use=sharing.Use.OPEN)
    title = _("New arrivals: %(what)s") % {"what": listing.name}
    return _feed(request, listing, title, rows(newest(listing, reader), reader))


def of_shop(request: HttpRequest, slug: str) -> HttpResponse:
    """`/shops/…/feed.atom`: what the shop has that it had not before."""
    card = directory.by_slug(slug)
    if card is None or not sharing.allows(card, sharing.Use.OPEN, sharing.Kind.TITLES):
        raise Http404
    reader = Reader(now=timezone.now(), use=sharing.Use.OPEN)
    title = _("New at %(shop)s") % {"shop": card.name}
    found = rows(newest_in_shop(card.pk, reader), reader, shop_id=card.pk)
    return _feed(request, listings.in_shop(card), title, found)


def opensearch(request: HttpRequest) -> HttpResponse:
    """`/opensearch.xml`"""
    described = {"described": _("Search all shops of %(name)s") % {"name": network.current().name}}
    kind = "application/opensearchdescription+xml"
    response = render(request, "storefront/opensearch.xml", described, content_type=kind)
    return kept(request, response)


def newest(listing: Listing, reader: Reader) -> Sequence[int]:
    """What came into the catalogue last of what some shop has; from SQL while the search is down."""
    asked = listing.query(Choices(sort=Sort.ARRIVAL), reader)
    try:
        return queries.search(replace(asked, available=True, page_size=ENTRIES, facets=())).ids
    except SearchError:
        last = plain_search(Choices(), listing.where, listings.LAST_FIRST).ids
        return [row.product.pk for row in rows(last, reader) if row.best]


def newest_in_shop(shop_id: int, reader: Reader) -> Sequence[int]:
    """Of what the shop listed last; among its last `_LOOKED_THROUGH` articles, so that a shop's whole stock is never
    worked out for fifty of it."""
    records = StockRecord.objects.filter(partner__shop__pk=shop_id)
    # Not by the key's index: it would be read back to the days in which this shop sent something.
    last = list(records.order_by((F("pk") + 0).desc()).values_list("pk", flat=True)[:_LOOKED_THROUGH])
    there = StockRecord.objects.filter(pk__in=last, product__is_public=True).exclude(price=None)
    sold = sellable.annotate_sellable(there, now=reader.now).filter(sellable__gt=0)
    return list(dict.fromkeys(sold.order_by("-pk").values_list("product_id", flat=True)[:ENTRIES]))


def _feed(request: HttpRequest, listing: Listing, title: str, found: Sequence[Row]) -> HttpResponse:
    feed = Atom1Feed(
        title=f"{title} – {network.current().name}",
        link=request.build_absolute_uri(listing.address),
        description="",
        language=get_language(),
        feed_url=request.build_absolute_uri(request.path),
        author_name=network.current().name,
    )
    for row in found:
        if not row.sold:
            continue  # what may not be sold in the network's country is no news there
        product, facts = row.product, getattr(row.product, "facts", None)
        changed = max(product.date_created, facts.updated_at) if facts else product.date_created
        feed.add_item(
            title=_text(product.title),
            link=request.build_absolute_uri(product.get_absolute_url()),
            description=_summary(row, facts),
            author_name=_text(facts.contributors_text) or None if facts else None,
            unique_id=get_tag_uri(request.build_absolute_uri(f"/catalogue/{product.pk}"), product.date_created),
            pubdate=product.date_created,
            updateddate=changed,
        )
    response = HttpResponse(feed.writeString("utf-8"), content_type="application/atom+xml; charset=utf-8")
    return kept(request, response)


def kept(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """May be kept for some minutes, and is not sent again to who has it. The language may come from a cookie."""
    patch_cache_control(response, public=True, max_age=_KEPT_SECONDS)
    patch_vary_headers(response, ["Cookie"])
    set_response_etag(response)
    return get_conditional_response(request, etag=response["ETag"], response=response) or response


def _summary(row: Row, facts: ProductFacts | None) -> str:
    """ "Albert Camus · Gallimard · Pocket book · from 12,90 $ · Sold from 18 years" as text that stands in HTML."""
    said = [facts.contributors_text, facts.publisher, words.form(facts.form) if facts.form else ""] if facts else []
    if shown := row.here if row.here in row.sold else cheapest(row.sold):
        price = money.display(shown.price_minor, shown.currency, get_language() or "fr")
        said.append(price if row.here else _("from %(price)s") % {"price": price})
    if row.limit and row.limit.years:
        said.append(row.limit.sold_from)
    return escape(_text(" · ".join(filter(None, said))))


def _text(value: str) -> str:
    """Without the characters that XML cannot carry."""
    return _NOT_XML.sub("", value)
