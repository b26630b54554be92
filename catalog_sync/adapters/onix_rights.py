"""Where an ONIX record may be sold: territories of prices, markets and sales rights."""

import re
from functools import lru_cache

from catalog_sync.adapters import onix_codes as codes
from catalog_sync.reading.xml_parts import Part

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


def territory_closeness(territory: Part | None, country: str) -> int:
    """The same for a territory: of 3.x with its lists, of 2.1 plain text. None at all is the world."""
    if territory is None:
        return WORLD
    if len(territory) == 0 and territory.text:
        return closeness(territory.text if "WORLD" not in territory.text else "", territory.text, "", country)
    included, regions = territory.findtext("CountriesIncluded") or "", territory.findtext("RegionsIncluded") or ""
    return closeness(included, regions, territory.findtext("CountriesExcluded") or "", country)


def sells_in(territory: Part | None, country: str) -> bool:
    """Whether a territory holds a country."""
    return territory_closeness(territory, country) > 0


def texts(element: Part, name: str) -> str:
    """All texts of children of a name, one after the other."""
    found = element.children.get(name)
    return " ".join(part.text or "" for part in found) if found else ""


def is_not_for_sale(product: Part, country: str) -> bool:
    """Whether the sales rights keep the product out of a country. What names the country comes before its region, that
    before the world; where two are as close, the one that forbids. Without a word about it, it may be sold."""
    publishing = product.find("PublishingDetail")
    block = product if publishing is None else publishing
    stated: list[tuple[int, bool]] = []
    for rights in block.findall("SalesRights"):
        stated.append((_rights_closeness(rights, country), _forbids(rights.findtext("SalesRightsType"))))
    for refusal in product.findall("NotForSale"):
        stated.append((_rights_closeness(refusal, country), True))
    closest, forbidden = max(stated, default=(0, False))
    return forbidden if closest else _forbids(block.findtext("ROWSalesRightsType"))


def _rights_closeness(rights: Part, country: str) -> int:
    territory = rights.find("Territory")
    if territory is not None:
        return territory_closeness(territory, country)
    return closeness(texts(rights, "RightsCountry"), texts(rights, "RightsTerritory"), "", country)


def _forbids(kind: str | None) -> bool:
    return (kind or "").strip().zfill(2) in codes.NOT_FOR_SALE
