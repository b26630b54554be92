import pytest

from search.engines import matching, spelling
from search.engines.fields import Shown


@pytest.mark.parametrize(
    ("one", "other", "edits"),
    [
        ("", "", 0),
        ("a", "", 1),
        ("abc", "abc", 0),
        ("ab", "ba", 1),
        ("kitten", "sitting", 3),
        ("etrangre", "etranger", 1),
    ],
)
def test_distance_counts_edits_and_swaps(one: str, other: str, edits: int) -> None:
    assert spelling.distance(one, other) == spelling.distance(other, one) == edits


@pytest.mark.parametrize(
    ("typed", "suggestion"),
    [
        ("etrangre camus", "étranger camus"),
        ("l'étrangre", "étranger"),
        ("étranger", None),
        ("étrangers", None),
        ("xyzzyx", None),
        ("alb camsu", "alb camus"),
        ("orwel", "orwell"),
        ("hobit", "hobbit"),
        ("qlbert", "albert"),  # the key beside, on a French keyboard
        ("orvel", "orwell"),  # as it sounds
        ("hobbut", "hobbit"),
    ],
)
def test_nearest_replaces_only_unknown_words(typed: str, suggestion: str | None) -> None:
    titles = ("L'Étranger", "Étrange", "The Hobbit", "The Now Habit", "The 8th Habit")
    hits = [Shown(title, "", ("Albert Camus", "George Orwell")).packed() for title in titles]
    assert spelling.nearest(matching.take_apart(typed), hits) == suggestion


@pytest.mark.parametrize(
    ("typed", "titles", "suggestion"),
    [
        (
            "hartless",
            ["Harmless", "Heartless"],
            "heartless",
        ),  # a letter left out before one that is far on the keyboard
        ("wnder", ["Under", "Wonder"], "wonder"),  # the first letter is seldom wrong
        ("plase", ["Please", "Place"], "place"),  # what sounds alike too is nearer
        ("beond", ["Bond", "Beyond"], "beyond"),  # more often one too few than one too many
    ],
)
def test_nearest_knows_how_people_mistype(typed: str, titles: list[str], suggestion: str) -> None:
    hits = [Shown(title, "", ()).packed() for title in titles]
    assert spelling.nearest(matching.take_apart(typed), hits) == suggestion
