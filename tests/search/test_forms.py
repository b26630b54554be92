import pytest
from django.http import QueryDict
from django.utils import timezone

from search.availability import Place
from search.engines.base import Sort
from search.forms import Choices, choices, query_of, span_of
from search.reader import Reader
from tests import factories

NOW = timezone.now()


def test_choices_read_an_address():
    found = choices(QueryDict("q=le+petit++prince&shop=a&shop=b&subject=F&near=1&open=0&price=10-14&sort=price&page=3"))
    assert found == Choices(
        text="le petit prince",
        chosen={"shop": ("a", "b"), "subject": ("F",)},
        switches=frozenset({"near"}),
        price=(10, 14),
        sort=Sort.PRICE,
        page=3,
    )


@pytest.mark.parametrize(
    "address", ["sort=cheap&page=x&price=a-b", "page=-1&price=-", "page=99999999&price=5", "shop=&subject=", "q=%00"]
)
def test_choices_leave_out_what_cannot_be(address):
    assert choices(QueryDict(address)) == Choices()


@pytest.mark.parametrize(
    ("parameter", "span"),
    [("1000-1499", (1000, 1499)), ("-499", (None, 499)), ("10000-", (10000, None)), ("٣-٤", None), ("1e3-2", None)],
)
def test_span_of(parameter, span):
    assert span_of(parameter) == span


def test_parameters_leave_out_defaults_and_begin_again_at_the_first_page():
    chosen = choices(QueryDict("q=a&sort=best&page=4&shop=x"))
    assert chosen.parameters() == "q=a&shop=x"
    assert chosen.parameters(page=2) == "q=a&shop=x&page=2"
    assert choices(QueryDict(chosen.parameters())) == Choices(text="a", chosen={"shop": ("x",)})


def test_without_takes_one_thing_away():
    chosen = choices(QueryDict("q=a&shop=x&shop=y&near=1&price=-499"))
    assert chosen.without("shop", "x") == "q=a&shop=y&near=1&price=-499"
    assert chosen.without("near") == "q=a&shop=x&shop=y&price=-499"
    assert chosen.without("price") == "q=a&shop=x&shop=y&near=1"


@pytest.mark.django_db
def test_query_turns_shops_and_switches_into_ids():
    near = factories.shop(slug="pres", latitude=45.52, longitude=-73.59)
    mine = factories.shop(slug="a-moi", latitude=46.8, longitude=-71.2)
    place = Place(latitude=45.52, longitude=-73.6, label="ici", radius_km=10)
    reader = Reader(place=place, shop_id=mine.pk, now=NOW)
    query = query_of(choices(QueryDict("shop=pres&shop=inconnu&near=1")), reader)
    assert (query.shops, query.within, query.favoured) == ({near.pk}, {near.pk}, {near.pk, mine.pk})
    assert query_of(choices(QueryDict("near=1&mine=1")), reader).within == frozenset()
    assert query_of(choices(QueryDict("shop=inconnu")), reader).shops == frozenset()


@pytest.mark.django_db
def test_switches_that_need_a_place_narrow_nothing_without_one():
    query = query_of(choices(QueryDict("near=1&mine=1")), Reader(now=NOW))
    assert (query.within, query.favoured) == (None, frozenset())


@pytest.mark.django_db
def test_switches_of_opening_are_sets_of_shops():
    factories.shop()
    query = query_of(choices(QueryDict("open=1&today=1&order=1")), Reader(now=NOW))
    assert (query.within, query.orderable, query.on_shelf) == (frozenset(), True, True)


@pytest.mark.parametrize(("address", "on_shelf"), [("pickup=1", True), ("pickup=1&order=1", False), ("sent=1", False)])
@pytest.mark.django_db
def test_what_is_picked_up_lies_on_a_shelf_unless_it_may_be_ordered(address, on_shelf):
    assert query_of(choices(QueryDict(address)), Reader(now=NOW)).on_shelf == on_shelf
