"""Small plain makers of the rows that tests need. Each takes the columns that matter and fills in the rest."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from itertools import count

from django.contrib.auth import get_user_model
from django.utils import timezone
from oscar.apps.catalogue.models import Product, ProductClass
from oscar.apps.partner.models import Partner, StockRecord

from marketplace.catalogue.models import ProductFacts
from marketplace.foundation import network as networks
from marketplace.foundation.models import Network
from marketplace.models import User
from shops.models import DeliveryOption, Shop, ShopMember, StockTerms

_number = count(1)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday; for tests that want a fixed clock


def network(**columns: object) -> Network:
    """The one row, with columns changed."""
    row, _ = Network.objects.update_or_create(pk=1, defaults=columns)
    networks.forget()
    return row


def user(email: str = "", **columns: object) -> User:
    """A person; the password is `password`."""
    email = email or f"person{next(_number)}@example.org"
    person = get_user_model()(email=email, **columns)
    person.set_password("password")
    person.save()
    return person


def shop(name: str = "", **columns: object) -> Shop:
    """An active shop with its Partner, whose stock is as of now and which books without delay."""
    number = next(_number)
    name = name or f"Librairie {number}"
    partner = Partner.objects.create(name=name, code=f"shop-{number}")
    columns = {
        "slug": f"shop-{number}",
        "status": Shop.Status.ACTIVE,
        "email": f"shop{number}@example.org",
        "line1": "1, rue du Port",
        "city": "Montréal",
        "postcode": "H2X 1A1",
        "complete_as_of": timezone.now(),
        "booking_lag_minutes": 0,
    } | columns
    return Shop.objects.create(partner=partner, name=name, **columns)


def member(of: Shop, person: User | None = None, role: str = ShopMember.Role.STAFF) -> ShopMember:
    return ShopMember.objects.create(shop=of, user=person or user(), role=role)


def delivery_option(of: Shop, kind: str = DeliveryOption.Kind.PICKUP, **columns: object) -> DeliveryOption:
    columns = {"name_fr": "Au comptoir", "name_en": "At the counter"} | columns
    return DeliveryOption.objects.create(shop=of, kind=kind, **columns)


def product_class() -> ProductClass:
    return ProductClass.objects.get_or_create(
        slug="title", defaults={"name": "Title", "requires_shipping": True, "track_stock": True}
    )[0]


def product(title: str = "", *, gtin: int | None = None, **facts: object) -> Product:
    """A title with its facts; `facts` are columns of ProductFacts."""
    number = next(_number)
    row = Product.objects.create(title=title or f"Title {number}", product_class=product_class())
    facts = {"gtin": gtin, "language": "fr", "updated_at": timezone.now()} | facts
    ProductFacts.objects.create(product=row, **facts)
    return row


def stock_record(
    of: Shop,
    title: Product | None = None,
    *,
    units: int | None = 3,
    price: str = "20.00",
    sku: str = "",
    **terms: object,
) -> StockRecord:
    """What `of` asks for a title and how many it has. `terms` are columns of StockTerms; without any, no such row."""
    record = StockRecord.objects.create(
        product=title or product(),
        partner=of.partner,
        partner_sku=sku or f"sku-{next(_number)}",
        price_currency="CAD",
        price=Decimal(price),
        num_in_stock=units,
    )
    if terms:
        StockTerms.objects.create(stock_record=record, **terms)
    return record
