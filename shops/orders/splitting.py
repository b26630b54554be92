"""A placed order becomes one shop order per parcel of its checkout, frozen as the reader agreed to it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from django.db.models import Manager
from django.utils import translation
from django.utils.translation import gettext
from oscar.apps.catalogue.models import Product
from oscar.apps.order.models import Line, Order
from oscar.apps.partner.models import StockRecord

from marketplace.foundation import network, prepared
from shops import opening
from shops.models import DeliveryOption, Shop, ShopOrder, ShopOrderLine, Transmission
from shops.models_delivery import COLLECTED
from shops.orders import answer_times

# Without what is taken for one another (0 O, 1 I L, 2 Z, 5 S, 8 B, U V): told over a counter, read from a phone.
CODE_LETTERS = "346789ACDEFGHJKMNPQRTWXY"
CODE_LENGTH = 6
DOWNLOAD = "download"  # a shop order's `delivery_kind` where nothing is delivered


class FrozenLine(Protocol):
    """What is read of one line of a checkout; amounts are for the whole line."""

    pk: int
    stock_record: StockRecord
    product: Product
    product_id: int
    title: str
    supply: str
    expected_on: date | None
    age_years: int
    quantity: int
    unit_price_minor: int
    discount_minor: int
    tax_minor: int
    tax_rate_milli: int
    tax_parts: list[dict[str, object]]
    delivery_share_minor: int
    delivery_tax_minor: int
    total_minor: int


class FrozenParcel(Protocol):
    """One shop's part of a checkout, with its `lines`."""

    shop: Shop
    is_download: bool
    delivery_option: DeliveryOption | None
    lines: Manager
    expected_from: datetime | None
    expected_until: datetime | None
    awaits_confirmation: bool
    goods_minor: int
    delivery_minor: int
    standard_delivery_minor: int | None
    tax_minor: int
    tax_note: str
    total_minor: int


class FrozenCheckout(Protocol):
    """What is read of a checkout itself."""

    currency: str
    language: str
    total_minor: int


class SplitError(Exception):
    """The frozen amounts do not add up: nothing may be placed on them."""


def split(
    order: Order,
    checkout: FrozenCheckout,
    parcels: Sequence[FrozenParcel],
    *,
    order_lines: Mapping[int, Line],
    now: datetime,
    latest: datetime | None = None,
) -> list[ShopOrderLine]:
    """The lines of new shop orders, numbered <order number>-A, -B, … in the order of `parcels` (all of the checkout's);
    their transmissions are due now. `order_lines` is the order's line by id of the checkout line, each new: they are
    written too. Four queries however many lines, of which two are waited for, where the parcels were read with shop,
    option and lines, and these with terms and facts; called inside the placing transaction, which then turns the hold
    into the lines' allocations. `latest`: when every shop must have answered, None: when it can. SplitError where a
    cent would be lost."""
    _check_sums(parcels, checkout)
    hours = answer_times.hours_of((parcel.shop for parcel in parcels if not parcel.is_download), now=now)
    shop_orders = [
        _shop_order(
            *(order, checkout, parcel, f"{order.number}-{suffix(position)}", now),
            *(_due(parcel, hours, now, latest), latest),
        )
        for position, parcel in enumerate(parcels)
    ]
    with prepared.together():
        prepared.insert(order_lines.values())
        prepared.insert(shop_orders)
    together = list(zip(shop_orders, parcels, strict=True))
    lines = [
        _line(shop_order, line, order_lines[line.pk]) for shop_order, parcel in together for line in parcel.lines.all()
    ]
    with prepared.together():
        prepared.insert(lines)
        prepared.insert(
            Transmission(shop_order=shop_order, shop=parcel.shop, channel=parcel.shop.channel, due_at=now)
            for shop_order, parcel in together
            if not parcel.is_download  # nobody there has anything to do
        )
    return lines


def take_over(
    instead_of: ShopOrder,
    checkout: FrozenCheckout,
    parcel: FrozenParcel,
    lines: Sequence[FrozenLine],
    *,
    order_lines: Sequence[Line],
    borne: Sequence[int],
    bearer: Shop | None,
    now: datetime,
    latest: datetime | None = None,
) -> list[ShopOrderLine]:
    """The lines of a new shop order of an order that is placed: another shop supplies what `instead_of` could not, as
    `parcel` and `lines` freeze it; its transmission is due. `borne`: of each line, what the reader does not pay.
    `latest`: when it must have answered. The caller takes the stock."""
    order = instead_of.order
    number = f"{order.number}-{suffix(order.shop_orders.count())}"
    due = _due(parcel, answer_times.hours_of([parcel.shop], now=now), now, latest, by_order=False)
    made = _shop_order(order, checkout, parcel, number, now, due, latest)
    made.instead_of, made.bearer = instead_of, bearer
    made.save()
    written = []
    for line, order_line, minor in zip(lines, order_lines, borne, strict=True):
        row = _line(made, line, order_line)
        row.borne_minor = minor
        row.save()
        written.append(row)
    Transmission.objects.create(shop_order=made, shop=made.shop, channel=made.shop.channel, due_at=now)
    return written


def suffix(position: int) -> str:
    """0 → A, 25 → Z, 26 → AA."""
    letters = ""
    position += 1
    while position:
        position, letter = divmod(position - 1, 26)
        letters = chr(65 + letter) + letters
    return letters


def _due(
    parcel: FrozenParcel,
    hours: Mapping[int, opening.Hours],
    now: datetime,
    latest: datetime | None,
    *,
    by_order: bool | None = None,
) -> datetime:
    """By when its shop answers. Where something is ordered it does once its distributor has."""
    within = answer_times.given(parcel.lines.all() if by_order is None else ())
    of_shop = hours.get(parcel.shop.pk, opening.NO_HOURS)
    return answer_times.answer_due(of_shop, ZoneInfo(parcel.shop.timezone), since=now, within=within, latest=latest)


def pickup_code() -> str:
    """Six letters and digits that cannot be taken for one another: 1.9 × 10⁸ of them."""
    return "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))


def _check_sums(parcels: Sequence[FrozenParcel], checkout: FrozenCheckout) -> None:
    total = 0
    for parcel in parcels:
        lines = sum(line.total_minor for line in parcel.lines.all())
        if lines != parcel.total_minor:
            raise SplitError(f"The lines of {parcel} are {lines}, the parcel is {parcel.total_minor}.")
        total += lines
    if total != checkout.total_minor:
        raise SplitError(f"The parcels are {total}, the checkout is {checkout.total_minor}.")


def _shop_order(
    order: Order,
    checkout: FrozenCheckout,
    parcel: FrozenParcel,
    number: str,
    now: datetime,
    answer_due_at: datetime,
    latest: datetime | None,
) -> ShopOrder:
    option = parcel.delivery_option
    made = ShopOrder(
        order=order,
        shop=parcel.shop,
        is_download=parcel.is_download,
        is_pooled=parcel.is_download and parcel.shop.sells_for_all,
        by_professional=parcel.shop.is_professional,
        number=number,
        delivery_option=option,
        delivery_kind=option.kind if option else DOWNLOAD,
        delivery_name=_name(option, checkout.language),
        currency=checkout.currency,
        goods_minor=parcel.goods_minor,
        delivery_minor=parcel.delivery_minor,
        standard_delivery_minor=parcel.standard_delivery_minor,
        tax_minor=parcel.tax_minor,
        tax_note=parcel.tax_note,
        total_minor=parcel.total_minor,
        pickup_code=pickup_code() if option and option.kind in COLLECTED else "",
        expected_from=parcel.expected_from,
        expected_until=parcel.expected_until,
        awaits_confirmation=parcel.awaits_confirmation,
        handover_fee_minor=_handover_fee(option),
        created_at=now,
        answer_due_at=answer_due_at,
        waits_until=latest,
    )
    made.watch_at = answer_times.next_look(made)
    return made


def _handover_fee(option: DeliveryOption | None) -> int:
    """What the shop gets that hands it over for the one that sells it: fixed with the sale, as the commission is."""
    carried = option is not None and option.kind == DeliveryOption.Kind.OTHER_SHOP
    return network.current().handover_fee_minor if carried else 0


def _name(option: DeliveryOption | None, language: str) -> str:
    if option is None:
        with translation.override(language):
            return gettext("Download")
    return option.name_fr if language == "fr" else option.name_en


def _line(shop_order: ShopOrder, line: FrozenLine, order_line: Line) -> ShopOrderLine:
    facts = getattr(line.product, "facts", None)
    terms = getattr(line.stock_record, "terms", None)
    return ShopOrderLine(
        shop_order=shop_order,
        order_line=order_line,
        stock_record=line.stock_record,
        product_id=line.product_id,
        title=line.title,
        sku=line.stock_record.partner_sku,
        gtin=facts.gtin if facts else None,
        condition=terms.condition if terms else ShopOrderLine._meta.get_field("condition").default,
        supply=line.supply,
        expected_on=line.expected_on,
        age_years=line.age_years,
        quantity=line.quantity,
        unit_price_minor=line.unit_price_minor,
        goods_minor=line.quantity * line.unit_price_minor - line.discount_minor,
        tax_minor=line.tax_minor,
        tax_rate_milli=line.tax_rate_milli,
        tax_parts=line.tax_parts,
        delivery_minor=line.delivery_share_minor,
        delivery_tax_minor=line.delivery_tax_minor,
        total_minor=line.total_minor,
    )
