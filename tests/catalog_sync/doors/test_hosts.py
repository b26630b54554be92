"""One server is called by one of our processes at a time, with a pause in between, and as late as it asks."""

from __future__ import annotations

from datetime import timedelta

import pytest
import responses

from catalog_sync import sync
from catalog_sync.doors import hosts
from catalog_sync.models import Feed, HostVisit, SyncRun
from tests.catalog_sync.memory import NOON, feed

LIST = b"ean;titre;prix;stock\n9782070360024;Nana;12,90;2\n9782070368228;Germinal;9,90;1\n"
pytestmark = pytest.mark.django_db


def csv_at(host: str) -> Feed:
    return feed(kind="csv", location=f"https://{host}/list.csv", due_at=NOON)


def test_host_of_is_that_of_an_address_alone():
    places = ("https://Shop.example:8443/a.csv", "sftp://me@files.example/x", "shop/list.csv", "")
    assert [hosts.host_of(place) for place in places] == ["shop.example", "files.example", "", ""]


def test_busy_host_is_left_alone_until_its_visit_ends_or_is_given_up():
    assert hosts.begin("a.example", now=NOON) is None
    assert hosts.begin("b.example", now=NOON) is None
    assert hosts.begin("a.example", now=NOON) == NOON + hosts.PAUSE
    hosts.end("a.example", now=NOON)
    assert hosts.begin("a.example", now=NOON) == NOON + hosts.PAUSE
    assert hosts.begin("a.example", now=NOON + hosts.PAUSE) is None
    assert hosts.begin("a.example", now=NOON + hosts.PAUSE + hosts.LONGEST + timedelta(seconds=1)) is None


@responses.activate
def test_two_feeds_of_one_host_are_read_with_a_pause_between():
    responses.get("https://a.example/list.csv", body=LIST)
    first, second = csv_at("a.example"), csv_at("a.example")
    assert [sync.sync_feeds(NOON), sync.sync_feeds(NOON)] == [1, 0]
    second.refresh_from_db()
    assert second.due_at is not None
    assert second.due_at == NOON + timedelta(minutes=1)
    assert (second.attempts, SyncRun.objects.filter(feed=first).count()) == (0, 1)
    assert sync.sync_feeds(second.due_at) == 1


@responses.activate
def test_feed_waits_as_long_as_its_host_asks():
    responses.get("https://a.example/list.csv", status=503, headers={"Retry-After": "7200"})
    books = csv_at("a.example")
    other = csv_at("a.example")
    sync.sync_feeds(NOON)
    books.refresh_from_db()
    assert (len(responses.calls), books.due_at, books.parked_at) == (1, NOON + timedelta(hours=2), None)
    assert sync.sync_feeds(NOON + timedelta(hours=1)) == 0
    other.refresh_from_db()
    assert other.due_at is not None
    assert other.due_at >= NOON + timedelta(hours=2)


def test_shops_of_one_provider_that_call_with_keys_of_their_own_do_not_wait_for_each_other():
    """Square has one address for all: a slow shop, or one that is told to wait, would hold every other one's stock."""
    for _shop in range(2):
        feed(kind="square", location="https://connect.squareup.com", due_at=NOON)
    assert [sync.sync_feeds(NOON), sync.sync_feeds(NOON)] == [1, 1]


def test_host_whose_name_is_too_long_to_be_one_waits_like_any(db):
    host = hosts.host_of(f"https://{'a' * 400}.example.org/list.csv")
    assert hosts.begin(host, now=NOON) is None
    hosts.end(host, now=NOON)
    assert HostVisit.objects.get().busy_until is None
