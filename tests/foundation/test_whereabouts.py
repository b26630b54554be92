"""Where an address lies, and which time it is there."""

from __future__ import annotations

from zoneinfo import available_timezones

import pytest

from marketplace.foundation import countries, whereabouts
from marketplace.foundation.models import Postcode

MONTREAL, PARIS = (45.509, -73.588), (48.853, 2.349)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("country", "postcode", "city", "found"),
    [
        ("CA", "H2X 1A1", "Montréal", MONTREAL),
        ("CA", "", "MONTREAL", MONTREAL),  # one town of that name in the country
        ("CA", "K1A 0B1", "Montréal", None),  # not in Ontario
        ("CA", "N0E 1Y0", "Paris", (43.2, -80.383)),
        ("FR", "75270", "Paris Cedex 06", PARIS),
        ("FR", "69002", "Lyon", (45.749, 4.826)),  # the part of the town with that postcode
        ("FR", "97400", "Saint-Denis", (-20.882, 55.45)),
        ("FR", "93200", "Saint-Denis", (48.936, 2.354)),
        ("FR", "", "Saint-Denis", None),  # which?
        ("FR", "20000", "Ajaccio", (41.927, 8.737)),
        ("BE", "1000", "Bruxelles", None),
        ("CA", "\x00", "\x00", None),
        ("CA", "Z9Z 9Z9", "x" * 500, None),
    ],
)
def test_address_is_placed_by_postcode_and_town(country, postcode, city, found):
    assert whereabouts.position_of(country, postcode, city) == (found and pytest.approx(found, abs=0.02))


@pytest.mark.django_db
def test_postcodes_that_an_operator_brought_along_come_first():
    for country, code, latitude in (("CA", "H2X1A1", 45.51), ("CA", "H2Y1B5", 45.50), ("FR", "75005", 48.84)):
        Postcode.objects.create(country=country, code=code, latitude=latitude, longitude=2)
    assert whereabouts.position_of("CA", "h2x 1a1", "Montréal") == (45.51, 2)
    assert whereabouts.position_of("CA", "H2X 9Z9", "Montréal") == (45.51, 2)  # by its beginning
    assert whereabouts.position_of("FR", "75005", "Paris") == (48.84, 2)
    assert whereabouts.position_of("FR", "75011", "Paris") != (48.84, 2)  # not by another's


@pytest.mark.parametrize(
    ("country", "postcode", "zone"),
    [
        ("CA", "H2X 1A1", "America/Toronto"),
        ("CA", "v5k 0a1", "America/Vancouver"),
        ("CA", "B3H 1A1", "America/Halifax"),
        ("CA", "G4T 1A1", "America/Halifax"),
        ("CA", "", "America/Toronto"),
        ("FR", "75005", "Europe/Paris"),
        ("FR", "97400", "Indian/Reunion"),
        ("BE", "1000", "Europe/Brussels"),
        ("US", "10001", "America/New_York"),
        ("XX", "1", ""),
    ],
)
def test_time_zone_is_the_addresses_own(country, postcode, zone):
    assert whereabouts.zone_of(country, postcode) == zone


def test_every_zone_is_one_that_clocks_know():
    zones = {zone for country in countries.CODES for zone, _ in whereabouts.zones_in(country)}
    zones |= {whereabouts.zone_of(country, letter) for country in countries.CODES for letter in "ABCEGHJKLMNPRSTVXY"}
    assert zones - {""} <= available_timezones()
    assert ("Europe/Paris", "Paris") in whereabouts.zones_in("FR")
