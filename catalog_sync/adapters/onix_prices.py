"""What an ONIX record says about getting the product: price, stock, availability."""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import NamedTuple

from catalog_sync import cleaning
from catalog_sync.adapters import onix_codes as codes
from catalog_sync.prices import read_price
from catalog_sync.reading.xml_parts import Part
from catalog_sync.reasons import Reason, reason
from catalog_sync.records import Availability, PriceKind


@dataclass(frozen=True)
class Terms:
    """What the message and the feed say for all records. `country`: ISO code of the shop, empty: any market will do."""

    currency: str  # of the header, else of the feed
    wanted_currency: str  # of the feed
    price_type: str  # of the header
    country: str
    today: str  # YYYYMMDD, for prices with dates
    stock_is_available: bool  # the shop publishes what is free to sell, so Reserved is taken off


class Supply(NamedTuple):
    """One supply detail read. `issues`: reasons that belong to the record."""

    price: int | None
    currency: str
    price_kind: str
    quantity: int | None
    availability: str | None
    days: int | None
    available_from: str
    tax_code: str
    issues: tuple[Reason, ...]


def text(element: Part, path: str) -> str:
    """The text of the first child at a path, stripped; empty where there is none."""
    return (element.findtext(path) or "").strip()


def read_supply(product: Part, terms: Terms) -> Supply:
    """The supply detail for the shop's market: the first with a retail price, else the first."""
    details = _supply_details(product, terms.country)
    if not details:
        return Supply(None, terms.currency, PriceKind.RECOMMENDED, None, None, None, "", "", (reason("price_missing"),))
    read = [(detail, _best_price(detail, terms)) for detail in details]
    detail, price = next((pair for pair in read if pair[1].price is not None), read[0])
    quantity, issue = _on_hand(detail, terms)
    days = cleaning.pages(text(detail, "OrderTime"))
    issues = tuple(why for why in (price.issue, issue) if why)
    return Supply(
        *(price.price, price.currency, price.kind, quantity, _stated(detail), days),
        *(_expected(detail), price.tax_code, issues),
    )


def _supply_details(product: Part, country: str) -> list[Part]:
    found = []
    for supply in product.findall("ProductSupply"):
        markets = supply.findall("Market")
        if not markets or not country or any(_sells_in(m.find("Territory"), country) for m in markets):
            found.extend(supply.findall("SupplyDetail"))
    return found or product.findall("SupplyDetail")


def _sells_in(territory: Part | None, country: str) -> bool:
    """Whether a territory holds a country. Lists are read by twos, since real ones lack spaces ("BWBZ")."""
    if territory is None:
        return True
    if len(territory) == 0 and territory.text:  # 2.1: plain text
        return "WORLD" in territory.text or country in territory.text.split()
    included, excluded = (
        re.findall("[A-Z]{2}", text(territory, path)) for path in ("CountriesIncluded", "CountriesExcluded")
    )
    if country in excluded:
        return False
    regions = text(territory, "RegionsIncluded").split()
    return country in included or bool({"WORLD", "ROW"} & set(regions))


class _Price(NamedTuple):
    price: int | None
    currency: str
    kind: str
    tax_code: str
    issue: Reason | None = None


def _best_price(detail: Part, terms: Terms) -> _Price:
    """The retail price that applies today in the shop's country, in its currency if there is one."""
    nothing = _Price(None, terms.currency, PriceKind.RECOMMENDED, "")
    prices = detail.findall("Price")
    if not prices:
        if text(detail, "UnpricedItemType") == codes.FREE_OF_CHARGE:
            return nothing._replace(price=0)
        return nothing._replace(issue=reason("price_missing"))
    candidates = []
    trade_only = True
    for order, price in enumerate(prices):
        kind = _type_of(price, terms)
        trade_only = trade_only and kind not in codes.PRICE_TYPES
        if kind in codes.PRICE_TYPES and (starts := _applies(price, terms)) is not None:
            currency = text(price, "CurrencyCode") or terms.currency
            rank = codes.PRICE_TYPES[kind][2]
            candidates.append(((currency != terms.wanted_currency, rank, -starts, order), price, kind, currency))
    if not candidates:
        return nothing._replace(issue=reason("price_net_only" if trade_only else "price_missing"))
    _, price, kind, currency = min(candidates, key=lambda candidate: candidate[0])
    return _amount(price, kind, currency)


def _type_of(price: Part, terms: Terms) -> str:
    stated = text(price, "PriceType") or text(price, "PriceTypeCode") or terms.price_type
    return stated.zfill(2) if stated else "02"


def _applies(price: Part, terms: Terms) -> int | None:
    """From which day on (YYYYMMDD, 0: ever) this price holds for a single copy to a reader today; None if it does
    not."""
    if text(price, "PriceQualifier") not in codes.RETAIL_QUALIFIERS:
        return None
    if any(text(condition, "PriceConditionType") not in ("", "00") for condition in price.findall("PriceCondition")):
        return None
    if (cleaning.pages(text(price, "MinimumOrderQuantity")) or 1) > 1:
        return None
    if terms.country:
        territory, countries = price.find("Territory"), [c.text or "" for c in price.findall("CountryCode")]
        if not _sells_in(territory, terms.country) or (countries and terms.country not in countries):
            return None
        if any(terms.country in (c.text or "").split() for c in price.findall("CountryExcluded")):
            return None
    starts, ends = _period(price)
    return int(starts or 0) if starts <= terms.today and (not ends or terms.today <= ends) else None


def _period(price: Part) -> tuple[str, str]:
    starts = _day(text(price, "PriceEffectiveFrom"))
    ends = _day(text(price, "PriceEffectiveUntil"))
    for dated in price.findall("PriceDate"):
        role, value = text(dated, "PriceDateRole"), text(dated, "Date")
        if role == "14":
            starts = _day(value)
        elif role == "15":
            ends = _day(value)
        elif role == "24":
            starts, ends = _day(value[:8]), _day(value[8:16])
    return starts, ends


def _day(value: str) -> str:
    digits = value.strip().replace("-", "")[:8]
    return digits if len(digits) == 8 and digits.isdigit() else ""


def _amount(price: Part, kind: str, currency: str) -> _Price:
    price_kind, includes_tax, _ = codes.PRICE_TYPES[kind]
    found = read_price(text(price, "PriceAmount"), currency, ".", True)
    rate = text(price, "Tax/TaxRatePercent") or text(price, "TaxRatePercent1")
    code = text(price, "Tax/TaxRateCode") or text(price, "TaxRateCode1")
    amount = found.price
    if amount is not None and not includes_tax and rate:
        try:
            factor = 1 + Decimal(rate.replace(",", ".")) / 100
            amount = int((amount * factor).quantize(Decimal(1), rounding=ROUND_HALF_UP))
        except InvalidOperation:
            return _Price(None, currency, price_kind, code, reason("price_not_understood", value=f"{rate} %"))
    return _Price(amount, found.currency, price_kind, rate or code, found.reason)


def _on_hand(detail: Part, terms: Terms) -> tuple[int | None, Reason | None]:
    """Copies over all warehouses; None unless every figure is a number that means at least so many."""
    total: int | None = None
    for stock in detail.findall("Stock"):
        if stock.find("OnHand") is None:
            continue
        if text(stock, "Proximity") not in codes.AT_LEAST:
            return None, None
        units, why = cleaning.quantity(text(stock, "OnHand"))
        if units is None:
            return None, why
        if terms.stock_is_available:
            units = max(0, units - (cleaning.quantity(text(stock, "Reserved")).value or 0))
        total = (total or 0) + units
    return total, None


def _stated(detail: Part) -> str | None:
    code = text(detail, "ProductAvailability")
    if code:
        return codes.AVAILABILITY.get(code.zfill(2), Availability.UNKNOWN)
    code = text(detail, "AvailabilityCode")
    return codes.AVAILABILITY_21.get(code.upper(), Availability.UNKNOWN) if code else None


def _expected(detail: Part) -> str:
    """When copies are expected: SupplyDate role 08, else 02 (embargo); ExpectedShipDate in 2.1."""
    dates = {text(d, "SupplyDateRole"): text(d, "Date") for d in detail.findall("SupplyDate")}
    return cleaning.partial_date(dates.get("08") or dates.get("02") or text(detail, "ExpectedShipDate"))


def availability_of(product: Part, supply: Supply, form: str) -> str:
    """Publishing status, stated availability and stock together: withdrawn and recalled win over everything."""
    publishing = product.find("PublishingDetail")
    status = text(product if publishing is None else publishing, "PublishingStatus")
    market = text(product, "ProductSupply/MarketPublishingDetail/MarketPublishingStatus")
    for code in (status, market):
        if code in codes.STATUS_OVERRULES:
            return codes.STATUS_OVERRULES[code]
    stated = supply.availability
    if stated is None and status == "02":
        stated = Availability.PREORDER
    if stated == Availability.ORDERABLE and (supply.quantity or 0) > 0:
        stated = Availability.IN_STOCK
    if form in codes.DOWNLOADS and stated in (Availability.IN_STOCK, Availability.ORDERABLE):
        return Availability.DIGITAL
    return cleaning.availability_of(stated, supply.quantity)
