"""The rows of Oscar's order for a paid checkout, from its frozen amounts and in a few bulk statements.

Oscar's own `place_order` recomputes prices, allocates stock without a guard and writes row by row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from babel import Locale
from django.conf import settings
from oscar.apps.address.models import Country, UserAddress
from oscar.apps.order.models import Line, Order, ShippingAddress

from marketplace.checkout.models import Checkout, CheckoutLine, CheckoutParcel
from marketplace.foundation import money, prepared

FIRST_NUMBER = 100_000
# Oscar's own count on its order lines: not used, what is promised are `Allocation` rows.
NOT_COUNTED_HERE = dict.fromkeys(["num_allocated"], 0)


def order_number(checkout: Checkout) -> str:
    """One checkout has one number, so that it can never become two orders."""
    return str(FIRST_NUMBER + checkout.pk)


def write(
    checkout: Checkout, parcels: Sequence[CheckoutParcel], lines: Sequence[CheckoutLine], now: datetime
) -> tuple[Order, dict[int, Line]]:
    """The order with its shipping address, and its lines by id of the checkout line, which are not written yet."""
    order = _order(checkout, parcels, lines, now)
    order.shipping_address = _address(checkout) if any(map(_is_sent, parcels)) else None
    prepared.insert([order])
    return order, {line.pk: line_of(order, line) for line in lines}


def _is_sent(parcel: CheckoutParcel) -> bool:
    return parcel.delivery_option is not None and not parcel.delivery_option.is_collected


def _order(
    checkout: Checkout, parcels: Sequence[CheckoutParcel], lines: Sequence[CheckoutLine], now: datetime
) -> Order:
    def amount(minor: int) -> object:
        return money.to_decimal(minor, checkout.currency)

    delivery = sum(line.delivery_share_minor for line in lines)
    delivery_tax = sum(parcel.delivery_tax_minor for parcel in parcels)
    return Order(
        number=order_number(checkout),
        basket_id=checkout.basket_id,
        site_id=settings.SITE_ID,
        user_id=checkout.user_id,
        guest_email="" if checkout.user_id else checkout.email,
        currency=checkout.currency,
        total_incl_tax=amount(checkout.total_minor),
        total_excl_tax=amount(checkout.total_minor - checkout.tax_minor),
        shipping_incl_tax=amount(delivery),
        shipping_excl_tax=amount(delivery - delivery_tax),
        shipping_method="By each shop",
        shipping_code="by-shop",
        status=settings.OSCAR_INITIAL_ORDER_STATUS,
        date_placed=now,
    )


def line_of(order: Order, line: CheckoutLine) -> Line:
    def amount(minor: int) -> object:
        return money.to_decimal(minor, order.currency)

    record, gross = line.stock_record, line.net_minor + line.tax_minor
    # Before discounts and per unit are for Oscar's reports; ours are the whole line's amounts, which sum exactly.
    discount_net = line.discount_minor * line.net_minor // gross if gross else line.discount_minor
    return Line(
        order=order,
        partner=record.partner,
        partner_name=record.partner.name,
        partner_sku=record.partner_sku,
        stockrecord=record,
        product_id=line.product_id,
        title=line.title,
        upc=line.product.upc,
        quantity=line.quantity,
        line_price_incl_tax=amount(gross),
        line_price_excl_tax=amount(line.net_minor),
        line_price_before_discounts_incl_tax=amount(gross + line.discount_minor),
        line_price_before_discounts_excl_tax=amount(line.net_minor + discount_net),
        unit_price_incl_tax=amount(gross // line.quantity),
        unit_price_excl_tax=amount(line.net_minor // line.quantity),
        tax_code=str(line.tax_rate_milli),
        status=settings.OSCAR_INITIAL_LINE_STATUS,
        **NOT_COUNTED_HERE,
    )


def know_country(code: str) -> Country:
    """Its row, written where Oscar's table of countries lacks it (ISO 3166-1 alpha-2)."""
    row = _country(code)
    prepared.insert_unless_there(row)
    return row


def _country(code: str) -> Country:
    name = Locale("en").territories.get(code, code)
    return Country(iso_3166_1_a2=code, printable_name=name, name=name, is_shipping_country=True)


def fields_of(address: UserAddress) -> dict[str, str]:
    """What a checkout calls the columns of Oscar's address."""
    return {
        "name": address.last_name,
        "line1": address.line1,
        "line2": address.line2,
        "city": address.line4,
        "region": address.state,
        "postcode": address.postcode,
        "country": address.country_id,
    }


def _address(checkout: Checkout) -> ShippingAddress:
    address = ShippingAddress(
        last_name=checkout.recipient_name or checkout.name,
        line1=checkout.line1,
        line2=checkout.line2,
        line4=checkout.city,
        state=checkout.region,
        postcode=checkout.postcode,
        country=_country(checkout.country),
    )
    address._update_search_text()  # what its `save` would do
    return prepared.insert([address])[0]
