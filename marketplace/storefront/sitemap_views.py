"""What search engines read first: what they may look at, and the address of every page there is.

A sitemap's part is a range of keys, so that it is read by an index whatever the number of titles, and says the same
tomorrow. One more query finds the ranges that have a row, by going from each to the next.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.html import escape
from oscar.apps.catalogue.models import Product
from wagtail.models import Page

from marketplace.catalogue import subjects
from marketplace.catalogue.models import ListedName, Subject
from marketplace.cms import legal
from marketplace.foundation import bulk
from search import directory, listings, names, queries
from search.engines.base import Query, SearchError
from shops import sharing

KEYS_IN_PART = 20_000
"""The protocol allows 50,000 addresses in a part, and 50,000 parts."""

_HOUR = 3600
_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
_PROTOCOL = "http://www.sitemaps.org/schemas/sitemap/0.9"
_RANGES = """
WITH RECURSIVE part (n) AS (
    SELECT MIN(id) / {keys} FROM {table} WHERE {shown}
    UNION ALL
    SELECT (SELECT MIN(id) / {keys} FROM {table} WHERE {shown} AND id >= (n + 1) * {keys}) FROM part WHERE n IS NOT NULL
)
SELECT n FROM part WHERE n IS NOT NULL
"""
_TABLES = {"titles": ("catalogue_product", "is_public"), "names": ("titles_listedname", "true")}
_PRIVATE = (
    *("/account/", "/accounts/", "/admin/", "/alerts/", "/api/", "/basket/", "/board/", "/checkout/", "/cms/"),
    *("/dashboard/", "/hooks/", "/i18n/", "/lists/", "/orders/", "/place/", "/portal/", "/reviews/", "/search/"),
    *("/searches/", "/suggest/"),
)

Entry = tuple[str, date | datetime | None]
"""A path, and when its page changed where that is known."""


def robots(request: HttpRequest) -> HttpResponse:
    """`/robots.txt`: nobody's own pages, and no searches: what they find has pages of its own."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in _PRIVATE)]
    lines.append(f"Sitemap: {request.build_absolute_uri(reverse('storefront:sitemap'))}")
    return _kept(HttpResponse("\n".join([*lines, ""]), content_type="text/plain; charset=utf-8"))


def index(request: HttpRequest) -> HttpResponse:
    """`/sitemap.xml`: the parts. Two queries for any number of titles."""
    parts = [("pages", 0), *((kind, number) for kind in _TABLES for number in _ranges(kind))]
    said = [
        f"<sitemap><loc>{request.build_absolute_uri(reverse('storefront:sitemap-part', args=part))}</loc></sitemap>"
        for part in parts
    ]
    return _answer("sitemapindex", said)


def part(request: HttpRequest, kind: str, number: str) -> HttpResponse:
    """`/sitemap-titles-7.xml`: one query."""
    place = int(number)
    keys = range(place * KEYS_IN_PART, (place + 1) * KEYS_IN_PART)
    if kind == "pages":
        found = _pages(request) if place == 0 else []
    else:
        found = list(_titles(keys) if kind == "titles" else _names(keys))
    if not found:
        raise Http404
    site = request.build_absolute_uri("/").rstrip("/")
    return _answer("urlset", [_said(site, entry) for entry in found])


def _titles(keys: range) -> Iterable[Entry]:
    rows = Product.objects.filter(is_public=True, pk__gte=keys.start, pk__lt=keys.stop).order_by("pk")
    for pk, slug, created, changed in rows.values_list("pk", "slug", "date_created", "facts__updated_at"):
        yield f"/catalogue/{slug}_{pk}/", changed or created


def _names(keys: range) -> Iterable[Entry]:
    """Of several spellings the first, which has the page."""
    earlier = ListedName.objects.filter(kind=OuterRef("kind"), key=OuterRef("key"), pk__lt=OuterRef("pk"))
    rows = ListedName.objects.filter(~Exists(earlier), pk__gte=keys.start, pk__lt=keys.stop).order_by("pk")
    for kind, slug, changed in rows.values_list("kind", "slug", "changed_on"):
        yield names.address_of(kind, slug), changed


def _pages(request: HttpRequest) -> list[Entry]:
    """Shops, subjects that have titles, and what editors wrote."""
    plain = ("shops", "events", "new", *legal.PAGES, "open-data")
    found: list[Entry] = [("/", None), *((reverse(f"storefront:{name}"), None) for name in plain)]
    for card in directory.active().values():
        index = sharing.Use.INDEX
        found += [(card.address, None)] if sharing.allows(card, index, sharing.Kind.PROFILE) else []
        found += [(listings.in_shop(card).address, None)] if sharing.allows(card, index, sharing.Kind.TITLES) else []
    found += [(listings.subject_address(*named), None) for named in _subjects()]
    written = Page.objects.live().public().filter(depth__gt=2).order_by("path")
    found += [(page.get_url(request), page.last_published_at) for page in written]
    return [(path, changed) for path, changed in found if path]


def _subjects() -> list[tuple[str, str, str]]:
    """(code, French, English) of those under which there is a title; of all while the search is down."""
    rows = Subject.objects.filter(scheme=subjects.SCHEME).order_by("code")
    known = list(rows.values_list("code", "label_fr", "label_en"))
    try:
        counted = queries.search(Query(page_size=1, facets=("subject",))).facets["subject"]
    except SearchError:
        return known
    used = {value.value for value in counted}
    return [row for row in known if row[0] in used]


def _ranges(kind: str) -> list[int]:
    table, shown = _TABLES[kind]
    return [number for (number,) in bulk.rows(_RANGES.format(keys=KEYS_IN_PART, table=table, shown=shown))]


def _said(site: str, entry: Entry) -> str:
    path, changed = entry
    if changed is None:
        return f"<url><loc>{site}{escape(path)}</loc></url>"
    day = changed.isoformat(timespec="seconds") if isinstance(changed, datetime) else changed.isoformat()
    return f"<url><loc>{site}{escape(path)}</loc><lastmod>{day}</lastmod></url>"


def _answer(root: str, said: list[str]) -> HttpResponse:
    text = "\n".join([f'{_XML}<{root} xmlns="{_PROTOCOL}">', *said, f"</{root}>", ""])
    return _kept(HttpResponse(text, content_type="application/xml; charset=utf-8"))


def _kept(response: HttpResponse) -> HttpResponse:
    patch_cache_control(response, public=True, max_age=_HOUR)
    return response
