"""The 20 articles that every system under test has, in plain values: read by our tests and by the seeds of systems that
run in environments of their own."""

from __future__ import annotations

from typing import NamedTuple

CURRENCY = "CAD"
TITLES = ("Un été", "L’hiver à venir", "Le fleuve & la rive", "Petites mains", "Œuvres complètes")


class Known(NamedTuple):
    """`price`: minor units. `quantity`: on the shelf, and nothing of it promised."""

    sku: str
    gtin: str
    title: str
    price: int
    quantity: int


def _isbn(number: int) -> str:
    """An ISBN-13 with its check digit, of a publisher that does not exist."""
    digits = f"97829999{number:04d}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-total % 10}"


def _price(number: int) -> int:
    """10.00 to 29.95, whole dollars among them, which show a factor of a hundred."""
    return 1000 + 105 * (number - 1) if number % 4 else 2500


KNOWN = tuple(Known(f"H{n:03}", _isbn(n), f"{TITLES[n % len(TITLES)]} {n}", _price(n), 3 + n % 5) for n in range(1, 21))
