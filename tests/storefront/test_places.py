import pytest
from django.utils import translation

from marketplace.foundation.models import Postcode
from marketplace.storefront import places
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _french():
    with translation.override("fr"):
        yield


@pytest.fixture
def shops():
    return [
        factories.shop("Port", slug="port", city="Montréal", postcode="H2Y 1B5", latitude=45.504, longitude=-73.554),
        factories.shop("Plateau", city="Montréal", postcode="H2T 2S1", latitude=45.524, longitude=-73.596),
        factories.shop("Quai", city="Québec", postcode="G1K 4A1", latitude=46.814, longitude=-71.208),
        factories.shop("Phare", city="Anse-aux-Livres", postcode="G4X 1A1", latitude=48.8, longitude=-64.5),
        factories.shop("Sans lieu", city="Nulleville", postcode="G0A 1A1"),
    ]


def place(typed: str):
    found = places.find(typed, radius_km=10).place
    return found and (found.label, found.latitude, found.longitude)


@pytest.mark.parametrize(
    ("typed", "where"),
    [
        ("montreal", ("Montréal", 45.509, -73.588)),
        ("  QUÉBEC ", ("Québec", 46.812, -71.215)),
        ("h2t 1a1", ("H2T 1A1", 45.524, -73.596)),
        ("H2", ("H2", 45.514, -73.575)),
        ("H9X 3X3", ("H9X 3X3", 45.514, -73.575)),
        ("quai", ("quai", 46.814, -71.208)),
        ("anse aux livres", ("anse aux livres", 48.8, -64.5)),
        ("100 Mile House", ("100 Mile House", 51.65, -121.286)),
        ("69003", ("69003 Lyon 3e Arrondissement", 45.761, 4.852)),
        ("Westmount (QC)", ("Westmount (Québec)", 45.483, -73.599)),
        ("Paris", ("Paris", 43.2, -80.383)),
        ("Paris (75)", ("Paris (Paris)", 48.853, 2.349)),
    ],
)
def test_find_in_a_canadian_network(shops, typed, where):
    factories.network(country="CA")
    assert place(typed) == where


@pytest.mark.parametrize(
    "typed", ["", "Nulleville", "V5K 0A1", "12345", "\x00", "?!", "rue 12, chez moi", "x" * 10_000]
)
def test_find_gives_nothing_where_nothing_fits(shops, typed):
    factories.network(country="CA")
    assert places.find(typed, radius_km=10).place is None


def test_find_in_a_french_network():
    factories.network(country="FR")
    factories.shop(postcode="69007", city="Lyon", latitude=45.74, longitude=4.84)
    assert place("69007") == ("69007 Lyon 7e Arrondissement", 45.745, 4.842)
    assert place("69003 Lyon") == ("69003 Lyon 3e Arrondissement", 45.761, 4.852)
    assert place("69") == ("69", 45.74, 4.84)  # a shop is there
    assert place("74") == ("74 Annecy", 45.909, 6.126)  # no shop: the largest town
    assert place("74998")[0] == "74998 Annecy"
    assert place("Paris")[0] == "Paris"
    assert place("la rochelle")[0] == "La Rochelle (Charente-Maritime)"  # the other one is a hamlet


def test_find_asks_which_town_is_meant():
    factories.network(country="FR")
    found = places.find("st denis", radius_km=10)
    assert found.place is None
    assert found.choices[:2] == ("Saint-Denis (La Réunion)", "Saint-Denis (Seine-Saint-Denis)")
    assert place(found.choices[1]) == ("Saint-Denis (Seine-Saint-Denis)", 48.936, 2.354)
    assert place("saint-denis, 93")[0] == "Saint-Denis (Seine-Saint-Denis)"


def test_find_proposes_what_is_spelt_nearly_so():
    factories.network(country="FR")
    assert places.find("Marseile", radius_km=10).nearly == ("Marseille",)
    assert places.find("Zzzzzz", radius_km=10) == places.Found()


def test_find_knows_the_postcodes_an_operator_brought(shops):
    factories.network(country="CA")
    Postcode.objects.create(country="CA", code="V5K0A1", latitude=49.2801, longitude=-123.0404, town="Vancouver")
    assert place("v5k 0a1") == ("V5K 0A1 Vancouver", 49.28, -123.04)
    assert place("V5K 9Z9") == ("V5K 9Z9 Vancouver", 49.28, -123.04)


def test_suggestions_while_typing():
    factories.network(country="CA")
    assert [places.full_name(row) for row in places.suggestions("troi", 2)] == [
        "Trois-Rivières (Québec)",
        "Trois Pistoles (Québec)",
    ]
    assert [row.name for row in places.suggestions("29000", 1)] == ["Quimper"]
    assert places.suggestions("", 3) == []
