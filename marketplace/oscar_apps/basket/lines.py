"""A basket line is bound to one shop's stock record. What a reader does with lines, and no more than the shop has.

Oscar's `Basket.add_product` asks the strategy for *a* record of the product; here the reader has chosen one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from oscar.apps.basket.models import Basket, Line
from oscar.apps.partner.models import StockRecord

from marketplace.catalogue import sale_limits, sale_words
from marketplace.checkout import checkouts
from marketplace.foundation import network
from marketplace.oscar_apps.partner.strategy import RELATED, price_of
from shops import downloads, supplying
from shops.models import Condition, Shop


@dataclass(frozen=True)
class Change:
    """What became of a wish: `asked` units of `title` at `shop`, now `quantity` in the basket (0: no line)."""

    title: str
    shop: Shop
    asked: int
    quantity: int

    @property
    def is_short(self) -> bool:
        return self.quantity < self.asked


class NotForSaleError(Exception):
    """The stock record is unknown, of a shop that is not on sale or a title that is not shown, or has no price in the
    network's currency."""


class LimitedError(NotForSaleError):
    """It is not sold where the reader is, or not before they have stated their age. The message says so to them."""


class Buyer(NamedTuple):
    """Where a reader is (as `search.reader.Reader.area`; empty: where the network is), and how old they state to be."""

    area: str = ""
    age: int = 0


ANYBODY = Buyer()


def add(basket: Basket, stock_record_id: int, units: int, *, now: datetime, buyer: Buyer = ANYBODY) -> Change:
    """Put `units` more of this record into the basket, at most what its shop can sell; saves a new basket."""
    record = sold_to(buyer, _record(stock_record_id))
    with transaction.atomic():
        _lock(basket)
        line = Line.objects.select_for_update().filter(basket_id=basket.pk, stockrecord=record).first()
        return _set(basket, line, record, (line.quantity if line else 0) + units, now)


def change_quantity(basket: Basket, line_id: int, units: int, *, now: datetime) -> Change | None:
    """Make it `units`, at most what the shop can sell; 0 removes the line. None: there is no such line any more."""
    with transaction.atomic():
        _lock(basket)
        line = Line.objects.select_for_update().filter(basket_id=basket.pk, pk=line_id).first()
        return _set(basket, line, _record(line.stockrecord_id, any_shop=True), units, now) if line else None


def move(basket: Basket, line_id: int, stock_record_id: int, *, now: datetime, buyer: Buyer = ANYBODY) -> Change | None:
    """Buy a line's title from another shop: its units go to that record, as many as that shop can sell. The line stays
    as it is when the other shop has none. None: there is no such line any more."""
    record = sold_to(buyer, _record(stock_record_id))
    with transaction.atomic():
        _lock(basket)
        lines = Line.objects.select_for_update().filter(basket_id=basket.pk, product_id=record.product_id)
        by_key = {line.pk: line for line in lines}
        line = by_key.pop(line_id, None)
        if line is None or line.stockrecord_id == record.pk:
            return None
        there = next((other for other in by_key.values() if other.stockrecord_id == record.pk), None)
        had = there.quantity if there else 0
        change = _set(basket, there, record, had + line.quantity, now)
        if change.quantity > had:
            line.delete()
            basket.reset_offer_applications()
        return change


@dataclass(frozen=True)
class Moving:
    """A line as the reader saw it, and the record that it goes to."""

    line_id: int
    from_record: int
    quantity: int
    to_record: int


class MovedOnError(Exception):
    """The basket, or what a shop has, is not any more as it was; nothing was moved. `title` where it is one line's."""

    def __init__(self, title: str = "") -> None:
        super().__init__(title)
        self.title = title


def move_all(basket: Basket, moves: Sequence[Moving], *, now: datetime, buyer: Buyer = ANYBODY) -> None:
    """Move several lines, all or none: MovedOnError, NotForSaleError."""
    with transaction.atomic():
        _lock(basket)
        locked = Line.objects.select_for_update().filter(basket_id=basket.pk)
        there = {(line.pk, line.stockrecord_id, line.quantity) for line in locked}
        if any((one.line_id, one.from_record, one.quantity) not in there for one in moves):
            raise MovedOnError
        for one in moves:
            change = move(basket, one.line_id, one.to_record, now=now, buyer=buyer)
            if change is None or change.is_short:
                raise MovedOnError(change.title if change else "")


def _lock(basket: Basket) -> None:
    """Whoever presses twice waits for the first, as does whoever pays: baskets are locked before all else."""
    if basket.pk is None:
        basket.save()
    else:
        Basket.objects.select_for_update().filter(pk=basket.pk).first()


def _record(stock_record_id: int, *, any_shop: bool = False) -> StockRecord:
    record = StockRecord.objects.select_related(*RELATED, "product").filter(pk=stock_record_id).first()
    shop = getattr(record.partner, "shop", None) if record else None
    if record is None or shop is None:
        raise NotForSaleError
    priced = record.price is not None and record.price_currency == network.current().currency
    if not any_shop and (shop.status != Shop.Status.ACTIVE or not priced or not record.product.is_public):
        raise NotForSaleError
    return record


def sold_to(buyer: Buyer, record: StockRecord) -> StockRecord:
    """The same record, where its title's limits of sale let this reader have it."""
    facts, terms = getattr(record.product, "facts", None), getattr(record, "terms", None)
    if facts is not None and (facts.territory or facts.age_limit):
        area = buyer.area or network.current().country
        if sale_limits.refuses(facts, area[:2], used=terms is not None and terms.condition != Condition.NEW):
            raise LimitedError(sale_words.refusal(facts, area))
        if (years := sale_limits.years(facts, area)) > buyer.age:
            raise LimitedError(sale_words.state_first(years))
    return record


def _set(basket: Basket, line: Line | None, record: StockRecord, wanted: int, now: datetime) -> Change:
    """Write the line's quantity: `wanted`, but no more than the shop can sell, or keeps for this basket already."""
    shop = record.partner.shop
    paying = checkouts.being_paid(basket)
    held = checkouts.units_held(paying).get(record.pk, 0) if paying else 0
    terms, download = getattr(record, "terms", None), downloads.of(record)
    got = supplying.supplied(record, shop=shop, terms=terms, now=now, download=download)
    quantity = min(wanted, got.units + held)
    if quantity == 0:
        if line is not None:
            line.delete()
    elif line is None:
        _create(basket, record, quantity, now)
    elif quantity != line.quantity:
        Line.objects.filter(pk=line.pk).update(quantity=quantity, date_updated=now)
    basket.reset_offer_applications()
    return Change(title=record.product.get_title(), shop=shop, asked=wanted, quantity=quantity)


def _create(basket: Basket, record: StockRecord, quantity: int, now: datetime) -> None:
    """Its title is the one of this moment: it may have been joined with another since the record was read."""
    price = price_of(record, network.current(), now)
    locked = StockRecord.objects.select_for_update(no_key=True).filter(pk=record.pk)
    product_id = locked.values_list("product_id", flat=True).get()
    basket.lines.create(
        line_reference=f"{product_id}_{record.pk}",
        product_id=product_id,
        stockrecord=record,
        quantity=quantity,
        price_currency=price.currency,
        price_excl_tax=price.excl_tax,
        price_incl_tax=price.incl_tax,
        tax_code=price.tax_code,
    )
