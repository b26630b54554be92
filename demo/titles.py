"""The titles of the demo: goodbooks-10k, the French titles written for it, and facts made up where a source has none.

Real: title, people, series, year, language and number of goodbooks-10k; title, people, series, year of `french.csv`.
Made up: whatever `Title.synthetic` names, and every price (see README.md).
"""

from __future__ import annotations

import csv
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
GOODBOOKS = HERE / "sources" / "goodbooks10k_books.csv"
FRENCH = HERE / "french.csv"
AUTHORS = HERE / "author_subjects.csv"  # what the best known authors are shelved under: ours

# Thema's two upper levels, with labels of our own.
SUBJECTS: dict[str, tuple[str, str]] = {
    "AB": ("Arts", "The arts"),
    "DC": ("Poésie", "Poetry"),
    "DD": ("Théâtre", "Plays"),
    "DN": ("Récits, essais littéraires et biographies", "Biography and literary non-fiction"),
    "FB": ("Romans et nouvelles", "Novels and stories"),
    "FF": ("Romans policiers", "Crime and mystery"),
    "FK": ("Horreur et fantastique", "Horror and the supernatural"),
    "FL": ("Science-fiction", "Science fiction"),
    "FM": ("Fantasy", "Fantasy"),
    "FR": ("Romans d'amour", "Romance"),
    "FU": ("Humour et satire", "Humour and satire"),
    "FV": ("Romans historiques", "Historical fiction"),
    "JB": ("Société et culture", "Society and culture"),
    "JP": ("Politique", "Politics"),
    "KC": ("Économie", "Economics"),
    "NH": ("Histoire", "History"),
    "PD": ("Sciences", "Science"),
    "QD": ("Philosophie", "Philosophy"),
    "QR": ("Religion et croyances", "Religion and beliefs"),
    "VS": ("Vie pratique et développement personnel", "Self-help and personal development"),
    "WB": ("Cuisine et boissons", "Food and drink"),
    "WM": ("Jardinage", "Gardening"),
    "WN": ("Nature", "Nature"),
    "WT": ("Voyages", "Travel"),
    "XA": ("Romans graphiques", "Graphic novels"),
    "XQ": ("Bandes dessinées", "Comics"),
    "YB": ("Albums jeunesse", "Picture books"),
    "YF": ("Romans jeunesse", "Children's and teenage fiction"),
}
# Subjects of other goodbooks titles are drawn; a telling word in the title decides first.
_SUBJECT_SHARES = {
    **dict.fromkeys(("JB", "NH", "FK"), 2),
    **dict.fromkeys(("VS", "QD", "PD"), 1),
    "FB": 30,
    "FF": 13,
    "FM": 11,
    "YF": 11,
    "FR": 9,
    "FL": 6,
    "FV": 6,
    "DN": 5,
}
_TELLING_WORDS = {
    "cookbook": "WB",
    "cooking": "WB",
    "recipes": "WB",
    "poems": "DC",
    "poetry": "DC",
    "history": "NH",
    "harry potter": "YF",
    "vampire": "FK",
    "dragon": "FM",
    "murder": "FF",
    "philosophy": "QD",
    "a life": "DN",
    "memoir": "DN",
    "vol.": "XA",
}
_PUBLISHERS = (
    "Alder & Quay",
    "Basswood House",
    "Cobble Press",
    "Dovecote Editions",
    "Elm Street Books",
    "Ferry Lane",
    "Granary Press",
    "Harbour Row",
    "Ironwood Press",
    "Juniper & Daughters",
    "Kettle Books",
    "Lamplight House",
    "Market Cross",
    "North Arcade",
    "Orchard Gate",
    "Pavilion Row Press",
)
_SERIES = re.compile(r"^(?P<title>.+?)\s*\((?P<series>[^()]+?),?\s*#(?P<number>[\d.]+(?:-[\d.]+)?)\)$")
_LANGUAGES = {"en": "eng", "en-US": "eng", "en-GB": "eng", "en-CA": "eng", "nl": "dut"}


class Title(NamedTuple):
    """One title. Codes are ONIX's: `form` list 150, roles list 17, `language` ISO 639-2/B, `subject` Thema."""

    gtin: str  # ISBN-13; empty where the source has lost it
    isbn10: str  # as the source has it: leading zeros gone
    isbn13_raw: str  # as the source has it: in scientific notation
    title: str
    contributors: tuple[tuple[str, str], ...]  # (first name and last name, role)
    series: str
    series_number: str
    form: str
    subject: str
    year: str
    pages: int
    publisher: str
    language: str
    price_minor: int  # a made-up list price, CAD cents
    description: str
    popularity: float  # 0 to 1
    synthetic: str  # names of the fields that are made up


def check_digit(twelve: str) -> str:
    """The last digit of the ISBN-13 that begins with these twelve."""
    return str(-sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(twelve)) % 10)


def isbn13_from_isbn10(isbn10: str) -> str:
    """The ISBN-13 of an ISBN-10 that may have lost its leading zeros; empty where its check digit does not fit."""
    padded = isbn10.zfill(10)
    if not re.fullmatch(r"\d{9}[\dX]", padded) or not isbn10:
        return ""
    digits = [10 if character == "X" else int(character) for character in padded]
    if sum((10 - place) * digit for place, digit in enumerate(digits)) % 11:
        return ""
    return "978" + padded[:9] + check_digit("978" + padded[:9])


def inverted(name: str) -> str:
    """ "Camus, Albert" from "Albert Camus"; a name of one word stays."""
    first, _, last = name.rpartition(" ")
    return f"{last}, {first}" if first else name


def goodbooks(seed: int) -> Iterator[Title]:
    """The ten thousand, the most rated first; those whose number is lost have an empty `gtin`."""
    chance = random.Random(f"goodbooks {seed}")
    with AUTHORS.open(encoding="utf-8", newline="") as lines:
        subjects = {row["author"]: row["subject"] for row in csv.DictReader(lines)}
    with GOODBOOKS.open(encoding="utf-8", newline="") as lines:
        for rank, row in enumerate(csv.DictReader(lines)):
            yield _goodbook(row, 1 - rank / 10_000, subjects, chance)


def _goodbook(row: dict[str, str], popularity: float, subjects: dict[str, str], chance: random.Random) -> Title:
    found = _SERIES.match(" ".join(row["title"].split()))
    title = found["title"] if found else " ".join(row["title"].split())
    series = found["series"] if found else ""
    names = [" ".join(name.split()) for name in row["authors"].split(",")]
    year = row["original_publication_year"].partition(".")[0]
    pages = int(chance.triangular(96, 720, 320)) // 16 * 16
    form = chance.choices(("BC", "BB", "BA"), (80, 17, 3))[0]
    language = row["language_code"]
    drawn = _subject(row["title"].lower(), chance)
    return Title(
        gtin=isbn13_from_isbn10(row["isbn"]),
        isbn10=row["isbn"],
        isbn13_raw=row["isbn13"],
        title=title,
        contributors=tuple((name, "A01") for name in dict.fromkeys(names) if name),
        series=series,
        series_number=found["number"].removesuffix(".0") if found else "",
        form=form,
        subject=subjects.get(names[0]) or drawn,
        year=year if year.isdigit() and int(year) >= 1450 else "",
        pages=pages,
        publisher=chance.choice(_PUBLISHERS),
        language=_LANGUAGES.get(language, language) or _language_of_area(row["isbn"]),
        price_minor=(999 if form == "BC" else 1899) + pages * 2 // 100 * 100 + chance.randrange(6) * 100 + 96,
        description="",
        popularity=popularity,
        synthetic="publisher subject form pages price",
    )


def _language_of_area(isbn10: str) -> str:
    """ISBNs that begin with 0 or 1 are of the English language area; others tell nothing here."""
    return "eng" if isbn10 and isbn10.zfill(10)[0] in "01" else ""


def _subject(words: str, chance: random.Random) -> str:
    drawn = chance.choices(tuple(_SUBJECT_SHARES), tuple(_SUBJECT_SHARES.values()))[0]
    return next((subject for word, subject in _TELLING_WORDS.items() if word in words), drawn)


def french(seed: int) -> Iterator[Title]:
    """The titles of `french.csv`, in its order."""
    chance = random.Random(f"french {seed}")
    with FRENCH.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            yield Title(
                gtin=row["number"],
                isbn10="",
                isbn13_raw="",
                title=row["title"],
                contributors=tuple(_person(text) for text in row["contributors"].split("; ")),
                series=row["series"],
                series_number=row["series_number"],
                form=row["form"],
                subject=row["subject"],
                year=row["publication_date"],
                pages=int(row["pages"]),
                publisher=row["publisher"],
                language=row["language"],
                price_minor=int(row["price_cad_cents"]),
                description=row["description"],
                popularity=round(chance.random(), 4),
                synthetic=row["synthetic"],
            )


def _person(text: str) -> tuple[str, str]:
    name, _, role = text.rstrip("]").partition(" [")
    last, _, first = name.partition(", ")
    return f"{first} {last}".strip(), role
