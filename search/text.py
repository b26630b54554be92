"""Text made comparable: the one place where titles, names and queries are folded, elided and stemmed.

Documents and queries pass through the same functions, and every engine indexes what comes out as it is, so that
all engines find the same. Nothing here depends on the language of a text: a query does not say its language.

Two chains come out of a word. *Folded*: without case, accents, ligatures, elided articles (``L'Œuvre`` → ``oeuvre``).
*Stems*: the French and the English stem of the folded word, and the French stem of the accented word, folded
afterwards: stemming first knows more (``aimée``), folding first never separates two spellings of one word.
"""

import re
import threading
import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import chain
from typing import NamedTuple, TypeVar

import Stemmer
from stdnum import ean, isbn
from stdnum.exceptions import ValidationError

MOST_CHARACTERS = 20_000

_APOSTROPHES = "'`´‘’‚‛′‵ʹʻʼʽˈ＇"
_HYPHENS = "-‐‑‒–—―−⁃﹘﹣－"
_UNSEEN = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
_SPELT_OUT = {"œ": "oe", "æ": "ae", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "þ": "th", "ı": "i", "ħ": "h"}
_ONE_KIND = {
    **dict.fromkeys(_APOSTROPHES, "'"),
    **dict.fromkeys(_HYPHENS, "-"),
    **dict.fromkeys(_UNSEEN, ""),
    "№": "no ",
}
_CHARACTERS, _LIGATURES = str.maketrans(_ONE_KIND), str.maketrans(_SPELT_OUT)
# A look whether there is anything to replace costs a tenth of replacing.
_HAS_CHARACTERS = re.compile("[" + re.escape("".join(set(_ONE_KIND) - {"'", "-"})) + "]")
_HAS_LIGATURES = re.compile("[" + "".join(_SPELT_OUT) + "]")

# What is written as one: letters and digits, joined inside by a hyphen, an apostrophe, a dot or an ampersand.
# Longer ones than a language has are cut in pieces, so that no word costs much.
_LONGEST_PIECE = 60
_PIECE = rf"[^\W_]{{1,{_LONGEST_PIECE}}}"
_WRITTEN = re.compile(rf"{_PIECE}(?:['\-.&]{_PIECE}){{0,7}}(?:(?<=\bc)(?:\+\+|#))?")
# Articles and short words that lose their vowel. "aujourd'hui", "quelqu'un" and "O'Brien" are not of these.
_ELIDED = r"(?:jusqu|lorsqu|puisqu|quoiqu|qu|[cçdjlmnst])'"
_ELISION = re.compile(_ELIDED + r"(?=[^\W_])")
_ELISION_BEFORE_SPACE = re.compile(r"(?<![^\W_])(" + _ELIDED + r")\s+(?=[^\W_])")
# Where an article may be elided before a space, in a text as it comes.
_APOSTROPHE_BEFORE_SPACE = re.compile(f"[{re.escape(_APOSTROPHES)}][{_UNSEEN}]*\\s")
_LEADING_ARTICLES_TEXT = """
le la les l un une des the a an
"""
_LEADING_ARTICLES = frozenset(_LEADING_ARTICLES_TEXT.split())

_Found = TypeVar("_Found")
_STEMMING = threading.Lock()  # a Stemmer belongs to one thread at a time
_FRENCH = Stemmer.Stemmer("french", 0)
_ENGLISH = Stemmer.Stemmer("english", 0)


class Word(NamedTuple):
    """One word as written between spaces. ``porte-monnaie`` has two parts, ``O'Brien`` one (``obrien``)."""

    accented: tuple[str, ...]
    """The parts in lower case with their accents."""
    parts: tuple[str, ...]
    """The parts folded; ``" ".join`` of all parts of a text is its folded form."""
    stems: tuple[tuple[str, ...], ...]
    """For each part its stems, without repeats."""
    other_spellings: tuple[str, ...]
    """The same word as others write it: parts together (``portemonnaie``), or split at an apostrophe (``brien``)."""
    folded: str
    """The parts with spaces between them."""
    stemmed: str
    """All stems with spaces between them."""


def normalise(text: str) -> str:
    """Lower case, one kind of apostrophe and hyphen, no ligatures, no invisible characters; accents stay."""
    text = text[:MOST_CHARACTERS]
    if text.isascii():
        return text.lower().replace("`", "'")
    if _HAS_CHARACTERS.search(text):
        text = text.translate(_CHARACTERS)
    text = unicodedata.normalize("NFKC", text).casefold()
    if _HAS_LIGATURES.search(text):
        text = text.translate(_LIGATURES)
    return unicodedata.normalize("NFKC", text)


def fold(text: str) -> str:
    """Without accents: ``étranger`` → ``etranger``."""
    if text.isascii():
        return text
    bare = _LATIN_ACCENTS.sub("", unicodedata.normalize("NFKD", text))
    if bare.isascii():
        return bare
    return "".join(character for character in bare if not unicodedata.combining(character))


_LATIN_ACCENTS = re.compile("[\u0300-\u034e\u0350-\u036f]+")  # U+034F is none


def words(text: str) -> list[Word]:
    """The words of a text in their order; elided articles are gone."""
    text = text[:MOST_CHARACTERS]
    if _APOSTROPHE_BEFORE_SPACE.search(text):
        return list(_read(text))
    return list(chain.from_iterable(map(_between_spaces.__getitem__, text.split())))


def tokens(text: str) -> list[str]:
    """Folded words: ``L'Été d'Œdipe`` → ``["ete", "oedipe"]``."""
    return [part for word in words(text) for part in word.parts]


def folded(found: Iterable[Word]) -> str:
    """The tokens of words already found, with single spaces."""
    return " ".join([word.folded for word in found])


def stemmed(found: Iterable[Word]) -> str:
    """Stems of words already found, one to three each: what makes plurals and endings equal."""
    return " ".join([word.stemmed for word in found])


def stems_of(text: str) -> str:
    """The stems of a text of which nothing else is wanted: a description has most of a title's words."""
    text = text[:MOST_CHARACTERS]
    if _APOSTROPHE_BEFORE_SPACE.search(text):
        return stemmed(_read(text))
    return " ".join(filter(None, map(_stems_between_spaces.__getitem__, text.split())))


def other_spellings_of(found: Iterable[Word]) -> list[str]:
    """Spellings of compound words and initials beside their tokens: ``J.R.R.`` and ``J. R. R.`` → ``jrr``."""
    spellings: list[str] = []
    initials = ""
    for word in found:
        spellings.extend(word.other_spellings)
        if len(word.parts) == 1 and len(word.parts[0]) == 1 and word.parts[0].isalpha():
            initials += word.parts[0]
            continue
        if len(initials) > 1:
            spellings.append(initials)
        initials = ""
    if len(initials) > 1:
        spellings.append(initials)
    return spellings


def key(text: str) -> str:
    """Two texts with the same key are the same title or name: folded words with single spaces."""
    return " ".join(tokens(text))


def without_article(key: str) -> str:
    """A title's key without its leading article: readers type ``petit prince``, and lists are sorted so."""
    first, _, others = key.partition(" ")
    return others if others and first in _LEADING_ARTICLES else key


def name_key(name: str) -> str:
    """The same for ``Camus, Albert`` and ``Albert Camus``."""
    return " ".join(sorted(tokens(name)))


def isbn_query(text: str) -> int | None:
    """The GTIN meant by a query, or None. Reads ISBN-10, ISBN-13, EAN and UPC with hyphens or spaces of any kind.

    >>> isbn_query("ISBN 2-07-036002-4")
    9782070360024
    """
    if len(text) > 80:
        return None
    normal = normalise(text).strip()
    bare = re.sub(r"^(?:urn:)?(?:e?isbn|ean|gtin|upc)(?:[\s-]?(?:10|13|14))?(?![0-9])[\s:.°#-]*", "", normal)
    digits = re.sub(r"[\s.-]", "", bare).upper()
    if not re.fullmatch(r"[0-9]{7,13}[0-9X]", digits):
        return None
    try:
        if len(digits) == 10:
            return int(isbn.to_isbn13(isbn.validate(digits)))
        return int(ean.validate(digits))
    except ValidationError:
        return None


def _read(text: str) -> tuple[Word, ...]:
    if text.isalnum() and text.isascii() and len(text) <= _LONGEST_PIECE:
        return (_word(text.lower()),)
    normal = normalise(text)
    if "'" in normal:
        normal = _ELISION_BEFORE_SPACE.sub(r"\1", normal)
    return tuple([word for word in map(_word, _WRITTEN.findall(normal)) if word.parts])


class _Remembered(dict[str, _Found]):
    """What was found in what stands between two spaces. Nothing in `_read` but an elided article before a space looks
    beyond one, and most of what is written has been written before. Emptied when it is full; a text without spaces is
    no word and will not come again. A dictionary, because asking a cached function takes twice the time."""

    LONGEST = 40

    def __init__(self, find: Callable[[str], _Found], *, most: int) -> None:
        super().__init__()
        self._find, self._most = find, most

    def __missing__(self, written: str) -> _Found:
        found = self._find(written)
        if len(written) <= self.LONGEST:
            if len(self) >= self._most:
                self.clear()
            self[written] = found
        return found


_between_spaces = _Remembered(_read, most=1 << 15)
_stems_between_spaces = _Remembered(lambda written: stemmed(_read(written)), most=1 << 16)


@lru_cache(maxsize=1 << 15)
def _word(written: str) -> Word:
    if written.isascii() and written.isalnum():
        return _plain_word(written)
    accented: list[str] = []
    others: list[str] = []
    for piece in re.split(r"[\-.&]", written):
        while elision := _ELISION.match(piece):
            piece = piece[elision.end() :]
        if "'" in piece:
            others.extend(fold(half) for half in piece.split("'") if len(half) > 1)
            piece = piece.replace("'", "")
        if piece:
            accented.append(piece)
    parts = tuple(fold(part) or part for part in accented)
    if len(parts) > 1:
        others.append("".join(parts))
    stems = tuple(_stems(part, folded) for part, folded in zip(accented, parts, strict=True))
    return Word(
        accented=tuple(accented),
        parts=parts,
        stems=stems,
        other_spellings=tuple(others),
        folded=" ".join(parts),
        stemmed=" ".join(stem for of_part in stems for stem in of_part),
    )


def _plain_word(written: str) -> Word:
    """The same of ASCII letters and digits alone, which are their own folded form."""
    parts, stems = (written,), _stems(written, written)
    return Word(parts, parts, (stems,), (), written, " ".join(stems))


def _stems(accented: str, folded: str) -> tuple[str, ...]:
    if folded.isdigit():
        return (folded,)
    with _STEMMING:
        found = [_FRENCH.stemWord(folded), _ENGLISH.stemWord(folded)]
        if accented != folded:
            found.append(fold(_FRENCH.stemWord(accented)))
    return tuple(dict.fromkeys(stem or folded for stem in found))
