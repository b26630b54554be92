"""A process that dies while a shop is told, or heard, or a parcel goes on: the next one ends it as if nobody had died,
and `verify` finds nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import connections
from django.utils import timezone

from marketplace.checkout import ending
from marketplace.foundation.failpoints import FAILPOINTS
from marketplace.foundation.models import AuditEntry, MailMessage
from marketplace.operations.invariants import violations
from shops import reservations, stock
from shops.channels.base import Answer, LineSaid, ParcelSaid
from shops.models import Allocation, Cancellation, Parcel, ParcelRefund, Reservation
from shops.orders import acknowledging, cancelling, carrying
from shops.orders.fulfilment import FulfilmentError
from tests import factories
from tests.checkout.buying import frozen, two_shop_basket
from tests.checkout.test_crashes import dies_at
from tests.checkout.test_ending import expired
from tests.payments.test_carried_parcels import parcel, sent
from tests.shops import test_reservations
from tests.shops.channels import scripted
from tests.shops.channels.dropping import set_up
from tests.shops.channels.test_editx import item, order_of, response
from tests.shops.orders import test_cancelling, test_hearing
from tests.shops.orders.test_hearing import System

pytestmark = pytest.mark.usefixtures("committed_db")
LATER = timedelta(hours=2)


def points(*starts: str) -> list[str]:
    return [name for name in FAILPOINTS if name.startswith(starts)]


def killed_at(where: str, work: Callable[[], object]) -> None:
    assert dies_at(where, work), f"{where} is not passed"
    connections.close_all()


def wrong() -> set[str]:
    """What `verify` finds: a scene built by hand lacks a payment or a transmission from the beginning."""
    return {name for name, texts in violations().items() if texts}


def mails(kind: str) -> int:
    return MailMessage.objects.filter(kind=kind).count()


@pytest.mark.parametrize("where", points("cancellation."))
def test_cancellation_is_told_once_by_mail(where):
    line = test_cancelling.sent(2)
    test_cancelling.cancel(line)
    before = wrong()
    killed_at(where, lambda: cancelling.tell_cancellations(timezone.now()))
    later = timezone.now() + LATER
    assert cancelling.tell_cancellations(later) == (0 if where.endswith("after_commit") else 1)
    assert (cancelling.tell_cancellations(later), mails("shop_order_taken_back")) == (0, 1)
    assert AuditEntry.objects.filter(action="cancellation.tell").count() == 1
    assert wrong() == before


@pytest.mark.parametrize("where", points("cancellation."))
def test_copies_that_the_shops_system_puts_back_are_free_once(where, monkeypatch):
    scripted.install(monkeypatch)
    line = test_cancelling.sent(2, channel="scripted")
    test_cancelling.cancel(line)
    before = wrong()
    killed_at(where, lambda: cancelling.tell_cancellations(timezone.now()))
    cancelling.tell_cancellations(timezone.now() + LATER)
    row = Cancellation.objects.get()
    assert (row.told_at is None, row.put_back_at is None, test_cancelling.sellable(line)) == (False, False, 2)
    assert AuditEntry.objects.filter(action="cancellation.tell").count() == 1
    assert wrong() == before


@pytest.mark.parametrize("where", points("hearing."))
def test_what_a_system_says_is_done_once_whoever_dies(where, monkeypatch):
    system = System(monkeypatch)
    system.now = timezone.now()  # its copies are held since then
    other = factories.shop_order(system.row.shop, (factories.stock_record(system.row.shop, sku="C", units=9), 1))
    system.says(
        LineSaid("A", Answer.ACCEPTED, 2),
        LineSaid("B", Answer.DECLINED, 2, reason="sold"),
        parcels=(ParcelSaid("1", {"A": 2}, tracking="1Z"),),
    )
    system.says(LineSaid("C", Answer.ACCEPTED, 1), order=other)
    before = wrong()
    killed_at(where, system.heard)
    system.now += LATER
    system.heard()  # what was changed since it was last heard, as before: nothing of that was recorded
    system.heard()
    assert test_hearing.counts(system.line("A")), test_hearing.counts(system.line("B")) == ((2, 0, 0), (0, 2, 0))
    assert (system.line("A").handed_over, other.lines.get().accepted, system.again) == (2, 1, [])
    assert [row.tracking for row in system.order.parcels.all()] == ["1Z"]
    assert [mails(kind) for kind in ("shop_order_declined", "shop_order_handed_over")] == [1, 1]
    assert wrong() == before


@pytest.mark.parametrize("where", points("acknowledging."))
@pytest.mark.parametrize("is_ours", [True, False], ids=["ours", "of no order"])
def test_answers_are_carried_out_and_told_once(where, is_ours, settings, tmp_path):
    if where.endswith("after_commit") and not is_ours:
        pytest.skip("what is of no order is committed by the last commit, before the finish")
    settings.VAR_DIR = tmp_path
    shop = factories.shop()
    set_up(shop, "editx", "in", answers="out")
    order = order_of(shop if is_ours else factories.shop(), 3)
    out: Path = tmp_path / "orders" / "out"
    out.mkdir(parents=True)
    (out / "1.xml").write_bytes(response(order, item(order.lines.get(), Shipping=1, Canceled=1, Backordered=1)))
    now = timezone.now()
    before = wrong()
    killed_at(where, lambda: acknowledging.read_acknowledgements(now))
    assert acknowledging.read_acknowledgements(now + LATER) == 1
    assert acknowledging.read_acknowledgements(now + 2 * LATER) == 1
    line = order.lines.get()
    assert (line.accepted, line.declined) == ((1, 1) if is_ours else (0, 0))
    assert mails("shop_answer_question") == 1
    action = "shop_order.acknowledge" if is_ours else "shop.answer_unread"
    assert AuditEntry.objects.filter(action=action).count() == 1
    assert wrong() == before


def _steps(now: datetime) -> dict[str, tuple[Callable[[], object], str]]:
    """What is said of a parcel, in its order, and the entry of it."""
    return {
        "arrive": (lambda: carrying.arrive(parcel(), by="c", now=now, shelf="B 3"), "parcel.arrive"),
        "shelve": (lambda: carrying.shelve(parcel(), "C 1", by="c", now=now), "parcel.shelve"),
        "collect": (lambda: carrying.collect(parcel(), code="K7M3QX", by="c", now=now), "parcel.collect"),
        "miss": (lambda: carrying.miss(parcel(), Parcel.Said.RECEIVER, by="c", now=now), "parcel.miss"),
        "give up": (lambda: carrying.give_up(parcel(), borne_by="shop", by="operator", now=now), "parcel.give_up"),
    }


@pytest.mark.parametrize("where", points("carrying."))
@pytest.mark.parametrize("way", [("arrive", "shelve", "collect"), ("miss", "give up")], ids=["there", "lost"])
def test_each_word_about_a_parcel_counts_once(where, way):
    now = timezone.now()
    sent(now)
    steps, before = _steps(now), wrong()
    for name in way:
        act, action = steps[name]
        killed_at(where, act)
        is_done = where.endswith("after_commit")
        assert AuditEntry.objects.filter(action=action).count() == int(is_done)
        if not is_done:
            act()
        elif name != "shelve":  # it may be moved from shelf to shelf
            with pytest.raises(FulfilmentError):
                act()
        assert AuditEntry.objects.filter(action=action).count() == 1
    lost = "miss" in way
    assert (ParcelRefund.objects.count(), mails("parcel_missing")) == ((1, 2) if lost else (0, 0))
    assert (Parcel.objects.get().collected_at is None) == lost
    assert wrong() == before


@pytest.mark.parametrize("where", points("carrying."))
def test_parcel_that_nobody_saw_arrive_is_missing_once(where):
    now = timezone.now()
    sent(now)
    late = now + timedelta(days=30)
    before = wrong()
    killed_at(where, lambda: carrying.watch_parcels(late))
    carrying.watch_parcels(late + LATER), carrying.watch_parcels(late + LATER)
    assert wrong() == before
    assert (AuditEntry.objects.filter(action="parcel.miss").count(), mails("parcel_missing")) == (1, 2)


@pytest.mark.parametrize("where", points("ending."))
def test_copies_of_an_unpaid_basket_are_free_once(where):
    checkout = expired(frozen(two_shop_basket()))
    over = checkout.due_at + timedelta(minutes=1)
    before = wrong()
    killed_at(where, lambda: ending.end_unpaid(over))
    assert ending.end_unpaid(over + LATER) == (0 if where.endswith("after_commit") else 1)
    assert set(Allocation.objects.values_list("ended_by", flat=True)) == {"expired"}
    assert AuditEntry.objects.filter(action="checkout.end").count() == 1
    assert wrong() == before


@pytest.mark.parametrize("where", points("reservation."))
def test_reservation_that_nobody_came_for_ends_once(where):
    record = test_reservations.a_record()
    made = test_reservations.reserve(record)
    Reservation.objects.update(due_at=made.expires_at)
    before = wrong()
    killed_at(where, lambda: reservations.watch_reservations(made.expires_at))
    reservations.watch_reservations(made.expires_at + LATER)
    assert (Reservation.objects.get().state, test_reservations.sellable(record)) == ("expired", 2)
    assert (mails("reservation_ended"), mails("reservation_put_back")) == (1, 1)
    assert wrong() == before
    assert stock.read([record.pk])[record.pk].num_allocated == 0
