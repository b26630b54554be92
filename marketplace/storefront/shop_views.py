"""All shops, and one shop with its stock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from csp.decorators import csp_update
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render

from marketplace.agenda import upcoming
from marketplace.cms.models import Pick
from marketplace.foundation import network
from marketplace.storefront import maps, place_views, places, shop_filters, structured
from search import availability, directory, queries
from search.directory import Hours, ShopCard, SpecialDays
from search.engines.base import Page, Query, SearchError, Sort
from search.offers import in_stock_at
from search.reader import Reader, reader_of
from search.rows import rows
from shops import opening, sharing
from shops.models import Shop

TITLES_SHOWN = 12
EVENTS_SHOWN = 6
SPECIAL_DAYS_AHEAD = timedelta(days=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursRow:
    weekday: int
    spans: tuple[Hours, ...]
    is_today: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DaysRow:
    """`spans`: of the same days; one without hours where it is closed."""

    first_day: date
    last_day: date
    spans: tuple[SpecialDays, ...]
    is_today: bool


def shops(request: HttpRequest) -> HttpResponse:
    """`/shops/`: all of its state is in the address, but for a place that the reader keeps."""
    return render(request, "storefront/shops.html", _listed(request))


def shop_map(request: HttpRequest) -> HttpResponseBase:
    """`/map/`: the same list beside a map. The only page on which a browser may ask the network's tile server."""
    address = network.current().tile_address
    view = csp_update({"img-src": maps.origin(address)})(_shop_map) if address else _shop_map
    return view(request)


def _shop_map(request: HttpRequest) -> HttpResponse:
    context = _listed(request)
    return render(request, "storefront/map.html", context | maps.ground(context["entries"], context["place"]))


def _listed(request: HttpRequest) -> dict[str, Any]:
    reader = reader_of(request)
    chosen = shop_filters.choices(request.GET)
    found = places.find(chosen.near, radius_km=chosen.km or place_views.RADII_KM[0]) if chosen.near else places.Found()
    place = found.place or (None if chosen.near else reader.place)
    every = availability.entries(place, reader.now)
    wrong = place_views.not_found(found) if chosen.near and place is None else ""
    return {
        "entries": [entry for entry in every if chosen.fits(entry)],
        "groups": shop_filters.groups(chosen, every),
        "open_count": shop_filters.open_count(chosen, every),
        "chips": shop_filters.chips(chosen),
        "chosen": chosen,
        "radii": place_views.RADII_KM,
        "place": place,
        "wrong_place": wrong,
        "other_places": [(name, chosen.parameters(near=name)) for name in found.choices + found.nearly],
        "cities": places.cities(),
        "reader": reader,
    }


def shop(request: HttpRequest, slug: str) -> HttpResponse:
    shop_row = get_object_or_404(Shop, slug=slug, status=Shop.Status.ACTIVE)
    card = directory.active().get(shop_row.pk)
    if card is None:  # it came on sale within the last seconds
        directory.forget()
        card = directory.active()[shop_row.pk]
    reader = reader_of(request)
    page, total = stock_of(card, reader)
    stock = {"rows": rows(page, reader, shop_id=card.pk), "total": total}
    return render(request, "storefront/shop.html", {**about(request, shop_row, card, reader), **stock})


def about(request: HttpRequest, shop_row: Shop, card: ShopCard, reader: Reader) -> dict[str, Any]:
    """All of a shop's page but its titles."""
    return {
        "shop": shop_row,
        "card": card,
        "entry": availability.entry(card, reader.place, reader.now),
        "hours": hours_table(card, reader),
        "special_days": special_days(card, reader),
        "structured": structured.block([structured.store(request, card)])
        if sharing.allows(card, sharing.Use.INDEX, sharing.Kind.PROFILE)
        else "",
        "picks": list(Pick.objects.filter(shop_id=card.pk, live=True)),
        "events": upcoming.listed({card.pk}, reader.now, most=EVENTS_SHOWN),
        "reader": reader,
        "is_mine": reader.shop_id == card.pk,
    }


def hours_table(card: ShopCard, reader: Reader) -> list[HoursRow]:
    """Seven rows, Monday first; empty where no hours are known. None is today's where today is not as usual."""
    day = reader.now.astimezone(card.zone).date()
    today = -1 if opening.said_of(card.special_days, day) else day.weekday()
    if not card.hours:
        return []
    return [
        HoursRow(
            weekday=weekday,
            spans=tuple(span for span in card.hours if span.weekday == weekday),
            is_today=weekday == today,
        )
        for weekday in range(7)
    ]


def special_days(card: ShopCard, reader: Reader) -> list[DaysRow]:
    """What it said of the days of the next weeks, soonest first."""
    today = reader.now.astimezone(card.zone).date()
    found: dict[tuple[date, date], list[SpecialDays]] = {}
    for row in card.special_days:
        if row.last_day >= today and row.first_day <= today + SPECIAL_DAYS_AHEAD:
            found.setdefault((row.first_day, row.last_day), []).append(row)
    return [
        DaysRow(first_day=first, last_day=last, spans=tuple(rows), is_today=first <= today)
        for (first, last), rows in found.items()
    ]


def stock_of(card: ShopCard, reader: Reader) -> tuple[list[int], int]:
    """The newest titles that the shop has, and how many it has in all; from SQL while the search is down."""
    query = Query(within=frozenset({card.pk}), sort=Sort.NEWEST, page_size=TITLES_SHOWN)
    try:
        page: Page = queries.search(query)
    except SearchError:
        return in_stock_at(card.pk, TITLES_SHOWN, now=reader.now)
    return list(page.ids), page.total
