"""Where the caller is, as the parameters of several routes."""

from __future__ import annotations

from datetime import datetime

from ninja import Schema
from pydantic import ConfigDict, Field

from marketplace.api.failures import CallError
from search import availability
from search.availability import Place
from search.reader import Reader
from shops import sharing

FARTHEST_KM = 20_100  # half round the world
NEAR_KM = 10


class Where(Schema):
    """A place in degrees (WGS 84)."""

    model_config = ConfigDict(allow_inf_nan=False)

    lat: float | None = Field(None, ge=-90, le=90, description="Degrees north. Only together with lon.")
    lon: float | None = Field(None, ge=-180, le=180, description="Degrees east. Only together with lat.")
    km: float | None = Field(None, gt=0, le=FARTHEST_KM, description="How far a shop may be, in kilometres.")


def reader_at(where: Where, now: datetime, *, source: str = "query") -> Reader:
    """Whom the search answers: someone at this place, of whom nothing else is known."""
    if (where.lat is None) != (where.lon is None):
        missing = "lat" if where.lat is None else "lon"
        raise CallError(422, "lat and lon are given together or not at all.", where=f"{source}.{missing}")
    if where.lat is None or where.lon is None:
        if where.km is not None:
            raise CallError(422, "km needs lat and lon.", where=f"{source}.km")
        return Reader(now=now, use=sharing.Use.OPEN)
    place = Place(latitude=where.lat, longitude=where.lon, label="", radius_km=where.km or NEAR_KM)  # type: ignore[arg-type]
    return Reader(place=place, now=now, use=sharing.Use.OPEN)


def shops_within(where: Where, reader: Reader) -> frozenset[int] | None:
    """The shops within `km`; None: all of them."""
    return availability.near(reader.place, where.km) if reader.place and where.km is not None else None
