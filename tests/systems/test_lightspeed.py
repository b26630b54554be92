"""The behaviour suite on a contract server of Lightspeed X-Series' documents."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from catalog_sync.records import Availability, Lane
from shops.channels.base import Answer
from shops.models import ShopSystem
from shops.systems import keeping
from shops.systems.calling import SystemCallError
from tests.systems import lightspeed_server
from tests.systems.behaviour import FIRST, SECOND, Door, ReadingBehaviour, found, running
from tests.systems.behaviour_orders import OrderingBehaviour
from tests.systems.known import KNOWN
from tests.systems.lightspeed_server import CODE, SECRET, LightspeedUnderTest


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    with running(LightspeedUnderTest()) as opened:
        yield opened


class TestReading(ReadingBehaviour):
    def test_deleted_is_gone(self):
        cursor = self.read().cursor
        self.system.delete(FIRST.sku)
        assert self.read(since=cursor).gone == [FIRST.sku]

    def test_delta_is_by_version_whatever_the_clocks_say(self):
        """A cursor is the version up to which all was read; one of another time of day finds the same."""
        cursor, newest = self.read().cursor, max(each["version"] for each in self.system.products.values())
        self.system.set_price(FIRST.sku, 4321)
        moment, _space, version = cursor.value.partition(" ")
        assert version == str(newest)
        later = cursor._replace(value=f"2031{moment[4:]} {version}")
        assert list(self.read(since=later).by_sku) == [FIRST.sku]

    def test_delta_of_many_asks_for_all_at_once(self):
        cursors = {lane: self.read(lane).cursor for lane in Lane}
        for number in range(30):
            self.system._product(f"N{number}", f"New {number}", "", 100, 1)
        for lane in Lane:
            self.between.clear()
            assert len(self.read(lane, cursors[lane]).records) == 30
            assert len(self.between.calls) <= 6

    def test_price_is_with_tax_where_the_marketplace_shows_it_so(self):
        assert self.read(tax_included=True).by_sku[FIRST.sku].price == round(FIRST.price * 1.05)

    def test_what_is_not_tracked_is_unknown(self):
        self.system.products[f"p-{FIRST.sku}"]["has_inventory"] = False
        del self.system.levels[f"p-{SECOND.sku}", "outlet-main"]
        found = self.read(Lane.STOCK).by_sku
        assert (found[FIRST.sku].quantity, found[FIRST.sku].availability) == (None, Availability.IN_STOCK)
        assert found[SECOND.sku].quantity is None

    def test_limit_of_calls_is_waited_for_until_the_date_that_is_told(self):
        self.system.left = 3
        error = self.fails()
        assert (error.reason.code, error.permanent) == ("system_busy", False)
        assert 0 < error.later_seconds <= 240


class TestOrders(OrderingBehaviour):
    def test_sale_that_is_settled_is_accepted_still(self):
        order = self.ordered(**{FIRST.sku: 1})
        self.send(order)
        self.system.sales[0]["state"] = "closed"
        (line,) = self.said(order.number).receipt.lines
        assert (line.answer, line.units) == (Answer.ACCEPTED, 1)

    def test_line_that_is_returned_is_declined_once_the_return_is_done(self):
        """It is in a sale of its own; the one that it is of does not change."""
        order = self.ordered(**{FIRST.sku: 3, SECOND.sku: 1})
        self._transmitted(order)
        self.system.sales[0]["updated_at"] = lightspeed_server.LONG_AGO
        self.system.give_back(order.number, FIRST.sku, 1, state="parked")
        self._heard()
        assert self._counts(order) == {FIRST.sku: (3, 0, 0), SECOND.sku: (1, 0, 0)}
        for _again in range(2):
            self.system.give_back(order.number, FIRST.sku, 1)
            self._heard()
        assert self._counts(order) == {FIRST.sku: (1, 2, 0), SECOND.sku: (1, 0, 0)}

    def test_sales_of_others_on_our_account_are_passed_over(self):
        order = self.ordered(**{FIRST.sku: 1})
        self.send(order)
        theirs = {**self.system.sales[0], "id": "theirs", "source": {"id": None, "type": None}}
        self.system.sales.append(theirs)
        heard = self.channel().states(timezone.now() - timedelta(minutes=1))
        assert [state.number for state in heard] == [order.number]

    # 6: tokens

    def _by_application(self) -> ShopSystem:
        access = self.system.by_application(self.between.address)
        access.options.update(self.system.known_of())
        return keeping.keep(self.shop.pk, found(access), now=timezone.now())

    def test_refresh_token_is_another_one_after_each_use_and_never_used_twice(self):
        connection, now = self._by_application(), timezone.now()
        first = keeping.access_to(connection, now=now).secrets
        assert (first["client_secret"], "code" in first, self.system.spent) == (SECRET, False, {CODE})
        assert keeping.access_to(connection, now=now).secrets == first
        order = self.ordered(**{FIRST.sku: 1})
        assert self.send(order).is_booked
        self.system.expire_token()
        second = keeping.access_to(connection, now=now + timedelta(days=1)).secrets
        assert second["refresh"] != first["refresh"]
        assert self.system.spent == {CODE, first["refresh"]}
        assert connection.secrets == second
        assert len(self.read(access=keeping.access_to(connection, now=now)).records) == len(KNOWN)

    def test_refresh_token_that_is_spent_is_for_a_person(self):
        connection, now = self._by_application(), timezone.now()
        kept = keeping.access_to(connection, now=now).secrets
        self.system.refresh.clear()
        with pytest.raises(SystemCallError) as caught:
            keeping.access_to(connection, now=now + timedelta(days=1))
        assert (caught.value.trouble, caught.value.permanent) == ("system_key", True)
        assert not [secret for secret in kept.values() if secret in str(caught.value)]
        assert connection.secrets == kept

    def test_exchange_that_is_not_answered_is_tried_again_with_what_there_is(self):
        connection, now = self._by_application(), timezone.now()
        self.between.plan = lambda call: "error" if "token" in call.path else ""
        with pytest.raises(SystemCallError) as caught:
            keeping.access_to(connection, now=now)
        assert not caught.value.permanent
        self.between.clear()
        assert keeping.access_to(connection, now=now).secrets["token"]
