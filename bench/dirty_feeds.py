"""Shops' lists as they really come: the same bytes for the same seed, written row by row, however many.

What is odd in them, of a thousand rows each: ISBN with hyphens 120, as ISBN-10 50, blank 15, with a wrong check digit
5; price with a currency sign 50, with a decimal point where the others have a comma 100, blank 5; quantity in words 30,
blank 10; title in capitals 20, with its accents broken 5; author as "Last, First" 150; the whole line twice 3; a line
that ends otherwise than the others 10. The charset and the usual line end go by shop.

As a program: `python bench/dirty_feeds.py FOLDER --rows 1000000` writes the list and its variants.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from hashlib import blake2b
from itertools import islice
from math import gcd
from pathlib import Path

SEED = 20260101
DELIMITER = ";"
HEADER = (
    *("Référence", "ISBN", "Titre", "Auteur", "Éditeur", "Prix", "Quantité", "État", "Langue", "Date de parution"),
    "Exporté le",
)
CHARSETS = ("utf-8", "cp1252", "utf-8-sig")
LINE_ENDS = ("\n", "\r\n")
MOST_ROWS = 9_999_991  # a prime: article numbers are scattered below it

FIRST, PRICES, ORDER, STAMPS, ONE_PERCENT = "first", "prices", "order", "stamps", "one-percent"
VARIANTS = (FIRST, PRICES, ORDER, STAMPS, ONE_PERCENT)


def _words(text: str) -> list[str]:
    return text.split(", ")


_NOUNS = _words("mer, nuit, forêt, île, maison, fenêtre, lumière, rivière, école, étoile, cuisine, mémoire, ombre")
_OTHERS = _words("oubliée, d'été, sans fin, des autres, secrète, de Noël, perdue, du Nord, à l'envers, rêvée")
_FIRST_NAMES = _words("Anaïs, Benoît, Chloé, Denise, Émile, François, Gaëlle, Hélène, Inès, Jérôme, Léa, Maël, Odile")
_SYLLABLES = _words("bel, mon, roch, sar, dub, vill, cham, fon, gir, leb, mar, per, tess, vau, lam")
_SENTENCE = "Quand l'été finit, elle revient à la maison de son père & découvre ce que « tous » taisaient. "


def isbn(number: int) -> str:
    """The ISBN-13 with this number in the French range (ISO 2108: weights 1 and 3)."""
    digits = f"978{200_000_001 + 2 * number}"  # odd: many zeros at its end look like a number spoilt by a spreadsheet
    return digits + str(-sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10)


def isbn10(thirteen: str) -> str:
    digits = thirteen[3:12]
    check = -sum(int(digit) * (10 - place) for place, digit in enumerate(digits)) % 11
    return digits + ("X" if check == 10 else str(check))


def rows(
    size: int, *, shop: int = 1, variant: str = FIRST, seed: int = SEED, dirty: bool = True, described: bool = False
) -> Iterator[tuple[str, ...]]:
    """The lines of a list without its header. All shops list the same titles, each in its own spelling.

    `dirty=False`: as a careful shop would write them. `described`: with some 400 characters about each title."""
    stamp = "2026-03-03 04:00" if variant == STAMPS else "2026-03-02 04:00"
    number_at = _shuffled(size) if variant == ORDER else lambda place: place
    for place in range(size):
        number = number_at(place)
        chance = _chance(f"{seed}:{shop}:{number}")
        cells = _clean_cells(number, shop, seed, chance, variant)
        line = (*(_soil(cells, chance) if dirty else cells), stamp)
        line += (_SENTENCE * (3 + number % 3),) if described else ()
        yield line
        if dirty and chance(1000) < 3:
            yield line


def write(
    path: Path, size: int, *, shop: int = 1, variant: str = FIRST, seed: int = SEED, dirty: bool = True,
    described: bool = False,
) -> None:  # fmt: skip
    """A list as a file; it is never held in memory."""
    path.parent.mkdir(parents=True, exist_ok=True)
    usual, other = LINE_ENDS[shop % 2], LINE_ENDS[(shop + 1) % 2]
    header = (*HEADER, "Résumé") if described else HEADER
    lines = rows(size, shop=shop, variant=variant, seed=seed, dirty=dirty, described=described)
    with path.open("w", encoding=CHARSETS[shop % 3], errors="replace", newline="") as file:
        file.write(DELIMITER.join(header) + usual)
        number = 0
        while batch := list(islice(lines, 1000)):
            ends = [other if dirty and (number + place) % 100 == 99 else usual for place in range(len(batch))]
            file.write("".join(DELIMITER.join(cells) + end for cells, end in zip(batch, ends, strict=True)))
            number += len(batch)


def _chance(of: str) -> Callable[[int], int]:
    """Numbers below what is asked for, the same for the same text, a dozen of them."""
    left = int.from_bytes(blake2b(of.encode(), digest_size=24).digest(), "big")

    def below(limit: int) -> int:
        nonlocal left
        left, found = divmod(left, limit)
        return found

    return below


def _shuffled(size: int) -> Callable[[int], int]:
    """Another order of the numbers below `size`, without a list of them."""
    step = next(step for step in range(int(size * 0.618) or 1, size + 2) if gcd(step, size) == 1)
    return lambda place: (place * step + size // 3) % size


def _clean_cells(number: int, shop: int, seed: int, chance: Callable[[int], int], variant: str) -> list[str]:
    fact = _chance(f"{seed}:{number}")
    noun, other = _NOUNS[fact(len(_NOUNS))], _OTHERS[fact(len(_OTHERS))]
    title = f"La {noun} {other}, tome {number}" if fact(3) else f"Les {noun}s {other} {number}"
    last = (_SYLLABLES[fact(15)] + _SYLLABLES[fact(15)] + _SYLLABLES[fact(15)]).capitalize()
    author = f"{_FIRST_NAMES[fact(13)]} {last}"
    publisher = f"Éditions {(_SYLLABLES[fact(15)] + _SYLLABLES[fact(15)]).capitalize()}"
    published = f"{1990 + fact(35)}-{1 + fact(12):02d}-{1 + fact(28):02d}"
    language = "fre" if fact(10) else "eng"
    listed = 600 + 10 * fact(340)  # the publisher's price; a shop's own is near it
    cents = listed - listed * chance(6) // 100 // 5 * 5
    units = chance(10)
    if variant == PRICES:
        cents += max(5, cents * 3 // 100)
    elif variant == ONE_PERCENT and number % 100 == 42:
        cents, units = cents + max(5, cents * 3 // 100), units + 1
    condition = "Neuf" if chance(20) else "Bon état"
    sku = f"{shop}-{number * 7_919_317 % MOST_ROWS:07d}"
    price = f"{cents // 100},{cents % 100:02d}"
    return [sku, isbn(number), title, author, publisher, price, str(units), condition, language, published]


def _soil(cells: list[str], chance: Callable[[int], int]) -> list[str]:
    sku, code, title, author, publisher, price, units, *rest = cells
    drawn = chance(1000)
    if drawn < 120:
        code = f"{code[:3]}-{code[3]}-{code[4:8]}-{code[8:12]}-{code[12]}"
    elif drawn < 170:
        code = isbn10(code)
    elif drawn < 185:
        code = ""
    elif drawn < 190:
        code = code[:12] + str((int(code[12]) + 1) % 10)
    drawn = chance(1000)
    if drawn < 100:
        price = price.replace(",", ".")
    elif drawn < 150:
        price += " $"
    elif drawn < 155:
        price = ""
    drawn = chance(1000)
    if drawn < 30:
        units = ("en stock", "10+", "épuisé")[drawn % 3]
    elif drawn < 40:
        units = ""
    drawn = chance(1000)
    if drawn < 20:
        title = title.upper()
    elif drawn < 25:
        title = title.encode().decode("cp1252", "ignore")
    if chance(1000) < 150:
        author = ", ".join(reversed(author.split(" ")))
    return [sku, code, title, author, publisher, price, units, *rest]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--shop", type=int, default=1)
    parser.add_argument("--seed", type=int, default=SEED)
    wants = parser.parse_args()
    for variant in VARIANTS:
        path = wants.folder / f"shop-{wants.shop}-{variant}.csv"
        write(path, wants.rows, shop=wants.shop, variant=variant, seed=wants.seed)
        print(f"{path}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
