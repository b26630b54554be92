"""On PostgreSQL the rows of another shop are not there for a shop's people, also where a view forgot to ask."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from catalog_sync.doors import keys
from marketplace.foundation import walls
from shops.models import Invitation, Reservation, Transmission
from shops.portal import reservation_views
from tests import factories
from tests.shops.portal.conftest import Stall, signed_in, stall

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="Walls are PostgreSQL's."),
]


@pytest.fixture
def stalls() -> tuple[Stall, Stall]:
    a, b = stall("Librairie du Port"), stall("Mile End Pages")
    for one in (a, b):
        factories.reservation(factories.stock_record(one.shop))
        keys.make(one.run.feed, label="till", by=one.staff, now=timezone.now())
    return a, b


@pytest.fixture
def as_web(stalls):
    """The connection as a role that owns no table, is no superuser, and may do with every table what the web does."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE halles_walled NOLOGIN")
        cursor.execute("GRANT USAGE ON SCHEMA public TO halles_walled")
        cursor.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO halles_walled")
        cursor.execute("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO halles_walled")
        cursor.execute("SET LOCAL ROLE halles_walled")
    yield
    walls.leave()


def every_wall() -> list[str]:
    return [table for table, _ in walls._policies()]


def seen() -> dict[str, set[int]]:
    """Shops of all rows there are, asked for without any filter."""
    return {model.__name__: {row.shop_id for row in model.objects.all()} for model in (Reservation, Transmission)}


def test_every_wall_is_up_and_binds_the_owner_too(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity")
        assert {name for (name,) in cursor.fetchall()} == set(every_wall())


def test_rows_of_others_are_neither_seen_nor_written(stalls, as_web):
    a, b = stalls
    theirs = Reservation.objects.get(shop=a.shop)
    assert seen()["Reservation"] == {a.shop.pk, b.shop.pk}  # nothing said: readers, the board, the worker
    walls.enter([b.shop.pk])
    assert seen()["Reservation"] == {b.shop.pk}
    assert Reservation.objects.filter(pk=theirs.pk).update(name="x") == 0
    assert Reservation.objects.filter(pk=theirs.pk).delete()[0] == 0
    said = {"email": "max@example.org", "role": "staff", "language": "fr", "ends_at": timezone.now()}
    with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
        Invitation.objects.create(shop=a.shop, **said)
    with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
        Reservation.objects.update(shop=a.shop)
    walls.leave()
    assert seen()["Reservation"] == {a.shop.pk, b.shop.pk}


def test_keys_of_feeds_follow_their_shop(stalls, as_web):
    a, b = stalls
    walls.enter([a.shop.pk])
    assert {row.feed.shop_id for row in keys.FeedToken.objects.select_related("feed")} == {a.shop.pk}
    walls.enter([a.shop.pk, b.shop.pk])
    assert len({row.feed.shop_id for row in keys.FeedToken.objects.select_related("feed")}) == 2
    walls.enter([])
    assert keys.FeedToken.objects.count() == 0


class Unfiltered:
    """A manager that forgets which shop it was asked for."""

    def filter(self, **asked: object):
        return Reservation._base_manager.filter(**{name: value for name, value in asked.items() if name != "shop"})


@pytest.mark.parametrize("walled", [True, False])
def test_page_of_the_portal_that_forgot_its_filter_shows_nothing_of_others(stalls, as_web, monkeypatch, walled):
    """Without the wall, the negative control, it shows the other shop's."""
    a, b = stalls
    titles = {one.shop.pk: Reservation.objects.get(shop=one.shop).title for one in stalls}
    monkeypatch.setattr(reservation_views, "Reservation", SimpleNamespace(objects=Unfiltered()))
    if not walled:
        monkeypatch.setattr(walls, "enter", lambda shops: None)
    page = signed_in(b.staff).get(f"/portal/{b.shop.slug}/reservations/").content.decode()
    assert (titles[b.shop.pk] in page, titles[a.shop.pk] in page) == (True, not walled)
    assert Reservation.objects.count() == 2  # the request is over, and with it the wall
