"""What is written down of each shop of the demo."""

from __future__ import annotations

from typing import NamedTuple


class Delivery(NamedTuple):
    """One way a parcel reaches the reader. `postcode_prefixes` empty: everywhere in `countries`."""

    kind: str  # pickup, post, courier
    name_fr: str
    name_en: str
    price_minor: int = 0
    free_above_minor: int | None = None
    days_min: int = 0
    days_max: int = 1
    countries: tuple[str, ...] = ()
    postcode_prefixes: tuple[str, ...] = ()


class Member(NamedTuple):
    """A person of a shop; `role` as in `ShopMember.Role`."""

    email: str
    first_name: str
    last_name: str
    role: str


class DemoShop(NamedTuple):
    """One shop with its feed. `feed_dialect` is a key of `demo.generating.DIALECTS`, `feed_kind` one of the adapters'.

    `english` and `french` are the shares of all titles of that language it carries; `taste` keeps it to these subjects.
    """

    slug: str
    name: str
    line1: str
    city: str
    postcode: str
    latitude: float
    longitude: float
    phone: str
    language: str
    description_fr: str
    description_en: str
    hours: tuple[str, ...]  # Monday to Sunday: "10:00-18:00", two spans with a space between, or "" for closed
    delivery: tuple[Delivery, ...]
    members: tuple[Member, ...]
    feed_kind: str
    feed_dialect: str
    file_name: str
    kind: str = "books"  # these three as in `Shop.Kind`, `Shop.Goods`, `Shop.Service`
    goods: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    stock_kind: str = "on_hand"
    buffer: int = 0
    english: float = 0.0
    french: float = 0.0
    taste: tuple[str, ...] = ()
    discount_percent: int = 0  # what it takes off list prices
    tax_registered: bool = True  # or a small supplier, who charges none
    region: str = "QC"
    country: str = "CA"

    @property
    def email(self) -> str:
        """Where its orders go."""
        return f"commandes.{self.slug}@example.org"
