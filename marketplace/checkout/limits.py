"""Where a line is sold, and what that means for a title with limits of sale. The last guard is `freezing`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from marketplace.catalogue import sale_limits
from marketplace.catalogue.models import ProductFacts
from marketplace.checkout.delivery import Destination
from marketplace.checkout.tax_places import place_of, place_of_supply
from shops.models import Condition, DeliveryOption, Shop


class LineLimits(NamedTuple):
    """`place` is where it is sold ("CA-QC"), empty while nobody knows; `refused`: it must not be sold there;
    `years`: the age from which it is, 0 from any."""

    place: str = ""
    refused: bool = False
    years: int = 0


NONE = LineLimits()


class Limited(Protocol):
    """What is read of a planned line."""

    @property
    def limits(self) -> LineLimits: ...


def of_line(
    facts: ProductFacts | None,
    condition: str,
    shop: Shop,
    option: DeliveryOption | None,
    to: Destination | None,
    *,
    digital: bool,
    area: str,
) -> LineLimits:
    """Of one line of a plan. `area`: where the reader is, as long as no address and no way says where it goes."""
    if facts is None or not (facts.territory or facts.age_limit):
        return NONE
    place = _place_of_sale(shop, option, to, digital=digital) or area
    refused = sale_limits.refuses(facts, place[:2], used=condition != Condition.NEW)
    return LineLimits(place, refused, sale_limits.years(facts, place))


def elsewhere(found: LineLimits, facts: ProductFacts | None, *, used: bool) -> LineLimits:
    """Of the same line, supplied by another copy."""
    return found._replace(refused=sale_limits.refuses(facts, found.place[:2], used=used)) if found.place else found


def years(lines: Iterable[Limited]) -> int:
    """How old the reader must be for these lines of a plan; 0: any age."""
    return max((line.limits.years for line in lines), default=0)


def _place_of_sale(shop: Shop, option: DeliveryOption | None, to: Destination | None, *, digital: bool) -> str:
    """Where it is collected, else where it goes; a download goes where its reader is."""
    if option is not None and option.is_collected and not digital:
        return place_of_supply(shop, option, to, digital=False)
    return place_of(to.country, to.postcode) if to else ""
