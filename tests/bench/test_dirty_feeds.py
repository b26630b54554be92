"""The generator of the large lists: the same bytes for the same seed, dirt in the shares it names, honest variants."""

from __future__ import annotations

import hashlib
import sys
from collections import Counter

import pytest
from django.conf import settings

from catalog_sync.identifiers import check_digit_fits, identify_isbn

sys.path.insert(0, str(settings.BASE_DIR / "bench"))
import dirty_feeds


def digest(tmp_path, **how):
    path = tmp_path / "list.csv"
    dirty_feeds.write(path, 500, **how)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_same_seed_gives_same_bytes(tmp_path):
    assert digest(tmp_path) == digest(tmp_path)
    assert len({digest(tmp_path), digest(tmp_path, seed=2), digest(tmp_path, shop=2)}) == 3


def test_dirt_has_the_named_shares():
    clean = {row[0]: row for row in dirty_feeds.rows(6000, dirty=False)}
    count = Counter()
    listed = list(dirty_feeds.rows(6000))
    for sku, code, title, author, _, price, units, *_ in listed:
        _, true_code, true_title, *_ = clean[sku]
        count["hyphens"] += "-" in code
        count["isbn10"] += len(code) == 10
        count["blank isbn"] += not code
        count["wrong check digit"] += len(code) == 13 and "-" not in code and not check_digit_fits(code)
        count["sign"] += "$" in price
        count["point"] += "." in price
        count["no price"] += not price
        count["words"] += not units.isdigit() and units != ""
        count["capitals"] += title == true_title.upper()
        count["broken accents"] += title not in (true_title, true_title.upper())
        count["last, first"] += ", " in author
        assert identify_isbn(code).gtin in (None, int(true_code))
    count["doubled"] = len(listed) - len(clean)
    shares = {name: found / 6 for name, found in count.items()}  # of a thousand
    expected = {
        **dict.fromkeys(("wrong check digit", "no price", "broken accents"), 5),
        **dict.fromkeys(("isbn10", "sign"), 50),
        "hyphens": 120,
        "blank isbn": 15,
        "point": 100,
        "words": 30,
        "capitals": 20,
        "last, first": 150,
        "doubled": 3,
    }
    four_deviations = {name: 4 * (share / 6) ** 0.5 for name, share in expected.items()}
    assert [name for name in expected if abs(shares[name] - expected[name]) > four_deviations[name]] == []


@pytest.mark.parametrize(
    ("variant", "columns", "share"),
    [
        (dirty_feeds.ORDER, (), 0),
        (dirty_feeds.STAMPS, (10,), 100),
        (dirty_feeds.PRICES, (5,), 99.5),  # those without a price have none to change
        (dirty_feeds.ONE_PERCENT, (5, 6), 1),
    ],
)
def test_variant_differs_from_the_first_list_only_where_it_says(variant, columns, share):
    before, after = list(dirty_feeds.rows(1000)), list(dirty_feeds.rows(1000, variant=variant))
    assert (before == after, sorted(row[0] for row in before)) == (False, sorted(row[0] for row in after))
    first = {row[0]: row for row in before}
    differing = {row[0]: {c for c, cell in enumerate(row) if cell != first[row[0]][c]} for row in after}
    assert set().union(*differing.values()) == set(columns)
    assert sum(map(bool, differing.values())) / len(first) * 100 == pytest.approx(share, abs=0.6)


@pytest.mark.parametrize("shop", [0, 1, 2])
def test_file_has_its_charset_and_both_line_ends(tmp_path, shop):
    path = tmp_path / "list.csv"
    dirty_feeds.write(path, 300, shop=shop)
    raw = path.read_bytes()
    text = raw.decode(dirty_feeds.CHARSETS[shop])
    usual = dirty_feeds.LINE_ENDS[shop % 2]
    assert text.startswith("Référence;ISBN;Titre")
    assert (text.count("\r\n"), usual == "\r\n") in {(3, False), (text.count("\n") - 3, True)}
