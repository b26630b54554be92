"""By when what is accepted is to be ready or sent, and when shop and reader hear that it is not."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from marketplace.foundation.models import MailMessage
from shops.models import ShopOrder, ShopOrderLine, Supply
from shops.opening import Hours, NamedDays, WeeklySpan
from shops.orders import fulfilment, late_days, not_ready, ready_times
from shops.portal import queue
from tests import factories

TORONTO = ZoneInfo("America/Toronto")
MONDAY = date(2026, 3, 2)
TEN_TO_SIX = Hours(tuple(WeeklySpan(day, time(10), time(18)) for day in range(5)))
NO_WEDNESDAY = TEN_TO_SIX._replace(special=(NamedDays(date(2026, 3, 4), date(2026, 3, 4), None, None, "", ""),))
NIGHT = Hours(tuple(WeeklySpan(day, time(14), time(2)) for day in range(7)))


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """In March at the shop: Monday is the second."""
    return datetime(2026, 3, day, hour, minute, tzinfo=TORONTO)


def order(kind: str = "pickup", days: tuple[int, int] = (0, 1), minutes: int = 60, **columns: object) -> ShopOrder:
    shop = factories.shop(preparation_minutes=minutes, timezone="America/Toronto")
    option = factories.delivery_option(shop, kind, days_min=days[0], days_max=days[1])
    return factories.shop_order(
        shop, (factories.stock_record(shop, units=3), 1), delivery_option=option, **{"created_at": at(2, 11)} | columns
    )


def found(of: ShopOrder, hours: Hours, now: datetime) -> tuple[datetime, datetime, datetime]:
    return ready_times.deadline(of, of.lines.all(), hours, now=now)


@pytest.mark.django_db
class TestDeadline:
    @pytest.mark.parametrize(
        ("told", "accepted", "hours", "expected"),
        [
            # Told for the afternoon: the shop hears at that hour, the reader an hour before the shop closes.
            (at(2, 12), at(2, 11), TEN_TO_SIX, (at(2, 12), at(2, 13), at(2, 17))),
            (at(2, 15, 30), at(2, 11), TEN_TO_SIX, (at(2, 15, 30), at(2, 15, 30), at(2, 17))),
            (at(2, 17, 45), at(2, 11), TEN_TO_SIX, (at(2, 17, 45), at(2, 16, 45), at(2, 17, 45))),
            # Told for tomorrow morning, and accepted in the evening.
            (at(3, 10, 15), at(2, 19), TEN_TO_SIX, (at(3, 10, 15), at(3, 10, 15), at(3, 17))),
            # Accepted after that hour: the shop has its time from then on.
            (at(2, 12), at(2, 16), TEN_TO_SIX, (at(2, 17), at(2, 16, 30), at(2, 17))),
            (at(2, 12), at(2, 17, 30), TEN_TO_SIX, (at(3, 10, 30), at(3, 10, 30), at(3, 17))),
            # Friday evening: Monday.
            (at(2, 12), at(6, 19), TEN_TO_SIX, (at(9, 11), at(9, 11), at(9, 17))),
            # Nobody is told in the night.
            (at(2, 16), at(2, 14), NIGHT, (at(2, 16), at(2, 16), at(2, 19))),
        ],
    )
    def test_at_the_counter_by_the_hour_that_was_said(self, told, accepted, hours, expected):
        assert found(order(expected_from=told), hours, accepted) == expected

    @pytest.mark.parametrize(
        ("accepted", "expected"),
        [
            (at(2, 11), (at(3, 18), at(3, 16), at(3, 17))),  # within a day
            (at(4, 11), (at(4, 18), at(4, 16), at(4, 17))),
            (at(4, 16, 30), (at(5, 18), at(5, 16), at(5, 17))),
        ],
    )
    def test_at_a_counter_of_which_nobody_knows_the_hours(self, accepted, expected):
        assert found(order(), Hours(), accepted) == expected

    @pytest.mark.parametrize(
        ("days", "accepted", "hours", "expected"),
        [
            # It may leave four days after the order and be there in six; the shop hears a day before its reader.
            ((2, 6), at(2, 11), TEN_TO_SIX, (at(2, 18), at(5, 17), at(6, 17))),
            ((2, 4), at(2, 11), NO_WEDNESDAY, (at(2, 18), at(2, 18), at(3, 17))),  # shut on that day: the one before
            ((1, 1), at(2, 11), TEN_TO_SIX, (at(2, 18), at(2, 16), at(2, 17))),
            ((2, 4), at(6, 17, 30), TEN_TO_SIX, (at(9, 18), at(9, 16), at(9, 17))),  # accepted late
            ((0, 1), at(2, 11), Hours(), (at(2, 18), at(2, 18), at(3, 17))),
        ],
    )
    def test_by_post_on_the_last_day_on_which_it_can_leave(self, days, accepted, hours, expected):
        assert found(order("post", days), hours, accepted) == expected

    def test_by_courier_before_they_come(self):
        comes = order("courier", expected_from=at(4, 17), expected_until=at(4, 19))
        assert found(comes, TEN_TO_SIX, at(2, 11)) == (at(4, 17), at(4, 16), at(4, 17))

    def test_until_the_day_of_the_reader(self):
        waits = order(expected_from=at(2, 12))
        waits.lines.update(expected_on=MONDAY + timedelta(days=3), accepted=1)
        assert found(waits, TEN_TO_SIX, at(2, 16)) == (at(5, 18), at(5, 16), at(5, 17))

    @pytest.mark.parametrize(
        ("moment", "expected"),
        [(at(2, 8), at(2, 8)), (at(2, 20, 59), at(2, 20, 59)), (at(2, 21), at(3, 8)), (at(2, 3), at(2, 8))],
    )
    def test_night_is_for_nobody(self, moment, expected):
        assert ready_times.by_day(moment, TORONTO) == expected


def accepted(now: datetime, kind: str = "pickup", **columns: object) -> ShopOrder:
    made = order(kind, **columns)
    fulfilment.accept_all(made, by="shop", now=now)
    return ShopOrder.objects.get(pk=made.pk)


def moments(of: ShopOrder) -> tuple[datetime | None, datetime | None]:
    of = ShopOrder.objects.get(pk=of.pk)
    return of.ready_by, of.ready_watch_at


@pytest.mark.django_db
class TestFollowed:
    def test_from_its_answer_until_it_lies_at_the_counter(self):
        made = accepted(at(2, 11), expected_from=at(2, 12))
        assert moments(made) == (at(2, 12), at(2, 13))
        fulfilment.pack(made, by="shop", now=at(2, 11, 30))
        assert moments(made) == (at(2, 12), None)

    def test_what_is_sent_until_it_leaves(self):
        made = accepted(at(2, 11), "post", days=(2, 4))
        fulfilment.pack(made, by="shop", now=at(2, 12))
        assert moments(made) == (at(2, 18), at(3, 17))
        fulfilment.hand_over(made, by="shop", now=at(2, 13))
        assert moments(made) == (at(2, 18), None)

    def test_what_is_not_answered_or_declined_has_none(self):
        made = order()
        assert moments(made) == (None, None)
        line = made.lines.select_related("shop_order").get()
        fulfilment.decline(line, 1, by="shop", reason="other", now=at(2, 11))
        assert moments(made) == (None, None)

    def test_what_is_ordered_with_it_comes_first(self):
        """Then the shop has its time."""
        made = order(expected_from=at(2, 12))
        record = factories.stock_record(made.shop, units=1)
        other = factories.shop_order(made.shop, (record, 1), delivery_option=made.delivery_option)
        line = other.lines.get()
        ShopOrderLine.objects.filter(pk=line.pk).update(supply=Supply.ORDER, expected_on=MONDAY, shop_order=made)
        fulfilment.accept_all(made, by="shop", now=at(2, 11))
        assert moments(made) == (at(2, 18), None)
        line.refresh_from_db()
        fulfilment.cancel(line, 1, by="reader", now=at(2, 14))
        assert moments(made) == (at(2, 17), at(2, 16))  # its hour was over

    def with_ordered(self, day: date | None, now: datetime) -> ShopOrder:
        """A title from the shelf and one that the shop orders, accepted."""
        made = order(expected_from=at(2, 12))
        record = factories.stock_record(made.shop, units=1)
        other = factories.shop_order(made.shop, (record, 1), delivery_option=made.delivery_option)
        other.lines.update(supply=Supply.ORDER, expected_on=day, shop_order=made)
        fulfilment.accept_all(made, by="shop", now=now)
        return ShopOrder.objects.get(pk=made.pk)

    def test_what_is_on_the_shelf_beside_a_title_without_a_day_has_its_own(self):
        made = self.with_ordered(None, at(2, 11))
        assert moments(made) == (at(2, 12), at(2, 13))
        shelf, ordered = made.lines.order_by("supply").reverse()
        assert (shelf.supply, ordered.supply) == (Supply.STOCK, Supply.ORDER)
        not_ready.watch_ready(at(2, 13)), not_ready.watch_ready(at(2, 17))
        [mail] = MailMessage.objects.filter(kind="shop_order_late_now")
        assert (f"/late/{shelf.pk}/" in mail.text, f"/late/{ordered.pk}/" in mail.text) == (True, False)
        rows = made.lines.select_related("shop_order__shop")
        assert {row.supply: late_days.is_late(row, now=at(2, 17)) for row in rows} == {"stock": True, "order": False}

    def test_title_without_a_day_that_is_left_alone_has_none(self):
        made = self.with_ordered(None, at(2, 11))
        shelf = made.lines.get(supply=Supply.STOCK)
        not_ready.watch_ready(at(2, 13)), not_ready.watch_ready(at(2, 17))
        fulfilment.cancel(shelf, 1, by="reader", now=at(2, 18))
        made.refresh_from_db()
        assert (moments(made), made.late_at) == ((None, None), None)


@pytest.mark.django_db
class TestDesk:
    @pytest.mark.parametrize(
        ("kind", "now", "expected"),
        [
            ("pickup", at(2, 11, 30), ("ready by 12:15 p.m.", False)),
            ("pickup", at(2, 12, 16), ("was to be ready 12:15 p.m.", True)),
            ("post", at(2, 12, 1), ("sent by 6 p.m.", False)),
            ("post", at(3, 9), ("was to be sent yesterday 6 p.m.", True)),
        ],
    )
    def test_row_says_by_when(self, kind, now, expected):
        made = accepted(at(2, 11), kind, expected_from=at(2, 12, 15) if kind == "pickup" else None)
        with timezone.override(TORONTO):
            assert (queue.when(made, now), queue.is_overdue(made, now)) == expected

    def test_packed_for_the_post_is_overdue_as_well(self):
        made = accepted(at(2, 11), "post", days=(1, 1))
        fulfilment.pack(made, by="shop", now=at(2, 12))
        made.refresh_from_db()
        with timezone.override(TORONTO):
            assert [queue.when(made, at(2, hour))[:7] for hour in (13, 19)] == ["sent by", "was to "]
            assert [queue.is_overdue(made, at(2, hour)) for hour in (13, 19)] == [False, True]

    def test_what_is_due_first_stands_first(self):
        late, soon = accepted(at(2, 11), expected_from=at(2, 17)), accepted(at(2, 11), expected_from=at(2, 12))
        shop = late.shop
        ShopOrder.objects.filter(pk=soon.pk).update(shop=shop)
        unknown = accepted(at(2, 11))
        ShopOrder.objects.filter(pk=unknown.pk).update(shop=shop, ready_by=None)
        packed = accepted(at(2, 11), "post"), accepted(at(2, 11), expected_from=at(2, 12))
        for made in packed:
            ShopOrder.objects.filter(pk=made.pk).update(shop=shop)
            fulfilment.pack(made, by="shop", now=at(2, 11, 30))
        user = factories.member(shop).user
        groups = {group.key: [row.number for row in group.rows] for group in queue.queue(user, shop, now=at(2, 11))}
        # What has no deadline by when it was ordered: nobody else tells of it
        assert groups["accepted"] == [unknown.number, soon.number, late.number]
        assert groups["packed"] == [made.number for made in packed]
