"""Which of a shop's delivery options reach an address."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from shops.models import DeliveryOption, Shop


@dataclass(frozen=True)
class Destination:
    """Where to, as far as it decides anything: ISO 3166-1 alpha-2 country and postcode."""

    country: str
    postcode: str


def reaches(option: DeliveryOption, shop: Shop, to: Destination | None) -> bool:
    """Pick-up is always possible. Anything else needs an address in one of its countries (none named: the shop's own)
    and under one of its postcode prefixes (none named: everywhere there)."""
    if option.kind == DeliveryOption.Kind.PICKUP:
        return True
    if to is None or not to.country or to.country not in (option.countries or [shop.country]):
        return False
    postcode = _plain(to.postcode)
    prefixes = [_plain(prefix) for prefix in option.postcode_prefixes]
    return not prefixes or any(postcode.startswith(prefix) for prefix in prefixes)


def options_by_shop(shop_ids: Iterable[int]) -> dict[int, tuple[DeliveryOption, ...]]:
    """The active options of each shop in its own order; one query."""
    found: dict[int, list[DeliveryOption]] = defaultdict(list)
    for option in DeliveryOption.objects.filter(shop_id__in=set(shop_ids), active=True).order_by("position", "pk"):
        found[option.shop_id].append(option)
    return defaultdict(tuple, {shop_id: tuple(options) for shop_id, options in found.items()})


def _plain(postcode: str) -> str:
    return "".join(postcode.split()).upper()
