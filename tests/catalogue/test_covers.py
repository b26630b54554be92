import re

import pytest

from marketplace.catalogue import covers


def test_cover_is_the_same_each_time_and_escapes_its_words():
    drawn = covers.drawn("<b>L'Étranger", "A & B", "<x>")
    assert drawn == covers.drawn("<b>L'Étranger", "A & B", "<x>")
    assert "&lt;b&gt;" in drawn
    assert "A &amp; B" in drawn
    assert "<b>" not in drawn


def test_cover_has_no_inline_style_and_is_hidden_from_screen_readers():
    drawn = covers.drawn("Titre")
    assert "style=" not in drawn
    assert 'aria-hidden="true"' in drawn
    assert re.search(r'class="drawn-cover tone-[0-7]"', drawn)


@pytest.mark.parametrize(
    "title",
    [
        "Ru",
        "Kamouraska",
        "Le Mammouth",
        "Brève Histoire socio-économique du Québec",
        "Anticonstitutionnellement et autres mots de vingt-cinq lettres",
        "Un titre " * 40,
        "",
        "MMMMMMMMMMMMMMMMMMMM",
    ],
)
def test_cover_lines_stay_within_the_drawing(title):
    drawn = covers.drawn(title, "Un nom d'autrice vraiment très long, et un autre", "Presses universitaires de partout")
    lines = re.findall(r'class="drawn-title" x="12" y="(\d+)" font-size="(\d+)">([^<]*)<', drawn)
    assert all(int(y) < 160 for y, _, _ in lines)
    assert all(covers._width(line.replace("&#x27;", "'"), int(size)) <= covers._ROOM for _, size, line in lines)


def test_cut_title_ends_with_an_ellipsis():
    assert "…</text>" in covers.drawn("Un titre " * 40)
