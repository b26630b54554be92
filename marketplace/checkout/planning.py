"""What a basket costs and how it reaches the reader: one parcel per shop, everything in minor units and exact.

`plan` reads a basket once (two queries, however many lines); `priced` is the arithmetic, without a database."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from oscar.apps.basket.models import Basket, Line
from oscar.apps.partner.models import StockRecord

from marketplace.checkout import tax
from marketplace.checkout.delivery import Destination, options_by_shop, reaches
from marketplace.foundation import money, network
from shops import supplying
from shops.models import DeliveryOption, Shop, Supply


@dataclass(frozen=True)
class PlannedLine:
    """One article. `goods_minor` as shown (quantity × unit price, less discount); net and tax of it; its share of the
    parcel's delivery with tax; `total_minor` = net + tax + delivery share. `sellable`: units it can supply."""

    basket_line_id: int
    record: StockRecord
    title: str
    quantity: int
    unit_price_minor: int | None
    tax_basis_points: int
    sellable: int
    supply: Supply = Supply.STOCK
    expected_on: date | None = None  # when an ordered copy should be there
    discount_minor: int = 0
    goods_minor: int = 0
    net_minor: int = 0
    tax_minor: int = 0
    delivery_share_minor: int = 0
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
    delivery_tax_basis_points: int = 0
    tax_minor: int = 0
    total_minor: int = 0


@dataclass(frozen=True)
class Plan:
    currency: str
    tax_included: bool
    parcels: tuple[PlannedParcel, ...]
    goods_minor: int
    delivery_minor: int
    tax_minor: int
    total_minor: int
    tax_by_rate: Mapping[int, int]  # basis points → minor units, goods and delivery

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
        return [parcel for parcel in self.parcels if parcel.option is None]

    @property
    def only_pickups(self) -> bool:
        return all(parcel.option and parcel.option.kind == DeliveryOption.Kind.PICKUP for parcel in self.parcels)

    def fingerprint(self) -> str:
        """What the reader saw: changes with any line, quantity, price, delivery, tax or total."""
        seen = [
            (
                (parcel.shop.pk, parcel.option and parcel.option.pk, parcel.delivery_minor, parcel.total_minor),
                [(line.record.pk, line.quantity, line.unit_price_minor, line.total_minor) for line in parcel.lines],
                [(line.supply, line.expected_on) for line in parcel.lines if line.supply != Supply.STOCK],
            )
            for parcel in self.parcels
        ]
        return hashlib.sha256(repr((seen, self.currency, self.total_minor)).encode()).hexdigest()[:32]


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
    by_shop: dict[Shop, list[PlannedLine]] = defaultdict(list)
    for row in rows:
        shop = row.stockrecord.partner.shop
        by_shop[shop].append(_line(row, shop, of.currency, now, (held or {}).get(row.stockrecord_id, 0)))
    options = options_by_shop(shop.pk for shop in by_shop)
    parcels = []
    for shop, lines in by_shop.items():
        wanted = (chosen or {}).get(shop.pk)
        fitting = (option for option in options[shop.pk] if option.pk == wanted and reaches(option, shop, to))
        parcels.append(
            PlannedParcel(shop=shop, lines=tuple(lines), options=options[shop.pk], option=next(fitting, None))
        )
    return priced(parcels, currency=of.currency, tax_included=of.tax_included)


def _line(row: Line, shop: Shop, currency: str, now: datetime, held: int) -> PlannedLine:
    record = row.stockrecord
    record.product = row.product  # read with the line, facts included
    priced_here = record.price is not None and record.price_currency == currency
    terms = getattr(record, "terms", None)
    # A title that was hidden after it came into the basket is not sold; what is held for it already stays.
    got = supplying.supplied(record, shop=shop, terms=terms, now=now)
    free = got.units if row.product.is_public else 0
    by_order = got.supply != Supply.STOCK and not held  # what is held stays what it was
    return PlannedLine(
        basket_line_id=row.pk,
        record=record,
        title=row.product.get_title(),
        quantity=row.quantity,
        unit_price_minor=money.to_minor(record.price, currency) if priced_here else None,
        tax_basis_points=tax.rate(getattr(row.product, "facts", None), network.current()),
        sellable=free + held,
        supply=got.supply if by_order else Supply.STOCK,
        expected_on=got.expected_on if by_order else None,
    )


def priced(parcels: Sequence[PlannedParcel], *, currency: str, tax_included: bool) -> Plan:
    """Fill in every amount. Sums are exact: Σ lines = parcel, Σ parcels = plan, to the minor unit."""
    done = tuple(_priced_parcel(parcel, tax_included) for parcel in parcels)
    by_rate: dict[int, int] = defaultdict(int)
    for parcel in done:
        by_rate[parcel.delivery_tax_basis_points] += parcel.delivery_tax_minor
        for line in parcel.lines:
            by_rate[line.tax_basis_points] += line.tax_minor
    return Plan(
        currency=currency,
        tax_included=tax_included,
        parcels=done,
        goods_minor=sum(parcel.goods_minor for parcel in done),
        delivery_minor=sum(parcel.delivery_minor for parcel in done),
        tax_minor=sum(parcel.tax_minor for parcel in done),
        total_minor=sum(parcel.total_minor for parcel in done),
        tax_by_rate={basis_points: by_rate[basis_points] for basis_points in sorted(by_rate) if by_rate[basis_points]},
    )


def _priced_parcel(parcel: PlannedParcel, tax_included: bool) -> PlannedParcel:
    lines = [_priced_line(line, tax_included) for line in parcel.lines]
    goods = sum(line.goods_minor for line in lines)
    delivery = parcel.option.price_for(goods) if parcel.option else 0
    by_rate: dict[int, int] = defaultdict(int)
    for line in lines:
        by_rate[line.tax_basis_points] += line.goods_minor
    basis_points = tax.delivery_rate(by_rate)
    delivery_net, delivery_tax = tax.net_and_tax(delivery, basis_points, included=tax_included)
    shares = money.split(delivery_net + delivery_tax, [line.goods_minor for line in lines])
    shared = tuple(
        replace(line, delivery_share_minor=share, total_minor=line.net_minor + line.tax_minor + share)
        for line, share in zip(lines, shares, strict=True)
    )
    return replace(
        parcel,
        lines=shared,
        goods_minor=goods,
        delivery_minor=delivery,
        delivery_tax_minor=delivery_tax,
        delivery_tax_basis_points=basis_points,
        tax_minor=delivery_tax + sum(line.tax_minor for line in lines),
        total_minor=sum(line.total_minor for line in shared),
    )


def _priced_line(line: PlannedLine, tax_included: bool) -> PlannedLine:
    goods = line.quantity * (line.unit_price_minor or 0) - line.discount_minor
    net, tax_minor = tax.net_and_tax(goods, line.tax_basis_points, included=tax_included)
    return replace(line, goods_minor=goods, net_minor=net, tax_minor=tax_minor)
