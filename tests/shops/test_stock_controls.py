"""Each rule of DESIGN §5 switched off: the shortest trace in which a copy is sold twice, or hidden for ever.

Every test plays its trace with the rule first. `sellable` is what Halles believes, `free` is true."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from oscar.apps.partner.models import StockRecord

from shops import absorbing, stock, withholding
from shops.models import Allocation, Shop, StockTerms
from tests.shops.tracing import TOLERANCE_HOURS, Trace, hours

pytestmark = pytest.mark.django_db


def play(trace: Trace, *events: str) -> tuple[int, int]:
    for event in events:
        trace.play(event)
    return trace.sellable, trace.free


def test_1_order_of_numbers(monkeypatch: pytest.MonkeyPatch):
    events = ("sold A", "reflected A @10", "0@12", "1@8")
    assert play(Trace(1), *events) == (0, 0)
    monkeypatch.setattr(absorbing, "counts", lambda *_, **__: True)
    assert play(Trace(1), *events) == (1, 0)


def test_2_equal_labels_resolve_to_the_lower(monkeypatch: pytest.MonkeyPatch):
    def a_day() -> tuple[int, int]:
        trace = Trace(1)
        trace.till_sale()
        return play(trace, "day 2: 0", "day 2: 1")

    assert a_day() == (0, 0)
    monkeypatch.setattr(
        absorbing, "counts", lambda number, as_of, stored, stored_as_of: stored_as_of is None or as_of >= stored_as_of
    )
    assert a_day() == (1, 0)


def test_3_hand_over_lowers_no_number():
    def to_the_counter(hand_over: Callable[[Trace], None]) -> tuple[int, int]:
        trace = Trace(1)
        play(trace, "sold A")
        hand_over(trace)
        trace.shelf, trace.outstanding = 0, 0
        return play(trace, "1@5")

    def both_lowered(trace: Trace) -> None:
        """What Oscar does when a line ships."""
        StockRecord.objects.get(pk=trace.record.pk).consume_allocation(1)
        Allocation.objects.update(ended_at=hours(10), ended_by=Allocation.End.ABSORBED)

    assert to_the_counter(lambda trace: trace.play("handed over A @10")) == (0, 0)
    assert to_the_counter(both_lowered) == (1, 0)


def test_4_booking_lag(monkeypatch: pytest.MonkeyPatch):
    events = ("sold A", "handed over A @10", "1@12")
    assert play(Trace(1, lag=24), *events) == (0, 0)
    monkeypatch.setattr(absorbing, "reflection_time", lambda shop, recorded_at, booked_at: recorded_at)
    assert play(Trace(1, lag=24), *events) == (1, 0)


def test_5_day_label_is_its_begin():
    assert play(Trace(1), "sold A", "handed over A @34", "day 2: 1") == (0, 0)
    # The same file, made at 06:00, read at noon as if it spoke for the day so far.
    assert play(Trace(1), "sold A", "handed over A @34", "1@36") == (1, 0)


def test_6_clock_tolerance():
    """The file was made at 9.9 by a clock that runs nine minutes fast."""
    stamp = 9.9 + 9 / 60
    assert play(Trace(1), "sold A", "handed over A @10", f"1@{stamp - TOLERANCE_HOURS:.2f}") == (0, 0)
    assert play(Trace(1), "sold A", "handed over A @10", f"1@{stamp:.2f}") == (1, 0)


def test_6_as_of_is_the_begin_of_a_read():
    """A paged read from 9 to 11 meets the row at 9.5, before the hand-over."""
    assert play(Trace(1), "sold A", "handed over A @10", "1@9") == (0, 0)
    assert play(Trace(1), "sold A", "handed over A @10", "1@11") == (1, 0)


def test_6_one_read_of_a_shop_at_a_time():
    """A delta reads 2 at 9; the order is booked at 9.5; a complete read from 10 on sees 1, as it is stored."""
    in_turn = Trace(1, complete_as_of=hours(0))
    in_turn.shelf = 2
    assert play(in_turn, "sold A", "2@9", "reflected A @9.5", "1@10", "complete @10") == (1, 1)
    overlapping = Trace(1, complete_as_of=hours(0))
    overlapping.shelf = 2
    # Compared at 10 with the stored 1: unchanged. Then the delta writes its 2, then the complete run ends.
    assert play(overlapping, "sold A", "reflected A @9.5", "2@9", "complete @10") == (2, 1)


def test_7_decline_after_absorption_lowers_nothing():
    events = ("sold A", "reflected A @10", "0@12", "declined A")
    right, wrong = Trace(1), Trace(1)
    play(right, *events)
    assert (right.allocated, *play(right, "1@16")) == (0, 1, 1)
    play(wrong, *events)
    stock.count({wrong.record.pk: -1})
    assert (wrong.allocated, *play(wrong, "1@16")) == (-1, 2, 1)


def test_8_unknown_outcome_ends_nothing():
    assert play(Trace(1), "sold A", "push times out") == (0, 0)
    wrong = Trace(1)
    play(wrong, "sold A")
    stock.release_line(wrong.lines["A"], 1, answered=False, now=wrong.now)
    assert (wrong.sellable, wrong.free) == (1, 0)


def test_9_not_found_is_no_release():
    right, wrong = Trace(1), Trace(1)
    for trace, event in ((right, "not found A"), (wrong, "declined A")):
        play(trace, "sold A")
        trace.shelf = 0  # the copy had long been gone
        play(trace, event)
    assert (right.sellable, right.free) == (0, 0)
    assert (wrong.sellable, wrong.free) == (1, 0)


def reserved_and_absorbed() -> Trace:
    """A shop that reports what is available: two copies, one reserved for us and taken off its number."""
    trace = Trace(2, stock_kind=Shop.StockKind.AVAILABLE, reserves_on_accept=True)
    play(trace, "sold A", "reflected A @10", "1@12")
    trace.lines["A"].accepted = 1
    trace.lines["A"].save()
    trace.shelf = 1  # staff count one copy: it is the reserved one
    return trace


def test_10_shelf_count_is_no_number():
    right, wrong = reserved_and_absorbed(), reserved_and_absorbed()
    withholding.withhold_to_shelf(right.record, 1, now=right.now, by="staff")
    assert (right.sellable, right.free) == (0, 0)
    assert play(wrong, "1@13") == (1, 0)


def test_11_acknowledged_without_reserving_waits_for_hand_over():
    assert play(Trace(1), "sold A", "1@12") == (0, 0)
    assert play(Trace(1), "sold A", "reflected A @10", "1@12") == (1, 0)


def test_11_one_kind_of_number_in_both_lanes():
    """At 12 one lane says what is available, at 14 the other what is on hand."""
    assert play(Trace(1), "sold A", "reflected A @10", "0@12", "0@14") == (0, 0)
    assert play(Trace(1), "sold A", "reflected A @10", "0@12", "1@14") == (1, 0)


def test_12_undo_restores_no_quantity():
    right, wrong = Trace(1), Trace(1)
    for trace in (right, wrong):
        play(trace, "sold A", "reflected A @10", "0@12")
    absorbing.distrust([right.record.pk])
    assert (right.sellable, right.free) == (0, 0)
    StockRecord.objects.filter(pk=wrong.record.pk).update(num_in_stock=1)
    assert (wrong.sellable, wrong.free) == (1, 0)


def test_13_absorption_is_tested_when_reflection_is_recorded_too(monkeypatch: pytest.MonkeyPatch):
    events = ("sold A", "1@11", "reflected A @15 stamp 10.25", "delta without it @99")
    assert play(Trace(2), *events) == (1, 1)
    trace = Trace(2)
    play(trace, *events[:2])
    with monkeypatch.context() as without:
        without.setattr(absorbing, "end_contained", lambda *_, **__: 0)
        play(trace, events[2])
    assert play(trace, events[3]) == (0, 1)


def test_14_unchanged_rows_are_as_young_as_their_run():
    events = ("sold A", "1@11", "reflected A @15", "complete @20")
    assert play(Trace(2), *events) == (1, 1)
    wrong = Trace(2)
    StockTerms.objects.filter(stock_record=wrong.record).update(follows_runs=False)
    assert play(wrong, *events, "complete @99") == (0, 1)
