"""What a basket costs and how it reaches the reader: one parcel per shop, everything in minor units and exact.

`plan` reads a basket once (two queries, however many lines); `priced` is the arithmetic, without a database."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from oscar.apps.basket.models import Basket, Line
from oscar.apps.partner.models import StockRecord

from marketplace.checkout import tax, tax_words
from marketplace.checkout.delivery import Destination, options_by_shop, reaches
from marketplace.checkout.tax import TaxPart
from marketplace.checkout.tax_categories import is_digital
from marketplace.checkout.tax_places import place_of_supply
from marketplace.checkout.tax_tables import Component
from marketplace.foundation import money, network
from shops import stock
from shops.models import DeliveryOption, Shop


@dataclass(frozen=True)
class PlannedLine:
    """One article. `goods_minor` as shown (quantity × unit price, less discount); net and tax of it; its share of the
    parcel's delivery with tax; `total_minor` = net + tax + delivery share. `sellable`: units the shop can sell now.
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
    """One shop's part. `delivery_minor` as shown; `tax_minor` of goods and delivery, whether included or added;
    `total_minor` is what the reader pays for it. `option` is None while the reader has not chosen one that is valid."""

    shop: Shop
    lines: tuple[PlannedLine, ...]
    options: tuple[DeliveryOption, ...] = ()
    option: DeliveryOption | None = None
    goods_minor: int = 0
    delivery_minor: int = 0
    delivery_tax_minor: int = 0
    tax_minor: int = 0
    total_minor: int = 0

    @property
    def tax_note(self) -> str:
        """The code of `tax_words.note` where the shop charges no tax."""
        return tax_words.note_code(self.shop)


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

    @property
    def lines(self) -> list[PlannedLine]:
        return [line for parcel in self.parcels for line in parcel.lines]

    @property
    def short(self) -> list[PlannedLine]:
        """Lines that the shop cannot sell as asked for."""
        return [line for line in self.lines if line.missing]

    @property
    def undelivered(self) -> list[PlannedParcel]:
        return [parcel for parcel in self.parcels if parcel.option is None]

    @property
    def untaxed(self) -> list[PlannedLine]:
        """Lines that cannot be sold, since it is not known what tax is due on them."""
        return [line for line in self.lines if line.untaxed]

    @property
    def has_downloads(self) -> bool:
        return any(line.is_digital for line in self.lines)

    @property
    def only_pickups(self) -> bool:
        return all(parcel.option and parcel.option.kind == DeliveryOption.Kind.PICKUP for parcel in self.parcels)

    def fingerprint(self) -> str:
        """What the reader saw: changes with any line, quantity, price, delivery, tax or total."""
        seen = [
            (
                (parcel.shop.pk, parcel.option and parcel.option.pk, parcel.delivery_minor, parcel.total_minor),
                [(line.record.pk, line.quantity, line.unit_price_minor, line.total_minor) for line in parcel.lines],
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
) -> Plan:
    """The plan of an open basket. `chosen`: delivery option by shop; one that does not reach `to` counts as not chosen.
    `held`: units by stock record that this reader's own checkout holds already."""
    of = network.current()
    rows: list[Line] = []
    if basket.pk:
        related = ("product__facts", "stockrecord__terms", "stockrecord__partner__shop")
        rows = list(Line.objects.filter(basket_id=basket.pk).select_related(*related).order_by("pk"))
    by_shop: dict[Shop, list[Line]] = defaultdict(list)
    for row in rows:
        by_shop[row.stockrecord.partner.shop].append(row)
    options = options_by_shop(shop.pk for shop in by_shop)
    parcels = []
    for shop, bought in by_shop.items():
        wanted = (chosen or {}).get(shop.pk)
        fitting = (option for option in options[shop.pk] if option.pk == wanted and reaches(option, shop, to))
        option = next(fitting, None)
        lines = tuple(
            _line(row, shop, option, to, now=now, currency=of.currency, held=(held or {}).get(row.stockrecord_id, 0))
            for row in bought
        )
        parcels.append(PlannedParcel(shop=shop, lines=lines, options=options[shop.pk], option=option))
    return priced(parcels, currency=of.currency, tax_included=of.tax_included)


def _line(
    row: Line,
    shop: Shop,
    option: DeliveryOption | None,
    to: Destination | None,
    *,
    now: datetime,
    currency: str,
    held: int,
) -> PlannedLine:
    record = row.stockrecord
    record.product = row.product  # read with the line, facts included
    priced_here = record.price is not None and record.price_currency == currency
    terms = getattr(record, "terms", None)
    facts = getattr(row.product, "facts", None)
    digital = is_digital(facts, terms.availability if terms else "")
    # A title that was hidden after it came into the basket is not sold; what is held for it already stays.
    free = stock.sellable_units(record, shop=shop, terms=terms, now=now) if row.product.is_public else 0
    due: tuple[Component, ...] = ()
    untaxed = ""
    try:
        place = place_of_supply(shop, option, to, digital=digital)
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
    delivery = parcel.option.price_for(sum(goods)) if parcel.option else 0
    # What is downloaded is not in the parcel.
    weights = [0 if line.is_digital else amount for line, amount in zip(parcel.lines, goods, strict=True)]
    lines = tuple(
        _priced_line(line, amount, share, tax_included)
        for line, amount, share in zip(parcel.lines, goods, money.split(delivery, weights), strict=True)
    )
    delivery_tax = sum(line.delivery_tax_minor for line in lines)
    return replace(
        parcel,
        lines=lines,
        goods_minor=sum(goods),
        delivery_minor=delivery,
        delivery_tax_minor=delivery_tax,
        tax_minor=delivery_tax + sum(line.tax_minor for line in lines),
        total_minor=sum(line.total_minor for line in lines),
    )


def _priced_line(line: PlannedLine, goods: int, delivery: int, tax_included: bool) -> PlannedLine:
    """`goods` and `delivery` as shown to the reader."""
    net, taxes = tax.net_and_taxes(goods, line.rates, included=tax_included)
    delivery_net, delivery_taxes = tax.net_and_taxes(delivery, line.rates, included=tax_included)
    share = delivery_net + sum(delivery_taxes)
    return replace(
        line,
        goods_minor=goods,
        net_minor=net,
        tax_minor=sum(taxes),
        tax_parts=tuple(
            TaxPart(*component, minor, delivery_minor)
            for component, minor, delivery_minor in zip(line.rates, taxes, delivery_taxes, strict=True)
        ),
        delivery_share_minor=share,
        delivery_tax_minor=sum(delivery_taxes),
        total_minor=net + sum(taxes) + share,
    )
