"""Where an ONIX record may be sold: territories of prices, markets and sales rights."""

import re
from functools import lru_cache
from typing import NamedTuple

from catalog_sync.adapters import onix_codes as codes
from catalog_sync.reading.xml_parts import Part
from marketplace.catalogue import sale_limits
from marketplace.foundation import countries

NAMED, REGION, WORLD, REST = 4, 3, 2, 1  # how closely a territory means a country; the closer word counts
_CODE = re.compile("[A-Z]{2}")


@lru_cache(maxsize=4096)
def closeness(included: str, regions: str, excluded: str, country: str) -> int:
    """How closely lists of countries and regions mean a country, 0: not at all. Countries are read by twos, since real
    lists lack spaces ("BWBZ")."""
    if country in _CODE.findall(excluded):
        return 0
    if country in _CODE.findall(included):
        return NAMED
    words = set(regions.split())
    if any(country in codes.REGIONS.get(word, ()) for word in words):
        return REGION
    return WORLD if "WORLD" in words else REST if "ROW" in words else 0


class _Lists(NamedTuple):
    """Countries and regions as a territory lists them."""

    included: str
    regions: str
    excluded: str = ""


_THE_WORLD = _Lists("", "WORLD")


def _lists_of(territory: Part | None) -> _Lists:
    """Of a territory of 3.x its lists, of 2.1 plain text. None at all is the world."""
    if territory is None:
        return _THE_WORLD
    if len(territory) == 0 and territory.text:
        return _Lists(territory.text if "WORLD" not in territory.text else "", territory.text)
    names = ("CountriesIncluded", "RegionsIncluded", "CountriesExcluded")
    return _Lists(*(territory.findtext(name) or "" for name in names))


def territory_closeness(territory: Part | None, country: str) -> int:
    """How closely a territory means a country, as `closeness` says it."""
    return closeness(*_lists_of(territory), country)


def sells_in(territory: Part | None, country: str) -> bool:
    """Whether a territory holds a country."""
    return territory_closeness(territory, country) > 0


def texts(element: Part, name: str) -> str:
    """All texts of children of a name, one after the other."""
    found = element.children.get(name)
    return " ".join(part.text or "" for part in found) if found else ""


class _Rights(NamedTuple):
    """What a record says of where it may be sold. `stated`: (lists of countries, whether that forbids its sale there);
    `elsewhere`: whether it must not be sold in the rest of the world."""

    stated: tuple[tuple[_Lists, bool], ...]
    elsewhere: bool

    def forbid(self, country: str) -> bool:
        """What names the country comes before its region, that before the world; where two are as close, the one that
        forbids. Without a word about it, it may be sold."""
        found = ((closeness(*lists, country), forbidden) for lists, forbidden in self.stated)
        closest, forbidden = max(found, default=(0, False))
        return forbidden if closest else self.elsewhere


def is_not_for_sale(product: Part, country: str) -> bool:
    """Whether the sales rights keep the product out of a country."""
    return _rights_of(product).forbid(country)


def read_territory(product: Part) -> str:
    """Where it may be sold, as `catalogue.sale_limits` writes it; empty where nothing forbids its sale anywhere."""
    rights = _rights_of(product)
    if not rights.elsewhere and not any(forbidden for _, forbidden in rights.stated):
        return ""
    return _territory(rights)


@lru_cache(maxsize=4096)  # a publisher has few contracts, and each is in hundreds of records
def _territory(rights: _Rights) -> str:
    return sale_limits.of_countries(country for country in countries.CODES if not rights.forbid(country))


def _rights_of(product: Part) -> _Rights:
    publishing = product.find("PublishingDetail")
    block = product if publishing is None else publishing
    stated = [
        (_sold_in(rights), _forbids(rights.findtext("SalesRightsType"))) for rights in block.findall("SalesRights")
    ]
    stated += [(_sold_in(refusal), True) for refusal in product.findall("NotForSale")]
    return _Rights(tuple(stated), _forbids(block.findtext("ROWSalesRightsType")))


def _sold_in(rights: Part) -> _Lists:
    territory = rights.find("Territory")
    if territory is not None:
        return _lists_of(territory)
    return _Lists(texts(rights, "RightsCountry"), texts(rights, "RightsTerritory"))


def _forbids(kind: str | None) -> bool:
    return (kind or "").strip().zfill(2) in codes.NOT_FOR_SALE
