"""What was accepted from the shelf and is not ready: its shop is reminded, its reader told, each once."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from django.db import connections

from marketplace.foundation.models import AuditEntry, MailMessage
from shops.models import Rerouting, Return, Shop, ShopOrder, ShopOrderLine, ShopSystem, Supply
from shops.orders import fulfilment, held, late_days
from shops.orders.held import Deed, Press
from shops.orders.not_ready import watch_ready
from tests import factories
from tests.checkout.test_crashes import dies_at
from tests.shops.orders.test_ready_times import accepted, at, order
from tests.shops.racing import at_once

TOLD = ["shop_order_not_ready", "shop_order_late_now"]


def mails() -> list[str]:
    return list(MailMessage.objects.filter(kind__in=TOLD).order_by("pk").values_list("kind", flat=True))


def due(kind: str = "pickup", **columns: object) -> ShopOrder:
    """Accepted on Monday at eleven: its shop hears at one, its reader at five; what is sent on Tuesday at five."""
    if kind == "pickup":
        columns = {"expected_from": at(2, 12)} | columns
    return accepted(at(2, 11), kind, **columns)


def its_system_fails(of: ShopOrder) -> None:
    Shop.objects.filter(pk=of.shop_id).update(channel="tryton")
    ShopSystem.objects.create(shop=of.shop, kind="tryton", failing_since=at(2, 14), made_at=at(2, 1))


def fresh(of: ShopOrder) -> ShopOrder:
    return ShopOrder.objects.select_related("shop").get(pk=of.pk)


@pytest.mark.django_db
class TestTold:
    def test_first_the_shop_then_the_reader_each_once(self):
        made = due()
        told = [watch_ready(at(2, hour, minute)) for hour, minute in ((12, 59), (13, 0), (13, 1), (16, 59), (17, 0))]
        assert told == [0, 1, 0, 0, 1]
        assert [watch_ready(at(day, 12)) for day in (3, 4, 9)] == [0, 0, 0]
        assert mails() == TOLD
        made = fresh(made)
        assert (made.ready_reminded_at, made.late_at, made.ready_watch_at) == (at(2, 13), at(2, 17), None)
        assert AuditEntry.objects.filter(action="shop_order.not_ready").count() == 1
        assert made.is_late

    def test_mails_say_what_to_do(self):
        made, line = due(), ShopOrderLine.objects.get()
        watch_ready(at(2, 13)), watch_ready(at(2, 17))
        shop, reader = (MailMessage.objects.get(kind=kind) for kind in TOLD)
        assert f"/portal/{made.shop.slug}/orders/{made.number}/" in shop.text
        assert f"/lines/{line.pk}/offer/" in shop.text
        assert f"/late/{line.pk}/" in reader.text
        assert "12:00" in reader.text
        assert shop.to == made.shop.email

    def test_what_lies_at_the_counter_is_never_late(self):
        made = due()
        fulfilment.pack(made, by="shop", now=at(2, 13))
        assert [watch_ready(at(2, hour)) for hour in (13, 17)] + [watch_ready(at(9, 12))] == [0, 0, 0]

    def test_what_lies_there_after_its_reader_was_told_is_late_no_more(self):
        made = due()
        watch_ready(at(2, 13)), watch_ready(at(2, 17))
        made = fresh(made)
        fulfilment.pack(made, by="shop", now=at(2, 18))
        assert (fresh(made).is_late, fresh(made).late_at) == (False, None)

    def test_what_is_packed_for_the_post_and_left_there_is_told(self):
        made = due("post")
        fulfilment.pack(made, by="shop", now=at(2, 12))
        assert [watch_ready(at(2, 18)), watch_ready(at(3, 17))] == [1, 1]
        assert "emballée" in MailMessage.objects.get(kind=TOLD[0]).subject
        assert fresh(made).is_late
        fulfilment.hand_over(fresh(made), by="shop", now=at(3, 18))
        assert not fresh(made).is_late

    def test_courier_may_still_leave_in_the_first_half_of_the_span(self):
        made = due("courier", expected_from=at(3, 17), expected_until=at(3, 19))
        fulfilment.pack(made, by="shop", now=at(2, 12))
        assert [watch_ready(at(3, 16)), watch_ready(at(3, 17)), watch_ready(at(3, 18))] == [1, 0, 1]

    def test_several_lines_are_in_one_mail(self):
        made = order(expected_from=at(2, 12))
        other = factories.shop_order(made.shop, (factories.stock_record(made.shop, units=2), 2))
        other.lines.update(shop_order=made)
        fulfilment.accept_all(made, by="shop", now=at(2, 11))
        watch_ready(at(2, 13)), watch_ready(at(2, 17))
        text = MailMessage.objects.get(kind=TOLD[1]).text
        assert [f"/late/{line.pk}/" in text for line in made.lines.all()] == [True, True]

    def test_it_may_have_left_where_the_shops_system_does_not_answer(self):
        """Told a day later all the same: somebody has to do something."""
        made = due()
        watch_ready(at(2, 13))
        its_system_fails(made)
        assert [watch_ready(at(2, 17)), watch_ready(at(3, 16))] == [0, 0]
        ShopSystem.objects.update(failing_since=None)
        assert watch_ready(at(3, 16, 30)) == 1
        assert mails() == TOLD

    def test_system_that_is_read_alone_keeps_nobody_waiting(self):
        made = due()
        watch_ready(at(2, 13))
        its_system_fails(made)
        Shop.objects.update(channel="email")
        assert watch_ready(at(2, 17)) == 1

    def test_system_that_is_silent_for_long_keeps_nobody_waiting(self):
        made = due()
        watch_ready(at(2, 13))
        its_system_fails(made)
        assert [watch_ready(at(2, 17)), watch_ready(at(3, 17))] == [0, 1]


@pytest.mark.django_db
class TestWhen:
    def test_nobody_is_told_in_the_night_though_the_worker_stood_still(self):
        due()
        assert [watch_ready(at(2, 23)), watch_ready(at(3, 7, 59)), watch_ready(at(3, 8))] == [0, 0, 1]
        assert [watch_ready(at(3, 8, 29)), watch_ready(at(3, 8, 30))] == [0, 1]  # the shop first

    def test_shops_mail_waits_for_the_end_of_its_quiet_hours_unless_its_time_is_over_then(self):
        made = due("post")
        made.shop.quiet_from, made.shop.quiet_until = time(17), time(9)
        made.shop.save()
        watch_ready(at(2, 18))
        assert MailMessage.objects.get(kind=TOLD[0]).due_at == at(3, 9)

    def test_night_between_midnight_and_five_of_utc_is_still_yesterday_there(self):
        made = due(expected_from=at(2, 20))
        assert f"{made.tell_at:%d %H:%M}" == "03 01:00"  # as stored
        assert [watch_ready(at(2, 19)), watch_ready(at(2, 20))] == [1, 1]


@pytest.mark.django_db
class TestLeftAlone:
    def test_while_what_staff_have_pressed_is_not_carried_out(self):
        made = fresh(due())
        held.press(made, Press(Deed.PACK, made.version, "1"), by=factories.user(), now=at(2, 16, 59))
        assert [watch_ready(at(2, 17)), mails()] == [0, []]

    @pytest.mark.parametrize("what", ["rerouting", "return"])
    def test_while_another_shop_is_looked_for_or_a_part_comes_back(self, what):
        made = due()
        if what == "rerouting":
            row = Rerouting.objects.create(shop_order=made, spoken_of=made.lines.get(), declined_at=at(2, 12))
            over = {"outcome": "nobody"}
        else:
            row = Return.objects.create(
                number="R",
                shop_order=made,
                goes_to=made.shop,
                once="r",
                basis="fault",
                state="asked",
                asked_at=at(2, 12),
            )
            over = {"state": "refused", "ended_at": at(2, 16)}
        assert [watch_ready(at(2, 13)), watch_ready(at(2, 15))] == [0, 0]
        type(row).objects.update(**over)
        assert [watch_ready(at(2, 16)), mails()] == [1, TOLD[:1]]

    def test_what_its_reader_took_back_or_its_shop_declined(self):
        for ends in (fulfilment.cancel, fulfilment.decline):
            line = due().lines.select_related("shop_order").get()
            said = {"reason": "sold"} if ends is fulfilment.decline else {}
            ends(line, 1, by="x", now=at(2, 12), **said)
        assert [watch_ready(at(2, 13)), watch_ready(at(2, 17))] == [0, 0]

    def test_what_waits_for_a_title_that_is_ordered(self):
        made = order(expected_from=at(2, 12))
        made.lines.update(supply=Supply.ORDER, expected_on=None)
        fulfilment.accept_all(made, by="shop", now=at(2, 11))
        assert [watch_ready(at(2, 13)), watch_ready(at(2, 17))] == [0, 0]

    def test_one_that_fails_stops_no_other(self, monkeypatch):
        broken_one, other = due(), due()
        ShopOrder.objects.filter(pk=broken_one.pk).update(ready_by=None)
        assert watch_ready(at(2, 13)) == 1
        assert (fresh(broken_one).ready_reminded_at, fresh(other).ready_reminded_at) == (None, at(2, 13))
        assert fresh(broken_one).ready_watch_at == at(2, 13) + timedelta(minutes=5)


@pytest.mark.usefixtures("committed_db")
@pytest.mark.parametrize("failpoint", ["not_ready.before_commit", "not_ready.after_commit"])
def test_killed_on_the_way_each_is_told_once(failpoint):
    due()
    for hour in (13, 17):
        assert dies_at(failpoint, lambda hour=hour: watch_ready(at(2, hour)))
        connections.close_all()
        watch_ready(at(2, hour))
    assert mails() == TOLD
    assert AuditEntry.objects.filter(action="shop_order.not_ready").count() == 1


@pytest.mark.usefixtures("committed_db")
def test_two_workers_at_once_tell_each_once():
    due(), due()
    for hour in (13, 17):
        found = at_once(lambda number, hour=hour: watch_ready(at(2, hour)), 2)
        assert sum(found) == 2
    assert sorted(mails()) == sorted(TOLD * 2)


@pytest.mark.usefixtures("committed_db")
def test_packed_and_told_at_one_moment_are_one_or_the_other():
    """Whoever is second sees what the first one did."""
    made = fresh(due())
    watch_ready(at(2, 13))
    seen = fresh(made)
    at_once(lambda number: fulfilment.pack(seen, by="shop", now=at(2, 17)) if number else watch_ready(at(2, 17)), 2)
    assert (fresh(made).status, fresh(made).late_at, fresh(made).ready_watch_at) == ("packed", None, None)


@pytest.mark.django_db
class TestWaitedFor:
    """One of two titles, until a day that its reader named."""

    @pytest.fixture
    def two(self) -> list[ShopOrderLine]:
        made = order("post")
        other = factories.shop_order(made.shop, (factories.stock_record(made.shop, units=2), 1))
        other.lines.update(shop_order=made)
        fulfilment.accept_all(made, by="shop", now=at(2, 11))
        watch_ready(at(2, 18)), watch_ready(at(3, 17))
        assert fresh(made).is_late
        return self.lines(made)

    def lines(self, of: ShopOrder) -> list[ShopOrderLine]:
        return list(ShopOrderLine.objects.select_related("shop_order__shop").filter(shop_order=of.pk).order_by("pk"))

    def left(self, two: list[ShopOrderLine], day: int) -> ShopOrder:
        """The other one leaves on that day."""
        made = fresh(two[0].shop_order)
        fulfilment.hand_over(made, by="shop", now=at(day, 12), parts={two[1].pk: 1})
        return fresh(made)

    def test_what_stays_late_beside_it_leaves_and_it_is_told_of_before_its_day(self, two):
        late_days.wait_until(two[0], at(10, 12).date(), by="reader", now=at(4, 9))
        assert fresh(two[0].shop_order).is_late
        made = self.left(two, 4)
        assert (made.is_late, made.ready_by.date()) == (False, at(10, 18).date())
        assert [watch_ready(at(*moment)) for moment in ((5, 17), (10, 15), (10, 16), (10, 17))] == [0, 0, 1, 1]
        assert mails() == TOLD * 2

    def test_what_was_to_come_sooner_has_left_and_its_own_day_is_kept(self, two):
        late_days.wait_until(two[0], at(10, 12).date(), by="reader", now=at(4, 9))
        late_days.wait_until(self.lines(two[0].shop_order)[1], at(6, 12).date(), by="reader", now=at(4, 9))
        assert fresh(two[0].shop_order).ready_by.date() == at(6, 18).date()
        self.left(two, 5)
        assert [watch_ready(at(day, 17)) for day in (5, 6, 7)] == [0, 0, 0]
        assert mails() == TOLD
