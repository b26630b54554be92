"""A shop's list of so many offers as a CSV file, the same for the same seed."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path

SEED = 20260101
HEADER = ("Référence", "ISBN", "Titre", "Auteur", "Éditeur", "Prix", "Quantité", "État", "Langue", "Date de parution")
CONDITIONS = ("Neuf",) * 9 + ("Bon état",)


def isbn(number: int) -> str:
    """The ISBN-13 with this number in the French range."""
    digits = (
        f"978{200_000_001 + 2 * number}"  # odd, as what ends in many zeros looks like a number spoilt by a spreadsheet
    )
    check = -sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10
    return f"{digits}{check}"


def rows(size: int) -> Iterator[tuple[str, ...]]:
    chance = random.Random(SEED)
    for number in range(size):
        yield (
            f"A{number:06d}",
            isbn(number),
            f"Le livre n° {number} de l'été",
            f"Nom{number % 5000}, Prénom",
            f"Éditeur {number % 300}",
            f"{chance.randint(5, 40)},{chance.choice(('90', '50', '00'))}",
            str(chance.randint(0, 9)),
            chance.choice(CONDITIONS),
            chance.choice(("fre", "eng")),
            f"{chance.randint(1990, 2024)}-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}",
        )


def write(path: Path, size: int, *, turn: int = 0) -> None:
    """The list; with another `turn` the same articles begin elsewhere, so that the file differs and its content does
    not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    listed = chain(islice(rows(size), turn, None), islice(rows(size), turn))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(HEADER)
        writer.writerows(listed)


def write_for_oscar(path: Path, size: int, first: int) -> None:
    """The same articles from number `first` on, as Oscar's importer wants them."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        for number, (sku, gtin, title, _, publisher, price, quantity, *_) in enumerate(rows(first + size)):
            if number >= first:
                writer.writerow(
                    (
                        "Book",
                        "Books",
                        gtin,
                        title,
                        publisher,
                        "Oscar's shop",
                        f"O{sku}",
                        price.replace(",", "."),
                        quantity,
                    )
                )
