"""The chain of rules by which another shop is chosen, each rule by itself and all of them in a row."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.checkout.routing_rules import LAST, LINKS, USUAL, Candidate, choose, kept, thawed
from search.confidence import DOUBTFUL, LIKELY, SURE

A, B, C = (Candidate(shop=number, parts=1, total_minor=1000) for number in (1, 2, 3))


@pytest.mark.parametrize(
    ("link", "of", "left"),
    [
        ("readers_shop", [A, replace(B, is_readers=True)], [2]),
        ("readers_shop", [A, B], [1, 2]),
        ("confidence", [replace(A, level=LIKELY), B, replace(C, level=DOUBTFUL)], [2]),
        ("confidence", [replace(A, level=LIKELY), replace(B, level=LIKELY)], [1, 2]),
        ("distance", [replace(A, km=2.0), replace(B, km=5.0), replace(C, km=5.1)], [1, 2]),
        ("distance", [replace(A, km=100.0), replace(B, km=150.0), replace(C, km=151.0)], [1, 2]),
        ("distance", [replace(A, km=9.0), B], [1]),
        ("distance", [A, B], [1, 2]),
        ("whole_parcel", [A, replace(B, parts=2), replace(C, parts=2)], [2, 3]),
        ("load", [replace(A, is_full=True), replace(B, open_orders=80)], [2]),
        ("load", [replace(A, is_full=True), replace(B, is_full=True)], [1, 2]),
        ("load", [replace(A, open_orders=5), replace(B, open_orders=6), C], [1, 3]),
        ("load", [replace(A, open_orders=10), replace(B, open_orders=20), replace(C, open_orders=21)], [1, 2]),
        ("fair_share", [replace(A, routed_units=3), replace(B, routed_units=2), C], [2, 3]),
        ("declines", [replace(A, declined_share=0.06), replace(B, declined_share=0.05), C], [2, 3]),
        ("price", [replace(A, total_minor=999), B], [1]),
    ],
)
def test_link_leaves_the_best_and_who_is_as_good(link, of, left):
    assert [one.shop for one in LINKS[link](of)] == left


def test_first_link_that_leaves_one_has_decided():
    near_but_unsure = replace(A, level=LIKELY, km=1.0)
    far_and_sure, near_and_dear = replace(B, km=40.0), replace(C, km=3.0, total_minor=2000)
    choice = choose([near_but_unsure, far_and_sure, near_and_dear], USUAL)
    assert choice is not None
    assert choice.shop == 3
    assert [(step.link, step.left) for step in choice.steps] == [("confidence", (2, 3)), ("distance", (3,))]


def test_order_of_the_links_is_the_networks():
    cheap, near = replace(A, total_minor=900, km=90.0), replace(B, km=1.0)
    assert [choose([cheap, near], links).shop for links in (["distance", "price"], ["price", "distance"])] == [2, 1]


def test_who_was_given_least_where_no_rule_tells_them_apart():
    choice = choose([replace(A, routed_units=2), replace(B, routed_units=1), replace(C, routed_units=1)], USUAL)
    assert (choice.shop, [(step.link, step.left) for step in choice.steps]) == (2, [(LAST, (2,))])


def test_nobody_is_chosen_of_nobody():
    assert choose([], USUAL) is None


def test_alone_there_is_nothing_to_decide():
    assert choose([A], USUAL).steps == ()


def test_rule_that_is_no_more_is_passed_over():
    assert choose([A, replace(B, total_minor=1)], ["moon", "price"]).shop == 2


candidates = st.builds(
    Candidate,
    shop=st.integers(1, 50),
    parts=st.integers(1, 4),
    total_minor=st.integers(0, 5000),
    level=st.sampled_from([SURE, LIKELY, DOUBTFUL]),
    km=st.none() | st.floats(0, 9000),
    is_readers=st.booleans(),
    open_orders=st.integers(0, 90),
    is_full=st.booleans(),
    routed_units=st.integers(0, 90),
    declined_share=st.floats(0, 1),
)


@given(
    st.lists(candidates, min_size=1, max_size=9, unique_by=lambda one: one.shop),
    st.lists(st.sampled_from(sorted(LINKS)), unique=True),
    st.randoms(),
)
def test_choice_is_of_them_and_does_not_hang_on_their_order(of, links, random):
    choice = choose(of, links)
    assert choice.shop in {one.shop for one in of}
    shuffled = list(of)
    random.shuffle(shuffled)
    assert choose(shuffled, links).shop == choice.shop
    assert choose([thawed(kept(one)) for one in of], links) == choice
