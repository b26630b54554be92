"""A frozen checkout as placing meets it, and the order that is placed on it."""

from __future__ import annotations

import secrets
from datetime import datetime

from oscar.apps.order.models import Line, Order
from oscar.apps.partner.models import StockRecord

from marketplace.checkout import order_rows
from marketplace.checkout.models import Checkout, CheckoutLine, CheckoutParcel
from marketplace.foundation import money
from shops import stock
from shops.models import DeliveryOption
from tests import factories


def frozen(
    *parcels: tuple[DeliveryOption, list[tuple[StockRecord, int]]], now: datetime, **columns: object
) -> Checkout:
    """Parcels of (delivery option, [(record, units)]): 5 % tax on goods and delivery, delivery shared by goods."""
    columns = {
        "token": secrets.token_urlsafe(8),
        "currency": "CAD",
        "created_at": now,
        "email": "lea@example.org",
    } | columns
    checkout = Checkout.objects.create(**columns)
    for option, wanted in parcels:
        _parcel(checkout, option, wanted)
    rows = list(checkout.parcels.all())
    for name in ("goods_minor", "delivery_minor", "tax_minor", "total_minor"):
        setattr(checkout, name, sum(getattr(row, name) for row in rows))
    checkout.save()
    units = [pair for _, wanted in parcels for pair in wanted]
    assert stock.hold([(record.pk, n) for record, n in units], key=f"checkout:{checkout.pk}", now=now) == []
    return checkout


def _parcel(checkout: Checkout, option: DeliveryOption, wanted: list[tuple[StockRecord, int]]) -> None:
    goods = [money.to_minor(record.price, "CAD") * units for record, units in wanted]
    delivery_tax = money.share(option.price_minor, 500)
    shares = money.split(option.price_minor + delivery_tax, goods)
    share_taxes = money.split(delivery_tax, goods)
    taxes = [money.share(amount, 500) for amount in goods]
    parcel = CheckoutParcel.objects.create(
        checkout=checkout,
        shop=option.shop,
        delivery_option=option,
        goods_minor=sum(goods),
        delivery_minor=option.price_minor,
        delivery_tax_minor=delivery_tax,
        tax_minor=sum(taxes) + delivery_tax,
        total_minor=sum(goods) + sum(taxes) + option.price_minor + delivery_tax,
    )
    for (record, units), amount, tax, share, share_tax in zip(wanted, goods, taxes, shares, share_taxes, strict=True):
        CheckoutLine.objects.create(
            parcel=parcel,
            stock_record=record,
            product=record.product,
            title=record.product.title,
            quantity=units,
            unit_price_minor=amount // units,
            net_minor=amount,
            tax_minor=tax,
            tax_rate_milli=5000,
            tax_parts=[{"code": "GST", "of": "CA", "rate_milli": 5000, "minor": tax, "delivery_minor": share_tax}],
            delivery_share_minor=share,
            delivery_tax_minor=share_tax,
            total_minor=amount + tax + share,
        )


def order_of(checkout: Checkout) -> tuple[Order, dict[int, Line]]:
    """Oscar's order, and its lines by checkout line, which are not written."""
    order = factories.order(
        total_incl_tax=money.to_decimal(checkout.total_minor, "CAD"),
        total_excl_tax=money.to_decimal(checkout.total_minor - checkout.tax_minor, "CAD"),
    )
    checkout.order = order
    checkout.save()
    lines = CheckoutLine.objects.filter(parcel__checkout=checkout).select_related(
        "product", "stock_record__partner", "stock_record__product"
    )
    return order, {line.pk: order_rows.line_of(order, line) for line in lines}
