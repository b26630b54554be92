"""Titles as programs find them."""

from __future__ import annotations

from marketplace.catalogue.models import OtherGtin, ProductRedirect
from tests import factories


def test_title_is_found_by_any_spelling_and_after_it_was_joined(program, market):
    gone = factories.product("Old")
    ProductRedirect.objects.create(old=gone, product=market)
    gone.is_public = False
    gone.save()
    OtherGtin.objects.create(gtin=9782070420872, product=market)
    for address in ("2070360024", "978-2-07-036002-4", "9782070420872", f"id/{market.pk}", f"id/{gone.pk}"):
        assert program.get(f"products/{address}").json()["other_gtins"] == ["9782070420872"], address
        assert program.get(f"products/{address}/availability").json()["id"] == market.pk


IMPOSSIBLE = [
    ("9782070360025", 422),
    ("x" * 10_000, 422),
    ("%00", 422),
    ("9780306406157", 404),
    ("id/0", 422),
    (f"id/{2**63}", 422),
    ("id/" + "9" * 5000, 422),
    (f"id/{2**63 - 1}", 404),
]


def test_title_that_cannot_be_is_named(program, db):
    for address, status in IMPOSSIBLE:
        for answer in (program.get(f"products/{address}"), program.get(f"products/{address}/availability")):
            assert (answer.status_code, answer.json()["where"][:5]) == (status, "path.")
