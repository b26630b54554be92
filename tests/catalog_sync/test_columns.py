"""A list whose columns have changed awaits a person, and what the person says is remembered."""

import os
from datetime import timedelta

import pytest
from django.utils import timezone
from oscar.apps.partner.models import StockRecord

from catalog_sync import decisions, sync
from catalog_sync.models import Feed, SyncRun
from tests import factories

NOON = timezone.now().replace(microsecond=0)
ISBNS = ("9782070368228", "9782070360024", "9782070370481", "9782070411191", "9780439023481")
ROWS = [(isbn, f"Titre {n}", f"{n + 5},90", str(n + 1)) for n, isbn in enumerate(ISBNS)]


@pytest.fixture
def feed(db, settings, tmp_path) -> Feed:
    settings.VAR_DIR = tmp_path
    (tmp_path / "feeds").mkdir()
    return Feed.objects.create(shop=factories.shop(), name="list", kind="csv", location="list.csv", currency="CAD")


def send(feed: Feed, header: str, *, order: tuple[int, ...] = (0, 1, 2, 3), days: int = 0) -> SyncRun:
    """The same articles under a header, the columns in an order, read so many days later."""
    lines = [header, *(";".join(row[place] for place in order) for row in ROWS)]
    path = feed_path(feed)
    path.write_text("\n".join(lines) + "\n")
    at = NOON + timedelta(days=days - 10)
    os.utime(path, (at.timestamp(), at.timestamp()))
    return sync.run(Feed.objects.get(pk=feed.pk), now=at + timedelta(hours=1))


def feed_path(feed: Feed):
    from django.conf import settings

    return settings.VAR_DIR / "feeds" / feed.location


def codes(run: SyncRun) -> set[str]:
    return {note["code"] for note in run.notes}


def prices() -> list[float]:
    return sorted(float(price) for price in StockRecord.objects.values_list("price", flat=True) if price is not None)


def test_renamed_price_awaits_a_person_and_is_remembered_once_approved(feed):
    assert send(feed, "ISBN;Titre;Prix;Stock").state == SyncRun.State.DONE
    waiting = send(feed, "ISBN;Titre;Tarif;Stock", days=1)
    assert (waiting.state, codes(waiting) >= {"column_renamed"}) == (SyncRun.State.AWAITING, True)
    assert decisions.approve(waiting, by=factories.user(), now=NOON, signed_in_again=True) is decisions.Approval.GIVEN
    assert decisions.follow_decisions(NOON) == 1
    waiting.refresh_from_db()
    assert waiting.state == SyncRun.State.DONE
    after = send(feed, "Stock;Tarif;Titre;ISBN", order=(3, 2, 1, 0), days=2)
    assert (after.state, codes(after) & {"column_renamed", "column_dropped"}) == (SyncRun.State.DONE, set())
    assert prices() == [5.9, 6.9, 7.9, 8.9, 9.9]


@pytest.mark.parametrize("first", [False, True], ids=["later", "first list"])
@pytest.mark.parametrize("order", [(2, 1, 0, 3), (3, 1, 0, 2), (0, 1, 3, 2), (1, 2, 3, 0)])
def test_values_under_the_wrong_names_are_never_applied(feed, order, first):
    if not first:
        send(feed, "ISBN;Titre;Prix;Stock")
    before = prices()
    run = send(feed, "ISBN;Titre;Prix;Stock", order=order, days=1)
    assert run.state == SyncRun.State.AWAITING
    assert "columns_denied" in codes(run)
    assert prices() == before


def test_dropped_column_awaits_where_it_matters_alone(feed):
    send(feed, "ISBN;Titre;Prix;Stock")
    assert "column_dropped" in codes(send(feed, "ISBN;Titre;Prix", order=(0, 1, 2), days=1))
    run = send(feed, "ISBN;Prix;Stock", order=(0, 2, 3), days=2)
    assert (run.state, "column_gone" in codes(run)) == (SyncRun.State.DONE, True)
