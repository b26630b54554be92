"""A small market for the journeys: two shops with a feed each, five titles, read by the real sync and indexed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.utils import timezone

from catalog_sync import sync
from catalog_sync.doors.locations import feeds_folder
from catalog_sync.models import Feed, SyncRun
from marketplace import worker
from marketplace.catalogue.models import ProductFacts
from marketplace.operations.invariants import violations
from marketplace.payments import accounts
from marketplace.payments.fake_stripe import hosted
from marketplace.payments.fake_stripe.database import DatabaseStore
from marketplace.payments.models import Payment
from search import indexing
from shops.models import Shop
from tests import factories

# sku, ISBN, title, author, price, units
PORT = [
    ("P1", "9782070360024", "L'Étranger", "Camus, Albert", "12.90", 3),
    ("P2", "9782070612758", "Le Petit Prince", "Saint-Exupéry, Antoine de", "9.50", 1),
    ("P3", "9782264034373", "Œuvres", "Rimbaud, Arthur", "21.00", 2),
]
MILE = [
    ("M1", "9782070360024", "L'Étranger", "Albert Camus", "11.95", 2),
    ("M2", "9780141439518", "Pride and Prejudice", "Austen, Jane", "14.00", 4),
    ("M3", "9780141036144", "1984", "Orwell, George", "13.25", 0),
]


@dataclass
class Market:
    port: Shop
    mile: Shop
    port_clerk: object
    mile_clerk: object
    port_feed: Feed
    mile_feed: Feed

    def product_id(self, isbn: str) -> int:
        return ProductFacts.objects.get(gtin=int(isbn)).product_id


def write_feed(name: str, rows: list[tuple]) -> Path:
    path = feeds_folder() / f"{name}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["sku,isbn,title,author,price,quantity", *(",".join(f'"{value}"' for value in row) for row in rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


def open_market(now: datetime | None = None) -> Market:
    now = now or timezone.now()
    factories.network()
    port = factories.shop("Librairie du Port", slug="port", latitude=45.50, longitude=-73.55, complete_as_of=None)
    mile = factories.shop("Mile End Pages", slug="mile", latitude=45.52, longitude=-73.60, complete_as_of=None)
    for shop in (port, mile):
        factories.delivery_option(shop, kind="pickup")
        factories.delivery_option(shop, kind="post", price_minor=895, countries=["CA"])
        accounts.connect(shop, now=now)
        hosted.activate_account(DatabaseStore(), shop.stripe_account)
        accounts.refresh(shop, now=now)
        # As if connected long ago: a fresh account would hold its first transfer back
        Shop.objects.filter(pk=shop.pk).update(stripe_account_changed_at=None)
    clerks = [factories.member(shop).user for shop in (port, mile)]
    feeds = [read(shop, rows, now) for shop, rows in ((port, PORT), (mile, MILE))]
    indexing.rebuild(now)
    for shop in (port, mile):
        shop.refresh_from_db()
    return Market(port, mile, *clerks, *feeds)


def read(shop: Shop, rows: list[tuple], now: datetime) -> Feed:
    path = write_feed(shop.slug, rows)
    columns = {"shop": shop, "kind": "csv", "location": path.name, "currency": "CAD"}
    feed, _ = Feed.objects.get_or_create(name=shop.slug, defaults=columns)
    run = sync.run(feed, now=now)
    assert run.state == SyncRun.State.DONE, run.notes
    return feed


def pay(payment: Payment, *, approved: bool = True) -> None:
    hosted.pay(DatabaseStore(), payment.session_id, int(timezone.now().timestamp()), approved=approved)


def work(now: datetime | None = None) -> None:
    """The worker until nothing is due; feeds are read by the tests themselves."""
    steps = [step for step in worker.STEPS if step.name != "sync_feeds"]
    for _ in range(10):
        if not sum(step.function()(now or timezone.now()) for step in steps):
            return


def nothing_is_wrong() -> bool:
    broken = {name: texts for name, texts in violations().items() if texts}
    assert broken == {}, broken
    return True
