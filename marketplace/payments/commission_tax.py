"""Tax on what the network charges its shops: commission and dues are a service of its own, taxed apart from the goods
(on the goods the shop is the seller, and their tax is the shop's).

The rule itself belongs to the tables of tax, which lie to the right of payments: their app hands it in when it is
ready. Without one nothing is taxed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from marketplace.foundation import network
from marketplace.foundation.models import Network
from shops.models import Shop

# (shop, network, amount in minor units, date) → [(jurisdiction, tax in minor units)]
Rule = Callable[[Shop, Network, int, date], list[tuple[str, int]]]
_rules: list[Rule] = []


def use(rule: Rule) -> None:
    """Called once, by `AppConfig.ready` of who knows the rates."""
    _rules[:] = [rule]


def parts(shop: Shop, amount_minor: int, on: date) -> list[tuple[str, int]]:
    """Tax that comes on top of `amount_minor` charged to a shop, by jurisdiction ("CA", "CA-QC", "FR")."""
    if not _rules or not amount_minor:
        return []
    return [(place, tax) for place, tax in _rules[0](shop, network.current(), amount_minor, on) if tax]
