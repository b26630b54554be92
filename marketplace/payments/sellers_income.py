"""Yearly report of sellers' income, as platforms owe it to the tax office: directive (EU) 2021/514 (DAC7), annex V of
directive 2011/16/EU, section III B 2 (c): for each seller and quarter the consideration paid or credited (net of what
the platform withheld), the number of activities, and the fees, commissions and taxes withheld.

A CSV to be checked by a person and carried into the office's own form. Not covered: the XML of the national portals,
dates of birth of sellers who are natural persons, VAT numbers and bank accounts of sellers who are paid by Stripe, the
rent of real estate, personal services and transport, which are not sold here."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise

from catalog_sync.error_file import safe
from marketplace.foundation import money, network
from marketplace.payments import settlements
from marketplace.payments.journals import home_zone
from shops.models import Shop

# Annex V, section I B 4 (d): a seller of fewer than 30 sales of goods and at most 2,000 EUR in the year is left out.
FEW_SALES, SMALL_MINOR = 30, 200_000
COLUMNS = (
    "shop", "legal name", "street", "postcode", "town", "country", "registration", "person", "bank account", "currency",
    *(f"Q{quarter} {what}" for quarter in (1, 2, 3, 4) for what in ("consideration", "activities", "withheld")),
    "reportable",
)  # fmt: skip


def report(year: int) -> Iterator[str]:
    """Lines of the file; one for each shop to which something was credited for a sale."""

    def written(cells: tuple[object, ...]) -> str:
        out = io.StringIO()
        csv.writer(out, lineterminator="\r\n").writerow([safe(str(cell)) for cell in cells])
        return out.getvalue()

    currency, zone = network.current().currency, home_zone()
    borders = [datetime(year + month // 12, month % 12 + 1, 1, tzinfo=zone) for month in (0, 3, 6, 9, 12)]
    yield written(COLUMNS)
    for shop in Shop.objects.select_related("bank_account").order_by("pk"):
        cells: list[object] = []
        sales = paid = 0
        for begins, ends in pairwise(borders):
            found = settlements.statement(shop, begins, ends, currency=currency)
            withheld = found.sum_of("commission") + found.sum_of("tax")
            net = found.sum_of("goods") - withheld
            activities = len({line.shop_order.pk for line in found.lines if line.shop_order and line.goods_minor > 0})
            cells += [money.to_decimal(net, currency), activities, money.to_decimal(withheld, currency)]
            sales, paid = sales + activities, paid + net
        if not sales and not paid:
            continue
        account = getattr(shop, "bank_account", None)
        small = currency == "EUR" and sales < FEW_SALES and paid <= SMALL_MINOR
        yield written(
            (
                shop.name, shop.legal_name or shop.name, shop.line1, shop.postcode, shop.city, shop.country,
                shop.registration, "entity" if shop.is_professional else "individual", account.iban if account else "",
                currency, *cells, "no" if small else "yes",
            )
        )  # fmt: skip
