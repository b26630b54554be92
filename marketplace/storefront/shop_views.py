"""All shops, and one shop with its stock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import cos, radians

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from marketplace.cms.models import Pick
from search import availability, directory, queries
from search.availability import ShopEntry
from search.directory import Hours, ShopCard
from search.engines.base import Page, Query, SearchError, Sort
from search.offers import in_stock_at
from search.reader import Reader, reader_of
from search.rows import rows
from shops.models import Shop

TITLES_SHOWN = 12
_MAP_WIDTH, _MAP_HEIGHT, _MAP_EDGE = 720, 360, 40


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursRow:
    weekday: int
    spans: tuple[Hours, ...]
    is_today: bool


def shops(request: HttpRequest) -> HttpResponse:
    reader = reader_of(request)
    found, here = on_map(availability.entries(reader.place, reader.now), reader)
    return render(
        request,
        "storefront/shops.html",
        {"entries": found, "here": here, "width": _MAP_WIDTH, "height": _MAP_HEIGHT, "reader": reader},
    )


def shop(request: HttpRequest, slug: str) -> HttpResponse:
    shop_row = get_object_or_404(Shop, slug=slug, status=Shop.Status.ACTIVE)
    card = directory.active().get(shop_row.pk)
    if card is None:  # it came on sale within the last seconds
        directory.forget()
        card = directory.active()[shop_row.pk]
    reader = reader_of(request)
    page, total = stock_of(card, reader)
    picks = list(Pick.objects.filter(shop_id=card.pk, live=True))
    return render(
        request,
        "storefront/shop.html",
        {
            "shop": shop_row,
            "card": card,
            "entry": availability.entry(card, reader.place, reader.now),
            "hours": hours_table(card, reader),
            "rows": rows(page, reader, shop_id=card.pk),
            "total": total,
            "picks": picks,
            "reader": reader,
            "is_mine": reader.shop_id == card.pk,
        },
    )


def on_map(found: list[ShopEntry], reader: Reader) -> tuple[list[ShopEntry], tuple[int, int] | None]:
    """The entries with their places on a drawing of the map's size, and the reader's; nothing where fewer than two
    positions are known. Degrees of longitude are shortened by the latitude's cosine; a city needs no more."""
    positions = [one.card.position for one in found if one.card.position]
    here = (reader.place.latitude, reader.place.longitude) if reader.place else None
    if len(positions) < 2:
        return found, None
    narrow = cos(radians(sum(latitude for latitude, _ in positions) / len(positions)))
    everywhere = [*positions, here] if here else positions
    west, east = min(p[1] for p in everywhere) * narrow, max(p[1] for p in everywhere) * narrow
    south, north = min(p[0] for p in everywhere), max(p[0] for p in everywhere)
    scale = min(
        (_MAP_WIDTH - 2 * _MAP_EDGE) / max(east - west, 1e-6), (_MAP_HEIGHT - 2 * _MAP_EDGE) / max(north - south, 1e-6)
    )

    def drawn(position: tuple[float, float]) -> tuple[int, int]:
        x = _MAP_WIDTH / 2 + (position[1] * narrow - (west + east) / 2) * scale
        y = _MAP_HEIGHT / 2 - (position[0] - (south + north) / 2) * scale
        return round(x), round(y)

    placed = []
    for one in found:
        x, y = drawn(one.card.position) if one.card.position else (None, None)
        placed.append(replace(one, x=x, y=y))
    return placed, drawn(here) if here else None


def hours_table(card: ShopCard, reader: Reader) -> list[HoursRow]:
    """Seven rows, Monday first; empty where no hours are known."""
    today = reader.now.astimezone(card.zone).weekday()
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


def stock_of(card: ShopCard, reader: Reader) -> tuple[list[int], int]:
    """The newest titles that the shop has, and how many it has in all; from SQL while the search is down."""
    query = Query(within=frozenset({card.pk}), sort=Sort.NEWEST, page_size=TITLES_SHOWN)
    try:
        page: Page = queries.search(query)
    except SearchError:
        return in_stock_at(card.pk, TITLES_SHOWN, now=reader.now)
    return list(page.ids), page.total
