"""Two shops with their people, and what each of them must never see of the other."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from catalog_sync.models import Feed, FeedToken, RecordIssue, SyncRun
from marketplace.models import User
from shops import withholding
from shops.models import Allocation, Shop, ShopMember, ShopOrder
from tests import factories

# On PostgreSQL a page says whose rows it may see, and takes it back (`foundation.walls`).
OF_WALLS = 2 if connection.vendor == "postgresql" else 0


@dataclass
class Stall:
    """A shop with one row of everything the portal shows."""

    shop: Shop
    staff: User
    order: ShopOrder
    run: SyncRun
    withheld: Allocation
    key: FeedToken
    known: dict[str, object] = field(default_factory=dict)  # what the addresses of its rows name

    @property
    def client(self) -> Client:
        return signed_in(self.staff)


def signed_in(person: User | None) -> Client:
    client = Client()
    if person:
        client.force_login(person)
    return client


def stall(name: str) -> Stall:
    shop = factories.shop(name, slug=name.lower().replace(" ", "-"))
    staff = factories.user(f"{shop.slug}@example.org")
    factories.member(shop, staff)
    first = factories.stock_record(shop, factories.product(f"Le titre de {name}"), units=5, sku=f"SKU-{name}")
    second = factories.stock_record(shop, factories.product(f"L’autre de {name}"), units=5)
    placed = factories.order(email=f"reader.{shop.slug}@example.org")
    order = factories.shop_order(shop, (first, 2), (second, 1), placed=placed)
    feed = Feed.objects.create(shop=shop, name=f"feed-{shop.slug}", kind="onix", location="nowhere.xml")
    run = SyncRun.objects.create(
        feed=feed,
        state=SyncRun.State.AWAITING,
        started_at=timezone.now() - timedelta(hours=1),
        read=40,
        gone=60,
        notes=[{"code": "run_drop", "values": {"gone": "60", "known": "100"}, "text": "60 sur 100"}],
    )
    RecordIssue.objects.create(run=run, kind="refused", code="title_missing", position="row 3", text=f"À {name}")
    withholding.withhold(first, 1, now=timezone.now(), by="test")
    withheld = Allocation.objects.get(stock_record=first, cause=Allocation.Cause.NOT_FOUND)
    key = FeedToken.objects.create(
        feed=feed, label=f"Caisse {name}", digest=f"digest {name}", created_at=timezone.now()
    )
    return Stall(shop, staff, order, run, withheld, key)


@pytest.fixture
def ours(db) -> Stall:
    return stall("Librairie du Port")


@pytest.fixture
def theirs(db) -> Stall:
    return stall("Mile End Pages")


@pytest.fixture
def looker(ours: Stall) -> User:
    """May see our shop, not act in it."""
    return factories.member(ours.shop, role=ShopMember.Role.READER).user
