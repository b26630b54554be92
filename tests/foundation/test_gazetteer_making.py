"""`scripts/gazetteer` on a handful of places: who is joined with whom, who stands by its postcode, who is missed."""

from __future__ import annotations

import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader

import pytest
from django.conf import settings


@pytest.fixture(scope="module")
def script():
    loader = SourceFileLoader("gazetteer_script", str(settings.BASE_DIR / "scripts" / "gazetteer"))
    spec = spec_from_loader(loader.name, loader)
    module = module_from_spec(spec)
    sys.modules[loader.name] = module  # dataclasses look their module up
    loader.exec_module(module)
    yield module
    del sys.modules[loader.name]


def place(number: int, name: str, latitude: float, longitude: float, people: int = 900) -> dict:
    return {
        "geonameid": number, "name": name, "latitude": latitude, "longitude": longitude, "countrycode": "FR",
        "population": people, "admin1code": "52", "alternatenames": [""],
    }  # fmt: skip


def entry(code: str, name: str, postcode: str, sent: str = "") -> dict:
    return {"codeCommune": code, "nomCommune": name, "codePostal": postcode, "libelleAcheminement": sent or name}


def test_communes_are_joined_by_name_and_department(script):
    """Two Saint-Denis in one region: one in Sarthe (72), one in Vendée (85)."""
    places = [
        place(1, "Nord", 48.0, 0.2), place(2, "Sud", 46.7, -1.4), place(3, "St-Denis", 48.1, 0.3),
        place(4, "Saint-Denis", 46.6, -1.3), place(5, "Vire", 48.05, 0.25, 14_000), place(6, "Ancienne", 46.65, -1.35),
    ]  # fmt: skip
    entries = [
        entry("72001", "Nord", "72100"),
        entry("85001", "Sud", "85100"),
        entry("72002", "Saint-Denis", "72100"),
        entry("85002", "Saint-Denis", "85100"),
        entry("72003", "Hameau", "72100"),
        entry("72004", "Vire Normandie", "72200"),
        entry("85003", "Nulle-Part", "85900"),
        entry("85001", "Sud", "85101", "ANCIENNE"),
    ]
    communes, candidates = script.read_communes(entries), script.by_region_and_name(places)
    script.join_certain(communes, candidates)
    script.join_by_neighbours(communes, candidates)
    script.join_by_postcode(communes)
    found = {(one.department, one.name): (one.found and one.found["geonameid"], one.position) for one in communes}
    assert found == {
        ("72", "Nord"): (1, (48.0, 0.2)),
        ("85", "Sud"): (2, (46.7, -1.4)),
        ("72", "Saint-Denis"): (3, (48.1, 0.3)),
        ("85", "Saint-Denis"): (4, (46.6, -1.3)),
        ("72", "Hameau"): (None, (48.1, 0.3)),  # the median of its postcode's
        ("72", "Vire Normandie"): (5, (48.05, 0.25)),
        ("85", "Nulle-Part"): (None, None),
    }
    assert [row[:2] for row in script.old_names(communes, entries, candidates)] == [("Ancienne", "FR-85")]
