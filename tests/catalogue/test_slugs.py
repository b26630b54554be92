import pytest
from django.utils.text import slugify
from hypothesis import given
from hypothesis import strategies as st

from marketplace.catalogue.slugs import slug


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("L'Étranger, tome 2", "letranger-tome-2"),
        ("  _Un -- deux_trois_-", "un-deux_trois"),
        ("漢字 \U0001f600", "title"),
        ("a" * 300, "a" * 255),
    ],
)
def test_slug_is_what_people_read(title: str, expected: str) -> None:
    assert slug(title) == expected


@given(st.text(st.characters() | st.sampled_from("aZ9_- \t\x1c\x1f\x85\u00a0éﬁ²'\"&"), max_size=40))
def test_slug_is_what_django_makes(title: str) -> None:
    assert slug(title) == (slugify(title) or "title")
