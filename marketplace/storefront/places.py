"""Where a reader may be, found without asking anyone: from the gazetteer, from the postcodes an operator brought along,
and from the cities, names and postcodes of the shops themselves. The network's own country comes first."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from marketplace.foundation import gazetteer, network, postcodes
from marketplace.foundation.gazetteer import Row
from marketplace.foundation.gazetteer.areas import area_name, is_area
from marketplace.foundation.places import distance_km
from marketplace.foundation.postcodes import bare
from search import directory, text
from search.availability import Place

MOST_CHOICES = 12
LONGEST = 80
_SHORTEST_PREFIX = 2
"""Characters of a postcode that must fit a shop's; a letter alone is a whole region in Canada, and enough there."""
_A_CITY, _MANY_TIMES = 20_000, 20
_AREA = re.compile(r"^(.+?)\s*(?:\((.+)\)|,\s*([^,]+))$")
_FRENCH_POSTCODE = re.compile(r"^(?:F-?)?(\d{2,5})(?:\s+\D.*)?$", re.IGNORECASE)
_CANADIAN_POSTCODE = re.compile(r"^[A-Z]\d[A-Z]\s*(?:\d[A-Z]?\d?)?$|^[A-Z]\d?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The place; else what to choose from, each a text that finds one place: several towns of the name (`choices`), or
    names that are spelt nearly so (`nearly`)."""

    place: Place | None = None
    choices: tuple[str, ...] = ()
    nearly: tuple[str, ...] = ()


def cities() -> list[str]:
    """Cities with a shop, each once, in alphabetical order."""
    return sorted({card.city for card in directory.active().values() if card.position}, key=text.key)


def find(typed: str, *, radius_km: int) -> Found:
    """What a reader typed: a town (perhaps with its department or province), a postcode or its beginning, a shop."""
    words = " ".join(typed.replace("\x00", "").split())[:LONGEST]
    if not text.key(words):
        return Found()
    towns = _named(words)
    if towns and _is_clear(towns):
        return Found(place=_place(towns[0], radius_km, _label(towns[0])))
    if towns:
        return Found(choices=tuple(full_name(row) for row in towns[:MOST_CHOICES]))
    if place := _at_postcode(words, radius_km) or _shop(words, radius_km):
        return Found(place=place)
    return Found(nearly=tuple(_short_names(_nearly(words))))


def suggestions(typed: str, most: int) -> list[Row]:
    """Towns while someone types, those of the network's country first; of a postcode's beginning the towns there."""
    words = " ".join(typed.replace("\x00", "").split())[:LONGEST]
    if words.isdigit():
        return gazetteer.at_postcode(words)[:most]
    country = network.current().country
    found = gazetteer.beginning(words, most=most, country=country)
    return found or gazetteer.spelt_nearly(words, most=most, country=country)


def full_name(row: Row) -> str:
    """With its department or province: "Saint-Denis (Seine-Saint-Denis)". `find` understands it."""
    return f"{row.name} ({area_name(row.area)})"


def area_of(latitude: float, longitude: float) -> str:
    """The department or province of the next town; empty where the gazetteer has none."""
    row = gazetteer.nearest((latitude, longitude))
    return row.area if row else ""


def label_of(latitude: float, longitude: float) -> str:
    """The next town, for a position that a browser gave; where the gazetteer has none, the nearest shop's city."""
    if row := gazetteer.nearest((latitude, longitude)):
        return row.name
    cards = [card for card in directory.active().values() if card.position]
    nearest = min(cards, key=lambda card: distance_km(card.position or (0, 0), (latitude, longitude)), default=None)
    return nearest.city if nearest else ""


def _named(words: str) -> list[Row]:
    """Towns of the name, of the network's country where it has one. Two of one department are one choice."""
    rows = gazetteer.named(words)
    parted = _AREA.match(words)
    if not rows and parted:
        rows = [row for row in gazetteer.named(parted[1]) if is_area(parted[2] or parted[3], row.area)]
    country = network.current().country
    own = [row for row in rows if row.country == country] or rows
    return list({row.area: row for row in reversed(own)}.values())[::-1]


def _is_clear(towns: list[Row]) -> bool:
    """One town, or a city beside which the others of its name are hamlets (La Rochelle): its label says which it is."""
    others = sum(row.population for row in towns[1:])
    return len(towns) == 1 or towns[0].population >= max(_A_CITY, _MANY_TIMES * others)


def _nearly(words: str) -> list[Row]:
    parted = _AREA.match(words)
    return gazetteer.spelt_nearly(parted[1] if parted else words, most=6, country=network.current().country)


def _short_names(rows: Iterable[Row]) -> list[str]:
    """Each name once: which of its towns is meant is the next question."""
    return list(dict.fromkeys(row.name for row in rows))


def _at_postcode(words: str, radius_km: int) -> Place | None:
    """From the operator's table, else the gazetteer's whole codes, else the shops, else the largest town there."""
    french, country = _FRENCH_POSTCODE.match(words), network.current().country
    code = french[1] if french else bare(words)
    if not french and (len(code) > 8 or not (any(map(str.isdigit, code)) or _CANADIAN_POSTCODE.match(words))):
        return None
    is_own = (country == "FR") == bool(french)
    if is_own and (known := postcodes.at(country, code)):
        (latitude, longitude), town = known
        label = f"{code if french else words.upper()} {town}".strip()
        return Place(latitude=round(latitude, 3), longitude=round(longitude, 3), label=label, radius_km=radius_km)
    if french and len(code) == 5 and (rows := gazetteer.at_postcode(code)):
        return _place(_surest(rows), radius_km, f"{code} {_surest(rows).name}")
    cards = directory.active().values()
    if near := _by_postcode(code, [(card.postcode, card.position) for card in cards if card.position]):
        latitude, longitude = _middle(near)
        return Place(latitude=latitude, longitude=longitude, label=words.upper(), radius_km=radius_km)
    for length in range(len(code), 1, -1) if french and is_own else ():
        if rows := gazetteer.at_postcode(code[:length]):
            return _place(_surest(rows), radius_km, f"{code} {_surest(rows).name}")
    return None


def _surest(rows: list[Row]) -> Row:
    """The largest whose own position is known."""
    return next((row for row in rows if not row.estimated), rows[0])


def _shop(words: str, radius_km: int) -> Place | None:
    """A city that only the shops know, or a shop's own name."""
    key = text.key(words)
    cards = [card for card in directory.active().values() if card.position]
    by_city = [card.position for card in cards if text.key(card.city) == key]
    by_name = [card.position for card in cards if text.key(card.name) == key]
    for positions in (by_city, by_name):
        if positions:
            latitude, longitude = _middle([position for position in positions if position])
            return Place(latitude=latitude, longitude=longitude, label=words, radius_km=radius_km)
    return None


def _place(row: Row, radius_km: int, label: str) -> Place:
    return Place(latitude=row.latitude, longitude=row.longitude, label=label, radius_km=radius_km, area=row.area)


def _label(row: Row) -> str:
    """As it is spelt; with its department or province where another town has its name."""
    others = [other for other in gazetteer.named(row.name) if other.country == row.country and other.area != row.area]
    return full_name(row) if others or row.country != network.current().country else row.name


def _by_postcode(code: str, known: Iterable[tuple[str, tuple[float, float]]]) -> list[tuple[float, float]]:
    """Positions of the shops whose postcodes share the longest beginning with what was typed."""
    wanted = bare(code)
    shared = [(_shared(wanted, bare(postcode)), position) for postcode, position in known]
    longest = max((length for length, _ in shared), default=0)
    enough = longest >= min(_SHORTEST_PREFIX, len(wanted)) or (longest == 1 and wanted[0].isalpha())
    return [position for length, position in shared if length == longest] if enough else []


def _shared(one: str, other: str) -> int:
    length = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        length += 1
    return length


def _middle(positions: list[tuple[float, float]]) -> tuple[float, float]:
    """Good enough within a city: the mean of the degrees."""
    return (
        round(sum(latitude for latitude, _ in positions) / len(positions), 4),
        round(sum(longitude for _, longitude in positions) / len(positions), 4),
    )
