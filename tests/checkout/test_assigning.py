from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.checkout.assigning import Assignment, Goal, Offered, Source, Wish, assign, measure

A, B, C = 1, 2, 3
PAID = Source([(0, 600)], 1.0)
FREE_ABOVE = Source([(0, 600), (5000, 0)], 2.0)


def wish(quantity=1, present=None, **prices):
    """`A=1500`: shop A has nine at 15.00."""
    return Wish(
        quantity, [Offered({"A": A, "B": B, "C": C}[name], price, 9) for name, price in prices.items()], present
    )


def order_of(goal, found):
    measures = {"parcels": found.parcels, "total": found.total_minor, "way": found.way}
    first = {Goal.CHEAPEST: "total", Goal.NEAREST: "way"}.get(goal, "parcels")
    return (measures.pop(first), *measures.values(), found.moved)


def brute(wishes, sources, goal, mine):
    """The measures of the best of all assignments that there are."""
    shops = [[of.shop for of in wish.offered] for wish in wishes]
    found = [measured for picked in product(*shops) if (measured := measure(wishes, sources, picked))]
    if goal == Goal.MINE:
        has = [mine in wish.possible for wish in wishes]
        found = [
            one for one in found if all(not here or shop == mine for shop, here in zip(one.shops, has, strict=True))
        ]
        found = found if any(has) else []
    return min((order_of(goal, one) for one in found), default=None)


@st.composite
def questions(draw):
    shops = range(draw(st.integers(1, 5)))
    sources = {}
    for shop in shops:
        price = draw(st.integers(0, 900))
        minimum = draw(st.sampled_from([0, 0, 0, 2500]))
        free = draw(st.sampled_from([None, 3000, 6000]))
        sources[shop] = Source(
            [(minimum, price), *([(free, 0)] if free else [])], draw(st.none() | st.integers(0, 30).map(float))
        )
    wishes = []
    for _ in range(draw(st.integers(1, 5))):
        having = draw(st.sets(st.sampled_from(shops), min_size=1))
        prices = [Offered(shop, draw(st.integers(500, 3000)), draw(st.integers(1, 3))) for shop in sorted(having)]
        wishes.append(Wish(draw(st.integers(1, 2)), prices, draw(st.sampled_from(shops))))
    return wishes, sources


@given(questions(), st.sampled_from(Goal))
@settings(max_examples=40, deadline=None)
def test_assign_is_as_good_as_the_best_of_all_assignments(question, goal):
    wishes, sources = question
    found = assign(wishes, sources, goal, mine=0)
    assert (found and order_of(goal, found)) == brute(wishes, sources, goal, 0)
    assert found is None or found == measure(wishes, sources, found.shops)


def test_goals_differ_where_shops_do():
    wishes = [wish(A=1500, B=2700), wish(A=1400, B=2400), wish(B=2600, C=1200)]
    sources = {A: Source([(0, 600)], 4.0), B: Source([(0, 600)], 3.0), C: Source([(0, 300)], 12.0)}
    found = {goal: assign(wishes, sources, goal, mine=A) for goal in Goal}
    assert {goal: (one.shops, one.parcels, one.total_minor, one.way) for goal, one in found.items()} == {
        Goal.FEWEST: ((B, B, B), 1, 8300, 30),
        Goal.CHEAPEST: ((A, A, C), 2, 5000, 160),
        Goal.NEAREST: ((B, B, B), 1, 8300, 30),
        Goal.MINE: ((A, A, C), 2, 5000, 160),
    }


def test_cheapest_fills_a_parcel_up_to_where_it_is_free():
    wishes = [wish(A=4000, B=4000), wish(A=1300, B=1200)]
    sources = {A: FREE_ABOVE, B: PAID}
    assert assign(wishes, sources, Goal.CHEAPEST) == Assignment((A, A), 1, 5300, 0, 20, 2)


def test_a_line_stays_whole_and_where_nobody_has_enough_there_is_no_assignment():
    few = Wish(3, [Offered(A, 1000, 2), Offered(B, 1000, 2)])
    assert assign([few], {A: PAID, B: PAID}, Goal.FEWEST) is None
    assert measure([few], {A: PAID, B: PAID}, [A]) is None


def test_equals_leave_lines_where_they_are():
    wishes = [wish(A=1000, B=1000, present=B)]
    assert assign(wishes, {A: PAID, B: PAID}, Goal.CHEAPEST) == Assignment((B,), 1, 1000, 600, 10, 0)


def test_a_shop_is_not_proposed_below_its_least_amount():
    sources = {A: Source([(2000, 300)]), B: PAID}
    assert assign([wish(A=1500, B=1900)], sources, Goal.CHEAPEST).shops == (B,)
    assert assign([wish(A=1500)], sources, Goal.FEWEST) is None
    assert assign([wish(A=1500)], sources, Goal.MINE, mine=A) is None


@pytest.mark.parametrize("goal", Goal)
def test_nothing_to_assign(goal):
    assert assign([], {}, goal, mine=A) is None
