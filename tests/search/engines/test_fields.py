import hashlib
import re

import pytest

from search import samples
from search.documents import TitleDocument
from search.engines import fields


def test_fields_of_a_title() -> None:
    document = TitleDocument(
        product_id=7,
        title="Le Chat",
        gtin=9782070360024,
        contributors=("Zola, Émile",),
        series="Les Bêtes",
        series_number="Tome 03",
        subjects=("F", "FB"),
        language="fr",
        conditions=("new", "good"),
        shops_in_stock=(4, 2),
        shops_orderable=(2, 9),
        price_new_minor=900,
        price_used_minor=400,
    )
    found = fields.fields_of(document)
    assert set(found) <= set(fields.FIELDS)
    assert {name: found[name] for name in ("title", "exact", "authors", "series", "shops")} == {
        "title": ["⊢ le chat"],
        "exact": ["le chat", "chat", "les betes 3", "betes 3"],
        "authors": ["emile zola"],
        "series": ["les betes"],
        "shops": [2, 4],
    }
    assert found["names"] == ["les betes 3", "zola emile", "⊢ chat"]
    assert (found["obtainable"], found["stocked"]) == ([2, 4, 9], [2])
    assert (found["price"], found["price_new"], found["price_used"]) == ([400], [900], [400])
    assert found["by_title"] == ["chat 00000000000000000007"]
    assert fields.Shown.unpacked(str(found["shown"][0])) == fields.Shown("Le Chat", "Les Bêtes", ("Zola, Émile",))


def test_fields_of_a_title_without_facts_have_an_order() -> None:
    found = fields.fields_of(TitleDocument(product_id=1, title=""))
    dear = fields.fields_of(TitleDocument(product_id=1, title="", price_new_minor=2**60))
    assert found["price"] == []
    assert found["by_price"] > dear["by_price"]
    assert (found["stocked"], found["by_newest"]) == ([0], [1])


@pytest.mark.parametrize(
    ("number", "tokens"),
    [
        ("12", ["12"]),
        ("Tome 12", ["12"]),
        ("T12", ["12"]),
        ("n° 3", ["3"]),
        ("007", ["7"]),
        ("hors-série", ["hors", "serie"]),
    ],
)
def test_volume_tokens_read_every_way_of_numbering(number: str, tokens: list[str]) -> None:
    assert fields.volume_tokens(number) == tokens


def test_version_rises_when_other_tokens_are_made() -> None:
    """When this fails on purpose: raise ``fields.TEXT_VERSION``, and record the new digest here."""
    made = repr([sorted(fields.fields_of(document).items()) for document in samples.catalogue()])
    words = sorted(set(re.findall(r"[^\s'\"\[\],()]+", made)))
    digest = hashlib.blake2b(" ".join(words).encode(), digest_size=8).hexdigest()
    assert (fields.TEXT_VERSION, digest) == (5, "97475d00ab65f15f")
