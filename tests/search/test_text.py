import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search import text


def _stems(written: str) -> set[str]:
    return set(text.stemmed(text.words(written)).split())


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("L'Étranger", "etranger"),
        ("L’Étranger", "etranger"),
        ("l` étranger", "etranger"),
        ("LʼÉTRANGER", "etranger"),
        ("d'Artagnan", "artagnan"),
        ("Qu'est-ce que l'été ?", "est ce que ete"),
        ("J'ai n'y s'il t'aime c'est m'a", "ai y il aime est a"),
        ("Jusqu'à lorsqu'on puisqu'il", "a on il"),
        ("aujourd'hui", "aujourdhui"),
        ("Aujourd’hui", "aujourdhui"),
        ("quelqu'un", "quelquun"),
        ("entr'acte", "entracte"),
        ("Chefs-d'œuvre", "chefs oeuvre"),
        ("c'est-à-dire", "est a dire"),
        ("O'Brien", "obrien"),
        ("O’BRIEN", "obrien"),
        ("Schindler's List", "schindlers list"),
        ("Œdipe, Ægidius, Straße, Øre", "oedipe aegidius strasse ore"),
        ("porte-monnaie", "porte monnaie"),
        ("porte‑monnaie", "porte monnaie"),
        ("Paris—Londres", "paris londres"),
        ("J.R.R. Tolkien", "j r r tolkien"),
        ("C++ et C#", "c++ et c#"),
        ("n° 12", "n 12"),
        ("№ 12", "no 12"),
        ("ﬁn Ｗｉｄｅ", "fin wide"),
        ("co\u00adopé\u200bration", "cooperation"),
        ("E\u0301te\u0301", "ete"),
        ("snake_case", "snake case"),
        ("1984", "1984"),
        ("", ""),
        (" ?!… — « » ", ""),
        ("\ud800", ""),
    ],
)
def test_tokens_are_folded_and_elided(written: str, expected: str) -> None:
    assert " ".join(text.tokens(written)) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("étrangers", "étranger"),
        ("ETRANGERE", "étrangère"),
        ("chevaux", "cheval"),
        ("lumières", "lumiere"),
        ("misérables", "miserable"),
        ("aimée", "aimées"),
        ("stories", "story"),
        ("rings", "ring"),
        ("philosophers", "philosopher's"),
        ("running", "runs"),
    ],
)
def test_stems_of_two_forms_meet(one: str, other: str) -> None:
    assert _stems(one) & _stems(other)


@pytest.mark.parametrize("word", ["été", "pêche", "médecine", "générale", "forêts", "œuvres", "créée", "naïveté"])
def test_stems_of_a_word_and_its_unaccented_spelling_meet(word: str) -> None:
    assert _stems(word) & _stems(text.fold(text.normalise(word)))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("porte-monnaie", ["portemonnaie"]),
        ("Spider-Man", ["spiderman"]),
        ("O'Brien", ["brien"]),
        ("J.R.R. Tolkien", ["jrr"]),
        ("J. R. R. Tolkien", ["jrr"]),
        ("George R. R. Martin", ["rr"]),
        ("Jules Verne", []),
    ],
)
def test_other_spellings_of_compounds_and_initials(written: str, expected: list[str]) -> None:
    assert text.other_spellings_of(text.words(written)) == expected


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Le Petit Prince", "petit prince"),
        ("L'Étranger", "etranger"),
        ("The Hobbit", "hobbit"),
        ("The", "the"),
        ("Lea", "lea"),
        ("…", ""),
    ],
)
def test_without_article_leaves_one_word_at_least(title: str, expected: str) -> None:
    assert text.without_article(text.key(title)) == expected


def test_name_key_is_the_same_in_either_order() -> None:
    assert text.name_key("Saint-Exupéry, Antoine de") == text.name_key("antoine de SAINT EXUPERY")


@pytest.mark.parametrize(
    ("typed", "gtin"),
    [
        ("9782070360024", 9782070360024),
        ("978-2-07-036002-4", 9782070360024),
        ("978 2 07 036002 4", 9782070360024),
        ("978–2–07–036002–4", 9782070360024),
        ("2-07-036002-4", 9782070360024),
        ("2070360024", 9782070360024),
        (" ISBN : 2070360024 ", 9782070360024),
        ("isbn-13: 978.2.07.036002.4", 9782070360024),
        ("ISBN10 2070360024", 9782070360024),
        ("urn:isbn:2070360024", 9782070360024),
        ("２０７０３６００２４", 9782070360024),
        ("043965548X", 9780439655484),
        ("0-439-65548-x", 9780439655484),
        ("9791032926314", 9791032926314),
        ("036000291452", 36000291452),
        ("EAN 4006381333931", 4006381333931),
        ("9782070360025", None),
        ("2070360025", None),
        ("978207036001", None),
        ("1984", None),
        ("20070101", None),
        ("97820703600249782070360024", None),
        ("X782070360024", None),
        ("isbn", None),
        ("", None),
        ("2" * 10_000, None),
        ("²⁰⁷⁰³⁶⁰⁰²⁴", 9782070360024),
        ("٢٠٧٠٣٦٠٠٢٤", None),
    ],
)
def test_isbn_query_reads_any_spelling(typed: str, gtin: int | None) -> None:
    assert text.isbn_query(typed) == gtin


@given(st.text(max_size=200))
def test_any_text_gives_tokens_without_spaces(written: str) -> None:
    tokens = text.tokens(written)
    assert [token for token in tokens if not token or token.split() != [token]] == []
    assert max(map(len, tokens), default=0) <= 20 * 60
    assert text.isbn_query(written) is None or isinstance(text.isbn_query(written), int)


@given(st.text(alphabet="aàeéèêEÉiîoôœŒuùcç'’ -lLdD", max_size=60))
def test_accents_and_case_change_no_token(written: str) -> None:
    plain = "".join(c for c in unicodedata.normalize("NFKD", written.upper()) if not unicodedata.combining(c))
    assert text.tokens(plain) == text.tokens(written)


def test_a_very_long_text_is_cut() -> None:
    assert len(text.tokens("mot " * 100_000)) == text.MOST_CHARACTERS // 4
    assert text.tokens("a" * 150) == ["a" * 60, "a" * 60, "a" * 30]
    assert [len(word.parts) for word in text.words("-".join("a" * 20))] == [8, 8, 4]


_PIECES = st.sampled_from(
    [*"lLdcqu'’´-.&+# \t\n\u00a0\u2003abé\u0301ÉœßİﬁΣ١½№¨\u00ad\u200b漢字\U0001f600«,", "l'", "Qu’ ", "c++ "]
)


@given(st.lists(_PIECES | st.characters(), max_size=30).map("".join))
def test_a_text_read_between_its_spaces_has_the_words_of_the_whole(written: str) -> None:
    whole = text._read(written)
    assert text.words(written) == list(whole)
    assert text.stems_of(written) == text.stemmed(whole)


def test_what_stands_between_spaces_is_remembered_up_to_a_number_and_a_length() -> None:
    remembered = text._Remembered(text._read, most=2)
    for written in ("un", "deux", "trois", "漢" * 41):
        assert list(remembered[written]) == text.words(written)
    assert list(remembered) == ["trois"]
