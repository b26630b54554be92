"""The behaviour suite on Shopify's contract server (`shopify_server.py`), and what is Shopify's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.utils import timezone

from catalog_sync.adapters import shopify as adapter
from catalog_sync.doors import hooks
from catalog_sync.models import StockLane
from catalog_sync.records import Availability, Cursor, Lane
from shops.channels.base import Answer
from shops.models import DeliveryOption, ShopSystem
from shops.systems import SYSTEMS, keeping, shopify
from shops.systems.access import Access
from shops.systems.calling import SystemCallError
from tests import factories
from tests.systems.behaviour import FIRST, SECOND, SKUS, Door, ReadingBehaviour, running
from tests.systems.behaviour_hooks import HookBehaviour
from tests.systems.behaviour_orders import OrderingBehaviour
from tests.systems.known import KNOWN
from tests.systems.shopify_server import CLIENT, FULL, OLD, SECRET, ShopifyUnderTest


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    with running(ShopifyUnderTest()) as opened:
        yield opened


class TestReading(ReadingBehaviour):
    system: ShopifyUnderTest

    def test_query_that_is_too_fast_waits_for_its_points(self, monkeypatch):
        waited: list[float] = []

        def wait(seconds: float) -> None:
            waited.append(seconds)
            self.system.bucket = min(FULL, self.system.bucket + 100 * seconds)

        cursor = self.read().cursor
        monkeypatch.setattr(shopify, "_wait", wait)
        self.system.set_price(FIRST.sku, 1234)
        self.system.bucket = 120
        assert self.read(since=cursor).by_sku[FIRST.sku].price == 1234
        assert 0 < max(waited) <= shopify.LONGEST_PAUSE

    def test_bucket_that_fills_too_slowly_is_asked_again_later(self, monkeypatch):
        cursor = self.read().cursor
        self.system.bucket = -100_000.0
        error = self.fails(since=cursor)
        assert (error.reason.code, error.permanent, error.later_seconds > 900) == ("system_busy", False, True)

    def test_bulk_operation_that_runs_is_waited_for_in_peace(self):
        self.system.at_once = 0
        error = self.fails()
        assert (error.reason.code, error.later_seconds) == ("system_busy", shopify.BULK_AGAIN)

    @pytest.mark.parametrize(("why", "permanent"), [("TIMEOUT", False), ("ACCESS_DENIED", True)])
    def test_bulk_operation_that_fails_gives_nothing(self, why, permanent):
        def fail(call) -> None:
            for bulk in self.system.bulks:
                bulk.update(status="FAILED", errorCode=why)

        self.between.before = fail
        assert self.fails().permanent == permanent

    def test_file_that_ends_early_at_the_end_of_a_line_is_not_believed(self):
        def cut(call) -> None:
            if call.path.startswith("/files/"):
                self.system.bulks[-1]["lines"].pop()

        self.between.before = cut
        assert self.fails(Lane.STOCK).reason.code == "system_unclear"

    def test_token_is_not_sent_to_where_files_lie(self):
        self.read()
        assert self.system.leaked == []

    def test_missing_scope_is_told_before_anything_is_read(self):
        self.system.scopes.discard("read_inventory")
        with pytest.raises(SystemCallError) as caught:
            SYSTEMS["shopify"].client_for(self.system.entered(self.between.address)).check()
        assert (caught.value.trouble, "read_inventory" in str(caught.value)) == ("system_context", True)

    def test_what_is_not_counted_has_no_number_and_what_is_not_stocked_here_is_not_there(self):
        self.system.variant(FIRST.sku)["inventoryItem"]["tracked"] = False
        self.system.variant(SECOND.sku)["inventoryItem"]["level"] = None
        found = self.read(Lane.CATALOGUE).by_sku
        assert (found[FIRST.sku].quantity, found[FIRST.sku].availability) == (None, Availability.IN_STOCK)
        away = found[SECOND.sku]
        assert (away.quantity, away.availability) == (None, Availability.TEMPORARILY_UNAVAILABLE)

    def test_number_of_a_variant_that_is_gone_is_passed_over(self):
        cursor = self.read(Lane.STOCK).cursor
        self.system.sell(FIRST.sku, 1)
        self.system.sell(SECOND.sku, 1)
        self.system.variant(FIRST.sku)["inventoryItem"]["variant"] = None
        assert list(self.read(Lane.STOCK, cursor).by_sku) == [SECOND.sku]

    def test_where_much_changed_all_is_read_by_a_bulk_operation(self, monkeypatch):
        monkeypatch.setattr(adapter, "MANY", 3)
        cursors = {lane: self.read(lane).cursor for lane in Lane}
        for sku in SKUS[:3]:
            self.system.set_stock(sku, 1)
            self.system.set_price(sku, 1234)
        assert [self._came(lane, cursors) for lane in Lane] == [(3, 3, False, 0)] * 2
        self.system.set_stock(SKUS[3], 1)
        self.system.set_price(SKUS[3], 1234)
        self.system.archive(SKUS[0])
        assert [self._came(lane, cursors) for lane in Lane] == [(3, 19, True, 1)] * 2

    def _came(self, lane: Lane, cursors: dict[Lane, Cursor]) -> tuple[int, int, bool, int]:
        """Articles that are new, and in all; whether that is all that is sold; bulk operations."""
        before, reading = len(self.system.bulks), self.read(lane, cursors[lane])
        new = [
            record for record in reading.records if (record.quantity, record.price)[lane is Lane.CATALOGUE] in (1, 1234)
        ]
        return len(new), len(reading.records), reading.complete, len(self.system.bulks) - before

    def test_variants_have_their_own_titles_and_without_a_sku_their_number(self):
        variant = self.system.variant(FIRST.sku)
        variant.update(sku=None, title="Poche")
        record = self.read().by_sku[variant["legacyResourceId"]]
        assert record.title == f"{FIRST.title} – Poche"

    def test_token_of_an_app_is_got_kept_and_got_again(self, db):
        now = timezone.now()
        access = replace(self.door.access, secrets={"key": SECRET})
        access = Access(access.kind, access.address, {**access.options, "client_id": CLIENT}, access.secrets)
        shop = factories.shop()
        connection = keeping.keep(shop.pk, access, now=now)
        first = keeping.access_to(connection, now=now)
        assert len(self.read(access=first).records) == len(KNOWN)
        again = keeping.access_to(ShopSystem.objects.get(), now=now)
        assert again.secrets == first.secrets
        self.system.expire_token()
        assert self.fails(access=first).reason.code == "system_key"
        tomorrow = keeping.access_to(ShopSystem.objects.get(), now=now + timezone.timedelta(hours=24))
        assert tomorrow.secrets["token"] != first.secrets["token"]
        assert len(self.read(access=tomorrow).records) == len(KNOWN)

    def test_wrong_secret_of_an_app_is_for_a_person(self):
        access = Access("shopify", self.between.address, {"client_id": CLIENT}, {"key": "shpss_mistyped"})
        with pytest.raises(SystemCallError) as caught:
            shopify.Shopify.renew(access)
        assert (caught.value.trouble, "mistyped" in str(caught.value)) == ("system_key", False)


class TestOrders(OrderingBehaviour):
    system: ShopifyUnderTest

    def test_refuses_what_is_not_there_and_makes_no_order(self):
        order = self.ordered(**{FIRST.sku: FIRST.quantity + 1})
        (line,) = self.send(order).lines
        assert (line.answer, line.units, line.reason) == (Answer.DECLINED, FIRST.quantity + 1, "sold")
        assert self.system.orders(order.number) == []

    def test_parcel_of_as_many_lines_as_an_order_may_have_is_heard_whole(self):
        skus = [f"X{number}" for number in range(30)]
        for number, sku in enumerate(skus):
            self.system.add_variant(2000 + number, sku)
        post = factories.delivery_option(self.shop, kind=DeliveryOption.Kind.POST)
        order = self.ordered(delivery_option=post, **dict.fromkeys(skus, 1))
        self._transmitted(order)
        self.system.ship(order.number, dict.fromkeys(skus, 1), "1Z999")
        self._heard()
        order.refresh_from_db()
        assert order.status == "handed_over"

    def test_somebody_quicker_at_the_till_has_it_asked_again(self):
        """Between our question and the order Shopify itself refuses; the next try hears that there are none."""
        order = self.ordered(**{FIRST.sku: 2})
        self.between.before = lambda call: call.writes and self.system.sell(FIRST.sku, FIRST.quantity - 1)
        error = self.fails(order)
        assert (error.permanent, error.unknown_outcome, self.system.orders(order.number)) == (False, False, [])
        self.between.clear()
        assert [line.answer for line in self.send(order).lines] == [Answer.DECLINED]

    def test_shop_that_sells_on_without_stock_is_heard_as_promising(self):
        order = self.ordered(**{FIRST.sku: 2})
        self.system.policy = "CONTINUE"
        self.between.before = lambda call: call.writes and self.system.sell(FIRST.sku, FIRST.quantity - 1)
        told = {line.answer: line.units for line in self.send(order).lines}
        assert told == {Answer.ACCEPTED: 1, Answer.BACK_ORDERED: 1}

    def test_number_that_begins_another_one_is_not_taken_for_it(self):
        """A search finds what begins so, too."""
        order = self.ordered(**{FIRST.sku: 1})
        line = {"variantId": self.system.variant(FIRST.sku)["id"], "quantity": 1}
        self.system.make_order({"lineItems": [line], "sourceIdentifier": f"{order.number}0"}, is_claimed=True)
        assert self.channel().look_up(order) is None
        assert self.send(order).reference == "#1002"

    @pytest.mark.parametrize(
        ("chosen", "reason", "told"),
        [
            ("CUSTOMER", "other", "customer"),
            ("DECLINED", "other", "payment"),
            ("FRAUD", "other", "fraud"),
            ("INVENTORY", "not_found", "copies"),
            ("STAFF", "other", "mistake"),
            ("OTHER", "other", "Cancelled in our system."),
        ],
    )
    def test_reason_that_the_shop_chose_is_heard(self, chosen, reason, told):
        self.shop.language = "en"
        self.shop.save(update_fields=["language"])
        order = self.ordered(**{FIRST.sku: 1})
        self._transmitted(order)
        self.system.cancel(order.number, chosen)
        self._heard()
        line = order.lines.get()
        assert (line.declined, line.decline_reason, told in line.decline_note) == (1, reason, True)

    def test_copy_that_was_not_there_is_sold_to_nobody_else(self):
        """Its number has it back by the cancellation."""
        self.synced()
        order = self.ordered(**{FIRST.sku: 1})
        self._transmitted(order)
        self.system.cancel(order.number, "INVENTORY")
        self._heard()
        self.synced(Lane.STOCK)
        assert self.stands(FIRST.sku) == (FIRST.quantity - 1, 1)

    def test_stock_of_which_much_changed_is_a_whole_list_to_the_shop(self, monkeypatch):
        """With its orders off it, and a moment from which on the next changes are asked for."""
        monkeypatch.setattr(adapter, "MANY", 2)
        self.synced()
        self._transmitted(self.ordered(**{FIRST.sku: 1}))
        for sku in SKUS[:3]:
            self.system.set_stock(sku, 9)
        (run,) = self.synced(Lane.STOCK)
        assert (run.state, run.complete, self.sellable(SKUS[1])) == ("done", True, 9)
        for variant in self.system.variants:
            variant["inventoryItem"]["level"]["updatedAt"] = OLD
        self.system.sell(SECOND.sku, 2)
        (run,) = self.synced(Lane.STOCK)
        assert (run.complete, run.read, self.sellable(SECOND.sku)) == (False, 1, 7)

    def test_order_is_cancelled_by_a_job_and_looked_at_until_it_is_done(self):
        order = self.ordered(**{FIRST.sku: 1})
        self._transmitted(order)
        self._taken_back(order)
        self.system.jobs_wait = True
        assert (self._told(), self._mails()) == (0, 0)
        self.system.cancel(order.number)  # the job, later
        assert (self._told(), self._mails(), self._is_there(order)) == (1, 0, False)

    def test_order_is_found_before_the_search_knows_of_it(self):
        order = self.ordered(**{FIRST.sku: 1})
        self.system.index_lags = True
        for _again in range(2):
            self.send(order)
        assert len(self.system.orders(order.number)) == 1

    def test_shopify_mails_nobody_and_has_the_order_paid(self):
        sent: list[bytes] = []
        self.between.before = lambda call: call.writes and sent.append(call.body)
        self.send(self.ordered(**{FIRST.sku: 1}))
        (body,) = sent
        assert b'"sendReceipt": false' in body
        assert b'"financialStatus": "PAID"' in body

    def test_prices_that_are_with_tax_are_refused_where_they_are_shown_without(self):
        connection, now = ShopSystem.objects.get(shop=self.shop), timezone.now()
        keeping.check(connection, now=now)
        self.system.with_tax = True
        with pytest.raises(SystemCallError) as caught:
            keeping.check(connection, now=now)
        assert (caught.value.trouble, caught.value.permanent) == ("system_prices", True)


class TestHooks(HookBehaviour):
    def test_another_event_is_heard_and_a_header_tells_none(self):
        """The id of an event is not signed: whoever saw one could give it another, or another one its id."""
        body, headers = self.system.news(FIRST.sku, self.system.hook_secret)
        self.post(body, headers)
        minute = timezone.now() + hooks.NEWS_EVERY
        for again, is_heard in (((body, headers | {"X-Shopify-Webhook-Id": "new"}), False), (self._later(), True)):
            self.rest()
            assert 200 <= self.post(*again) < 300
            assert StockLane.objects.filter(due_at__lte=minute).exists() == is_heard

    def _later(self) -> tuple[bytes, dict[str, str]]:
        self.system.sell(FIRST.sku, 1)
        return self.system.news(FIRST.sku, self.system.hook_secret)
