"""All invariants of the parts in one table: for `verify`, the operator's board and the end of every journey test."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

MODULES = [
    "marketplace.foundation.invariants",
    "shops.invariants",
    "catalog_sync.invariants",
    "marketplace.payments.invariants",
    "marketplace.checkout.invariants",
]


def all_invariants() -> dict[str, Callable[[], list[str]]]:
    """Name → function that returns its violations as short texts; the names say what must be true."""
    found: dict[str, Callable[[], list[str]]] = {}
    for module in MODULES:
        found.update(import_module(module).INVARIANTS)
    return found


def violations() -> dict[str, list[str]]:
    """Every invariant with what violates it (an empty list where it holds)."""
    return {name: check() for name, check in all_invariants().items()}
