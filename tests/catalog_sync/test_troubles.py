"""A shop hears once of what is wrong with its list, and once more when it is over."""

from __future__ import annotations

from datetime import time, timedelta

import pytest

from catalog_sync import troubles
from catalog_sync.models import Feed, FeedTrouble, SyncRun
from catalog_sync.reasons import feed_error
from marketplace.foundation.models import MailMessage
from shops.models import Shop, ShopAddress
from tests.catalog_sync.memory import NOON, SHELVES, article, feed, shelve, sync_now

pytestmark = [pytest.mark.usefixtures("_memory"), pytest.mark.django_db]


@pytest.fixture
def books() -> Feed:
    row = feed()
    Shop.objects.filter(pk=row.shop_id).update(email="shop@example.org", language="en")
    row.shop.refresh_from_db()
    return row


def at(hours: float):
    return NOON + timedelta(hours=hours)


def well(books: Feed, hours: float) -> SyncRun:
    shelve(books, article("1"), at=at(hours))
    return sync_now(books, at(hours))


def failing(books: Feed, hours: float, *, permanent: bool) -> SyncRun:
    SHELVES[books.location] = [feed_error("file_missing", permanent=permanent, location="x")]
    return sync_now(books, at(hours))


def told(hours: float) -> list[str]:
    """Subjects of the mail that the step posts."""
    before = set(MailMessage.objects.values_list("pk", flat=True))
    troubles.watch_lists(at(hours))
    return [row.subject for row in MailMessage.objects.exclude(pk__in=before).order_by("pk")]


def test_list_that_fails_is_told_once_and_when_it_is_well_again(books):
    well(books, 0)
    assert told(0) == []
    failing(books, 1, permanent=True)
    assert told(1) == [f"Your list “{books}” cannot be read"]
    failing(books, 2, permanent=True)
    assert told(2) == []
    well(books, 3)
    assert told(3) == [f"Your list “{books}” is well again"]
    assert told(3) == []
    failing(books, 4, permanent=True)
    assert len(told(4)) == 1


def test_server_that_is_away_is_told_after_an_hour(books):
    well(books, 0)
    failing(books, 1, permanent=False)
    assert told(1.5) == []
    failing(books, 1.7, permanent=False)
    assert len(told(2.5)) == 1
    well(books, 3)
    failing(books, 4, permanent=False)
    assert told(4) == [f"Your list “{books}” is well again"]


def test_list_that_waits_for_approval(books):
    many = [article(str(number)) for number in range(10)]
    shelve(books, *many, at=at(0))
    sync_now(books, at(0))
    shelve(books, *many[:2], at=at(1))
    run = sync_now(books, at(1))
    assert run.state == "awaiting"
    assert told(1) == [f"Your list “{books}” waits for your approval"]
    SyncRun.objects.filter(pk=run.pk).update(state="rejected")
    assert told(2) == []  # somebody has looked at it
    assert not FeedTrouble.objects.filter(ended_at=None).exists()


def test_list_past_its_promise(books):
    well(books, 0)
    assert told(71) == []
    assert told(73) == [f"Your list “{books}” is too old"]
    assert "72 hours" in MailMessage.objects.get().text
    well(books, 74)
    assert told(74) == [f"Your list “{books}” is well again"]


def test_mail_goes_to_whom_the_shop_named_and_not_in_quiet_hours(books):
    Shop.objects.filter(pk=books.shop_id).update(quiet_from=time(0), quiet_until=time(23, 59), timezone="UTC")
    ShopAddress.objects.create(shop=books.shop, kind="feeds", email="it@example.org")
    well(books, 0), failing(books, 1, permanent=True), told(1)
    mail = MailMessage.objects.get()
    assert (mail.to, mail.due_at > at(1)) == ("it@example.org", True)


def test_feed_that_is_paused_ends_it_without_a_word(books):
    well(books, 0), failing(books, 1, permanent=True), told(1)
    Feed.objects.update(active=False)
    assert told(2) == []
    assert FeedTrouble.objects.get().ended_at == at(2)
