"""How well a feed does, as its shop and the board see it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from catalog_sync.health import health
from catalog_sync.models import Feed, SourceRecord, SyncRun
from shops.models import Allocation, StockIncident
from tests import factories
from tests.catalog_sync.memory import NOON, feed

DAY = timedelta(days=1)
pytestmark = pytest.mark.django_db


def ran(of: Feed, at: datetime, state: str = "done", **columns: Any) -> SyncRun:
    ended = None if state == "running" else at + timedelta(minutes=1)
    told = {"lane": of.lane, "complete": True, "as_of": at} | columns
    return SyncRun.objects.create(feed=of, state=state, started_at=at, ended_at=ended, **told)


def test_readings_of_the_last_days_are_counted_and_how_many_failed():
    of = feed()
    assert (health(of, now=NOON).last_success, health(of, now=NOON).error_rate) == (None, 0.0)
    ran(of, NOON - 40 * DAY, "failed")
    for days in (5, 4, 3):
        ran(of, NOON - days * DAY)
    ran(of, NOON - 2 * DAY, "failed", complete=False, as_of=None)
    ran(of, NOON, "running", complete=False, as_of=None)
    found = health(of, now=NOON)
    assert (found.readings, found.failed, found.error_rate) == (4, 1, 0.25)
    assert (found.last_success, found.as_of) == (NOON - 3 * DAY + timedelta(minutes=1), NOON - 3 * DAY)


@pytest.mark.parametrize(
    ("kind", "mode", "drift"),
    [("tryton", "delta", 7), ("tryton", "full", None), ("woocommerce", "delta", None), ("gone", "delta", 7)],
)
def test_drift_is_what_changes_had_not_told_where_changes_are_asked_for(kind, mode, drift):
    of = feed()
    Feed.objects.filter(pk=of.pk).update(kind=kind, mode=mode, lane="stock")
    of.refresh_from_db()
    ran(of, NOON - 2 * DAY, changed=100)
    assert health(of, now=NOON).drift is None  # the first reading finds everything
    ran(of, NOON - DAY, changed=7)
    ran(of, NOON, changed=3, complete=False)
    assert health(of, now=NOON).drift == drift


def test_what_was_sold_beyond_its_number_counts_with_the_feed_that_lists_it():
    of = feed()
    other = Feed.objects.create(shop=of.shop, name="other", kind="csv", location="other")
    record = factories.stock_record(of.shop, sku="A1")
    listed = {"title": "A", "currency": "CAD", "price_kind": "retail", "availability": "in_stock", "condition": "new"}
    SourceRecord.objects.create(feed=of, sku="A1", offer_hash=1, stock_hash=1, facts_hash=1, **listed)
    StockIncident.objects.create(stock_record=record, opened_at=NOON - DAY, in_stock=0, allocated=1)
    assert [health(each, now=NOON).oversold for each in (of, other)] == [1, 0]
    assert health(of, now=NOON + 31 * DAY).oversold == 0
    for cause, counted in ((Allocation.Cause.LINE, 1), (Allocation.Cause.NOT_FOUND, 0)):  # that is no number's fault
        Allocation.objects.create(stock_record=record, units=1, cause=cause, created_at=NOON - 2 * DAY)
        assert health(of, now=NOON).oversold == counted
