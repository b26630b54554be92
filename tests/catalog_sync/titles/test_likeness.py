"""Two descriptions: one title, a question, or two. The table is the rule."""

from __future__ import annotations

from typing import Any

import pytest

from catalog_sync.titles import likeness
from catalog_sync.titles.describing import Described, block_keys, described
from catalog_sync.titles.likeness import HIGH, LOW, score

SAME, ASK, OTHER = "same", "ask", "other"


def book(title: str, author: str = "", publisher: str = "", year: int | None = None, **more: Any) -> Described:
    people = tuple((name, "author") for name in author.split("; ") if name)
    if translator := more.pop("translator", ""):
        people += ((translator, "translator"),)
    return Described(title, contributors=people, publisher=publisher, year=year, **more)


def verdict(a: Described, b: Described) -> str:
    found = score(a, b).score
    return SAME if found >= HIGH else ASK if found >= LOW else OTHER


# ruff: noqa: E501  (a table: one example a line)
EXAMPLES = [
    # The same, however it is written
    (book("L'Étranger", "Albert Camus"), book("L'ETRANGER", "Camus, Albert"), SAME),
    (book("L’Étranger : roman", "Albert Camus"), book("L'étranger", "A. Camus", "Gallimard"), SAME),
    (book("Volkswagen Blues", "Jacques Poulin"), book("Volkswagen blues (occasion, très bon état)", "Jacques Poulin"), SAME),
    (book("The Handmaid's Tale", "Margaret Atwood"), book("Handmaid's Tale, The", "Atwood, Margaret"), SAME),
    (book("Kamouraska", "Anne Hébert", "Seuil", 1970), book("Kamouraska (signed)", "Anne Hébert", "Éditions du Seuil", 1970), SAME),
    (book("Les Misérables, tome 1", "Victor Hugo"), book("Les Misérables T. I", "Hugo, Victor"), SAME),
    (book("Les Misérables", "Victor Hugo", series_number="2"), book("Les Misérables - Volume 2", "Victor Hugo"), SAME),
    (book("Kafka on the Shore", "Haruki Murakami"), book("Kafka on the Shore: A Novel", "Haruki Murakami"), SAME),
    (book("La Bête humaine (texte intégral)", "Émile Zola"), book("La bête humaine", "Zola, Émile"), SAME),
    (book("1984", "George Orwell"), book("1984", "Orwell, George"), SAME),
    (book("Œuvres complètes", "Arthur Rimbaud", "Gallimard"), book("Oeuvres complètes", "Rimbaud, Arthur", "Gallimard"), SAME),
    (book("Good Omens", "Terry Pratchett; Neil Gaiman"), book("Good Omens", "Neil Gaiman; Terry Pratchett"), SAME),
    # A person should look
    (book("L'Étranger", "Albert Camus"), book("L'Étranger"), ASK),
    (book("L'Étranger", "Albert Camus", "Gallimard", 1942), book("L'Étranger", "Albert Camus", "Hatier", None), ASK),
    (book("L'Étranger", "Albert Camus", "Gallimard", 1942), book("L'Étranger", "Albert Camus", "Gallimard", 1996), ASK),
    (book("Les Misérables, tome 1", "Victor Hugo"), book("Les Misérables", "Victor Hugo"), ASK),
    (book("Sapiens: A Brief History of Humankind", "Yuval Noah Harari"), book("Sapiens", "Yuval Noah Harari"), ASK),
    (book("Bonheur d'ocasion", "Gabrielle Roy"), book("Bonheur d'occasion", "Gabrielle Roy"), ASK),
    (book("Ru", "Kim Thúy", form="pocket"), book("Ru", "Kim Thúy", form="paperback"), ASK),
    (book("Ru", "Kim Thúy"), book("Ru", "Kim Thúy", form="ebook"), ASK),
    (book("Ru", "Kim Thúy", form="audio"), book("Ru", "Kim Thúy"), ASK),
    (book("Le Comte de Monte-Cristo", "Dumas"), book("Le comte de Monte-Cristo", "Alexandre Dumas"), ASK),
    (book("Miel de sarrasin", publisher="Rucher du Rang 4"), book("Miel de sarrasin", publisher="Rucher du Rang 4", unit_size="500 g"), ASK),
    # Near-misses
    (book("Les Misérables, tome 1", "Victor Hugo"), book("Les Misérables, tome 2", "Victor Hugo"), OTHER),
    (book("Dune, Book One", "Frank Herbert"), book("Dune, Book Two", "Frank Herbert"), OTHER),
    (book("Histoire du Québec III", "A. B."), book("Histoire du Québec IV", "A. B."), OTHER),
    (book("Harry Potter", "J. K. Rowling", series_number="1"), book("Harry Potter", "J. K. Rowling", series_number="2"), OTHER),
    (book("Les Misérables (abrégé)", "Victor Hugo"), book("Les Misérables", "Victor Hugo"), OTHER),
    (book("Moby Dick, abridged edition", "Herman Melville"), book("Moby Dick (unabridged)", "Herman Melville"), OTHER),
    (book("Dune", "Frank Herbert", language="fr"), book("Dune", "Frank Herbert", language="en"), OTHER),
    (book("Dune", "Frank Herbert", form="audio"), book("Dune", "Frank Herbert", form="paperback"), OTHER),
    (book("Dune", "Frank Herbert", form="hardback"), book("Dune", "Frank Herbert", form="pocket"), OTHER),
    (book("Dune (livre audio)", "Frank Herbert"), book("Dune", "Frank Herbert"), OTHER),
    (book("Dune : l'intégrale", "Frank Herbert"), book("Dune", "Frank Herbert"), OTHER),
    (book("Dune : guide de l'enseignant", "Frank Herbert"), book("Dune", "Frank Herbert"), OTHER),
    (book("Œuvres complètes", "Arthur Rimbaud"), book("Œuvres complètes", "Paul Verlaine"), OTHER),
    (book("Œuvres complètes", "", "Gallimard", 1960), book("Œuvres complètes", "", "Gallimard", 1960), OTHER),
    (book("Œuvres complètes, tome 1", "Platon"), book("Œuvres complètes, tome 2", "Platon"), OTHER),
    (book("Guide du Routard Québec 2023"), book("Guide du Routard Québec 2024"), OTHER),
    (book("Fahrenheit 451", "Ray Bradbury"), book("Fahrenheit", "Ray Bradbury"), OTHER),
    (book("Martine à la mer", "Gilbert Delahaye"), book("Martine à la ferme", "Gilbert Delahaye"), OTHER),
    (book("Astérix chez les Bretons", "Goscinny; Uderzo"), book("Astérix chez les Belges", "Goscinny; Uderzo"), OTHER),
    (book("La Mer", "A. Nom"), book("La Mère", "A. Nom"), OTHER),
    (book("La Dame aux camélias", "Alexandre Dumas fils"), book("La Dame aux camélias", "Alexandre Dumas père"), OTHER),
    (book("L'Odyssée", "Homère", translator="Philippe Jaccottet"), book("L'Odyssée", "Homère", translator="Victor Bérard"), OTHER),
    (book("Harry Potter : la chambre", "Rowling"), book("Harry Potter : la coupe", "Rowling"), OTHER),
    (book("Miel de sarrasin", publisher="R", unit_size="500 g"), book("Miel de sarrasin", publisher="R", unit_size="1 kg"), OTHER),
    (book("Savon 100 g", publisher="R"), book("Savon 250 g", publisher="R"), OTHER),
    (book("Carnet A5"), book("Carnet A4"), OTHER),
    (book("", "A"), book("", "A"), OTHER),
]  # fmt: skip


@pytest.mark.parametrize(("a", "b", "expected"), EXAMPLES, ids=[f"{a.title}/{b.title}"[:60] for a, b, _ in EXAMPLES])
def test_example_comes_out_as_written(a, b, expected):
    assert (verdict(a, b), verdict(b, a)) == (expected, expected), score(a, b)


def test_size_is_the_same_in_other_units():
    a, b = (book("Miel", publisher="R", unit_size=size) for size in ("500 g", "0,5 kg"))
    assert (score(a, b).apart, score(a, b).doubts) == ("", ())
    assert score(a, book("Miel 500 g", publisher="R")).score == score(a, b).score


def test_score_says_why():
    found = score(book("Dune", "Frank Herbert", "Ace", 1965), book("Dune", "F. Herbert", "Chilton", 1966))
    assert found.parts == {"title": 1.0, "people": 0.95, "publisher": -0.5, "year": 0.7}
    assert (found.score, found.apart, found.doubts) == (83, "", ())


@pytest.mark.parametrize(("a", "b", "expected"), [row for row in EXAMPLES if row[2] is not OTHER])
def test_what_may_be_one_title_shares_a_block(a, b, expected):
    assert set(block_keys(a)) & set(block_keys(b))


def test_record_and_facts_are_described_alike():
    stored = {"contributors": [{"name": "A", "role": "author"}], "publication_date": "1942-05-19", "publisher": "P"}
    said = {"contributors": [["A", "author"]], "publication_date": "1942", "publisher": "P"}
    assert described("T", stored) == described("T", said) == Described("T", "", (("A", "author"),), "P", 1942)


def test_without_what_parts_them_volumes_would_be_one(monkeypatch):
    """Negative control."""
    monkeypatch.setattr(likeness, "_apart", lambda *_: "")
    monkeypatch.setattr(likeness, "_doubts", lambda *_: ())
    assert verdict(book("Les Misérables, tome 1", "Victor Hugo"), book("Les Misérables, tome 2", "Victor Hugo")) == SAME
