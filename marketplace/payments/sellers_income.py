"""Yearly report of sellers' income, as platforms owe it to the tax office: directive (EU) 2021/514 (DAC7), annex V of
directive 2011/16/EU, section III B 2 (c): for each seller and quarter the consideration paid or credited (net of what
the platform withheld), the number of activities, and the fees, commissions and taxes withheld.

A CSV to be checked by a person and carried into the office's own form; `sellers_income_xml.py` writes the same as XML.
Not covered: dates of birth of sellers who are natural persons, VAT numbers and bank accounts of sellers who are paid by
Stripe, the rent of real estate, personal services and transport, which are not sold here."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from catalog_sync.error_file import safe
from marketplace.foundation import money, network
from marketplace.payments import settlements
from marketplace.payments.journals import home_zone
from shops import businesses
from shops.models import Shop

# Annex V, section I B 4 (d): a seller of fewer than 30 sales of goods and at most 2,000 EUR in the year is left out.
FEW_SALES, SMALL_MINOR = 30, 200_000
COLUMNS = (
    "shop", "legal name", "street", "postcode", "town", "country", "registration", "person", "bank account", "currency",
    *(f"Q{quarter} {what}" for quarter in (1, 2, 3, 4) for what in ("consideration", "activities", "withheld")),
    "reportable",
)  # fmt: skip


class Quarter(NamedTuple):
    """Minor units: paid or credited, net of what was withheld; sales; commission and the tax on it."""

    net_minor: int
    activities: int
    commission_minor: int
    tax_minor: int


class Income(NamedTuple):
    shop: Shop
    quarters: tuple[Quarter, ...]
    is_small: bool


def incomes(year: int) -> Iterator[Income]:
    """Of each shop to which something was credited for a sale."""
    currency, zone = network.current().currency, home_zone()
    borders = [datetime(year + month // 12, month % 12 + 1, 1, tzinfo=zone) for month in (0, 3, 6, 9, 12)]
    for shop in Shop.objects.select_related("bank_account", "business").order_by("pk"):
        quarters = []
        for begins, ends in pairwise(borders):
            found = settlements.statement(shop, begins, ends, currency=currency)
            commission, tax = found.sum_of("commission"), found.sum_of("tax")
            activities = len({line.shop_order.pk for line in found.lines if line.shop_order and line.goods_minor > 0})
            quarters.append(Quarter(found.sum_of("goods") - commission - tax, activities, commission, tax))
        sales, paid = sum(of.activities for of in quarters), sum(of.net_minor for of in quarters)
        if sales or paid:
            small = currency == "EUR" and sales < FEW_SALES and paid <= SMALL_MINOR
            yield Income(shop, tuple(quarters), small)


def report(year: int) -> Iterator[str]:
    """Lines of the file; one for each shop to which something was credited for a sale."""

    def written(cells: tuple[object, ...]) -> str:
        out = io.StringIO()
        csv.writer(out, lineterminator="\r\n").writerow([safe(str(cell)) for cell in cells])
        return out.getvalue()

    currency = network.current().currency
    yield written(COLUMNS)
    for shop, quarters, is_small in incomes(year):
        cells: list[object] = []
        for of in quarters:
            withheld = of.commission_minor + of.tax_minor
            cells += [money.to_decimal(of.net_minor, currency), of.activities, money.to_decimal(withheld, currency)]
        account = getattr(shop, "bank_account", None)
        kind = "entity" if businesses.is_company(shop) else "individual"
        yield written(
            (
                shop.name, shop.legal_name or shop.name, shop.line1, shop.postcode, shop.city, shop.country,
                shop.registration, kind, account.iban if account else "",
                currency, *cells, "no" if is_small else "yes",
            )
        )  # fmt: skip
