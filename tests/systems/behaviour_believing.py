"""What may not be believed of any shop system, as a test class to inherit: prices that are entered otherwise than they
were, and answers of another form than any that it has."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog_sync import health, sync
from catalog_sync.adapters import adapter_class
from catalog_sync.doors import connecting
from catalog_sync.models import Feed, StockLane
from catalog_sync.reasons import FeedError
from catalog_sync.records import Lane
from marketplace.foundation.models import MailMessage
from shops.channels.base import Answer
from shops.models import ShopSystem, Transmission
from shops.orders import hearing, routing
from tests import factories
from tests.systems import faults
from tests.systems.behaviour import FIRST, SECOND
from tests.systems.behaviour_chain import ConnectedBehaviour
from tests.systems.faults import between
from tests.systems.known import KNOWN
from tests.systems.under_test import KNOWS_STOCK_CHANGES, LOOKS_UP, SAYS_TAX

# Signs that separate, quote or stand for any in the questions of one system or another.
ODD_NUMBERS = ["A,1", "12,34", "A|1", "A[1]", "A'1\"", "A\\1", "A/1", "A:1 (x)", "A%", "A_1*", "a&b=c+d#e?"]
ODD = [b'{"data": null}', b'{"message": "down for maintenance"}']
PASSING = {"system_unclear", "system_away", "system_maintenance"}


@pytest.mark.django_db
class BelievingBehaviour(ConnectedBehaviour):
    def test_prices_that_are_entered_with_tax_from_now_on_are_refused(self):
        self.needs(SAYS_TAX)
        self.synced()
        self.system.enter_with_tax()
        with pytest.raises(FeedError) as caught:
            self.read(tax_included=False)
        assert (caught.value.reason.code, caught.value.permanent) == ("system_prices", True)
        assert len(self.read(tax_included=True).records) == len(self.read(Lane.STOCK).records) == len(KNOWN)

    def test_another_address_gets_nothing_of_ours_and_is_told(self):
        """As of a site that has moved to "www.": what asks by POST is not led there, and no key is sent after it."""
        with between(self.between.there.geturl()) as elsewhere:
            self.between.leads_to = elsewhere.address.replace("127.0.0.1", "localhost")
            self.between.plan = lambda call: faults.MOVED
            error = self._refused()
            assert (error.reason.code, error.permanent) == ("system_address", True)
            assert self.between.leads_to in str(error)
            assert elsewhere.calls == []

    @pytest.mark.parametrize("lane", list(Lane))
    def test_answer_of_another_form_is_not_believed(self, lane, monkeypatch):
        """Whichever it is of a reading of many pages: nothing is taken from it, and it passes by itself."""
        self.system.small_pages(monkeypatch)
        self.between.clear()
        self.read(lane)
        for number in range(1, len(self.between.calls) + 1):
            self.between.clear()
            self.between.plan = lambda call, number=number: faults.ODD if call.number == number else ""
            error = self._refused(lane)
            assert (error.reason.code in PASSING, error.permanent) == (True, False), (number, error)

    @pytest.mark.parametrize("says", ODD)
    def test_answer_that_nobody_understands_parks_no_feed_and_is_told(self, says):
        self.synced()
        now = timezone.now()
        Feed.objects.update(due_at=now)
        StockLane.objects.update(due_at=now + timedelta(hours=9))
        self._answers(says)
        assert sync.sync_feeds(now) == 1
        feed, connection = Feed.objects.get(), ShopSystem.objects.get()
        assert (feed.parked_at, feed.due_at > now, connection.paused_at) == (None, True, None)
        assert connection.trouble["code"] in PASSING

    @pytest.mark.parametrize("says", ODD)
    def test_first_call_that_nobody_understands_is_told(self, says):
        now = timezone.now()
        connecting.connect(self.shop, self.system.entered(self.between.address), by=factories.user(), now=now)
        self._answers(says)
        for hours in (0, 1, 3):
            ShopSystem.objects.update(due_at=now)
            assert hearing.hear_systems(now + timedelta(hours=hours)) == 0
            assert ShopSystem.objects.get().trouble["code"] in PASSING
        assert ShopSystem.objects.get().paused_at is not None
        assert MailMessage.objects.filter(kind="shop_system").count() == 1

    @pytest.mark.parametrize("says", ODD)
    def test_later_call_that_nobody_understands_is_told(self, says):
        self._heard()
        ShopSystem.objects.update(due_at=timezone.now())
        self._answers(says)
        assert hearing.hear_systems(timezone.now()) == 0
        assert ShopSystem.objects.get().trouble["code"] in PASSING

    @pytest.mark.parametrize("nth", ["first", "last"])
    def test_order_whose_answer_nobody_understands_is_not_made_twice(self, nth):
        self.needs(LOOKS_UP)
        last = self._writing_calls()
        self.synced()
        order = self.ordered(**{FIRST.sku: 1})
        row = self._due(order)
        self._at_write(1 if nth == "first" else last, faults.ODD)
        if not routing.transmit_orders(timezone.now()):  # else it was seen by the next call that it is there
            row.refresh_from_db()
            assert (row.outcome, row.parked_at) == (Transmission.Outcome.UNKNOWN, None)
            self.between.clear()
            Transmission.objects.update(due_at=timezone.now())
            assert routing.transmit_orders(timezone.now()) == 1
        assert len(self.system.orders(order.number)) == 1

    @pytest.mark.parametrize("sku", ODD_NUMBERS)
    def test_article_of_an_odd_number_can_be_ordered_or_is_not_sold(self, sku):
        if not hasattr(self.system, "renumber"):
            pytest.skip(f"{self.system.kind}: its articles keep their numbers")
        self.system.renumber(FIRST.sku, sku)
        for lane in Lane:
            reading = self.read(lane)
            if sku not in reading.by_sku:
                (refused,) = [each for chunk in reading.chunks for each in chunk.refused]
                assert (refused.reason.code, reading.gone) == ("sku_with_sign", [sku])
                continue
            order = self.ordered(**{sku: 1})
            assert [(line.sku, line.answer) for line in self.send(order).lines] == [(sku, Answer.ACCEPTED)]

    def test_sale_that_no_reading_of_changes_missed_is_no_drift(self, monkeypatch):
        """The whole reading of a day finds what was sold since the last one of changes, too."""
        self.needs(KNOWS_STOCK_CHANGES)
        self.synced()
        self.synced(Lane.STOCK)
        for known in (FIRST, SECOND):
            self.system.sell(known.sku, 1)
            StockLane.objects.update(full_at=None)
            (run,) = self.synced(Lane.STOCK)
            assert (run.complete, self.sellable(known.sku)) == (True, known.quantity - 1)
            missed = known == SECOND
            found = health.health(self.feed, now=timezone.now())
            assert (known.sku, found.drift) == (known.sku, int(missed))
            self._misses_changes(monkeypatch)

    def _misses_changes(self, monkeypatch) -> None:
        adapter = adapter_class(self.system.kind)
        read = adapter.read

        def missed(adapter, client, lane, since):
            pages = read(adapter, client, lane, since)
            return pages if since is None else ([each for each in page if False] for page in pages)

        monkeypatch.setattr(adapter, "read", missed)

    def _answers(self, says: bytes) -> None:
        self.between.clear()
        self.between.says = says
        self.between.plan = lambda call: faults.ODD

    def _refused(self, lane: Lane = Lane.CATALOGUE) -> FeedError:
        with pytest.raises(FeedError) as caught:
            self.read(lane)
        self.no_secret_in(str(caught.value))
        assert caught.value.reason is not None
        return caught.value
