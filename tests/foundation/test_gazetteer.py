import pytest
from django.utils import translation

from marketplace.foundation import gazetteer
from marketplace.foundation.gazetteer import FOLDER, Row
from marketplace.foundation.gazetteer.areas import AREAS, area_name, is_area


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("Trois-Rivières", {"CA-QC", "FR-80", "FR-971"}),
        ("trois rivieres", {"CA-QC", "FR-80", "FR-971"}),
        ("ST. JOHN'S", {"CA-NL"}),
        ("st nazaire", {"CA-QC", "FR-30", "FR-44", "FR-66"}),
        ("Rochelle", {"FR-17", "FR-70"}),
        ("l’haÿ-les-roses", {"FR-94"}),
        ("quebec city", {"CA-QC"}),
        ("Lyons", {"FR-69"}),
        ("Lomme", {"FR-59"}),
        ("", set()),
        ("Atlantis", set()),
    ],
)
def test_named_folds_what_people_type(typed, found):
    assert {row.area for row in gazetteer.named(typed)} == found


def test_named_gives_the_largest_first_and_the_towns_own_name():
    assert [row.area for row in gazetteer.named("Saint-Denis")][:2] == ["FR-974", "FR-93"]
    assert gazetteer.named("Marseilles")[0][:5] == ("Marseille", "FR-13", 43.297, 5.381, 877200)


@pytest.mark.parametrize(
    ("postcode", "first"),
    [
        ("69003", "Lyon 3e Arrondissement"),
        ("29000", "Quimper"),
        ("74", "Annecy"),
        ("2A", None),
        ("7", None),
        ("00000", None),
    ],
)
def test_postcodes_are_found_whole_or_by_their_beginning(postcode, first):
    assert next((row.name for row in gazetteer.at_postcode(postcode)), None) == first


@pytest.mark.parametrize(
    ("typed", "first"),
    [("Marseile", "Marseille"), ("Quimer", "Quimper"), ("Bordaeux", "Bordeaux"), ("Xyzzyxyzzy", None)],
)
def test_a_letter_wrong_is_proposed(typed, first):
    assert next((row.name for row in gazetteer.spelt_nearly(typed, most=3, country="FR")), None) == first


def test_beginning_puts_the_country_first():
    assert [row.name for row in gazetteer.beginning("mont", most=2, country="FR")] == ["Montpellier", "Montreuil"]
    assert gazetteer.beginning("mont", most=2, country="CA")[0].name == "Montréal"
    assert gazetteer.beginning("", most=2, country="CA") == []


def test_nearest_is_the_town_next_to_a_position():
    assert gazetteer.nearest((48.0, -4.1)).name == "Quimper"
    assert gazetteer.nearest((0.0, 0.0)) is None


def test_table_is_small_sorted_and_each_line_stands_for_itself():
    content = (FOLDER / "towns.tsv").read_bytes()
    assert len(content) < 2_000_000
    lines = [line for line in content.decode().splitlines(keepends=True) if not line.startswith("#")]
    rows = [gazetteer._row_of(line.encode()) for line in lines]
    assert [gazetteer.line_of(row) for row in rows] == lines
    assert gazetteer.key("\n".join(row.name for row in rows)).split("\n") == sorted(
        gazetteer.key(row.name) for row in rows
    )
    assert {row.area for row in rows} <= set(AREAS)


def test_line_says_what_is_estimated_and_what_is_another_name():
    assert gazetteer.line_of(Row("Aast", "FR-64", 43.3456, -0.0081, 149, ("64460",), estimated=True)) == (
        "Aast\tFR-64\t~43.346\t-0.008\t1\t64460\n"
    )
    assert gazetteer.line_of(Row("Lyons", "FR-69", 1, 2, called="Lyon")) == "Lyons\tFR-69\t=Lyon\n"


def test_areas_have_names_and_codes():
    assert area_name("FR-93") == "Seine-Saint-Denis"
    assert [is_area(typed, "FR-93") for typed in ("seine saint denis", "93", "Rhône")] == [True, True, False]
    with translation.override("en"):
        assert area_name("CA-BC") == "British Columbia"
        assert is_area("Colombie-Britannique", "CA-BC")


def test_the_largest_of_a_rectangle_are_those_of_all_that_are_in_it():
    bounds = (45.0, -74.5, 46.5, -72.5)
    every = gazetteer.largest_first(gazetteer._table().inside(*bounds))
    assert len(every) > 100
    assert [gazetteer.within(*bounds, most=most) for most in (1, 50, 10_000)] == [every[:1], every[:50], every]
    assert gazetteer.within(0, 0, 1, 1, most=5) == []
