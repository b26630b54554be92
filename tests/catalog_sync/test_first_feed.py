"""From a file nobody has seen to articles: how much of it a person has to say. Every real file kept beside the project
goes through the functions of the steps by which a shop adds its stock; `pytest -s` prints the figure of docs/feeds.md.

A correction is one thing that a person changes: the kind of the list, or what one of its columns is."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from catalog_sync import mapping
from catalog_sync.adapters import adapter_for
from catalog_sync.conformance import FeedUnderTest
from catalog_sync.doors import recognising
from catalog_sync.models import Feed
from catalog_sync.reading.fetching import local_copy
from catalog_sync.reading.heads import beginning
from catalog_sync.reasons import FeedError
from catalog_sync.records import Lane
from shops.models import Shop
from tests.catalog_sync.feeds import REAL
from tests.catalog_sync.test_real_feeds import FOLDERS, UNREADABLE

FILES = [(kind, path) for folder, kind in FOLDERS.items() for path in sorted((REAL / folder).glob("*.*"))]
# What a bookseller would say stands in the columns of each table: {field: column}.
SAID = {
    "bookcrossing_18184_utf8.csv": {
        "isbn": "ISBN",
        "title": "Book-Title",
        "contributors": "Book-Author",
        "publication_date": "Year-Of-Publication",
        "publisher": "Book-Publisher",
    },
    "goodbooks10k_books.csv": {
        "sku": "book_id",
        "isbn": "isbn",
        "gtin": "isbn13",
        "contributors": "authors",
        "publication_date": "original_publication_year",
        "title": "title",
        "language": "language_code",
        "cover": "image_url",
    },
    "labelvet_produits.csv": {
        "title": "Nom produit",
        "price": "Prix (€)",
        "quantity": "Quantité",
        "sku": "Référence produit",
    },
    # It has no number of any kind: what a wine is called on the shop's site is as good as one.
    "vinoteka_cenovnik.csv": {
        "subject": "Kategorija",
        "title": "Naziv (tvoja lista)",
        "sku": "Naziv na sajtu",
        "price": "Cena (RSD)",
    },
}
# The corrections that each file needs; those that are not named need none.
EXPECTED = {"vinoteka_cenovnik.csv": ["sku"]}

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not FILES, reason=f"the real feeds are not at {REAL}"),
]


def corrections(kind: str, path: Path) -> list[str]:
    """What a person has to change: "kind", or the fields whose column is not the one understood, in their order. What
    comes of it is tried: each file gives articles, or says why it has none."""
    with tempfile.TemporaryDirectory() as folder:
        found = recognising.kind_of(path, Path(folder))
        changed = [] if found == kind else ["kind"]
        if kind not in mapping.KINDS:
            _check_articles(kind, path)
            return changed
        file = local_copy(str(path), Path(folder))
        file = replace(file, path=beginning(file.path, Path(folder)))
        feed = Feed(kind=kind, shop=Shop(timezone="America/Montreal"), currency="CAD", language="fr", options={})
        sighting = mapping.look(feed, file)
        column_of = {column: field for field, column in SAID[path.name].items()}
        fields = [column_of.get(column.name, "") for column in sighting.columns]
        proposed = [column.field for column in sighting.columns]
        changed += [said or read for said, read in zip(fields, proposed, strict=True) if said != read]
        trial = mapping.attempt(feed, file, mapping.options_of(feed, sighting, fields))
        assert (trial.trouble, mapping.wrong(fields)) == (None, None)
        assert trial.records
        return changed


def _check_articles(kind: str, path: Path) -> None:
    try:
        chunk = next(iter(adapter_for(FeedUnderTest(kind, str(path))).fetch(Lane.CATALOGUE, None)))
    except FeedError as error:
        code = error.reason.code if error.reason else "without a reason"
    else:
        code = "" if chunk.records or chunk.refused else "nothing came"
    assert code == UNREADABLE.get(path.name, "")


def test_corrections_that_real_files_need():
    needed = {path.name: corrections(kind, path) for kind, path in FILES}
    assert {name: changed for name, changed in needed.items() if changed} == EXPECTED
    total = sum(len(changed) for changed in needed.values())
    print(f"\n{len(needed)} files: {total} corrections, in {sum(map(bool, needed.values()))} of them")
    for name, changed in needed.items():
        print(f"{len(changed)}  {name}  {', '.join(changed)}")


def test_correction_is_noticed(tmp_path, monkeypatch):
    """Negative control: columns whose names say nothing, and another kind than it is."""
    path = tmp_path / "labelvet_produits.csv"
    rows = "".join(f"Croquettes {n},{n + 5}.90,{n},{1000 + n}\n" for n in range(12))
    path.write_text("Nom produit,Wert,Quantité,Référence produit\n" + rows)
    monkeypatch.setitem(SAID[path.name], "price", "Wert")
    assert corrections("xlsx", path)[0] == "kind"
    assert corrections("csv", path) == ["price"]
