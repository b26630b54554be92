"""Tax on what the network charges its shops: commission and dues are a service of its own, taxed apart from the goods
(on the goods the shop is the seller, and their tax is the shop's).

The rule itself belongs to the tables of tax, which lie to the right of payments: their app hands it in when it is
ready. Without one nothing is taxed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime

from marketplace.foundation import network
from marketplace.foundation.models import Network
from marketplace.payments import incidents
from shops.models import Shop

# (shop, network, amount in minor units, date) → [(jurisdiction, tax in minor units)]
Rule = Callable[[Shop, Network, int, date], list[tuple[str, int]]]
_rules: list[Rule] = []


class TaxUnknownError(Exception):
    """No table says what is due on what the network charges a shop: the text says where. Never taken for nothing."""


def use(rule: Rule) -> None:
    """Called once, by `AppConfig.ready` of who knows the rates."""
    _rules[:] = [rule]


def parts(shop: Shop, amount_minor: int, on: date) -> list[tuple[str, int]]:
    """Tax that comes on top of `amount_minor` charged to a shop, by jurisdiction ("CA", "CA-QC", "FR"). Raises
    TaxUnknownError."""
    if not _rules or not amount_minor:
        return []
    return [(place, tax) for place, tax in _rules[0](shop, network.current(), amount_minor, on) if tax]


def unknown_of(shops: Iterable[Shop], *, now: datetime, on: date | None = None) -> list[int]:
    """Those of the shops, by id, that cannot be charged or paid because nobody knows the tax (of that day, else of
    today): an incident says what to fill in. The others go on."""
    found = []
    for shop in shops:
        try:
            parts(shop, 10_000, on or now.date())
        except TaxUnknownError as error:
            text = (
                f"What {shop.name} earned and what it is charged wait: {error} Correct the shop's address, or add "
                "each tax on services there at /admin/ (Tax rates)."
            )
            incidents.report(f"commission-tax:{shop.pk}:{now:%Y-%m}", text, now=now, shop_id=shop.pk)
            found.append(shop.pk)
    return found
