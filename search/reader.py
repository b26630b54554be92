"""What we know of the person who looks: only what they said, kept in their session."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest
from django.utils import timezone

from search import directory
from search.availability import Place
from search.directory import ShopCard

_PLACE = "place"
_SHOP = "my_shop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """`place` and `shop_id` (their own shop) are None where not said."""

    place: Place | None = None
    shop_id: int | None = None
    now: datetime

    @property
    def shop(self) -> ShopCard | None:
        return directory.active().get(self.shop_id) if self.shop_id else None


def reader_of(request: HttpRequest) -> Reader:
    """Read once per request; no query where there is no session cookie."""
    known = getattr(request, "_reader", None)
    if known is None:
        known = Reader(
            place=_place(request.session.get(_PLACE)),
            shop_id=request.session.get(_SHOP),
            now=timezone.now(),
        )
        request._reader = known  # type: ignore[attr-defined]
    return known


def remember_place(request: HttpRequest, place: Place) -> None:
    request.session[_PLACE] = {
        "latitude": place.latitude,
        "longitude": place.longitude,
        "label": place.label,
        "radius_km": place.radius_km,
    }


def remember_shop(request: HttpRequest, shop_id: int) -> None:
    request.session[_SHOP] = shop_id


def forget_place(request: HttpRequest) -> None:
    request.session.pop(_PLACE, None)


def forget_shop(request: HttpRequest) -> None:
    request.session.pop(_SHOP, None)


def _place(kept: object) -> Place | None:
    return Place(**kept) if isinstance(kept, dict) else None
