from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.utils import translation

from marketplace.storefront.templatetags import storefront as tags
from search.availability import Opening

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=8), "8 min ago"),
        (timedelta(hours=3, minutes=59), "3 h ago"),
        (timedelta(days=1, hours=2), "yesterday"),
        (timedelta(days=5), "5 days ago"),
    ],
)
def test_ago(before, words):
    assert tags.ago(NOW - before, NOW) == words


def test_ago_says_nothing_of_an_unknown_time():
    assert tags.ago(None, NOW) == ""


@pytest.mark.parametrize(
    ("km", "words"), [(0.01, "50 m"), (0.42, "400 m"), (1.24, "1.2 km"), (34.6, "35 km"), (None, "")]
)
def test_distance(km, words):
    assert tags.distance(km) == words


def test_distance_in_french():
    with translation.override("fr"):
        assert tags.distance(1.24) == "1,2 km"


def test_price_range():
    assert tags.price_range((None, 499), "CAD") == "under $5.00"
    assert tags.price_range((1000, 1499), "CAD") == "$10.00 – $15.00"
    assert tags.price_range((10000, None), "CAD") == "$100.00 and more"


@pytest.mark.parametrize(
    ("opening", "words"),
    [
        (Opening(is_open=True, until=time(18)), "open until 6 p.m."),
        (Opening(is_open=False, opens=time(10), day=date(2026, 3, 2), today=True), "closed, opens at 10 a.m."),
        (
            Opening(is_open=False, opens=time(10), day=date(2026, 3, 3), tomorrow=True),
            "closed, opens tomorrow at 10 a.m.",
        ),
        (Opening(is_open=False, opens=time(10), day=date(2026, 3, 5)), "closed, opens Thursday at 10 a.m."),
        (Opening(is_open=False), ""),
    ],
)
def test_opening_word(opening, words):
    assert tags.opening_word(opening) == words


def test_natural_name():
    assert tags.natural_name("Camus, Albert") == "Albert Camus"
    assert tags.natural_name("Collectif") == "Collectif"


def test_icon_is_hidden_unless_it_is_named():
    assert tags.icon("have").startswith('<svg class="icon" aria-hidden="true" focusable="false" viewBox')
    assert 'role="img" aria-label="&lt;x&gt;"' in tags.icon("have", "<x>")


def test_address_leaves_out_what_is_empty():
    assert tags.address("/search/", q="a&b", page="") == "/search/?q=a%26b"
    assert tags.address("/search/") == "/search/"
