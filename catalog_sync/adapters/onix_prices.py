"""What an ONIX record says about getting the product: price, stock, availability."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import NamedTuple

from catalog_sync import cleaning
from catalog_sync.adapters import onix_codes as codes
from catalog_sync.adapters.onix_dates import in_role, lies_ahead, read_date
from catalog_sync.adapters.onix_rights import closeness, is_not_for_sale, sells_in, texts
from catalog_sync.prices import read_price
from catalog_sync.reading.xml_parts import Part, text
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


def block(product: Part, name: str) -> Part:
    """A block of a 3.x record; of a flat 2.1 record the record itself."""
    found = product.find(name)
    return product if found is None else found


class Supply(NamedTuple):
    """One supply detail read. `issues`: reasons that belong to the record; `embargo`: not sold before that day;
    `status`: of publishing in the market of this supply."""

    price: int | None
    currency: str
    price_kind: str
    quantity: int | None
    availability: str | None
    days: int | None
    available_from: str
    tax_code: str
    issues: tuple[Reason, ...]
    embargo: str = ""
    status: str = ""


def read_supply(product: Part, terms: Terms) -> Supply:
    """The supply detail for the shop's market: the first with a retail price, else the first."""
    details = _supply_details(product, terms.country)
    if not details:
        return Supply(None, terms.currency, PriceKind.RECOMMENDED, None, None, None, "", "", (reason("price_missing"),))
    read = [(detail, market, _best_price(detail, terms)) for detail, market in details]
    detail, market, price = next((found for found in read if found[2].price is not None), read[0])
    quantity, issue = _on_hand(detail, terms)
    days = cleaning.pages(text(detail, "OrderTime"))
    issues = tuple(why for why in (price.issue, issue) if why)
    return Supply(
        *(price.price, price.currency, price.kind, quantity, _stated(detail), days),
        *(_expected(detail), price.tax_code, issues, _embargo(detail, market)),
        status="" if market is None else text(market, "MarketPublishingStatus"),
    )


def _supply_details(product: Part, country: str) -> list[tuple[Part, Part | None]]:
    """Supply details with the publishing in their market."""
    found: list[tuple[Part, Part | None]] = []
    for supply in product.findall("ProductSupply"):
        markets = supply.findall("Market")
        if not markets or not country or any(sells_in(m.find("Territory"), country) for m in markets):
            publishing = supply.find("MarketPublishingDetail")
            found.extend((detail, publishing) for detail in supply.findall("SupplyDetail"))
    if found:
        return found
    return [(detail, None) for detail in product.findall("SupplyDetail") if _supplies(detail, country)]


def _supplies(detail: Part, country: str) -> bool:
    """Whether a supply detail of 2.1 is for a country."""
    lists = [texts(detail, name) for name in ("SupplyToCountry", "SupplyToTerritory", "SupplyToCountryExcluded")]
    return not country or not any(lists) or closeness(lists[0], lists[1], lists[2], country) > 0 or not any(lists[:2])


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
        territory, countries = price.find("Territory"), texts(price, "CountryCode").split()
        named = terms.country in countries or (territory is not None and sells_in(territory, terms.country))
        if (countries or territory is not None) and not named:
            return None
        if terms.country in texts(price, "CountryExcluded").split() + texts(price, "TerritoryExcluded").split():
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
    if text(price, "PriceTypeDescription") == codes.SHOP_PRICE:
        price_kind = PriceKind.RETAIL
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
    """When copies are expected: SupplyDate role 08; ExpectedShipDate in 2.1."""
    return in_role(detail.findall("SupplyDate"), "SupplyDateRole", "08") or read_date(detail, "ExpectedShipDate")


def _embargo(detail: Part, market: Part | None) -> str:
    """Before which day it must not be sold, by supplier or market."""
    by_supplier = in_role(detail.findall("SupplyDate"), "SupplyDateRole", "02") or read_date(detail, "OnSaleDate")
    return by_supplier or ("" if market is None else in_role(market.findall("MarketDate"), "MarketDateRole", "02"))


class Obtainable(NamedTuple):
    """`availability`, and for those to come `from_day`, an ISO date."""

    availability: str
    from_day: str = ""
    issues: tuple[Reason, ...] = ()


def obtainable(product: Part, supply: Supply, form: str, published: str, terms: Terms) -> Obtainable:
    """Rights, publishing status, stated availability, stock and dates together: what is withdrawn, recalled or not for
    sale in the country is so whatever else is said, and nothing is sold before its embargo ends."""
    publishing = block(product, "PublishingDetail")
    status = text(publishing, "PublishingStatus")
    for code in (status, supply.status):
        if code in codes.STATUS_OVERRULES:
            return Obtainable(codes.STATUS_OVERRULES[code])
    if terms.country and is_not_for_sale(product, terms.country):
        return Obtainable(Availability.UNAVAILABLE, issues=(reason("not_for_sale", country=terms.country),))
    stated = supply.availability
    if stated is None and status == codes.FORTHCOMING:
        stated = Availability.PREORDER
    if stated == Availability.ORDERABLE and (supply.quantity or 0) > 0:
        stated = Availability.IN_STOCK
    if form in codes.DOWNLOADS and stated in (Availability.IN_STOCK, Availability.ORDERABLE):
        stated = Availability.DIGITAL
    embargo = in_role(publishing.findall("PublishingDate"), "PublishingDateRole", "02") or supply.embargo
    if stated not in (Availability.UNAVAILABLE, Availability.TEMPORARILY_UNAVAILABLE):
        if lies_ahead(embargo, terms.today):
            return Obtainable(Availability.PREORDER, embargo)
        # Senders hard-code "available"; copies in hand are sold all the same.
        sold = stated in (Availability.IN_STOCK, Availability.ORDERABLE, Availability.DIGITAL)
        if sold and not supply.quantity and lies_ahead(published, terms.today):
            return Obtainable(Availability.PREORDER, published)
    found = stated if stated == Availability.DIGITAL else cleaning.availability_of(stated, supply.quantity)
    if found == Availability.PREORDER:
        return Obtainable(found, supply.available_from or embargo or published)
    dated = found in (Availability.ORDERABLE, Availability.TEMPORARILY_UNAVAILABLE)
    return Obtainable(found, supply.available_from if dated else "")
