"""Which taxes are due on a line, how much they are, and what is due on the network's commission.

**Rounding.** Each component is computed on the price of the whole line and rounded half up to the minor unit, line by
line, on the goods and on their share of the delivery apart. In Canada GST and QST are each computed on the price, and
half a cent and more is a cent, whether per article or on the whole invoice (Excise Tax Act, s. 165.2; Act respecting
the QST, s. 16: since 2013 not on the GST). In the Union rounding is left to the countries (Court of Justice, C-484/06),
and France allows it by line or in all. Where prices include tax, the whole tax is what is left of the price once the
price without tax is rounded half up; several components share it by their rates, by largest remainder.

**Delivery** is part of what it delivers (Directive 2006/112/EC, article 78 (b); Excise Tax Act, s. 138: what is
incidental to a supply is part of it). It is shared over the parcel's goods by their value, and each share is taxed as
its goods are: a book and a mug in one parcel have two rates on their postage.

**A shop that is not registered** (a small supplier: Excise Tax Act, s. 148; CGI, article 293 B; Directive, article 284)
charges none. The retail taxes of BC, SK and MB are due all the same: there whoever runs the marketplace collects them
(`payments/sales_tax.py`)."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from marketplace.catalogue.models import ProductFacts
from marketplace.checkout import tax_words
from marketplace.checkout.models import TaxRate
from marketplace.checkout.tax_categories import Category, category_of
from marketplace.checkout.tax_places import EU, home
from marketplace.checkout.tax_tables import ROWS, Component
from marketplace.foundation import money
from marketplace.foundation.models import Network
from marketplace.payments.commission_tax import TaxUnknownError
from marketplace.payments.sales_tax import MARKETPLACE_COLLECTS
from shops.models import Shop

WHOLE_MILLI = 100_000  # 100 %
REVERSE_CHARGE = "reverse"
_CACHE_SECONDS = 5.0
_cached: tuple[float, dict[tuple[str, str], list[TaxRate]]] | None = None


class NoTaxRowError(Exception):
    """No table says what is due: the text says where, and on what."""


class TaxPart(NamedTuple):
    """One component of a line, frozen with it: `minor` of the goods, `delivery_minor` of its share of the delivery."""

    code: str
    of: str
    rate_milli: int
    minor: int
    delivery_minor: int = 0


def rates(place: str, category: Category, day: date) -> tuple[Component, ...]:
    """What is due there, on that, on that day; the components of one row, or the operator's rows of what has none.
    Raises NoTaxRowError. No query for what `tax_tables` has; for the rest one every few seconds."""
    found = _written(place, category, day)
    if found is None:
        found = _configured(place, category, day)
    if found is None:
        raise NoTaxRowError(tax_words.missing(place, category))
    return found


def category(shop: Shop, facts: ProductFacts | None, *, digital: bool, day: date) -> Category:
    """The title's category; the shop's own code of it is read by the rates of the shop's own place."""

    def rate_of(other: Category) -> int | None:
        try:
            return rate_milli(rates(home(shop), other, day))
        except NoTaxRowError:
            return None

    return category_of(facts, digital=digital, rate_of=rate_of)


def due(shop: Shop, facts: ProductFacts | None, *, digital: bool, place: str, now: datetime) -> tuple[Component, ...]:
    """What a reader pays on a title of this shop that is supplied there now. Raises NoTaxRowError."""
    day = day_at(shop, now)
    return charged(shop, rates(place, category(shop, facts, digital=digital, day=day), day))


def charged(shop: Shop, components: Sequence[Component]) -> tuple[Component, ...]:
    """Those of the components that this shop's readers pay."""
    if shop.tax_registered:
        return tuple(components)
    return tuple(component for component in components if component.code in MARKETPLACE_COLLECTS)


def day_at(shop: Shop, now: datetime) -> date:
    """The day of a sale is the shop's own."""
    return now.astimezone(ZoneInfo(shop.timezone)).date()


def rate_milli(components: Sequence[Component]) -> int:
    """All of them together, in thousandths of a per cent: 14975 for GST and QST."""
    return sum(component.rate_milli for component in components)


def net_and_taxes(amount_minor: int, components: Sequence[Component], *, included: bool) -> tuple[int, tuple[int, ...]]:
    """Net, and the tax of each component, of an amount as shown to the reader. Together they are the amount where tax
    is included, else more."""
    if not included:
        return amount_minor, tuple(_share(amount_minor, component.rate_milli) for component in components)
    whole = WHOLE_MILLI + rate_milli(components)
    net = _half_up(Decimal(amount_minor) * WHOLE_MILLI / whole)
    if not components:
        return net, ()
    return net, tuple(money.split(amount_minor - net, [component.rate_milli for component in components]))


def commission_tax(shop: Shop, network: Network, amount_minor: int, day: date) -> tuple[TaxPart, ...]:
    """What is due on a commission of `amount_minor` (without tax) that the network invoices to a shop: a service of its
    own, made where the shop is (Excise Tax Act, Schedule IX, Part IX and SOR/2010-117, s. 13; Directive 2006/112/EC,
    article 44). Empty: the network is not registered. A shop of another country of the Union that has a VAT number owes
    the tax itself (article 196): one part, code "reverse", of nothing. Raises NoTaxRowError."""
    if not network.tax_registered:
        return ()
    if shop.country != network.country and {shop.country, network.country} <= EU and shop.tax_number:
        return (TaxPart(REVERSE_CHARGE, shop.country, 0, 0),)
    due = rates(home(shop), Category.SERVICE, day)
    _net, taxes = net_and_taxes(amount_minor, due, included=False)
    return tuple(TaxPart(*component, minor) for component, minor in zip(due, taxes, strict=True))


def commission_parts(shop: Shop, network: Network, amount_minor: int, day: date) -> list[tuple[str, int]]:
    """`commission_tax` by jurisdiction, as payments asks for it: nothing where the shop owes it itself. Raises
    TaxUnknownError."""
    try:
        parts = commission_tax(shop, network, amount_minor, day)
    except NoTaxRowError as error:
        raise TaxUnknownError(str(error)) from error
    sums: dict[str, int] = {}
    for part in parts:
        sums[part.of] = sums.get(part.of, 0) + part.minor
    return list(sums.items())


def frozen(parts: Sequence[TaxPart]) -> list[dict[str, object]]:
    """As a row keeps them: [{"code": "GST", "of": "CA", "rate_milli": 5000, "minor": 65, "delivery_minor": 16}]."""
    return [part._asdict() for part in parts]


def thawed(kept: Sequence[Mapping[str, Any]]) -> tuple[TaxPart, ...]:
    """The parts that a row keeps."""
    return tuple(TaxPart(**part) for part in kept)


def by_rate(of_lines: Iterable[Iterable[TaxPart]]) -> dict[tuple[str, int], int]:
    """Minor units of goods and delivery by (code, rate); what comes to nothing is left out."""
    sums: dict[tuple[str, int], int] = {}
    for part in chain.from_iterable(of_lines):
        key = (part.code, part.rate_milli)
        sums[key] = sums.get(key, 0) + part.minor + part.delivery_minor
    return {key: sums[key] for key in sorted(sums) if sums[key]}


def forget() -> None:
    """Drop the kept rows of the operator: after one was saved, and between tests."""
    global _cached
    _cached = None


@lru_cache(maxsize=4096)
def _written(place: str, category: Category, day: date) -> tuple[Component, ...] | None:
    for row in ROWS:
        if (
            row.place == place
            and category in row.categories
            and row.since <= day
            and (not row.until or day <= row.until)
        ):
            return row.components
    return None


def _configured(place: str, category: Category, day: date) -> tuple[Component, ...] | None:
    global _cached
    if not _cached or time.monotonic() - _cached[0] >= _CACHE_SECONDS:
        kept: dict[tuple[str, str], list[TaxRate]] = {}
        for row in TaxRate.objects.order_by("-since"):
            kept.setdefault((row.place, row.category), []).append(row)
        _cached = (time.monotonic(), kept)
    holding = [row for row in _cached[1].get((place, category.value), []) if row.holds(day)]
    newest = {row.code: row for row in reversed(holding)}  # of each tax; they come newest first
    return tuple(Component(row.code, _whose(row), row.rate_milli) for row in newest.values()) or None


def _whose(row: TaxRate) -> str:
    """GST is Canada's, whichever province it is written for."""
    return row.place.partition("-")[0] if row.code == "GST" else row.place


def _share(amount_minor: int, rate: int) -> int:
    return _half_up(Decimal(amount_minor) * rate / WHOLE_MILLI)


def _half_up(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))
