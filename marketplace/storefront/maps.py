"""The ground of the map of shops: tiles where the network names a server, else the larger towns around, by name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import nh3

from marketplace.foundation import gazetteer, network
from search.availability import Place, ShopEntry

MOST_TOWNS = 120
_MARGIN = 0.4
"""How much further than the shops the towns go, as a share of the span."""
_LEAST_SPAN = 0.2  # degrees: one shop has none


def ground(entries: Sequence[ShopEntry], place: Place | None) -> dict[str, Any]:
    """`tiles`: address and attribution, or None; `towns_json`: [name, latitude, longitude], the largest first, where
    there are none."""
    current = network.current()
    if current.tile_address:
        said = nh3.clean(current.tile_attribution, tags={"a"}, attributes={"a": {"href"}})
        return {"tiles": {"address": current.tile_address, "attribution": said}}
    return {"tiles": None, "towns_json": json.dumps(_towns(entries, place), ensure_ascii=False)}


def origin(address: str) -> str:
    """Of a tile server, as the content policy names it: "https://tiles.example.org"."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _towns(entries: Sequence[ShopEntry], place: Place | None) -> list[tuple[str, float, float]]:
    positions = [entry.card.position for entry in entries if entry.card.position]
    if place:
        positions.append((place.latitude, place.longitude))
    if not positions:
        return []
    south, north = min(one for one, _ in positions), max(one for one, _ in positions)
    west, east = min(one for _, one in positions), max(one for _, one in positions)
    high, wide = (max(_LEAST_SPAN, span) * _MARGIN for span in (north - south, east - west))
    found = gazetteer.within(south - high, west - wide, north + high, east + wide, most=MOST_TOWNS)
    return [(row.name, row.latitude, row.longitude) for row in found]
