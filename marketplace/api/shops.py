"""Shops as programs read them."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router
from pydantic import BaseModel, Field

from marketplace.api import cursors
from marketplace.api.callers import Reads
from marketplace.api.failures import CallError
from marketplace.api.models import Scope
from marketplace.api.places import Where, reader_at, shops_within
from marketplace.api.titles import FAILURES, WITHOUT_KEY
from marketplace.foundation import network
from search import availability, directory
from search.availability import ShopEntry
from shops import sharing

MOST_SHOPS = 100
router = Router(auth=Reads(Scope.SHOPS), tags=["shops"])


class Position(BaseModel):
    lat: float
    lon: float


class Hours(BaseModel):
    """`weekday`: 0 is Monday. In the shop's own time; what closes at or before it opens closes the next day."""

    weekday: int
    opens: time
    closes: time


class SpecialDays(BaseModel):
    """Days, both included, on which the weekly hours do not count: closed (no `opens`), or open in these. Of several
    that name a day those of the fewest days count."""

    first_day: date
    last_day: date
    opens: time | None
    closes: time | None
    note_fr: str
    note_en: str


class ShopRow(BaseModel):
    """`open_now` and `open_until` by its hours, in its own time; `collect_today`: what is on its shelf can be collected
    before it closes today."""

    slug: str
    name: str
    url: str
    street: str
    city: str
    region: str
    postcode: str
    position: Position | None
    timezone: str
    hours: list[Hours]
    special_days: list[SpecialDays]
    open_now: bool
    open_until: time | None
    collect_today: bool
    distance_km: float | None


class DeliveryRow(BaseModel):
    """Prices in minor units of `currency`. `local`: to some postcodes only. `days_min`, `days_max`: after the order."""

    kind: str
    name_fr: str
    name_en: str
    price_minor: int
    free_above_minor: int | None
    currency: str
    days_min: int
    days_max: int
    local: bool


class WholeShop(ShopRow):
    """With who sells, and how it delivers."""

    deliveries: list[DeliveryRow]
    legal_name: str
    registration: str
    is_professional: bool
    return_days: int
    return_terms_fr: str
    return_terms_en: str


class Shops(BaseModel):
    """The nearest first where a place is given, else by name. `next`: the cursor of the next page."""

    total: int
    results: list[ShopRow]
    next: str | None


class Asked(Where):
    limit: int = Field(50, ge=1, le=MOST_SHOPS)
    cursor: str = Field("", max_length=cursors.LONGEST, description="The “next” of the page before.")


@router.get(
    "/shops", response={200: Shops, 304: None, **FAILURES}, openapi_extra=WITHOUT_KEY, summary="All shops on sale"
)
def shops(request: HttpRequest, asked: Query[Asked]) -> Shops:
    reader = reader_at(asked, timezone.now())
    within = shops_within(asked, reader)
    entries = [
        entry
        for entry in availability.entries(reader.place, reader.now)
        if (within is None or entry.card.pk in within) and _is_open(entry.card)
    ]
    same = asked.model_dump(include={"lat", "lon", "km"})
    if asked.cursor:
        last = tuple(cursors.unseal(asked.cursor, asked=same)["after"])
        left = sorted((entry for entry in entries if _place(entry) > last), key=_place)
    else:
        left = sorted(entries, key=_place)
    shown = left[: asked.limit]
    more = len(left) > len(shown)
    return Shops(
        total=len(entries),
        results=[ShopRow(**_row(request, entry, reader.now)) for entry in shown],
        next=cursors.seal({"after": _place(shown[-1])}, asked=same) if more else None,
    )


@router.get(
    "/shops/{slug}",
    response={200: WholeShop, 304: None, **FAILURES},
    openapi_extra=WITHOUT_KEY,
    summary="One shop, with who sells and how it delivers",
)
def shop(request: HttpRequest, slug: str, where: Query[Where]) -> WholeShop:
    reader = reader_at(where, timezone.now())
    card = directory.by_slug(slug)
    if card is None or not _is_open(card):
        raise CallError(404, "There is no such shop.", where="path.slug")
    currency = network.current().currency
    return WholeShop(
        **_row(request, availability.entry(card, reader.place, reader.now), reader.now),
        deliveries=[
            DeliveryRow(
                kind=option.kind,
                name_fr=option.name_fr,
                name_en=option.name_en,
                price_minor=option.price_minor,
                free_above_minor=option.free_above_minor,
                currency=currency,
                days_min=option.days_min,
                days_max=option.days_max,
                local=option.local,
            )
            for option in card.deliveries
        ],
        legal_name=card.seller.legal_name,
        registration=card.seller.registration,
        is_professional=card.seller.is_professional,
        return_days=card.seller.return_days,
        return_terms_fr=card.seller.return_terms_fr,
        return_terms_en=card.seller.return_terms_en,
    )


def _is_open(card: directory.ShopCard) -> bool:
    return sharing.allows(card, sharing.Use.OPEN, sharing.Kind.PROFILE)


def _place(entry: ShopEntry) -> tuple[float, str, int]:
    """Where a shop stands in the list; shops without a position come last. Distances above the earth's need no more."""
    far = 1e9 if entry.distance_km is None else entry.distance_km
    return (far, entry.card.name, entry.card.pk)


def _row(request: HttpRequest, entry: ShopEntry, now: datetime) -> dict[str, Any]:
    card = entry.card
    return {
        "slug": card.slug,
        "name": card.name,
        "url": request.build_absolute_uri(card.address),
        "street": card.line1,
        "city": card.city,
        "region": card.region,
        "postcode": card.postcode,
        "position": None if card.position is None else {"lat": card.position[0], "lon": card.position[1]},
        "timezone": card.zone.key,
        "hours": [{"weekday": span.weekday, "opens": span.opens, "closes": span.closes} for span in card.hours],
        "special_days": [{name: getattr(row, name) for name in SpecialDays.model_fields} for row in card.special_days],
        "open_now": entry.opening.is_open,
        "open_until": entry.opening.until,
        "collect_today": availability.collects_today(card, now),
        "distance_km": None if entry.distance_km is None else round(entry.distance_km, 2),
    }
