"""Pages by number: nothing is lost, and what leads nowhere is given up."""

from __future__ import annotations

import pytest

from shops.systems import paging
from shops.systems.calling import Caller, SystemCallError, Trouble

CALLER = Caller("A system", "https://shop.example.org", {})


def rows(*names: int) -> list[dict[str, str]]:
    return [{"id": f"{name:03}"} for name in names]


def test_what_leaves_the_list_meanwhile_takes_none_with_it():
    there, given = list(range(20)), []

    def ask(skip: int):
        page = rows(*there[skip : skip + 5]), len(there)
        if skip == 4:
            del there[:3]
        return page

    for page in paging.by_number(CALLER, ask):
        given += [row["id"] for row in page]
    assert set(given) >= {row["id"] for row in rows(*range(20))}


@pytest.mark.parametrize("page", [[], rows(1)])
def test_list_that_says_there_are_more_and_gives_none_is_given_up(page):
    asked: list[int] = []

    def ask(skip: int):
        asked.append(skip)
        assert len(asked) <= 2 * paging.MOST_IN_VAIN, "without end"
        return page, 7

    with pytest.raises(SystemCallError) as told:
        list(paging.by_number(CALLER, ask))
    assert (told.value.trouble, told.value.permanent, min(asked)) == (Trouble.UNCLEAR, False, 0)
