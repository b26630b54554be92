"""Amounts of the tests here are without tax on the commission, unless a test asks for it."""

import pytest

from marketplace.payments import commission_tax


@pytest.fixture(autouse=True)
def commission_untaxed(monkeypatch):
    monkeypatch.setattr(commission_tax, "_rules", [])
