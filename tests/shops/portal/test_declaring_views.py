"""What a shop declares of a feed, on its page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from catalog_sync.doors import locations
from catalog_sync.models import Feed, StockLane, SyncRun
from marketplace.foundation.models import AuditEntry
from tests.shops.portal.conftest import Stall, signed_in

AS_IT_IS = {
    "mode": "full",
    "every_minutes": "60",
    "lateness_hours": "48",
    "booking_lag_minutes": "0",
    "freshness_hours": "72",
    "drop_limit": "20",
    "price_jump": "40",
    "price_floor": "0.10",
}


def declare(ours: Stall, **values: Any):
    address = reverse("portal:declare", args=[ours.shop.slug, ours.run.feed.name])
    return ours.client.post(address, AS_IT_IS | values)


def test_page_shows_what_is_declared(ours):
    page = ours.client.get(reverse("portal:declared", args=[ours.shop.slug, ours.run.feed.name]))
    form = page.context["form"]
    assert {name: str(form[name].value()) for name in AS_IT_IS} == AS_IT_IS
    assert [mode for mode, _words in form.fields["mode"].choices] == ["full", "delta"]  # ONIX lists no columns


def test_saving_what_stands_changes_nothing(ours):
    before = Feed.objects.values().get(pk=ours.run.feed_id)
    assert declare(ours).status_code == 302
    assert (
        Feed.objects.values().get(pk=ours.run.feed_id),
        AuditEntry.objects.filter(action="feed.declare").count(),
    ) == (
        before,
        0,
    )


def test_limits_and_promise_are_kept_and_audited(ours):
    now = timezone.now()
    SyncRun.objects.create(feed=ours.run.feed, state="done", complete=True, started_at=now, as_of=now)
    declare(ours, freshness_hours="24", drop_limit="30", price_floor="1.50", booking_lag_minutes="60")
    feed = Feed.objects.select_related("shop").get(pk=ours.run.feed_id)
    assert (feed.freshness_hours, feed.drop_limit, feed.price_floor_minor) == (24, 30, 150)
    assert feed.shop.booking_lag_minutes == 60
    assert feed.shop.fresh_until == now + timedelta(hours=24)
    entry = AuditEntry.objects.get(action="feed.declare")
    assert entry.facts["changed"] == ["freshness_hours", "drop_limit", "price_floor_minor", "booking_lag_minutes"]


def test_another_mode_has_the_same_list_read_again(ours):
    Feed.objects.filter(pk=ours.run.feed_id).update(content_hash="as before")
    declare(ours, mode="delta")
    feed = Feed.objects.get(pk=ours.run.feed_id)
    assert (feed.mode, feed.content_hash) == ("delta", "")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"freshness_hours": "0"}, "freshness_hours"),
        ({"drop_limit": "100"}, "drop_limit"),
        ({"mode": "partial"}, "mode"),
        ({"has_stock_lane": "on"}, "stock_every_minutes"),
        ({"has_stock_lane": "on", "stock_every_minutes": "9", "stock_location": "http://a.example"}, "stock_location"),
        (
            {"has_stock_lane": "on", "stock_every_minutes": "9", "stock_location": "file:///etc/passwd"},
            "stock_location",
        ),
    ],
)
def test_what_cannot_be_is_told_beside_its_field(ours, values, field):
    answer = declare(ours, **values)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
    assert not StockLane.objects.exists()


def test_stock_lane_is_made_changed_and_given_up(ours):
    lane = {"has_stock_lane": "on", "stock_every_minutes": "15"}
    declare(ours, **lane, stock_location="https://shop.example/stock.csv")
    declare(ours, **lane, stock_location="https://shop.example/stock.csv", stock_missing_is_zero="on")
    row = StockLane.objects.get()
    assert (row.feed_id, row.location, row.missing_is_zero) == (
        ours.run.feed_id,
        "https://shop.example/stock.csv",
        True,
    )
    declare(ours)
    assert not StockLane.objects.exists()


def test_numbers_alone_are_sent_to_a_place_of_their_own(ours, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    declare(ours, has_stock_lane="on", stock_every_minutes="15")
    feeds = ours.client.get(reverse("portal:feeds", args=[ours.shop.slug]))
    assert feeds.content.decode().count('name="lane" value="stock"') == 1
    StockLane.objects.update(due_at=None)
    sent = {"file": SimpleUploadedFile("numbers.csv", b"sku;stock\na;1\n"), "lane": "stock"}
    ours.client.post(reverse("portal:send", args=[ours.shop.slug, ours.run.feed.name]), sent)
    (kept,) = (locations.feeds_folder() / f"{ours.run.feed.name}-stock").iterdir()
    assert kept.read_bytes() == b"sku;stock\na;1\n"
    assert (StockLane.objects.get().due_at is None, Feed.objects.get(pk=ours.run.feed_id).due_at) == (False, None)


def test_whoever_only_looks_sees_no_button(ours, looker):
    client = signed_in(looker)
    page = client.get(reverse("portal:declared", args=[ours.shop.slug, ours.run.feed.name]))
    assert (page.status_code, "button-main" in page.content.decode()) == (200, False)
