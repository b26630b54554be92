"""Fills a fresh Tryton database with a shop of the known articles. Run by Tryton's own environment (`scripts/tryton`),
inside the server's process: nothing of what is tested has a part in it."""

from __future__ import annotations

import datetime
import sys
from decimal import Decimal

from known import CURRENCY, KNOWN
from trytond.pool import Pool
from trytond.transaction import Transaction

BEFORE = datetime.date.today() - datetime.timedelta(days=1)  # a day that has begun, wherever the shop is

COMPANY, CUSTOMER, WALK_IN = "Librairie Tryton", "HALLES", "COUNTER"
OUR_KEY, ADMIN_KEY = "k" * 64, "a" * 64  # of the adapter, and of the test that acts as the shop


def company() -> int:
    rates = [("create", [{"date": datetime.date(2000, 1, 1), "rate": Decimal(1)}])]
    money = {"name": "Dollar", "symbol": "$", "code": CURRENCY, "numeric_code": "124", "digits": 2}
    (currency,) = of("currency.currency").create([{**money, "rounding": Decimal("0.01"), "rates": rates}])
    (party,) = of("party.party").create([{"name": COMPANY, "addresses": [("create", [{}])]}])
    (made,) = of("company.company").create(
        [{"party": party.id, "currency": currency.id, "timezone": "America/Toronto"}]
    )
    user = of("res.user")(1)
    user.companies, user.company = [made], made
    user.save()
    return made.id


def articles() -> None:
    (unit,) = of("product.uom").search([("name", "=", "Unit")])
    goods = {"type": "goods", "default_uom": unit.id, "salable": True, "sale_uom": unit.id}
    for known in KNOWN:
        number = [("create", [{"type": "isbn", "code": known.gtin}])]
        variant = {"suffix_code": known.sku, "cost_price": Decimal(5), "identifiers": number}
        price = Decimal(known.price) / 100
        of("product.template").create(
            [{**goods, "name": known.title, "list_price": price, "products": [("create", [variant])]}]
        )
    # Neither is for sale to readers: a service, and goods that the shop uses itself.
    of("product.template").create(
        [
            {**goods, "type": "service", "name": "Wrapping", "list_price": Decimal(3), "products": [("create", [{}])]},
            {"type": "goods", "default_uom": unit.id, "name": "Shelf", "products": [("create", [{}])]},
        ]
    )


def stock() -> None:
    (house,) = of("stock.location").search([("type", "=", "warehouse")])
    products = {product.code: product.id for product in of("product.product").search([("code", "!=", None)])}
    lines = [{"product": products[known.sku], "quantity": float(known.quantity)} for known in KNOWN]
    place = {"location": house.storage_location.id, "date": BEFORE, "lines": [("create", lines)]}
    inventories = of("stock.inventory").create([place])
    of("stock.inventory").confirm(inventories)


def parties() -> None:
    for name, code in (("Halles", CUSTOMER), ("Walk-in customer", WALK_IN)):
        of("party.party").create([{"name": name, "code": code, "addresses": [("create", [{"street": "1 rue X"}])]}])


def keys() -> None:
    made = [{"user": 1, "application": "rest", "key": key} for key in (OUR_KEY, ADMIN_KEY)]
    of("res.user.application").create(made)


def made_long_ago(transaction: Transaction) -> None:
    """Otherwise all is still news for the next minutes, and a reading of changes would find what it must not."""
    cursor = transaction.connection.cursor()
    for table in ("product_template", "product_product", "product_list_price", "product_identifier", "stock_move"):
        stamps = "create_date = '2026-01-01 00:00:00', write_date = NULL"
        cursor.execute(f"UPDATE {table} SET {stamps}")


def of(name: str):
    return Pool().get(name)


def main(database: str) -> None:
    Pool.start()
    with Transaction().start(database, 0, readonly=True):
        Pool(database).init()
    with Transaction().start(database, 1) as transaction:
        with transaction.set_context(company=company()):
            articles()
            stock()
            parties()
            keys()
        made_long_ago(transaction)
        transaction.commit()


if __name__ == "__main__":
    main(sys.argv[1])
