"""A small market that programs read, and how they call."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from marketplace.api import keys
from marketplace.api.models import Scope
from tests import factories

MONTREAL = {"latitude": 45.5019, "longitude": -73.5674}
QUEBEC = {"latitude": 46.8139, "longitude": -71.2080}
FIRST = 9782070360024  # L'Étranger


def isbn(number: int) -> int:
    """A valid ISBN-13, another for each number."""
    digits = f"978{number:09d}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return int(digits) * 10 + -total % 10


def make_key(*scopes: str, per_minute: int = 600) -> str:
    return keys.make(
        label="Library",
        scopes=scopes or Scope.values,
        per_minute=per_minute,
        by=factories.user(),
        now=timezone.now(),
    )


class Program:
    """Calls the API, with a key or without."""

    def __init__(self, key: str = "", address: str = "192.0.2.1") -> None:
        self.client = Client(REMOTE_ADDR=address)
        self.headers = {"Authorization": f"Bearer {key}"} if key else {}

    def get(self, path: str, parameters: object = None, **headers: str):
        return self.client.get(f"/api/v1/{path}", parameters, headers=self.headers | headers)

    def post(self, path: str, body: object, **headers: str):
        return self.client.post(
            f"/api/v1/{path}", body, content_type="application/json", headers=self.headers | headers
        )


@pytest.fixture
def program(db) -> Program:
    return Program()


@pytest.fixture
def market(db, reindex):
    """Two shops; L'Étranger in both, the last copy in one; La Peste used, in one; Kamouraska nowhere."""
    port = factories.shop("Librairie du Port", slug="port", **MONTREAL)
    page = factories.shop("La Page", slug="page", city="Québec", **QUEBEC)
    factories.delivery_option(port)
    author = {"contributors": [{"name": "Camus, Albert", "role": "author"}], "contributors_text": "Albert Camus"}
    etranger = factories.product("L'Étranger", gtin=FIRST, form="pocket", subject_codes=["FBA"], **author)
    peste = factories.product("La Peste", gtin=9782070360420, **author)
    factories.product("Kamouraska")
    factories.stock_record(port, etranger, units=7, price="11.95")
    factories.stock_record(page, etranger, units=1, price="9.95")
    factories.stock_record(
        page, peste, units=2, price="4.00", condition="good", as_of=timezone.now() - timedelta(minutes=5)
    )
    reindex()
    return etranger
