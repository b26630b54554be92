"""How likely a copy is there, from its age, how many there are, and how the shop kept its word."""

from __future__ import annotations

from datetime import timedelta

import pytest

from search import confidence
from search.confidence import DOUBTFUL, LIKELY, SURE
from tests.factories import NOON


def level(units: int, kept_share: float = 0.95, **age: float) -> str:
    return confidence.level(units, NOON - timedelta(**age), kept_share, now=NOON)


@pytest.mark.parametrize(
    ("units", "age", "expected"),
    [
        (1, {"minutes": 8}, SURE),
        (1, {"days": 1}, LIKELY),
        (1, {"days": 4}, DOUBTFUL),
        (2, {"days": 1}, SURE),
        (5, {"days": 3}, SURE),
    ],
)
def test_level_falls_with_age_and_rises_with_copies(units, age, expected):
    assert level(units, **age) == expected


def test_level_falls_with_the_word_that_was_not_kept():
    assert [level(5, share, minutes=8) for share in (0.97, 0.8, 0.5)] == [SURE, LIKELY, DOUBTFUL]


def test_nothing_known_is_no_chance():
    assert confidence.chance(0, NOON, 1.0, now=NOON) == confidence.chance(3, None, 1.0, now=NOON) == 0.0
    assert confidence.chance(1, NOON + timedelta(minutes=5), 1.0, now=NOON) == 1.0
