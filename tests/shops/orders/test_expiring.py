"""Silence has an end: who is told when, what becomes of the copies, and who wins against a late answer."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import override

from marketplace.foundation.models import MailMessage
from shops import absorbing, invariants
from shops.models import Allocation, Cancellation, ShopOrder, ShopOrderLine, Transmission
from shops.orders import answer_times, cancelling, expiring, fulfilment, leaving, routing
from shops.orders.fulfilment import FulfilmentError
from tests import factories
from tests.shops.orders.test_cancelling import cancel, placed, sellable, sent
from tests.shops.racing import at_once

DUE = timedelta(hours=48)


def watched(line: ShopOrderLine) -> ShopOrder:
    """Its order is looked at from now on, as one that was split."""
    ShopOrder.objects.filter(pk=line.shop_order_id).update(watch_at=line.shop_order.created_at)
    return line.shop_order


def by_portal() -> list[ShopOrderLine]:
    """Two lines of an order that waits for its shop's system, the first accepted in the portal."""
    shop = factories.shop()
    order = factories.shop_order(shop, *((factories.stock_record(shop, units=3), 1) for _ in range(2)))
    Transmission.objects.create(shop_order=order, shop=shop, channel="email", due_at=order.created_at, attempts=1)
    first, second = order.lines.all()
    fulfilment.accept(first, 1, by="staff", now=timezone.now())
    return [first, second]


def fresh(line: ShopOrderLine) -> ShopOrderLine:
    return ShopOrderLine.objects.select_related("shop_order__shop").get(pk=line.pk)


def follow(shop_order: ShopOrder, after: timedelta) -> int:
    return expiring.follow_answers(shop_order.created_at + after)


def kinds() -> list[str]:
    return list(MailMessage.objects.order_by("pk").values_list("kind", flat=True))


def broken() -> dict[str, list[str]]:
    """What is wrong; the orders of these tests are parts of orders that were never added up."""
    found = {name: bad for name, test in invariants.INVARIANTS.items() if (bad := test())}
    return {name: bad for name, bad in found.items() if "add up" not in name}


@pytest.mark.django_db
class TestTelling:
    def test_shop_is_reminded_then_reader_told_then_it_ends(self):
        line = sent(2)
        order = watched(line)
        ShopOrder.objects.update(watch_at=order.created_at + DUE / 2)
        assert [follow(order, timedelta(hours=hours)) for hours in (23, 24, 24, 35, 36, 36, 47)] == [
            0, 1, 0, 0, 1, 0, 0,
        ]  # fmt: skip
        assert kinds() == ["shop_order_new", "shop_order_reminder", "shop_order_late"]
        assert follow(order, DUE) == 1
        assert kinds()[3:] == ["shop_order_unanswered"]
        order.refresh_from_db()
        line.refresh_from_db()
        assert (order.status, line.declined, line.cancelled, line.decline_reason) == ("declined", 2, 0, "no_answer")
        assert (follow(order, DUE), order.watch_at, broken()) == (0, None, {})

    def test_readers_mail_says_what_happens_and_cancels_at_once(self):
        line = sent(2)
        order = watched(line)
        follow(order, timedelta(hours=24)), follow(order, timedelta(hours=36))
        mail = MailMessage.objects.get(kind="shop_order_late")
        assert f"/cancel/{line.pk}/" in mail.text or f"{line.pk}" in mail.text.split("2 × ")[1]
        assert line.title in mail.text

    def test_who_answers_is_left_alone(self):
        line = sent(1)
        order = watched(line)
        fulfilment.accept_all(ShopOrder.objects.get(), by="staff", now=timezone.now())
        assert follow(order, DUE) == 0
        assert kinds() == ["shop_order_new", "shop_order_accepted"]

    def test_one_that_fails_stops_no_other(self, monkeypatch: pytest.MonkeyPatch):
        first, second = watched(sent(1)), watched(sent(1))
        end = expiring.expire
        monkeypatch.setattr(expiring, "expire", lambda row, **now: 1 / 0 if row.pk == first.pk else end(row, **now))
        assert expiring.follow_answers(first.created_at + DUE + timedelta(minutes=1)) == 1
        first.refresh_from_db(), second.refresh_from_db()
        assert (first.status, second.status) == ("new", "declined")
        assert first.watch_at > first.created_at + DUE

    def test_silence_without_end_is_noticed(self):
        """Negative control of the invariant."""
        line = sent(1)
        assert broken() == {}
        ShopOrder.objects.update(answer_due_at=timezone.now() - timedelta(hours=2))
        assert list(broken()) == ["orders: silence has an end"]
        expiring.expire(ShopOrder.objects.get(pk=line.shop_order_id), now=timezone.now())
        assert broken() == {}


@pytest.mark.django_db
class TestToldLate:
    def test_who_was_never_told_is_not_silent(self):
        """Its order waits behind another one, or no worker ran; the payment waits for a day more."""
        line = placed(1)
        order = watched(line)
        ShopOrder.objects.update(waits_until=order.created_at + DUE * 1.5)
        assert [follow(order, DUE), follow(order, DUE)] == [1, 0]
        order.refresh_from_db()
        assert (order.status, order.watch_at) == ("new", order.created_at + DUE + expiring.AGAIN_AFTER)
        routing.transmit_orders(order.created_at + DUE)
        order.refresh_from_db()
        assert order.answer_due_at == order.created_at + DUE * 1.5
        assert [follow(order, DUE * n) for n in (1.1, 1.3, 1.5)] == [0, 1, 1]
        assert kinds() == ["shop_order_new", "shop_order_reminder", "shop_order_unanswered"]

    def test_it_waits_no_longer_than_the_payment(self):
        order = watched(placed(1))
        ShopOrder.objects.update(waits_until=order.created_at + DUE)
        assert [follow(order, DUE), ShopOrder.objects.get().status] == [1, "declined"]

    def test_its_time_begins_when_it_is_told(self):
        order = watched(placed(1))
        routing.transmit_orders(order.created_at + timedelta(hours=30))
        order.refresh_from_db()
        due = order.created_at + timedelta(hours=30) + DUE
        assert (order.answer_due_at, order.watch_at) == (due, due - DUE / 2)
        with override(order.shop.language):
            said = date_format(timezone.localtime(due, ZoneInfo(order.shop.timezone)), "DATETIME_FORMAT")
        assert said in MailMessage.objects.get(kind="shop_order_new").text

    def test_it_is_noticed_when_nobody_tells_it(self):
        """Negative control: what is exempt of the invariant is so for a while."""
        placed(1)
        ShopOrder.objects.update(answer_due_at=timezone.now() - timedelta(hours=2))
        assert broken() == {}
        ShopOrder.objects.update(answer_due_at=timezone.now() - answer_times.MOST)
        assert list(broken()) == ["orders: silence has an end"]


@pytest.mark.django_db
class TestStock:
    def test_what_the_shop_was_told_of_stays_promised_until_its_word(self):
        line = sent(2)
        follow(watched(line), DUE)
        assert sellable(line) == 1
        assert (Cancellation.objects.get().cause, Allocation.objects.get().cause) == ("no_answer", "cancelled")
        assert cancelling.tell_cancellations(line.shop_order.created_at + DUE) == 1
        assert "Personne" in MailMessage.objects.get(kind="shop_order_taken_back").text
        assert fulfilment.put_back(line.shop_order, by="staff", now=timezone.now()) == 2
        assert (sellable(line), broken()) == (3, {})

    def test_what_it_never_heard_of_is_free_at_once(self):
        line = placed(2)
        Transmission.objects.update(attempts=1)  # in vain
        follow(watched(line), DUE)
        later = line.shop_order.created_at + DUE
        assert (sellable(line), Transmission.objects.get().outcome) == (3, "withdrawn")
        assert (routing.transmit_orders(later), cancelling.tell_cancellations(later)) == (0, 0)
        assert broken() == {}

    def test_what_staff_answered_in_the_portal_is_known_there_though_it_was_never_sent(self):
        """One line is kept for the reader, of the other nobody said anything; then the reader wants neither."""
        first, second = by_portal()
        follow(watched(first), DUE)
        assert [sellable(line) for line in (first, second)] == [2, 2]
        cancel(fresh(first))
        later = first.shop_order.created_at + DUE
        assert ([sellable(line) for line in (first, second)], Transmission.objects.get().outcome) == ([2, 2], "sent")
        assert routing.transmit_orders(later) == 0
        assert [cancelling.tell_cancellations(later) for _ in range(3)] == [1, 1, 0]
        assert broken() == {}

    @pytest.mark.parametrize("parked", [False, True])
    def test_shop_hears_what_left_an_order_that_it_then_declines(self, parked):
        first, second = by_portal()
        cancel(fresh(first))
        fulfilment.decline(fresh(second), 1, by="staff", reason="sold", now=timezone.now())
        if parked:
            Transmission.objects.update(parked_at=timezone.now())
            routing.let_through(timezone.now())
        assert (routing.transmit_orders(timezone.now()), Transmission.objects.get().outcome) == (0, "sent")
        assert cancelling.tell_cancellations(timezone.now()) == 1

    def test_what_the_shop_was_reminded_of_is_known_there(self):
        line = placed(2)
        ShopOrder.objects.update(reminded_at=line.shop_order.created_at)
        Transmission.objects.update(attempts=1)
        follow(watched(line), DUE)
        assert (sellable(line), Transmission.objects.get().outcome) == (1, "sent")
        assert broken() == {}

    def test_end_that_releases_would_sell_a_copy_twice(self, monkeypatch: pytest.MonkeyPatch):
        """Negative control: the shop had rung the copy up and sent it, and said so to nobody."""
        line = sent(1, have=1)
        monkeypatch.setattr(leaving, "SENT", set())
        follow(watched(line), DUE)
        assert sellable(line) == 1

    def test_answered_part_stays(self):
        line = sent(3)
        fulfilment.accept(line, 2, by="staff", now=timezone.now())
        follow(watched(line), DUE)
        line.refresh_from_db()
        line.shop_order.refresh_from_db()
        assert (line.accepted, line.declined, line.shop_order.status) == (2, 1, "accepted")
        assert (sellable(line), broken()) == (0, {})

    def test_shops_number_ends_what_it_contains(self):
        """The shop reserves when it accepts: what it accepted and what ended are both in its next number."""
        line = sent(2, have=2, reserves_on_accept=True)
        fulfilment.accept(line, 1, by="staff", now=timezone.now())
        follow(watched(line), DUE)
        now = timezone.now() + timedelta(minutes=1)
        absorbing.write_number(line.stock_record, 1, as_of=now, now=now)
        assert (sellable(line), broken()) == (0, {})
        fulfilment.put_back(line.shop_order, by="staff", now=now)
        assert (sellable(line), broken()) == (1, {})


@pytest.mark.django_db
def test_late_answer_is_told_what_became_of_it():
    line = sent(1)
    seen = ShopOrder.objects.get()
    follow(watched(line), DUE)
    for order in (seen, ShopOrder.objects.get()):  # as the person saw it, and looked at anew
        with pytest.raises(FulfilmentError, match=r"Nobody answered this order in time.*does not pay"):
            fulfilment.accept_all(order, by="staff", now=timezone.now())


@pytest.mark.django_db
def test_end_before_its_time_is_refused():
    line = sent(1)
    assert expiring.expire(line.shop_order, now=line.shop_order.created_at) is False
    line.refresh_from_db()
    assert line.open_units == 1


def test_of_an_answer_and_the_end_at_once_one_counts(committed_db):
    shop = factories.shop()
    for _ in range(4):
        order = factories.shop_order(shop, (factories.stock_record(shop), 1), answer_due_at=timezone.now())
        seen = [ShopOrder.objects.get(pk=order.pk) for _ in range(2)]

        def answer(number: int, seen=seen) -> str:
            if number:
                fulfilment.accept_all(seen[1], by="one", now=timezone.now())
                return "accepted"
            return "declined" if expiring.expire(seen[0], now=timezone.now()) else ""

        results = at_once(answer, 2)
        won = [result for result in results if isinstance(result, str) and result]
        order.refresh_from_db()
        assert ([order.status], order.version) == (won, 1)
        assert all(isinstance(result, str | FulfilmentError) for result in results), results
    assert invariants.counters_that_differ() == []
