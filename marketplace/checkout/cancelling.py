"""What the law says when a reader takes back a part of a parcel: what its delivery still costs goes down with its units
(`payments/worth.py`), and for new books it must not go below the minimum of `book_law`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from marketplace.checkout import delivery
from marketplace.payments.worth import units_worth
from shops import book_law
from shops.models import ShopOrder, ShopOrderLine


@dataclass(frozen=True)
class BelowMinimum:
    """Sending what is left of a parcel would cost `left_minor`, and must cost `least_minor`: minor units, with tax."""

    law: book_law.DeliveryMinimum
    least_minor: int
    left_minor: int


def below_minimum(
    shop_order: ShopOrder, lines: Sequence[ShopOrderLine], taken: Mapping[int, int], *, to: str
) -> BelowMinimum | None:
    """What is against taking back `taken` units, by line; None where the law lets it. By the law of the day of the
    order. `lines` are all of the shop order's, with product and facts; `to`: the country that it is sent to. Without a
    database where shop, option, its point and its other shop were read along."""
    shop, option = shop_order.shop, shop_order.delivery_option
    country = delivery.law_country(option, shop, to) if option else ""
    on = shop_order.created_at.astimezone(ZoneInfo(shop.timezone)).date()
    row = book_law.minimum_row(country, shop_order.currency, on=on)
    if row is None:
        return None
    books = left = 0
    for line in lines:
        gone = line.declined + taken.get(line.pk, 0)
        left += line.delivery_minor - units_worth(line.delivery_minor, gone, line.quantity)
        if book_law.is_new_book(getattr(line.product, "facts", None), line.condition):
            books += line.goods_minor - units_worth(line.goods_minor, gone, line.quantity)
    least = book_law.delivery_minimum(country, shop_order.currency, new_books_minor=books, on=on)
    return BelowMinimum(row, least, left) if left < least else None
