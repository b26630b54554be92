"""The scenarios of DESIGN §5: what is sellable after each event, with the counter where the scenario tells it."""

from __future__ import annotations

import pytest

from shops import absorbing, invariants
from tests.shops.tracing import Trace, hours, open_units, undo

pytestmark = pytest.mark.django_db

# name: (units at @0, columns of the shop, [(event, sellable afterwards, allocated afterwards or None)])
SCENARIOS: dict[str, tuple[int, dict[str, object], list[tuple[str, int, int | None]]]] = {
    "1 plain on-hand": (1, {}, [
        ("sold A", 0, 1), ("handed over A @10", 0, None), ("1@9", 0, None), ("0@12", 0, 0), ("1@20", 1, 0),
    ]),
    "2 overtaken file": (1, {}, [
        ("sold A", 0, 1), ("reflected A @10", 0, None), ("0@12", 0, 0), ("1@8", 0, 0), ("1@8", 0, 0),
    ]),
    "3 crash before recording": (2, {}, [
        ("sold A", 1, 1), ("1@11", 0, None), ("reflected A @15", 0, None), ("complete @20", 1, 0),
    ]),
    "4 the shop's own stamp": (2, {}, [
        ("sold A", 1, 1), ("1@11", 0, None), ("reflected A @15 stamp 10.25", 1, 0),
    ]),
    "5 silent deltas": (2, {}, [
        ("sold A", 1, 1), ("1@11", 0, None), ("reflected A @15", 0, None), ("delta without it @16", 0, None),
        ("delta without it @18", 0, None), ("complete @20", 1, 0),
    ]),
    "6 decline after absorption": (1, {}, [
        ("sold A", 0, 1), ("reflected A @10", 0, None), ("0@12", 0, None), ("declined A", 0, 0), ("1@16", 1, 0),
    ]),
    "7 decline before absorption": (2, {}, [
        ("sold A", 1, 1), ("reflected A @10", 1, None), ("declined A", 2, 0), ("1@10.5", 1, None), ("2@13", 2, 0),
    ]),
    "8 not found": (1, {}, [
        ("sold A", 0, 1), ("not found A", 0, 1), ("1@12", 0, None), ("till right @20", 0, None), ("0@21", 0, 0),
        ("1@30", 1, 0),
    ]),
    "9 not found after absorption": (2, {}, [
        ("sold A", 1, 1), ("reflected A @10", 1, None), ("1@12", 1, None), ("not found A", 0, None), ("2@16", 1, None),
        ("till right @20", 1, None), ("1@21", 1, 0),
    ]),
    "10 partial decline": (3, {}, [
        ("sold A 2", 1, 2), ("reflected A @10", 1, None), ("declined A", 2, None), ("2@12", 2, 0),
    ]),
    "11 two orders in flight": (3, {}, [
        ("sold A", 2, 1), ("sold B", 1, 2), ("reflected A @10", 1, None), ("2@12", 1, 1), ("reflected B @14", 1, None),
        ("1@16", 1, 0),
    ]),
    "12 date only": (1, {}, [
        ("sold A", 0, 1), ("handed over A @34", 0, None), ("day 2: 1", 0, None), ("day 3: 0", 0, 0),
    ]),
    "12 date only, two files of one day": (5, {}, [("day 2: 1", 1, 0), ("day 2: 2", 1, 0), ("day 3: 3", 3, 0)]),
    "13 unknown outcome, it was there": (1, {}, [
        ("sold A", 0, 1), ("push times out", 0, 1), ("look-up finds it", 0, 1),
    ]),
    "13 unknown outcome, it was not": (1, {}, [("sold A", 0, 1), ("push times out", 0, 1), ("never pushed A", 1, 0)]),
    "14 the till was faster": (2, {}, [
        ("sold A", 1, 1), ("sold B", 0, 2), ("1@5", 0, 2), ("declined A", 0, None), ("reflected B @10", 0, None),
        ("0@12", 0, 0),
    ]),
    "16 rung up later": (1, {"lag": 24}, [
        ("sold A", 0, 1), ("handed over A @10", 0, None), ("1@12", 0, None), ("0@36", 0, 0),
    ]),
    "17 buffer 1": (3, {"buffer": 1}, [
        ("sold A 2", 0, 2), ("buffer 2", 0, 2), ("reflected A @10", 0, None), ("1@12", 0, None), ("4@20", 2, 0),
    ]),
}  # fmt: skip


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(name: str):
    units, columns, events = SCENARIOS[name]
    trace = Trace(units, **columns)
    assert trace.sellable == units - int(columns.get("buffer", 0))
    for event, sellable, allocated in events:
        trace.play(event)
        assert (event, trace.sellable) == (event, sellable)
        assert allocated is None or (event, trace.allocated) == (event, allocated)
        assert trace.allocated == open_units(trace)
    assert invariants.counters_that_differ() == []


def test_scenario_14_opens_an_incident_until_it_is_over():
    trace = Trace(2)
    for event, incidents in [("sold A", 0), ("sold B", 0), ("1@5", 1), ("declined A", 0)]:
        trace.play(event)
        assert (event, trace.open_incidents) == (event, incidents)


def test_scenario_15_reroute_and_undo():
    at_a, at_b = Trace(1), Trace(1)
    at_a.play("sold A")
    assert (at_a.sellable, at_b.sellable) == (0, 1)
    at_a.play("declined A")
    at_b.play("sold A")
    assert (at_a.sellable, at_b.sellable) == (1, 0)
    # Undone after B's number has taken it off: it comes back with B's next number, not before.
    at_b.play("reflected A @10")
    at_b.play("0@12")
    at_b.play("declined A")
    assert (at_b.sellable, at_b.allocated) == (0, 0)
    at_b.play("1@14")
    assert at_b.sellable == 1


def test_undone_run_sells_nothing_until_the_next_number_and_lets_no_older_one_back():
    trace = Trace(2)
    for event in ("sold A", "reflected A @10", "1@12"):
        trace.play(event)
    undo(trace)
    assert trace.sellable == 0
    trace.play("2@9")
    assert trace.sellable == 0
    trace.play("complete @13")
    assert trace.sellable == 0
    trace.play("1@14")
    assert trace.sellable == trace.free == 1


def test_number_from_the_future_is_refused():
    trace = Trace(1)
    with pytest.raises(ValueError, match="cannot have said 3"):
        absorbing.write_number(trace.record, 3, as_of=hours(2), now=hours(1))
