"""What an alternative costs: a plan of one parcel, priced as the checkout prices it, with the share of the delivery
that the units had before. The reader is never asked for more than was agreed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import NamedTuple

from django.utils.translation import gettext as _
from oscar.apps.basket.models import Line as BasketLine
from oscar.apps.partner.models import StockRecord

from marketplace.checkout import limits, planning, voucher_amounts
from marketplace.checkout.delivery import Destination, Trip
from marketplace.checkout.planning import PlannedLine, PlannedParcel
from marketplace.foundation import money, network
from marketplace.payments.worth import units_worth
from shops.models import ShopOrder, ShopOrderLine, Supply


class AlternativeError(Exception):
    """It cannot be offered, or not be taken; the message is for whoever asked."""


class Part(NamedTuple):
    """Units that are declined, with what the reader was to pay for them."""

    line: ShopOrderLine
    units: int
    agreed_minor: int


class What(NamedTuple):
    """What is offered in the place of a line's units: another `record`, or (None) the same one on a day."""

    line_id: int
    record: StockRecord | None
    unit_price_minor: int
    expected_on: date | None


def planned(
    shop_order: ShopOrder, parts: Sequence[Part], what: What, *, now: datetime
) -> tuple[PlannedParcel, list[int]]:
    """The parcel, a line for each of the parts, and what of each somebody else than the reader pays (as before, where
    it had been taken over from a cheaper shop). AlternativeError says why it cannot be."""
    checkout = shop_order.order.checkout
    to = Destination(checkout.country, checkout.postcode) if checkout.country else None
    trip = Trip(now=now, currency=shop_order.currency, to=to)
    option = shop_order.delivery_option
    bare = PlannedParcel(shop_order.shop, (), option=option, trip=trip)
    lines, borne = [], []
    for part in parts:
        is_offered = part.line.pk == what.line_id
        line, of_others = _line(bare, part, what if is_offered else None)
        if is_offered and what.record is not None:
            _check_price(bare, line, part)
        lines.append(line)
        borne.append(of_others)
    parcel = _summed(bare, lines)
    if limits.years(lines) > checkout.age_stated:
        raise AlternativeError(_("It is sold from an age that the reader has not stated."))
    return parcel, borne


def most_minor(part: Part, *, tax_included: bool) -> int:
    """The most that one unit may cost in its place, as prices are shown: what the reader paid for it."""
    if tax_included:
        return (part.agreed_minor - units_worth(part.line.delivery_minor, part.units, part.line.quantity)) // part.units
    return units_worth(part.line.goods_minor, part.units, part.line.quantity) // part.units


def _line(bare: PlannedParcel, part: Part, what: What | None) -> tuple[PlannedLine, int]:
    """A line of it, priced. `what`: what is offered there; None: what goes with it, as it was."""
    was = part.line
    other = what.record if what else None
    record = other or was.stock_record
    if record is None:
        raise AlternativeError(_("“%(title)s” is in your list no more.") % {"title": was.title})
    assert bare.trip is not None
    bought = BasketLine(stockrecord=record, product=record.product, quantity=part.units)
    line = planning.line_of(bought, bare.shop, bare.option, bare.trip)
    if line.untaxed or line.limits.refused or line.is_digital:
        raise AlternativeError(_("“%(title)s” cannot be sold where this order goes.") % {"title": line.title})
    borne = 0 if other else units_worth(was.borne_minor, part.units, was.quantity)
    if what is not None and other is not None:
        line = replace(line, supply=Supply.STOCK, expected_on=None, unit_price_minor=what.unit_price_minor)
        goods = part.units * what.unit_price_minor
        return _priced(line, part, goods), 0
    supply, expected_on = Supply(was.supply), was.expected_on
    if what is not None:
        supply = Supply.PREORDER if supply == Supply.PREORDER else Supply.ORDER
        expected_on = what.expected_on
    line = replace(line, title=was.title, supply=supply, expected_on=expected_on, unit_price_minor=was.unit_price_minor)
    return _as_agreed(line, part, borne), borne


def _as_agreed(line: PlannedLine, part: Part, borne: int) -> PlannedLine:
    """The same article at what was agreed for it, to the cent as far as tax lets it be, and never above."""
    full, most = part.units * part.line.unit_price_minor, part.agreed_minor + borne
    goods = min(full, units_worth(part.line.goods_minor, part.units, part.line.quantity) + 1)
    priced = _priced(line, part, goods)
    while priced.total_minor > most:
        goods -= priced.total_minor - most
        priced = _priced(line, part, goods)
    return priced


def _priced(line: PlannedLine, part: Part, goods_minor: int) -> PlannedLine:
    included, was = network.current().tax_included, part.line
    delivery = units_worth(was.delivery_minor, part.units, was.quantity)
    if not included:
        delivery -= units_worth(was.delivery_tax_minor, part.units, was.quantity)
    discount = part.units * (line.unit_price_minor or 0) - goods_minor
    return planning.priced_line(replace(line, discount_minor=discount), goods_minor, delivery, included)


def _check_price(parcel: PlannedParcel, line: PlannedLine, part: Part) -> None:
    """Of another article: no dearer than in the shop, no cheaper than book law allows, and no more than was agreed."""
    currency, unit = parcel.trip.currency if parcel.trip else "", line.unit_price_minor or 0
    asked = line.record.price if line.record.price_currency == currency else None
    if asked is not None:
        listed = money.to_minor(asked, currency)
        if unit > listed:
            raise AlternativeError(_("It costs less than that in your list."))
        most = voucher_amounts.limit(parcel, line)
        if most is not None and (listed - unit) * voucher_amounts.WHOLE > listed * most:
            raise AlternativeError(_("By law, so much may not be taken off the price of a new book."))
    if line.total_minor > part.agreed_minor:
        raise AlternativeError(_("That would be more than the reader paid. Ask for less, or offer something else."))


def _summed(bare: PlannedParcel, lines: Sequence[PlannedLine]) -> PlannedParcel:
    delivery_tax = sum(line.delivery_tax_minor for line in lines)
    included = network.current().tax_included
    share = sum(line.delivery_share_minor for line in lines)
    return replace(
        bare,
        lines=tuple(lines),
        goods_minor=sum(line.goods_minor for line in lines),
        delivery_minor=share if included else share - delivery_tax,
        delivery_tax_minor=delivery_tax,
        tax_minor=delivery_tax + sum(line.tax_minor for line in lines),
        total_minor=sum(line.total_minor for line in lines),
    )
