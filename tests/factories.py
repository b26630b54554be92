"""Real rows for tests, each with the fewest columns that make sense; every function takes columns to differ in."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from oscar.apps.basket.models import Basket
from oscar.apps.catalogue.models import Product, ProductClass
from oscar.apps.partner.models import Partner, StockRecord

from marketplace.catalogue.models import ProductFacts
from marketplace.models import User
from shops.models import DeliveryOption, Shop, ShopMember, StockTerms

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
_numbers = count(1)


def user(email: str = "", **columns: Any) -> User:
    columns = {"is_active": True, "first_name": "Alice", "last_name": "Roy", **columns}
    return User.objects.create_user(
        email=email or f"reader{next(_numbers)}@example.org", password="long-enough", **columns
    )


def shop(name: str = "", **columns: Any) -> Shop:
    """On sale, read completely at NOW, so that a stock record with a number is sellable around then."""
    number = next(_numbers)
    name = name or f"Librairie {number}"
    partner = Partner.objects.create(name=name, code=f"shop-{number}")
    columns = {
        "slug": f"shop-{number}",
        "status": Shop.Status.ACTIVE,
        "email": f"shop{number}@example.org",
        "line1": f"{number} rue des Halles",
        "city": "Montréal",
        "postcode": "H2X 1Y4",
        "complete_as_of": NOW,
        **columns,
    }
    return Shop.objects.create(partner=partner, name=name, **columns)


def member(of: Shop, who: User | None = None, **columns: Any) -> ShopMember:
    return ShopMember.objects.create(shop=of, user=who or user(), **columns)


def delivery_option(of: Shop, kind: str = "pickup", price_minor: int = 0, **columns: Any) -> DeliveryOption:
    columns = {"name_fr": f"{kind} (fr)", "name_en": kind, "countries": [] if kind == "pickup" else ["CA"], **columns}
    return DeliveryOption.objects.create(shop=of, kind=kind, price_minor=price_minor, **columns)


def product(title: str = "", *, is_book: bool = True, facts: bool = True, **columns: Any) -> Product:
    number = next(_numbers)
    kind = ProductClass.objects.filter(name="Book").first() or ProductClass.objects.create(name="Book")
    made = Product.objects.create(title=title or f"Titre {number}", product_class=kind, **columns)
    if facts:
        ProductFacts.objects.create(product=made, gtin=9780000000000 + number, is_book=is_book, updated_at=NOW)
    return made


def stock_record(
    of: Shop, what: Product | None = None, *, price: str | None = "12.90", units: int | None = 3, **columns: Any
):
    """A StockRecord; columns of StockTerms make a row of terms as well."""
    terms = {name: columns.pop(name) for name in list(columns) if name in {f.name for f in StockTerms._meta.fields}}
    record = StockRecord.objects.create(
        product=what or product(),
        partner=of.partner,
        partner_sku=columns.pop("partner_sku", f"sku-{next(_numbers)}"),
        price=None if price is None else Decimal(price),
        price_currency=columns.pop("price_currency", "CAD"),
        num_in_stock=units,
        **columns,
    )
    if terms:
        StockTerms.objects.create(stock_record=record, **terms)
    return record


def basket(*lines: tuple[StockRecord, int], owner: User | None = None) -> Basket:
    """An open basket whose lines are bound to the stock records given, as `/basket/add/` leaves it."""
    made = Basket.objects.create(owner=owner)
    for record, quantity in lines:
        made.lines.create(
            line_reference=f"{record.product_id}_{record.pk}",
            product=record.product,
            stockrecord=record,
            quantity=quantity,
            price_currency=record.price_currency,
        )
    return made
