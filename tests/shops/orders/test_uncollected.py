"""What lies ready and nobody comes for: until when it is kept, who is told, what becomes of copies and order."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from django.utils import timezone

from marketplace.foundation.models import AuditEntry, MailMessage
from shops import absorbing
from shops.models import Allocation, Cancellation, Shop, ShopOrder, ShopOrderLine, Supply
from shops.orders import cancelling, fulfilment, held, uncollected
from shops.orders.fulfilment import FulfilmentError
from shops.orders.held import Deed, Press
from tests import factories
from tests.checkout.test_crashes import dies_at
from tests.shops.orders.test_cancelling import placed, sellable, sent
from tests.shops.orders.test_expiring import broken
from tests.shops.racing import at_once

DAY = timedelta(days=1)
MONDAY = datetime(2026, 3, 2, 15, tzinfo=UTC)


def ready(units: int = 2, *, now: datetime | None = None, **shop: object) -> ShopOrder:
    """Of three copies so many lie ready at the counter, and the shop knows of it."""
    line = sent(units, **shop)
    order = ShopOrder.objects.get(pk=line.shop_order_id)
    now = now or timezone.now()
    fulfilment.accept_all(order, by="staff", now=now)
    fulfilment.pack(order, by="staff", now=now)
    return ShopOrder.objects.select_related("shop", "order").get(pk=order.pk)


def watch(order: ShopOrder, days: float) -> int:
    return uncollected.watch_pickups(order.answered_at + timedelta(days=days))


def ends(order: ShopOrder) -> datetime:
    return order.keep_until + timedelta(minutes=1)


def mails(kind: str) -> list[MailMessage]:
    return list(MailMessage.objects.filter(kind=kind).order_by("pk"))


@pytest.mark.django_db
class TestKept:
    def test_until_the_shop_closes_on_the_last_day_or_the_next_on_which_it_is_open(self):
        order = ready(now=MONDAY)
        shop = order.shop
        assert order.keep_until == datetime(2026, 3, 17, 3, 59, tzinfo=UTC)  # no hours: the end of Monday the 16th
        factories.opening_hours(shop, weekday=3, opens=time(9), closes=time(18))
        other = factories.shop_order(shop, (factories.stock_record(shop, units=1), 1))
        fulfilment.accept_all(other, by="staff", now=MONDAY), fulfilment.pack(other, by="staff", now=MONDAY)
        assert ShopOrder.objects.get(pk=other.pk).keep_until == datetime(2026, 3, 19, 22, tzinfo=UTC)
        text = mails("shop_order_ready")[1].text
        assert all(words in text for words in ("jeudi 09:00–18:00", "19 mars 2026 18:00", "K7M3QX", shop.line1))

    def test_a_setting_later_leaves_what_lies_ready(self):
        order = ready()
        Shop.objects.update(kept_days=1)
        assert (watch(order, 2), ShopOrder.objects.get().status) == (0, "packed")

    def test_preordered_title_is_kept_from_its_day_on(self):
        line = sent(1)
        day = (MONDAY + 30 * DAY).date()
        ShopOrderLine.objects.filter(pk=line.pk).update(supply=Supply.PREORDER, expected_on=day)
        Allocation.objects.all().delete()
        order = line.shop_order
        fulfilment.accept_all(order, by="staff", now=MONDAY), fulfilment.pack(order, by="staff", now=MONDAY)
        assert ShopOrder.objects.get().keep_until.date() == day + 15 * DAY  # before midnight: the next day in UTC

    def test_what_is_sent_is_not_kept(self):
        shop = factories.shop()
        post = factories.delivery_option(shop, "post")
        order = factories.shop_order(shop, (factories.stock_record(shop), 1), delivery_option=post)
        fulfilment.accept_all(order, by="staff", now=MONDAY), fulfilment.pack(order, by="staff", now=MONDAY)
        order.refresh_from_db()
        assert order.keep_until is None
        with pytest.raises(FulfilmentError, match="does not lie ready"):
            uncollected.take_back(order, by="staff", now=MONDAY + 90 * DAY)


@pytest.mark.django_db
class TestEnd:
    def test_reader_is_reminded_then_it_goes_back_and_the_copies_wait_for_the_shops_word(self):
        order = ready(2)
        assert [watch(order, days) for days in (10, 12.1, 12.2, 13.9)] == [0, 1, 0, 0]
        assert "K7M3QX" in mails("shop_order_still_waits")[0].text
        assert (uncollected.watch_pickups(ends(order)), uncollected.watch_pickups(ends(order))) == (1, 0)
        order.refresh_from_db()
        line = order.lines.get()
        assert (order.status, order.is_taken_back) == ("declined", True)
        assert (line.declined, line.cancelled, line.uncollected, line.missing_units) == (2, 2, 2, 0)
        assert (sellable(line), order.reroutings.count(), broken()) == (1, 0, {})  # the clock alone frees none
        assert len(mails("shop_order_uncollected")) == 1
        cancelling.tell_cancellations(ends(order))
        assert "Personne n’est venu" in mails("shop_order_taken_back")[0].text
        assert (fulfilment.put_back(order, by="staff", now=ends(order)), sellable(line), broken()) == (2, 3, {})

    def test_number_that_contains_them_frees_none_either(self):
        """Its till booked them out when they were accepted: they come back with its next number."""
        order = ready(2, reserves_on_accept=True, booking_lag_minutes=0)
        line = order.lines.get()
        record = line.stock_record
        absorbing.write_number(record, 1, as_of=timezone.now(), now=timezone.now())
        uncollected.take_back(order, by="system", now=ends(order))
        assert (sellable(line), broken()) == (1, {})
        fulfilment.put_back(order, by="staff", now=ends(order))
        assert (sellable(line), broken()) == (1, {})

    def test_shop_that_decides_each_time_is_left_to(self):
        order = ready(2, uncollected="ask")
        watch(order, 12)
        assert [uncollected.watch_pickups(ends(order) + n * DAY) for n in (0, 1)] == [0, 0]
        order.refresh_from_db()
        assert (order.status, broken()) == ("packed", {})
        uncollected.take_back(order, by="staff", now=ends(order), on_shelf=True)
        assert (sellable(order.lines.get()), Cancellation.objects.get().put_back_at, broken()) == (3, ends(order), {})
        cancelling.tell_cancellations(ends(order))
        assert mails("shop_order_taken_back") == []  # whoever put it there is not asked to

    def test_what_the_reader_took_back_before_stays_where_it_lies(self):
        """It was set aside for this order, and nobody has put it on the shelf."""
        line = sent(2, uncollected="ask")
        now = timezone.now()
        fulfilment.cancel(line, 1, by="reader", now=now)
        order = ShopOrder.objects.get(pk=line.shop_order_id)
        fulfilment.accept_all(order, by="staff", now=now), fulfilment.pack(order, by="staff", now=now)
        order = ShopOrder.objects.select_related("shop", "order").get(pk=order.pk)
        uncollected.take_back(order, by="staff", now=ends(order), on_shelf=True)
        back = dict(Cancellation.objects.values_list("cause", "put_back_at"))
        assert (back, broken()) == ({"reader": None, "uncollected": ends(order)}, {})
        assert sellable(order.lines.get()) == 2  # of three

    def test_what_was_ordered_for_the_reader_goes_back_too(self):
        """No copy of it was promised from the shelf: nothing waits to be put there."""
        line = sent(1, uncollected="ask")
        ShopOrderLine.objects.filter(pk=line.pk).update(supply=Supply.ORDER)
        Allocation.objects.all().delete()
        now = timezone.now()
        order = ShopOrder.objects.get(pk=line.shop_order_id)
        fulfilment.accept_all(order, by="staff", now=now), fulfilment.pack(order, by="staff", now=now)
        order = ShopOrder.objects.select_related("shop", "order").get(pk=order.pk)
        uncollected.take_back(order, by="staff", now=ends(order), on_shelf=True)
        order.refresh_from_db()
        assert (order.status, order.is_taken_back) == ("declined", True)

    def test_shop_that_wants_it_back_after_all_gets_it(self):
        order = ready(1, uncollected="ask")
        watch(order, 12), uncollected.watch_pickups(ends(order))
        Shop.objects.update(uncollected="back")
        assert uncollected.watch_pickups(ends(order) + uncollected.ASKED_AGAIN_AFTER) == 1
        assert ShopOrder.objects.get().status == "declined"

    def test_not_before_its_time_and_a_week_longer_counts(self):
        order = ready()
        with pytest.raises(FulfilmentError, match="It is kept for the reader until"):
            uncollected.take_back(order, by="staff", now=ends(order) - DAY)
        seen = ShopOrder.objects.select_related("shop").get()
        uncollected.keep_longer(seen, by="staff", now=ends(order) - DAY)
        assert seen.keep_until == order.keep_until + 7 * DAY
        with pytest.raises(FulfilmentError, match="Someone changed"):
            uncollected.keep_longer(order, by="staff", now=ends(order) - DAY)
        assert uncollected.watch_pickups(ends(order)) == 0
        order.refresh_from_db()
        assert (uncollected.watch_pickups(ends(order)), ShopOrder.objects.get().status) == (1, "declined")

    def test_what_was_kept_too_long_is_noticed(self):
        """Negative control of the invariant."""
        ready()
        ShopOrder.objects.update(keep_until=timezone.now() - timedelta(hours=2))
        assert list(broken()) == ["orders: what nobody collects goes back"]
        uncollected.watch_pickups(timezone.now() + 30 * DAY)
        assert broken() == {}

    def test_late_reader_is_told_by_staff_who_are_told(self):
        order = ready()
        uncollected.take_back(ShopOrder.objects.get(), by="system", now=ends(order))
        with pytest.raises(FulfilmentError, match="changed this order meanwhile: the network"):
            fulfilment.hand_over(order, by="staff", now=ends(order), code="K7M3QX")
        with pytest.raises(FulfilmentError, match="Nobody came for this order in time"):
            fulfilment.hand_over(ShopOrder.objects.get(), by="staff", now=ends(order), code="K7M3QX")

    def test_hand_over_that_waits_at_the_desk_holds_it(self):
        order = ready()
        clerk = factories.member(order.shop).user
        held.press(order, Press(Deed.HAND_OVER, order.version, "o", code="K7M3QX"), by=clerk, now=ends(order))
        assert uncollected.watch_pickups(ends(order)) == 0
        held.do_desk_actions(ends(order) + timedelta(minutes=1))
        assert ShopOrder.objects.get().status == "handed_over"
        assert (uncollected.watch_pickups(ends(order) + DAY), broken()) == (0, {})

    def test_one_that_fails_stops_no_other(self, monkeypatch: pytest.MonkeyPatch):
        first, second = ready(), ready()
        ShopOrder.objects.update(keep_watch_at=second.keep_until)
        done = uncollected.take_back
        monkeypatch.setattr(uncollected, "take_back", lambda row, **k: 1 / 0 if row.pk == first.pk else done(row, **k))
        assert uncollected.watch_pickups(ends(second)) == 1
        assert sorted(ShopOrder.objects.values_list("pk", "status")) == [(first.pk, "packed"), (second.pk, "declined")]

    def test_transmission_that_never_left_is_told_of_nothing_else(self):
        """Accepted in the portal while its system did not answer."""
        line = placed(1)
        order = ShopOrder.objects.get()
        fulfilment.accept_all(order, by="staff", now=MONDAY), fulfilment.pack(order, by="staff", now=MONDAY)
        uncollected.watch_pickups(MONDAY + 30 * DAY), uncollected.watch_pickups(MONDAY + 30 * DAY)
        assert (sellable(line), broken()) == (2, {})
        assert cancelling.tell_cancellations(MONDAY + 31 * DAY) == 1


@pytest.mark.usefixtures("committed_db")
def test_reader_at_the_counter_and_the_step_at_once_have_one_winner():
    for _ in range(5):
        order = ready(1)
        line = order.lines.get()

        def act(number: int, order: ShopOrder = order) -> str:
            mine = ShopOrder.objects.select_related("shop", "order").get(pk=order.pk)
            mine.version = order.version
            if number:
                fulfilment.hand_over(mine, by="staff", now=ends(order), code="K7M3QX")
                return "handed_over"
            uncollected.take_back(mine, by="system", now=ends(order))
            return "declined"

        results = at_once(act, 2)
        won = [result for result in results if isinstance(result, str)]
        assert [type(one) for one in results if not isinstance(one, str)] == [FulfilmentError]
        order.refresh_from_db(), line.refresh_from_db()
        assert [order.status] == won
        assert (line.handed_over, line.uncollected) == ((1, 0) if won == ["handed_over"] else (0, 1))
        ended = AuditEntry.objects.filter(action__in=["shop_order.take_back", "shop_order.hand_over"])
        assert ended.filter(subject_id=str(order.pk)).count() == 1
    assert broken() == {}


@pytest.mark.usefixtures("committed_db")
@pytest.mark.parametrize("where", ["take_back.before_commit", "take_back.after_commit"])
def test_death_takes_back_all_or_nothing(where):
    order = ready(2)
    assert dies_at(where, lambda: uncollected.take_back(order, by="system", now=ends(order)))
    uncollected.watch_pickups(ends(order)), uncollected.watch_pickups(ends(order))
    order.refresh_from_db()
    assert (order.status, Cancellation.objects.count(), broken()) == ("declined", 1, {})
    assert len(mails("shop_order_uncollected")) == 1
