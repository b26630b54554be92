"""From what a reader typed to clauses: which titles match, and which come first.

A title matches when it has every word somewhere; short function words need not be there, but count in the order. If
hardly any title does, words may have typos, sound alike, or be glued together or cut in two; if still none does, words
may have one typo more, and at last most of the words are enough.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum
from itertools import accumulate

from search import text
from search.engines.clauses import (
    All,
    Any,
    Best,
    Boosted,
    Clause,
    Everything,
    Fixed,
    Near,
    OneOf,
    Phrase,
    Term,
)
from search.engines.fields import LETTERS_OF_STARTS, START, VOLUME_WORDS, volume_number
from search.sounds import sound


class Reading(Enum):
    """How loosely a query is read, from strict to loose."""

    EXACT = "every word"
    SIMILAR = "every word, with typos"
    FAR = "every word, with one typo more where there was one"
    PARTIAL = "most words, with typos"


MOST_CHARACTERS = 300
MOST_WORDS = 16

# Points of what decides the order. How well the words fit comes first; among titles that fit alike, being in stock
# near the reader, then popularity, which multiplies the points by 1 to 1.08; to begin as typed counts less than either,
# but for suggestions; BM25 only breaks ties.
FOUND, EXACT, AUTHOR, OPENING, TOGETHER, NAMED = 100.0, 100.0, 30.0, 2.0, 10.0, 20.0
BEGUN = 30.0  # of suggestions
FIRST_VOLUME = 5.0  # of the series that was typed
IN_FAVOURED_SHOP, IN_STOCK = 14.0, 4.0
_SHARE_OF_BM25 = 0.15

_SHORTEST_GLUED, _LONGEST_GLUED = 6, 24
_MOST_WORDS_SPACED_OTHERWISE = 8

_QUOTED = re.compile(r'["“”„«»]([^"“”„«»]*)["“”„«»]')
_GLUED_ELISION = re.compile(r"(?:qu|[ldjnstcm])(?=[aeiouyh]..)")  # "letranger"
_FUNCTION_WORDS_TEXT = """
le la les l un une des du de d et ou a au aux en dans sur pour par avec ce ces cette son sa ses que qu qui ne
n se s y il elle on est c j m t the an of and or in to for by with at from is it its as
"""
_FUNCTION_WORDS = frozenset(_FUNCTION_WORDS_TEXT.split())


@dataclass(frozen=True, slots=True)
class Typed:
    """A query taken apart. ``optional`` words need not be found."""

    words: tuple[text.Word, ...]
    optional: frozenset[int]
    phrases: tuple[tuple[str, ...], ...]

    @property
    def tokens(self) -> tuple[str, ...]:
        return tuple(part for word in self.words for part in word.parts)

    @property
    def required(self) -> tuple[text.Word, ...]:
        """Each once, however often it was typed."""
        needed = (word for position, word in enumerate(self.words) if position not in self.optional)
        return tuple(dict.fromkeys(needed))


def take_apart(typed: str) -> Typed:
    """Any text, hostile ones too; what is longer than a query can sensibly be is cut."""
    typed = typed[:MOST_CHARACTERS]
    phrases = [tuple(text.tokens(quoted))[:MOST_WORDS] for quoted in _QUOTED.findall(typed)]
    words = _first(text.words(typed), MOST_WORDS)
    optional = {at for at, word in enumerate(words) if _may_be_left_out(words, at)}
    if len(optional) == len(words):
        optional = set()
    return Typed(tuple(words), frozenset(optional), tuple(phrase for phrase in phrases if len(phrase) > 1))


def match(typed: Typed, reading: Reading, meant: Typed | None = None) -> Clause:
    """The clause for a query with words, its order included. Of titles with similar words those come first that have
    them as they are in ``meant``, the nearest spelling."""
    words = tuple(_found(word, typed, reading) for word in typed.required)
    order = (*_order_by_words(typed, reading), *(_order_as_a_whole(meant) if meant else ()))
    quoted = tuple(Any((Phrase("title", phrase), Phrase("names", phrase))) for phrase in typed.phrases)
    if reading is Reading.PARTIAL:
        found: Clause = Any(words, at_least=max(1, (2 * len(words) + 1) // 3))
        return All((Fixed(found, FOUND),), (*order, Boosted(Any(words), 0.5)))
    return All((Fixed(All((*words, *quoted)), FOUND),), order)


def everything() -> Clause:
    """The clause for an empty query."""
    return Fixed(Everything(), FOUND)


def by_stock(favoured: Collection[int]) -> tuple[Clause, ...]:
    """What moves titles forward that can be had: anywhere, and above all in the reader's shops."""
    found: list[Clause] = [Fixed(OneOf("stocked", (2,)), IN_STOCK)]
    if favoured:
        found.append(Fixed(OneOf("shops", tuple(sorted(favoured))), IN_FAVOURED_SHOP))
    return tuple(found)


def typos_allowed(word: str, reading: Reading = Reading.SIMILAR) -> int:
    """By length: none below four letters, one to seven (read from afar: to five), then two; none in numbers."""
    if len(word) < 4 or any(character.isdigit() for character in word):
        return 0
    return 1 if len(word) < (6 if reading is Reading.FAR else 8) else 2


def beginnings(typed: Typed, *, typos: bool) -> Clause:
    """Titles, names and series with all the words, the last of which is still being typed."""
    *complete, last = typed.tokens
    if not typos:
        short = len(last) in LETTERS_OF_STARTS
        must = [_in_names(word) for word in complete]
        must.append(Term("starts", last) if short else _near(last, prefix=True, typos=0))
        return All(tuple(Fixed(clause, FOUND) for clause in must), (Fixed(_opening(complete, last), BEGUN),))
    must = [Any((_in_names(word), _near(word))) if typos_allowed(word) else _in_names(word) for word in complete]
    must.append(_near(last, prefix=True))
    return All(tuple(Fixed(clause, FOUND) for clause in must))


def _opening(complete: list[str], last: str) -> Clause:
    """Titles that begin with what was typed; the last word is left out where very many words begin like it."""
    if len(last) not in LETTERS_OF_STARTS:
        words = (START, *complete, last)
        return Any((Phrase("title", words, open_end=True), Phrase("names", words, open_end=True)))
    if complete:
        return Any((Phrase("title", (START, *complete)), Phrase("names", (START, *complete))))
    return Term("starts", f"{START}{last}")


def _near(word: str, *, prefix: bool = False, typos: int | None = None) -> Clause:
    if typos is None:
        typos = min(1, typos_allowed(word)) if prefix else typos_allowed(word)
    return Any((Near("title", word, typos, prefix), Near("names", word, typos, prefix)))


def _in_names(word: str) -> Clause:
    return Any((Term("title", word), Term("names", word)))


def _found(word: text.Word, typed: Typed, reading: Reading) -> Clause:
    """Where a word is looked for: everywhere, in another form, and as others write it."""
    looked_at = reading in (Reading.SIMILAR, Reading.FAR) and len(typed.words) <= _MOST_WORDS_SPACED_OTHERWISE
    if looked_at and (otherwise := _spaced_otherwise(word, typed)):
        return Any((_as_written(word, reading), *otherwise))
    return _as_written(word, reading)


def _as_written(word: text.Word, reading: Reading) -> Clause:
    parts = tuple(_part_found(part, stems, reading) for part, stems in zip(word.parts, word.stems, strict=True))
    if len(parts) == 1:
        return parts[0]
    return Any((All(parts), Term("all", "".join(word.parts))))


def _part_found(part: str, stems: tuple[str, ...], reading: Reading) -> Clause:
    forms = dict.fromkeys((part, *stems))
    if number := _volume(part):
        forms[number] = None
    if reading is Reading.EXACT:
        return Best(tuple(Term("all", form) for form in forms))
    if bare := _without_glued_elision(part):
        forms[bare] = None
    near = [_near(part, typos=typos)] if (typos := typos_allowed(part, reading)) else []
    if heard := sound(part):
        near.append(Term("sounds", heard))
    return Best((*(Term("all", form) for form in forms), *near))


def _spaced_otherwise(word: text.Word, typed: Typed) -> list[Clause]:
    """Where a space is missing or too much: ``lightningthief``, ``nymph eas``."""
    found: list[Clause] = []
    at = typed.words.index(word)
    for left in (at - 1, at):
        if 0 <= left < len(typed.words) - 1:
            found.append(_in_names("".join((*typed.words[left].parts, *typed.words[left + 1].parts))))
    if len(word.parts) == 1 and _SHORTEST_GLUED <= len(word.folded) <= _LONGEST_GLUED and word.folded.isalpha():
        halves = [(word.folded[:cut], word.folded[cut:]) for cut in range(1, len(word.folded))]
        found += [Phrase(field, half) for half in halves for field in ("title", "names")]
    return found


def _scored(part: str, stems: tuple[str, ...], reading: Reading) -> Clause:
    """How well a word fits where it was found."""
    ways: list[Clause] = [Boosted(Term("title", part), 3.0), Boosted(Term("names", part), 2.0)]
    ways += [Boosted(Term("stems", stem), 1.5) for stem in stems]
    if reading is not Reading.EXACT:
        if bare := _without_glued_elision(part):
            ways += [Boosted(Term("title", bare), 2.5), Boosted(Term("names", bare), 1.5)]
        if typos_allowed(part) > 1:
            ways += [Fixed(Near("title", part, 1), 3.0), Fixed(Near("names", part, 1), 2.0)]
        if heard := sound(part):
            ways.append(Fixed(Term("sounds", heard), 2.0))
    return Boosted(Best(tuple(ways)), _SHARE_OF_BM25)


def _order_by_words(typed: Typed, reading: Reading) -> tuple[Clause, ...]:
    return (
        *(
            _scored(part, stems, reading)
            for word in typed.required
            for part, stems in zip(word.parts, word.stems, strict=True)
        ),
        *(Boosted(Term("title", typed.words[at].folded), 3.0 * _SHARE_OF_BM25) for at in sorted(typed.optional)),
        *_order_as_a_whole(typed),
    )


def _order_as_a_whole(typed: Typed) -> tuple[Clause, ...]:
    tokens = typed.tokens
    whole = " ".join(tokens)
    numbered = " ".join(_volume(word) or word for word in tokens if word not in VOLUME_WORDS)
    keys = tuple(Term("exact", spelt) for spelt in dict.fromkeys((whole, numbered)))
    found: list[Clause] = [
        Fixed(Any(keys), EXACT),
        Fixed(Term("exact", f"{whole} 1"), FIRST_VOLUME),
        Fixed(Term("authors", " ".join(sorted(tokens))), AUTHOR),
        Fixed(Any((Phrase("title", (START, *tokens)), Phrase("names", (START, *tokens)))), OPENING),
    ]
    if len(tokens) > 1:
        found.append(Fixed(Phrase("title", tokens), TOGETHER))
    found.append(Fixed(_named(typed), NAMED))
    return tuple(found)


def written(typed: Typed) -> Clause:
    """Every word, as it is typed, in title or names: not only in another form, nor only in what a title is about."""
    return All(tuple(_in_names(part) for word in typed.required for part in word.parts))


def _named(typed: Typed) -> Clause:
    """Every word in title, names or series: not only in what a title is about."""
    return All(
        tuple(
            Any((_in_names(part), *(Term("stems", stem) for stem in stems)))
            for word in typed.required
            for part, stems in zip(word.parts, word.stems, strict=True)
        )
    )


def _without_glued_elision(part: str) -> str:
    """``letranger`` → ``etranger``; empty where nothing can have been elided."""
    glued = _GLUED_ELISION.match(part)
    return part[glued.end() :] if glued else ""


def _volume(token: str) -> str | None:
    """``t12`` → ``12``; what is written as a bare number stays as it is."""
    return None if token.isdigit() else volume_number(token)


def _first(words: list[text.Word], most: int) -> list[text.Word]:
    """The first words with at most ``most`` parts together, but one word at least."""
    ends = list(accumulate(len(word.parts) for word in words))
    return words[: max(1, sum(end <= most for end in ends))]


def _may_be_left_out(words: list[text.Word], at: int) -> bool:
    (*_, last) = parts = words[at].parts
    if len(parts) > 1:
        return False
    before_number = at + 1 < len(words) and words[at + 1].parts[0].isdigit()
    return last in _FUNCTION_WORDS or (before_number and at > 0 and last in VOLUME_WORDS)
