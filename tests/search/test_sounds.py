import pytest

from search.sounds import sound


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("filosofie", "philosophie"),
        ("fedre", "phedre"),
        ("diabolike", "diaboliques"),
        ("istoire", "histoires"),
        ("frankin", "franquin"),
        ("ensamble", "ensemble"),
        ("chato", "chateaux"),
        ("misterieuse", "mysterieuse"),
        ("printan", "printemps"),
        ("simphonie", "symphonie"),
        ("meson", "maison"),
        ("jerminal", "germinal"),
        ("kronike", "chroniques"),
        ("coliere", "colliers"),
    ],
)
def test_what_is_heard_alike_has_one_sound(one: str, other: str) -> None:
    assert sound(one) == sound(other) != ""


@pytest.mark.parametrize(("one", "other"), [("poisson", "boisson"), ("guerre", "gerer"), ("monstre", "montre")])
def test_what_is_heard_otherwise_has_another(one: str, other: str) -> None:
    assert sound(one) != sound(other)


@pytest.mark.parametrize("word", ["", "a", "les", "child", "1984", "t12", "война"])
def test_what_is_too_short_or_no_word_has_none(word: str) -> None:
    assert sound(word) == ""
