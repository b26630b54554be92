"""Where an address lies and which time it is there, found without asking anyone: from the postcodes that an operator
brought along and from the gazetteer; time zones as Unicode CLDR, as Babel brings it, has them by country."""

from __future__ import annotations

import re

from babel.core import get_global
from babel.dates import get_timezone_location
from django.utils.translation import get_language

from marketplace.foundation import gazetteer, postcodes
from marketplace.foundation.gazetteer import Row
from marketplace.foundation.gazetteer.areas import PROVINCES

Position = tuple[float, float]
_CEDEX = re.compile(r"\bcedex\b.*$", re.IGNORECASE)  # a post office's own number after the town's name, in France
_BEGINNINGS = {"CA": 3}  # the forward sortation area; elsewhere the beginning of a postcode says too little of a street
_IN_CANADA = {
    "AB": "Edmonton", "BC": "Vancouver", "MB": "Winnipeg", "NB": "Moncton", "NL": "St_Johns", "NS": "Halifax",
    "NT": "Edmonton", "ON": "Toronto", "PE": "Halifax", "QC": "Toronto", "SK": "Regina", "YT": "Whitehorse",
}  # fmt: skip
_MAGDALEN_ISLANDS = "G4T"
_IN_FRANCE = {
    "971": "America/Guadeloupe", "972": "America/Martinique", "973": "America/Cayenne", "974": "Indian/Reunion",
    "975": "America/Miquelon", "976": "Indian/Mayotte", "987": "Pacific/Tahiti", "988": "Pacific/Noumea",
}  # fmt: skip
# Of countries with several: where most live.
_MOST = {
    "AR": "America/Buenos_Aires", "AU": "Australia/Sydney", "BR": "America/Sao_Paulo", "CL": "America/Santiago",
    "CN": "Asia/Shanghai", "DE": "Europe/Berlin", "ES": "Europe/Madrid", "MX": "America/Mexico_City",
    "NZ": "Pacific/Auckland", "PT": "Europe/Lisbon", "RU": "Europe/Moscow", "UA": "Europe/Kiev",
    "US": "America/New_York", "CA": "America/Toronto", "CY": "Asia/Nicosia", "EC": "America/Guayaquil",
}  # fmt: skip


def position_of(country: str, postcode: str, city: str) -> Position | None:
    """Degrees of an address, as near as its postcode tells, else the middle of its town; None where neither is known,
    or where several towns may be meant."""
    code = postcodes.bare(postcode)
    if known := postcodes.at(country, code, shortest=_BEGINNINGS.get(country, len(code) or 1)):
        return _rounded(known[0])
    name, area = _CEDEX.sub("", city).strip(), _area_of(country, code)
    there = gazetteer.at_postcode(code) if country == "FR" and len(code) == 5 else []
    towns = [row for row in gazetteer.named(name) if row.country == country and _is_in(row, area)]
    named = [row for row in there if gazetteer.key(row.name) == gazetteer.key(name)]
    for rows in (named, there, towns):
        if rows and (rows is not towns or area or len({row.area for row in rows}) == 1):
            return _rounded(next((row for row in rows if not row.estimated), rows[0]).position)
    return None


def zone_of(country: str, postcode: str) -> str:
    """The time zone at an address, as "America/Toronto"; empty where nothing is known of the country."""
    code = postcodes.bare(postcode)
    if country == "CA":
        if code.startswith(_MAGDALEN_ISLANDS):
            return "America/Halifax"
        return f"America/{_IN_CANADA[PROVINCES[code[:1]]]}" if code[:1] in PROVINCES else _MOST["CA"]
    if country == "FR" and code[:3] in _IN_FRANCE:
        return _IN_FRANCE[code[:3]]
    return _MOST.get(country) or next(iter(_zones(country)), "")


def zones_in(country: str) -> list[tuple[str, str]]:
    """The time zones of a country, each with a town's name in the reader's language, by that name."""
    zones = {*_zones(country), *(_IN_FRANCE.values() if country == "FR" else ())}
    return sorted(((zone, zone_name(zone)) for zone in zones), key=lambda one: gazetteer.key(one[1]))


def zone_name(zone: str) -> str:
    return str(get_timezone_location(zone, locale=(get_language() or "en")[:2], return_city=True))


def _zones(country: str) -> list[str]:
    return list(get_global("territory_zones").get(country, ()))


def _area_of(country: str, code: str) -> str:
    """The beginning of ISO 3166-2 that a postcode tells: "CA-QC", "FR-2" (Corsica has two), "FR-974"."""
    if country == "CA":
        return f"CA-{PROVINCES[code[:1]]}" if code[:1] in PROVINCES else ""
    if country == "FR" and len(code) == 5 and code.isdigit():
        return f"FR-{code[:3] if code.startswith('97') else '2' if code.startswith('20') else code[:2]}"
    return ""


def _is_in(row: Row, area: str) -> bool:
    if area == "FR-2":
        return row.area in {"FR-2A", "FR-2B"}
    return not area or row.area == area or (area == "CA-NT" and row.area == "CA-NU")


def _rounded(position: Position) -> Position:
    """To ten metres: more is not known."""
    return round(position[0], 4), round(position[1], 4)
