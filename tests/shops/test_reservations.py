"""Copies set aside without paying: how they are held, and each way in which that ends."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace.foundation.models import MailMessage
from shops import absorbing, invariants, reservations, stock
from shops.models import Allocation, Reservation
from shops.models_reservations import MOST_OPEN
from shops.reservations import ReservationError, State
from tests import factories
from tests.shops.racing import at_once


def a_record(units: int = 2, **shop: object):
    return factories.stock_record(factories.shop(**{"reserve_hours": 48} | shop), units=units)


def reserve(record, units: int = 1, *, email: str = "lea@example.org", confirmed: bool = True, now=None) -> Reservation:
    fresh = stock.read([record.pk])[record.pk]
    return reservations.reserve(
        fresh, units, user=None, email=email, name="Léa", language="fr", confirmed=confirmed, now=now or timezone.now()
    )


def unknown(number: int) -> dict:
    """A guest at one connection, by another e-mail address each time."""
    who = {"user": None, "email": f"{number}@example.org", "name": "Léa", "language": "fr"}
    return who | {"confirmed": False, "asked_from": "here", "now": timezone.now()}


def sellable(record) -> int:
    return stock.sellable_now(stock.read([record.pk])[record.pk], now=timezone.now())


def mails() -> list[str]:
    return list(MailMessage.objects.order_by("pk").values_list("kind", flat=True))


def broken() -> list[str]:
    return [found for test in invariants.INVARIANTS.values() for found in test()]


@pytest.mark.django_db
class TestLife:
    def test_reserve_holds_tells_both_and_ends_by_itself(self):
        record = a_record()
        made = reserve(record)
        assert (sellable(record), mails(), broken()) == (1, ["reservation_made", "reservation_new"], [])
        soon = made.created_at + timedelta(hours=24)
        assert reservations.watch_reservations(soon - timedelta(minutes=1)) == 0
        assert (reservations.watch_reservations(soon), mails()[2:]) == (1, ["reservation_reminder"])
        assert reservations.watch_reservations(soon) == 0
        reservations.watch_reservations(made.expires_at)
        made.refresh_from_db()
        assert (made.state, sellable(record), broken()) == (State.EXPIRED, 2, [])
        assert mails()[3:] == ["reservation_ended", "reservation_put_back"]
        with pytest.raises(ReservationError):
            reservations.sell(made, by="staff", now=made.expires_at)

    def test_sold_at_the_counter_stays_promised_until_the_shops_number_has_it_off(self):
        record = a_record(booking_lag_minutes=60)
        made = reserve(record)
        now = timezone.now()
        reservations.keep(made, by="staff", now=now)
        reservations.sell(made, by="staff", now=now)
        assert (Allocation.objects.get().cause, sellable(record), broken()) == ("counter", 1, [])
        early, late = now + timedelta(minutes=30), now + timedelta(minutes=61)
        absorbing.write_number(record, 2, as_of=early, now=late)
        assert sellable(record) == 1
        absorbing.write_number(record, 1, as_of=late, now=late)
        assert (sellable(record), Allocation.objects.get().ended_by, broken()) == (1, "absorbed", [])

    @pytest.mark.parametrize("is_kept_in_system", [False, True])
    def test_sold_at_the_counter_of_a_shop_whose_system_takes_orders_is_promised_until_somebody_rang_it_up(
        self, is_kept_in_system
    ):
        """The system knows our orders at once, and nothing of a reservation."""
        record = a_record(1, channel="odoo", booking_lag_minutes=0, reserves_on_accept=is_kept_in_system)
        made = reserve(record)
        now = timezone.now()
        reservations.keep(made, by="staff", now=now)
        reservations.sell(made, by="staff", now=now)
        soon, rung_up = now + timedelta(minutes=1), now + timedelta(days=1)
        absorbing.write_number(record, 1, as_of=soon, now=soon)
        assert (sellable(record), broken()) == (0, [])
        absorbing.write_number(record, 0, as_of=rung_up, now=rung_up)
        assert (sellable(record), Allocation.objects.get().ended_by, broken()) == (0, "absorbed", [])

    def test_released_when_sold_would_sell_it_twice(self):
        """Negative control: the till has not said it yet."""
        record = a_record(1, booking_lag_minutes=60)
        made = reserve(record)
        stock.release_hold(made.key, now=timezone.now())
        assert sellable(record) == 1
        assert broken() == [f"{made.key} holds 0 of 1."]

    def test_kept_in_a_system_that_reserves_is_taken_off_once(self):
        record = a_record(reserves_on_accept=True)
        made = reserve(record)
        now = timezone.now()
        reservations.keep(made, by="staff", now=now)
        later = now + timedelta(minutes=1)
        absorbing.write_number(record, 1, as_of=later, now=later)
        assert (sellable(record), broken()) == (1, [])
        reservations.give_up(made, by="reader", now=later)
        assert sellable(record) == 1  # the copy comes back with the shop's next number
        assert (mails()[-1], broken()) == ("reservation_put_back", [])

    def test_shop_that_cannot_keep_it_frees_it_and_the_reader_is_told(self):
        record = a_record()
        made = reserve(record, 2)
        reservations.give_up(made, by="staff", now=timezone.now(), state=State.RELEASED)
        assert (sellable(record), mails()[-1]) == (2, "reservation_ended")

    def test_unknown_address_is_confirmed_first(self):
        record = a_record()
        made = reserve(record, confirmed=False)
        assert (sellable(record), mails()) == (1, ["reservation_confirm"])
        now = timezone.now()
        reservations.confirm(made, now=now)
        assert (made.state, made.expires_at, mails()[1:]) == (
            State.OPEN, now + timedelta(hours=48), ["reservation_made", "reservation_new"]
        )  # fmt: skip
        other = reserve(record, email="b@example.org", confirmed=False)
        reservations.watch_reservations(other.expires_at)
        assert (sellable(record), mails()[3:]) == (1, ["reservation_confirm"])

    def test_unconfirmed_ones_leave_the_rest_of_the_pile_whoever_asks(self):
        record = a_record(units=9)
        first = reserve(record, 2, email="a@example.org", confirmed=False)
        with pytest.raises(ReservationError) as refused:
            reserve(record, 2, email="b@example.org", confirmed=False)
        assert (refused.value.reason, sellable(record)) == ("asked_of_it", 7)
        reserve(record, 2, email="b@example.org")  # a known address may
        reservations.confirm(first, now=timezone.now())
        reserve(record, 3, email="c@example.org", confirmed=False)
        assert sellable(record) == 2

    def test_one_network_address_has_few_unconfirmed_ones(self):
        records = [a_record() for _ in range(4)]
        made = []
        for number, record in enumerate(records[:3]):
            fresh = stock.read([record.pk])[record.pk]
            made.append(reservations.reserve(fresh, 1, **unknown(number)))
        last = stock.read([records[3].pk])[records[3].pk]
        with pytest.raises(ReservationError, match="asked_here"):
            reservations.reserve(last, 1, **unknown(3))
        reservations.reserve(last, 1, **unknown(3) | {"asked_from": "elsewhere"})
        reservations.confirm(made[0], now=timezone.now())
        made[0].refresh_from_db()
        assert made[0].asked_from == ""
        assert reservations.reserve(last, 1, **unknown(4)).asked_from == "here"

    def test_download_is_not_reserved(self):
        record = a_record()
        factories.download(record)
        with pytest.raises(ReservationError, match="not_offered"):
            reserve(record)

    @pytest.mark.parametrize(("shop", "units"), [({"reserve_hours": 0}, 1), ({"status": "paused"}, 1), ({}, 4)])
    def test_what_is_not_offered_is_refused(self, shop, units):
        with pytest.raises(ReservationError, match="not_offered"):
            reserve(a_record(9, **shop), units)
        assert Allocation.objects.count() == 0

    def test_more_than_there_is_keeps_nothing(self):
        record = a_record(1)
        with pytest.raises(ReservationError, match="short"):
            reserve(record, 2)
        assert (Reservation.objects.count(), mails()) == (0, [])


def test_of_many_wishes_at_once_one_reader_gets_as_many_as_there_are_places(committed_db):
    record = a_record(9)
    results = at_once(lambda _: reserve(record, email="LEA@example.org"), 6)
    made = [row for row in results if isinstance(row, Reservation)]
    assert (sorted(row.place for row in made), sellable(record)) == ([1, 2, 3], 9 - MOST_OPEN)
    assert {str(error) for error in results if isinstance(error, Exception)} == {"too_many"}


def test_last_copy_is_reserved_by_one_of_many(committed_db):
    record = a_record(1)
    results = at_once(lambda number: reserve(record, email=f"r{number}@example.org"), 6)
    assert sum(isinstance(row, Reservation) for row in results) == 1
    assert (Reservation.objects.count(), sellable(record), broken()) == (1, 0, [])


def test_of_sold_and_given_up_at_once_exactly_one_counts(committed_db):
    record = a_record(1)
    made = reserve(record)

    def act(number: int) -> str:
        row = Reservation.objects.select_related("shop").get(pk=made.pk)
        if number:
            reservations.sell(row, by="staff", now=timezone.now())
            return "sold"
        reservations.give_up(row, by="reader", now=timezone.now())
        return "cancelled"

    results = at_once(act, 2)
    made.refresh_from_db()
    won = [result for result in results if isinstance(result, str)]
    assert (won, broken()) == ([made.state], [])
    assert sellable(record) == (0 if made.state == State.SOLD else 1)
