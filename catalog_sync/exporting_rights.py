"""Where an article may be sold and from which age, as a message of ours says it. `catalogue.sale_limits` has the two
facts; the other way are `adapters/onix_rights.py` and `onix_facts.read_age_limit`."""

from __future__ import annotations

from catalog_sync import exporting_codes as codes
from catalog_sync.exporting_elements import Element
from catalog_sync.records import CatalogRecord
from marketplace.catalogue import sale_limits


def sales_rights(detail: Element, territory: str) -> None:
    """The whole world in two words, for sale and not: a reader that knows no ROWSalesRightsType errs on neither side.
    Ours are "non-exclusive", since a shop cannot know more."""
    if not territory:
        return
    only, countries = sale_limits.listed(territory)
    if not countries:  # sold nowhere
        _rights(detail, codes.NOT_FOR_SALE, RegionsIncluded="WORLD")
        return
    named, rest = (codes.FOR_SALE, codes.NOT_FOR_SALE) if only else (codes.NOT_FOR_SALE, codes.FOR_SALE)
    _rights(detail, named, CountriesIncluded=" ".join(countries))
    _rights(detail, rest, RegionsIncluded="WORLD", CountriesExcluded=" ".join(countries))


def age_limit(detail: Element, record: CatalogRecord) -> None:
    """A mark of our own: the ratings of list 29 are each the word of one body on one kind of work, and an age range is
    advice."""
    if record.age_limit:
        audience = detail.child("Audience")
        audience.add("AudienceCodeType", codes.OTHER_AUDIENCE)
        audience.add("AudienceCodeTypeName", codes.AGE_OF_SALE)
        audience.add("AudienceCodeValue", record.age_limit)


def _rights(detail: Element, kind: str, **lists: str) -> None:
    rights = detail.child("SalesRights")
    rights.add("SalesRightsType", kind)
    rights.filled("Territory", **lists)
