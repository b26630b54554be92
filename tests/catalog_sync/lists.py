"""One shop's list in the form of several systems, for tests that spoil it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from decimal import Decimal
from html import escape
from typing import Any, NamedTuple

from openpyxl import Workbook

from tests.proof.test_feed_size import isbn


class Row(NamedTuple):
    """What every system can say of an article; prices in cents. A value that is None is left out, or blank."""

    sku: str
    gtin: str
    title: str
    price: Any  # int or None
    currency: str
    quantity: Any


def rows(count: int) -> list[Row]:
    """Books at 10.00 to 29.90 CAD, one to five copies of each."""
    return [
        Row(f"B{n:03}", isbn(n), f"Un été n° {n}", 1000 + 10 * (n * 7 % 200), "CAD", 1 + n % 5) for n in range(count)
    ]


def price_text(row: Row) -> str:
    return "" if row.price is None else f"{Decimal(row.price).scaleb(-2):.2f}"


def _cells(row: Row) -> list[str]:
    units = "" if row.quantity is None else str(row.quantity)
    return [row.sku, row.gtin, row.title, price_text(row), row.currency, units]


HEADER = ["sku", "isbn", "titre", "prix", "devise", "quantité"]


def csv(listed: list[Row]) -> bytes:
    return "".join(";".join(cells) + "\n" for cells in [HEADER, *map(_cells, listed)]).encode()


def xlsx(listed: list[Row]) -> bytes:
    book, file = Workbook(write_only=True), io.BytesIO()
    sheet = book.create_sheet("Stock")
    for cells in [HEADER, *map(_cells, listed)]:
        sheet.append([cell or None for cell in cells])
    book.save(file)
    return file.getvalue()


def jsonl(listed: list[Row]) -> bytes:
    lines: list[dict] = [{"halles": 1}]
    for row in listed:
        values = row._asdict() | {"gtin": int(row.gtin) if row.gtin.isdecimal() else row.gtin, "price": price_text(row)}
        lines.append({name: value for name, value in values.items() if value not in (None, "")})
    lines.append({"end": len(listed)})
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()


def google_merchant(listed: list[Row]) -> bytes:
    items = "".join(_item(row) for row in listed)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel>\n'
        f"{items}</channel></rss>\n"
    ).encode()


def _item(row: Row) -> str:
    price = f"<g:price>{price_text(row)} {row.currency}</g:price>" if row.price is not None else ""
    units = f"<g:quantity>{row.quantity}</g:quantity>" if row.quantity is not None else ""
    word = "in stock" if row.quantity else "out of stock"
    return (
        f"<item><g:id>{escape(row.sku)}</g:id><g:gtin>{row.gtin}</g:gtin><title>{escape(row.title)}</title>{price}"
        f"<g:availability>{word}</g:availability>{units}</item>\n"
    )


def onix(listed: list[Row]) -> bytes:
    products = "".join(_product(row) for row in listed)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<ONIXMessage release="3.0"'
        ' xmlns="http://ns.editeur.org/onix/3.0/reference">\n<Header><Sender><SenderName>Exemple</SenderName></Sender>'
        f"</Header>\n{products}</ONIXMessage>\n"
    ).encode()


def _product(row: Row) -> str:
    stock = f"<Stock><OnHand>{row.quantity}</OnHand></Stock>" if row.quantity is not None else ""
    price = (
        f"<Price><PriceType>02</PriceType><PriceAmount>{price_text(row)}</PriceAmount>"
        f"<CurrencyCode>{row.currency}</CurrencyCode></Price>"
        if row.price is not None
        else ""
    )
    return (
        f"<Product><RecordReference>{escape(row.sku)}</RecordReference><NotificationType>03</NotificationType>"
        f"<ProductIdentifier><ProductIDType>15</ProductIDType><IDValue>{row.gtin}</IDValue></ProductIdentifier>"
        "<DescriptiveDetail><ProductForm>BC</ProductForm><TitleDetail><TitleType>01</TitleType><TitleElement>"
        f"<TitleElementLevel>01</TitleElementLevel><TitleText>{escape(row.title)}</TitleText></TitleElement>"
        "</TitleDetail></DescriptiveDetail><ProductSupply><SupplyDetail>"
        f"<ProductAvailability>{21 if row.quantity else 40}</ProductAvailability>{stock}{price}"
        "</SupplyDetail></ProductSupply></Product>\n"
    )


WRITERS: dict[str, Callable[[list[Row]], bytes]] = {
    "csv": csv,
    "xlsx": xlsx,
    "jsonl": jsonl,
    "google_merchant": google_merchant,
    "onix": onix,
}
