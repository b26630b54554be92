"""What a basket costs and how it reaches the reader: one parcel per shop, everything in minor units and exact.

`plan` reads a basket once (two to four queries, however many lines); `priced` is the arithmetic, without a database."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from oscar.apps.basket.models import Basket, Line
from oscar.apps.partner.models import StockRecord

from marketplace.checkout import basket_prices, delivery, earners, limits, lowering, tax, tax_words, weights
from marketplace.checkout.delivery import Destination, Quote, Trip, hours_by_shop, options_by_shop
from marketplace.checkout.limits import LineLimits
from marketplace.checkout.models_vouchers import Voucher
from marketplace.checkout.tax import TaxPart
from marketplace.checkout.tax_categories import is_digital
from marketplace.checkout.tax_places import place_of_supply
from marketplace.checkout.tax_tables import Component
from marketplace.foundation import money, network
from shops import book_law, downloads, load, stock, supplying
from shops.models import Condition, DeliveryOption, Shop, Supply


@dataclass(frozen=True)
class PlannedLine:
    """One article. `goods_minor` as shown (quantity × unit price, less discount); net and tax of it; its share of the
    parcel's delivery with tax; `total_minor` = net + tax + delivery share. `sellable`: units it can supply.
    `rates` are the taxes that are due; `untaxed` is why that is not known (then it cannot be sold); `tax_parts` is how
    much each comes to: together `tax_minor` and `delivery_tax_minor`."""

    basket_line_id: int
    record: StockRecord
    title: str
    quantity: int
    unit_price_minor: int | None
    rates: tuple[Component, ...]
    sellable: int
    is_digital: bool = False
    untaxed: str = ""
    limits: LineLimits = limits.NONE
    weight_grams: int = 0  # one unit
    is_new_book: bool = False  # as `book_law` means it
    as_of: datetime | None = None  # the age of the shop's number
    supply: Supply = Supply.STOCK
    expected_on: date | None = None  # when an ordered copy should be there
    put_in_minor: int | None = None  # one unit, when it came into the basket
    discount_minor: int = 0
    goods_minor: int = 0
    net_minor: int = 0
    tax_minor: int = 0
    tax_parts: tuple[TaxPart, ...] = ()
    delivery_share_minor: int = 0
    delivery_tax_minor: int = 0
    total_minor: int = 0

    @property
    def missing(self) -> int:
        """Units asked for that the shop cannot sell now; without a price it sells none."""
        return self.quantity - min(self.quantity, self.sellable if self.unit_price_minor is not None else 0)

    @property
    def for_sale(self) -> bool:
        return self.missing < self.quantity


@dataclass(frozen=True)
class PlannedParcel:
    """One shop's part; its downloads are another, undelivered. `delivery_minor` as shown; `tax_minor` of goods and
    delivery, included or added; `total_minor` is what the reader pays. `option`: None until a valid one is chosen."""

    shop: Shop
    lines: tuple[PlannedLine, ...]
    is_download: bool = False
    options: tuple[DeliveryOption, ...] = ()
    option: DeliveryOption | None = None
    trip: Trip | None = None  # what the quotes depend on; without one only the option's plain price counts
    quotes: Mapping[int, Quote] = field(default_factory=dict)  # by option; filled in by `priced`
    goods_minor: int = 0
    delivery_minor: int = 0
    delivery_tax_minor: int = 0
    tax_minor: int = 0
    total_minor: int = 0

    @property
    def is_pooled(self) -> bool:
        """For the solidarity pool."""
        return self.is_download and self.shop.sells_for_all

    @property
    def tax_note(self) -> str:
        """The code of `tax_words.note` where the shop charges no tax."""
        return tax_words.note_code(self.shop)

    @property
    def quote(self) -> Quote | None:
        """Of the chosen option."""
        return self.quotes.get(self.option.pk) if self.option else None


@dataclass(frozen=True)
class Plan:
    currency: str
    tax_included: bool
    parcels: tuple[PlannedParcel, ...]
    goods_minor: int
    delivery_minor: int
    tax_minor: int
    total_minor: int
    tax_by_rate: Mapping[tuple[str, int], int]  # (code, thousandths of a per cent) → minor units, goods and delivery
    voucher_minor: int = 0  # of the total: paid by a voucher of the network
    by_voucher: bool = False  # one takes something off
    promotion: Voucher | None = None  # what lowers it without a code

    @property
    def left_minor(self) -> int:
        """What gift cards and the payment page pay."""
        return self.total_minor - self.voucher_minor

    @property
    def discount_minor(self) -> int:
        return sum(line.discount_minor for line in self.lines)

    @property
    def lines(self) -> list[PlannedLine]:
        return [line for parcel in self.parcels for line in parcel.lines]

    @property
    def short(self) -> list[PlannedLine]:
        """Lines that the shop cannot sell as asked for."""
        return [line for line in self.lines if line.missing]

    @property
    def held(self) -> list[PlannedLine]:
        """Lines whose copies are on the shelf, so that they are kept for the reader."""
        return [line for line in self.lines if line.supply == Supply.STOCK]

    @property
    def undelivered(self) -> list[PlannedParcel]:
        return [parcel for parcel in self.sent if parcel.option is None]

    @property
    def sent(self) -> list[PlannedParcel]:
        """What is brought or collected."""
        return [parcel for parcel in self.parcels if not parcel.is_download]

    @property
    def downloads(self) -> list[PlannedLine]:
        """Lines that deliver themselves."""
        return [line for line in self.lines if line.supply == Supply.DIGITAL]

    @property
    def untaxed(self) -> list[PlannedLine]:
        """Lines that cannot be sold, since it is not known what tax is due on them."""
        return [line for line in self.lines if line.untaxed]

    @property
    def not_sold(self) -> list[PlannedLine]:
        """Lines that must not be sold where they go."""
        return [line for line in self.lines if line.limits.refused]

    @property
    def for_choice(self) -> list[PlannedLine]:
        """Downloads that are the network's, so that the reader chooses who sells them."""
        return [line for line in self.downloads if line.record.partner.shop.sells_for_all]

    @property
    def has_downloads(self) -> bool:
        return any(line.is_digital for line in self.lines)

    @property
    def only_pickups(self) -> bool:
        """Whether the reader fetches everything, so that no address is needed."""
        return all(parcel.option and parcel.option.is_collected for parcel in self.sent)

    def fingerprint(self) -> str:
        """What the reader saw: changes with any line, quantity, price, delivery, its day, tax or total."""
        seen = [
            (
                (parcel.shop.pk, parcel.option and parcel.option.pk, parcel.delivery_minor, parcel.total_minor),
                delivery.day_told(parcel.quote, parcel.shop),
                [(line.record.pk, line.quantity, line.unit_price_minor, line.total_minor) for line in parcel.lines],
                [(line.supply, line.expected_on) for line in parcel.lines if line.supply != Supply.STOCK],
            )
            for parcel in self.parcels
        ]
        return hashlib.sha256(repr((seen, self.currency, self.total_minor, self.tax_by_rate)).encode()).hexdigest()[:32]


def plan(
    basket: Basket,
    *,
    now: datetime,
    chosen: Mapping[int, int | None] | None = None,
    to: Destination | None = None,
    held: Mapping[int, int] | None = None,
    in_slots: Mapping[int, tuple[int, date]] | None = None,
    voucher: Voucher | None = None,
    promotions: Sequence[Voucher] = (),
    area: str = "",
    earned_by: earners.Chosen = earners.Chosen(),  # noqa: B008  (nothing of it changes)
) -> Plan:
    """The plan of a basket. `chosen`: delivery option by shop; one that cannot bring the parcel to `to` counts as not
    chosen. `held`: units by stock record that this reader's own checkout holds. `in_slots`: the courier's slot and
    day by shop; an option with slots counts as not chosen without one that can be had. `voucher`: what lowers it;
    without one the `promotions` that takes most off does. `area`: as `limits.of_line`. `earned_by`: whom the
    reader wants to sell what the network offers as a download."""
    of = network.current()
    rows: list[Line] = []
    if basket.pk:
        related = ("product__facts", "stockrecord__terms", "stockrecord__partner__shop__load", "stockrecord__download")
        rows = list(Line.objects.filter(basket_id=basket.pk).select_related(*related).order_by("pk"))
    parts = earners.parts(rows, earned_by)
    options = options_by_shop(shop.pk for shop, is_download in parts if not is_download)
    hours = hours_by_shop(options, now)
    parcels = []
    for (shop, is_download), bought in parts.items():
        full_days = 0 if is_download else load.full_days(shop)
        trip = Trip(now=now, currency=of.currency, to=to, hours=hours[shop.pk], full_days=full_days)
        wanted = (chosen or {}).get(shop.pk)
        ways = () if is_download else options[shop.pk]
        option = next((option for option in ways if option.pk == wanted), None)
        if option is not None and delivery.needs_slot(option):
            slot = delivery.slot_of(option, shop, trip, (in_slots or {}).get(shop.pk))
            option, trip = option if slot else None, replace(trip, slot=slot)
        kept = held or {}
        lines = tuple(line_of(row, shop, option, trip, area, held=kept.get(row.stockrecord_id, 0)) for row in bought)
        parcels.append(PlannedParcel(shop, lines, is_download, options=ways, option=option, trip=trip))
    how = {"currency": of.currency, "tax_included": of.tax_included}
    return lowering.lowered(voucher, promotions, parcels, priced, **how)


def line_of(
    row: Line, shop: Shop, option: DeliveryOption | None, trip: Trip, area: str = "", *, held: int = 0
) -> PlannedLine:
    now, currency = trip.now, trip.currency
    record = row.stockrecord
    record.product = row.product  # read with the line, facts included
    priced_here = record.price is not None and record.price_currency == currency
    terms = getattr(record, "terms", None)
    facts = getattr(row.product, "facts", None)
    condition = terms.condition if terms else Condition.NEW
    download = downloads.of(record)
    digital = download is not None or is_digital(facts, terms.availability if terms else "")
    # A title that was hidden after it came into the basket is not sold; what is held for it already stays.
    got = supplying.supplied(record, shop=record.partner.shop, terms=terms, now=now, download=download)
    free = got.units if row.product.is_public else 0
    # What is held stays what it was.
    supply = Supply.STOCK if held and got.supply != Supply.DIGITAL else got.supply
    due: tuple[Component, ...] = ()
    untaxed = ""
    try:
        place = place_of_supply(shop, option, trip.to, digital=digital)
        due = tax.due(shop, facts, digital=digital, place=place, now=now)
    except tax.NoTaxRowError as missing:
        untaxed = str(missing)
    return PlannedLine(
        basket_line_id=row.pk,
        record=record,
        title=row.product.get_title(),
        quantity=row.quantity,
        unit_price_minor=money.to_minor(record.price, currency) if priced_here else None,
        rates=due,
        sellable=free + held,
        is_digital=digital,
        untaxed=untaxed,
        weight_grams=weights.grams(facts),
        limits=limits.of_line(facts, condition, shop, option, trip.to, digital=digital, area=area),
        is_new_book=book_law.is_new_book(facts, condition),
        as_of=stock.effective_as_of(terms, shop),
        supply=supply,
        expected_on=got.expected_on if supply == got.supply else None,
        put_in_minor=basket_prices.put_in_minor(row, network.current()),
    )


def priced(parcels: Sequence[PlannedParcel], *, currency: str, tax_included: bool) -> Plan:
    """Fill in every amount. Sums are exact: Σ taxes = line, Σ lines = parcel, Σ parcels = plan, to the minor unit."""
    done = tuple(_priced_parcel(parcel, tax_included) for parcel in parcels)
    return Plan(
        currency=currency,
        tax_included=tax_included,
        parcels=done,
        goods_minor=sum(parcel.goods_minor for parcel in done),
        delivery_minor=sum(parcel.delivery_minor for parcel in done),
        tax_minor=sum(parcel.tax_minor for parcel in done),
        total_minor=sum(parcel.total_minor for parcel in done),
        tax_by_rate=tax.by_rate(line.tax_parts for parcel in done for line in parcel.lines),
    )


def _priced_parcel(parcel: PlannedParcel, tax_included: bool) -> PlannedParcel:
    goods = [line.quantity * (line.unit_price_minor or 0) - line.discount_minor for line in parcel.lines]
    valued = [replace(line, goods_minor=amount) for line, amount in zip(parcel.lines, goods, strict=True)]
    quotes, option, delivery_minor = _delivery(parcel, valued, sum(goods))
    shares = [0 if line.is_digital else line.goods_minor for line in valued]  # what is downloaded is in no parcel
    lines = tuple(
        priced_line(line, line.goods_minor, share, tax_included)
        for line, share in zip(valued, money.split(delivery_minor, shares), strict=True)
    )
    delivery_tax = sum(line.delivery_tax_minor for line in lines)
    return replace(
        parcel,
        lines=lines,
        goods_minor=sum(goods),
        delivery_minor=delivery_minor,
        quotes=quotes,
        option=option,
        delivery_tax_minor=delivery_tax,
        tax_minor=delivery_tax + sum(line.tax_minor for line in lines),
        total_minor=sum(line.total_minor for line in lines),
    )


def _delivery(
    parcel: PlannedParcel, lines: Sequence[PlannedLine], goods_minor: int
) -> tuple[dict[int, Quote], DeliveryOption | None, int]:
    """What every option asks, the chosen one if it can bring the parcel, and its price."""
    option = parcel.option
    if parcel.trip is None:
        return {}, option, option.price_for(goods_minor) if option else 0
    quotes = {one.pk: delivery.quote(one, parcel.shop, lines, parcel.trip) for one in parcel.options}
    if option is None or quotes[option.pk].refusal:
        return quotes, None, 0
    return quotes, option, quotes[option.pk].price_minor


def priced_line(line: PlannedLine, goods: int, delivery_minor: int, tax_included: bool) -> PlannedLine:
    """`goods` and `delivery_minor` as shown to the reader."""
    net, taxes = tax.net_and_taxes(goods, line.rates, included=tax_included)
    delivery_net, delivery_taxes = tax.net_and_taxes(delivery_minor, line.rates, included=tax_included)
    share = delivery_net + sum(delivery_taxes)
    return replace(
        line,
        goods_minor=goods,
        net_minor=net,
        tax_minor=sum(taxes),
        tax_parts=tuple(
            TaxPart(*component, of_goods, of_delivery)
            for component, of_goods, of_delivery in zip(line.rates, taxes, delivery_taxes, strict=True)
        ),
        delivery_share_minor=share,
        delivery_tax_minor=sum(delivery_taxes),
        total_minor=net + sum(taxes) + share,
    )
