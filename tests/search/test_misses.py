"""What nobody near has, counted without saying who asked."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import IPv4Address
from itertools import count

import pytest
from django.utils import timezone

from search import misses
from search.availability import Place
from search.engines.base import Page
from search.forms import Choices
from search.reader import Reader
from shops.models import SearchMiss
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db
HERE = Place(latitude=45.52, longitude=-73.58, label="Plateau")
FAR = (46.81, -71.21)


def shop(position=(45.5, -73.57)):
    return factories.shop(latitude=position[0], longitude=position[1])


ADDRESSES = count(1)


def note(words: str, *found: int, place: Place | None = HERE, times: int = 1, by: str = "", **choices: object) -> None:
    """`times`: so many people; `by`: always the one at this address."""
    for _ in range(times):
        misses.note(
            Choices(text=words, **choices),
            Page(ids=found, total=len(found)),
            Reader(place=place, now=NOON),
            address=by or str(IPv4Address(next(ADDRESSES))),
        )


def queries() -> list[str]:
    misses.flush(NOON)
    return sorted(SearchMiss.objects.values_list("query", flat=True))


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("L’Étranger", ["etranger"]),
        ("  Les  Fleurs du MAL ", ["les fleurs du mal"]),
        ("2-07-036002-4", ["9782070360024"]),
        ("1984 Orwell", ["1984 orwell"]),
        ("lea@example.org", []),
        ("514 555 0199 Léa", []),
        ("https://example.org/dune", []),
        ("1984", []),
        ("à", []),
        ("mot " * 13, []),
        ("anticonstitutionnellement " * 5, []),
        ("", []),
    ],
)
def test_only_what_may_be_a_title_is_kept(typed, kept):
    note(typed)
    assert queries() == kept


def test_without_a_place_narrowed_or_found_often_nothing_is_kept():
    note("dune", place=None)
    note("dune", chosen={"language": ("fr",)})
    note("dune", price=(None, 1000))
    note("dune", switches=frozenset({"picks"}))
    note("dune", page=2)
    note("dune", 1, 2, 3, 4)
    assert queries() == []
    note("dune", switches=frozenset({"near", "today"}))
    assert queries() == ["dune"]


def test_what_a_shop_near_has_is_no_miss_and_what_one_far_off_has_is():
    near, far = factories.product("Dune"), factories.product("Hyperion")
    factories.stock_record(shop(), near, units=1)
    factories.stock_record(shop(FAR), far, units=1)
    note("dune", near.pk), note("hyperion", far.pk)
    misses.flush(timezone.now())
    row = SearchMiss.objects.get()
    assert (row.query, row.product_id, row.times) == ("hyperion", far.pk, 1)
    assert (row.latitude_tenths, row.longitude_tenths) == (455, -736)


def test_times_add_up_and_are_told_from_three_on():
    here = shop()
    note("dune", times=2)
    misses.flush(NOON)
    assert misses.asked_near(here, now=NOON) == []
    note("dune")
    misses.flush(NOON)
    assert SearchMiss.objects.get().times == 3
    assert misses.asked_near(here, now=NOON) == [misses.Asked("dune", 3, None)]
    assert misses.asked_near(shop(FAR), now=NOON) == []
    assert misses.asked_near(factories.shop(latitude=None, longitude=None), now=NOON) == []


def test_one_person_counts_once_a_day_and_so_many_things():
    note("lea tremblay", times=9, by="192.0.2.1"), note("lea tremblay", times=9, by="2001:db8::1")
    note("lea tremblay", by="2001:db8::2")  # of the same household
    misses.flush(NOON)
    note("lea tremblay", by="192.0.2.1")
    misses.flush(NOON)
    assert SearchMiss.objects.get().times == 2
    for number in range(60):
        note(f"words of a program {number}", by="192.0.2.1")
    misses.flush(NOON)
    assert SearchMiss.objects.count() == misses._MOST_OF_ONE


def test_title_that_is_known_is_told_until_the_shop_has_it():
    here, there = shop(), shop(FAR)
    known, numbered = factories.product("Hyperion"), factories.product("L’Étranger", gtin=9782070360024)
    factories.stock_record(there, known, units=1)
    note("hyperion", known.pk, times=4), note("9782070360024", times=3)
    misses.flush(timezone.now())
    told = misses.asked_near(here, now=timezone.now())
    assert [(one.product, one.times) for one in told] == [(known, 4), (numbered, 3)]
    factories.stock_record(here, known, units=1)
    assert [one.product for one in misses.asked_near(here, now=timezone.now())] == [numbered]


def test_old_ones_go():
    note("dune", times=3)
    misses.flush(NOON)
    assert misses.prune(NOON + timedelta(days=89)) == 0
    assert misses.asked_near(shop(), now=NOON + timedelta(days=90)) == []
    assert misses.prune(NOON + timedelta(days=90)) == 1


def test_search_writes_nothing_until_an_answer_has_left(monkeypatch, django_assert_num_queries):
    with django_assert_num_queries(0):
        note("dune", times=100)
        misses.after_an_answer()
    assert not SearchMiss.objects.exists()
    monkeypatch.setattr(misses, "_WRITTEN_EVERY", -1.0)
    misses.after_an_answer()
    assert SearchMiss.objects.get().times == 100
