"""Who has a title now: for one, or for a thousand at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Path, Query, Router
from oscar.apps.catalogue.models import Product
from pydantic import BaseModel, Field

from catalog_sync import identifiers
from marketplace.api import callers
from marketplace.api.callers import Reads
from marketplace.api.failures import Failure
from marketplace.api.models import Scope
from marketplace.api.places import Where, reader_at, shops_within
from marketplace.api.titles import FAILURES, LARGEST_ID, WITHOUT_KEY, by_gtin, by_id, product_ids, why_not, written
from search import offers
from search.offers import Offer
from shops import sharing
from shops.models import Availability

MOST_AT_ONCE = 1000
GTINS_PER_CALL = 100
"""So many GTINs of a bulk call count as one call more."""

MOST_OFFERS = 20
FEW = 5  # up to as many copies the site's pages give the number
router = Router(auth=Reads(Scope.AVAILABILITY), tags=["availability"])


class ShopName(BaseModel):
    slug: str
    name: str
    city: str
    url: str


class OfferRow(BaseModel):
    """What one shop, `shop` is its slug, asks for a title. `copies`: the last one, few (up to 5), many, unknown (the
    shop gives no numbers, and confirms); null where there is none. `as_of`: the earliest time at which its number can
    have been read. `confidence`: how likely a copy is really there; null where none is said to be. `days` and
    `available_on` of what is to be ordered or not out yet. `note`: the shop's words on this copy. Price in minor
    units."""

    shop: str
    availability: Availability
    copies: Literal["last", "few", "many", "unknown"] | None
    condition: str
    signed: bool
    first_edition: bool
    note: str
    price_minor: int
    currency: str
    as_of: datetime | None
    confidence: Literal["sure", "likely", "doubtful"] | None
    distance_km: float | None
    collect_today: bool
    days: int | None
    available_on: date | None


class OfTitle(BaseModel):
    """`gtin`: as it was asked for, or the title's own. `offers`: new before used, each best first: what is there, then
    near, then the price; at most 20. `left_out`: how many more there are."""

    id: int
    gtin: str | None
    offers: list[OfferRow]
    left_out: int


class AvailabilityOfOne(OfTitle):
    """`shops`: those that the offers name."""

    url: str
    shops: list[ShopName]


class Several(Where):
    """`gtins`: up to 1,000 GTINs or ISBNs, as texts or numbers, in any spelling."""

    gtins: list[Any] = Field(..., min_length=1, max_length=MOST_AT_ONCE)


class Refused(BaseModel):
    """`row`: which of `gtins`, from 0."""

    row: int
    value: str
    problem: str


class AvailabilityOfSeveral(BaseModel):
    """`results`: in the order asked for, each title number once. `unknown`: good numbers of no title here."""

    results: list[OfTitle]
    unknown: list[str]
    refused: list[Refused]
    shops: list[ShopName]


@router.get(
    "/products/{gtin}/availability",
    response={200: AvailabilityOfOne, 304: None, **FAILURES},
    openapi_extra=WITHOUT_KEY,
    summary="Which shops have a title",
)
def availability(request: HttpRequest, gtin: str, where: Query[Where]) -> AvailabilityOfOne:
    return _of_one(request, by_gtin(gtin), where)


@router.get(
    "/products/id/{product_id}/availability",
    response={200: AvailabilityOfOne, 304: None, **FAILURES},
    openapi_extra=WITHOUT_KEY,
    summary="The same by our own number",
)
def availability_by_id(
    request: HttpRequest, where: Query[Where], product_id: int = Path(..., ge=1, le=LARGEST_ID)
) -> AvailabilityOfOne:
    return _of_one(request, by_id(product_id), where)


@router.post(
    "/availability",
    auth=Reads(Scope.AVAILABILITY, needs_key=True),
    response={200: AvailabilityOfSeveral, **FAILURES, 413: Failure},
    summary="Which shops have which of up to 1,000 titles",
)
def availability_of_several(request: HttpRequest, asked: Several) -> AvailabilityOfSeveral:
    now = timezone.now()
    if more := len(asked.gtins) // GTINS_PER_CALL:
        callers.count(request, request.auth, more, now=now)  # type: ignore[attr-defined]
    reader = reader_at(asked, now, source="body")
    wanted, refused = _understood(asked.gtins)
    known = product_ids(wanted)
    found = offers.offers_of(_padded(known.values()), reader)
    within = shops_within(asked, reader)
    results = [_of_title(known[gtin], gtin, found.get(known[gtin], []), within) for gtin in wanted if gtin in known]
    return AvailabilityOfSeveral(
        results=results,
        unknown=[str(written(gtin)) for gtin in wanted if gtin not in known],
        refused=refused,
        shops=_shops(request, results, found),
    )


def _of_one(request: HttpRequest, product: Product, where: Where) -> AvailabilityOfOne:
    reader = reader_at(where, timezone.now())
    found = offers.offers_of([product.pk], reader)
    facts = getattr(product, "facts", None)
    one = _of_title(product.pk, facts and facts.gtin, found.get(product.pk, []), shops_within(where, reader))
    return AvailabilityOfOne(
        **dict(one),
        url=request.build_absolute_uri(product.get_absolute_url()),
        shops=_shops(request, [one], found),
    )


def _understood(values: Sequence[Any]) -> tuple[list[int], list[Refused]]:
    """The GTINs, each once, and the rows that are none, with the reason."""
    texts = [str(value) if isinstance(value, str | int) and not isinstance(value, bool) else "" for value in values]
    texts = [text.encode(errors="replace").decode()[:100] for text in texts]
    gtins, _ = identifiers.identify_column(texts, isbns=False)
    refused = []
    for row, (text, gtin) in enumerate(zip(texts, gtins, strict=True)):
        if gtin is None:
            refused.append(Refused(row=row, value=text[:40], problem=why_not(text)))
    return list(dict.fromkeys(gtin for gtin in gtins if gtin is not None)), refused


def _padded(ids: Iterable[int]) -> list[int]:
    """The same ids, filled up to a power of two: the query is compiled once for each number of them."""
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        return []
    return wanted + [wanted[-1]] * ((1 << (len(wanted) - 1).bit_length()) - len(wanted))


def _of_title(product_id: int, gtin: int | None, found: Sequence[Offer], within: frozenset[int] | None) -> OfTitle:
    near = [offer for offer in found if within is None or offer.shop.pk in within]
    shown = [_row(offer) for offer in near[:MOST_OFFERS]]
    return OfTitle(id=product_id, gtin=written(gtin), offers=shown, left_out=len(near) - len(shown))


def _row(offer: Offer) -> OfferRow:
    return OfferRow(
        shop=offer.shop.slug,
        availability=word(offer),
        copies=copies(offer),
        condition=offer.condition,
        signed=offer.signed,
        first_edition=offer.first_edition,
        note=offer.note,
        price_minor=offer.price_minor,
        currency=offer.currency,
        as_of=offer.as_of,
        confidence=offer.confidence if offer.state == "have" else None,  # type: ignore[arg-type]
        distance_km=None if offer.distance_km is None else round(offer.distance_km, 2),
        collect_today=offer.collect_today,
        days=offer.days,
        available_on=offer.available_on,
    )


def word(offer: Offer) -> Availability:
    """Of the one vocabulary: what is true now. A shop says in_stock of all it keeps, also when the last one is gone;
    and of a number that is too old nobody knows whether it still holds."""
    if offer.buyable or offer.availability != Availability.IN_STOCK:
        return Availability(offer.availability)
    return Availability.UNKNOWN if offer.stale else Availability.TEMPORARILY_UNAVAILABLE


def copies(offer: Offer) -> Literal["last", "few", "many", "unknown"] | None:
    if offer.state == "ask" or (offer.buyable and not sharing.allows(offer.shop, sharing.Use.OPEN, sharing.Kind.STOCK)):
        return "unknown"
    if not offer.buyable:
        return None
    return "last" if offer.units == 1 else "few" if offer.units <= FEW else "many"


def _shops(request: HttpRequest, results: Sequence[OfTitle], found: dict[int, list[Offer]]) -> list[ShopName]:
    """Those that the offers name, by slug."""
    named = {row.shop for result in results for row in result.offers}
    cards = {offer.shop.slug: offer.shop for those in found.values() for offer in those}
    return [
        ShopName(slug=slug, name=card.name, city=card.city, url=request.build_absolute_uri(card.address))
        for slug, card in sorted(cards.items())
        if slug in named
    ]
