"""Makes queries.jsonl anew: `.venv/bin/python -m bench.relevance.making`. The same seed gives the same file.

A query is a title, a person or a series of the demo, written as people write: with a mistake, in another order, in
part. A mistake that makes a word of another title is not taken, since it would be that word."""

from __future__ import annotations

import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, partial

from stdnum import isbn

from bench.relevance import judging, mistakes
from bench.relevance.corpus import FUNCTION_WORDS, Known, fold, known, telling
from bench.relevance.scoring import QUERIES, Judged

SEED = 20261125
_KIND_OF = dict[str, Callable[[random.Random], Iterator[Judged]]]
Mistake = Callable[[str, random.Random], str]


def main() -> None:
    lines = []
    for kind, make in KINDS.items():
        made = {one.query: one.grades for one in make(random.Random(f"{SEED} {kind}"))}
        lines += [{"query": query, "kind": kind, "grades": grades} for query, grades in made.items()]
    with QUERIES.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    print(f"{len(lines)} queries, {len(KINDS)} kinds, in {QUERIES}")


# Titles to ask for


@cache
def _vocabulary() -> frozenset[str]:
    return frozenset(word for one in known() for word in one.words)


@cache
def _well_known() -> tuple[Known, ...]:
    """What readers ask for: French titles, and the better known of the others; one to seven words of letters."""
    chosen = [one for one in known() if one.is_french or one.readers > 30_000]
    return tuple(one for one in chosen if 0 < len(one.of_title) < 8 and not re.search(r"[\d:/#()]", one.title))


def _some(count: int, chance: random.Random, able: Callable[[Known], bool] = lambda one: True) -> list[Known]:
    """Half of them French where there are enough, in no order."""
    fitting = [one for one in _well_known() if able(one)]
    french, others = ([one for one in fitting if one.is_french is said] for said in (True, False))
    first = chance.sample(french, min(len(french), (count + 1) // 2))
    both = [*first, *chance.sample(others, min(len(others), count - len(first)))]
    return chance.sample(both, len(both))


def _long_words(one: Known, least: int = 5) -> list[str]:
    return [word for word in re.findall(r"[^\W\d_]+", one.title.lower()) if len(word) >= least]


def _judged(query: str, grades: judging.Grades) -> Judged:
    return Judged(" ".join(query.split()), "", grades)


# Titles as they are


def whole(count: int, write: Callable[[Known], str], chance: random.Random, able: str = "") -> Iterator[Judged]:
    """A title, written in some way."""
    for one in _some(count, chance, lambda one: bool(re.search(able, one.title)) and write(one) != one.title):
        yield _judged(write(one), judging.of_title(one))


def with_mistake(
    count: int, mistake: Mistake, chance: random.Random, *, least: int = 5, words: int = 1, french: bool | None = None
) -> Iterator[Judged]:
    """A title with a mistake in `words` of its words, or `-words` mistakes in one."""
    able = _some(
        count * 6, chance, lambda one: bool(_long_words(one, least)) and (french is None or one.is_french is french)
    )
    made = 0
    for one in able:
        typed = one.title.lower()
        long = _long_words(one, least)
        for word in chance.sample(long, min(len(long), max(1, words))):
            wrong = word
            for _ in range(max(1, -words)):
                wrong = mistake(wrong, chance)
            if fold(wrong) == fold(word) or set(fold(wrong)) & _vocabulary():
                break
            typed = typed.replace(word, wrong, 1)
        else:
            yield _judged(typed, judging.of_title(one))
            made += 1
            if made == count:
                return


def without_accents(one: Known) -> str:
    return " ".join(re.findall(r"[\w'’-]+", one.title)).translate(_BARE)


_BARE = str.maketrans("àâäçéèêëîïôöùûüÀÂÇÉÈÊËÎÔÛ", "aaaceeeeiioouuuAACEEEEIOU")


def without_article(one: Known) -> str:
    return re.sub(r"(?i)^(?:l['’]|(?:le|la|les|un|une|des|the|a|an) )", "", one.title)


def elided_wrongly(count: int, chance: random.Random) -> Iterator[Judged]:
    """An elided article without its apostrophe, glued, apart, or not elided."""
    ways: tuple[Callable[[re.Match[str]], str], ...] = (
        lambda found: f"{found[1]} ",
        lambda found: found[1],
        lambda found: f"{found[1]} ' ",
        lambda found: f"{found[1]}e ",
        lambda found: f"{found[1]}´",
    )
    for place, one in enumerate(
        _some(count, chance, lambda one: bool(re.search(r"(?i)\b(?:l|d|qu|jusqu)['’]", one.title)))
    ):
        typed = re.sub(r"(?i)\b(l|d|qu|jusqu)['’]", ways[place % len(ways)], one.title.lower(), count=1)
        yield _judged(typed, judging.of_title(one))


def joined_wrongly(count: int, chance: random.Random) -> Iterator[Judged]:
    """The space between two words is missing, or one stands within a word."""
    for place, one in enumerate(_some(count, chance, lambda one: len(_long_words(one, 4)) > 1 and " " in one.title)):
        words = one.title.lower().split()
        if place % 2:
            at = max(range(len(words) - 1), key=lambda at: min(len(words[at]), len(words[at + 1])))
            yield _judged(" ".join([*words[:at], words[at] + words[at + 1], *words[at + 2 :]]), judging.of_title(one))
        else:
            long = max(_long_words(one, 4), key=len)
            cut = chance.randrange(2, len(long) - 1)
            yield _judged(one.title.lower().replace(long, f"{long[:cut]} {long[cut:]}"), judging.of_title(one))


def of_other_number(count: int, chance: random.Random) -> Iterator[Judged]:
    for one in _some(count, chance, lambda one: any(not word.isascii() or word.isalpha() for word in _long_words(one))):
        word = chance.choice(_long_words(one))
        yield _judged(one.title.lower().replace(word, mistakes.other_number(word)), judging.of_title(one))


def quoted(count: int, chance: random.Random) -> Iterator[Judged]:
    marks = ('"{}"', "«\u00a0{}\u00a0»", "“{}”", "„{}“")
    for place, one in enumerate(_some(count, chance, lambda one: 2 < len(one.of_title) < 7)):
        words = one.title.split()
        part = " ".join(words if place % 2 else words[-2:])
        yield _judged(marks[place % 4].format(part), judging.of_phrase(one, fold(part)))


def partial_title(count: int, chance: random.Random) -> Iterator[Judged]:
    """Two telling words of a longer title, in or out of their order, as they are remembered."""
    able = _some(count * 2, chance, lambda one: len(telling(one.of_title)) > 3 and len(one.name) > 3)
    for place, one in enumerate(able[::2]):
        words = telling(one.name)
        typed = (words[:2], words[-2:], [words[-1], words[0]])[place % 3]
        yield _judged(" ".join(typed), judging.of_title(one, typed))


def popular(count: int, chance: random.Random, mistake: Mistake = lambda word, _: word) -> Iterator[Judged]:
    """One word that many titles have, or with a mistake: the best known of them is meant."""
    titles_of: Counter[str] = Counter(word for one in known() for word in set(one.of_title) if len(word) > 4)
    words = sorted(word for word, number in titles_of.items() if 6 <= number <= 40 and word not in FUNCTION_WORDS)
    made = ((word, mistake(word, chance)) for word in chance.sample(words, count))
    for word, typed in made:
        if typed == word or typed not in _vocabulary():
            yield _judged(typed, judging.of_part([word]))


def ambiguous(count: int, chance: random.Random) -> Iterator[Judged]:
    """The very same title by different people."""
    groups: dict[tuple[str, ...], list[Known]] = defaultdict(list)
    for one in known():
        groups[one.name].append(one)
    several = [ones for ones in groups.values() if len(ones) > 1 and not judging.is_same_work(ones[0], ones[1])]
    for ones in chance.sample(several, count):
        yield _judged(ones[0].title.lower(), judging.of_title(max(ones, key=lambda one: one.readers)))


# People


def person(
    count: int, write: Callable[[str, str], str], chance: random.Random, mistake: Mistake | None = None
) -> Iterator[Judged]:
    """The first person of a title; given names are what stands before the last word."""
    for one in _some(
        count * 3, chance, lambda one: len(one.people[0].split()) in (2, 3) and one.people[0] != "Unknown"
    ):
        given, _, last = one.people[0].rpartition(" ")
        wrong = last if mistake is None else mistake(last.lower(), chance) if len(last) > 4 else last
        if mistake is None or (fold(wrong) != fold(last) and not set(fold(wrong)) & _vocabulary()):
            yield _judged(write(given, wrong), judging.of_person(fold(one.people[0])))
            count -= 1
        if not count:
            return


def title_and_person(count: int, chance: random.Random, mistake: Mistake | None = None) -> Iterator[Judged]:
    ways = (
        "{title} {last}",
        "{last} {title}",
        "{title}, {given} {last}",
        "{last}, {given} {title}",
        "{title} de {last}",
    )
    able = _some(count * 3, chance, lambda one: len(one.people[0].split()) == 2 and len(one.of_title) < 5)
    for one in able:
        given, _, last = one.people[0].partition(" ")
        title, word = one.title.lower(), max(_long_words(one, 1) or [""], key=len)
        wrong = mistake(word, chance) if mistake and len(word) > 4 else word
        if mistake and (fold(wrong) == fold(word) or set(fold(wrong)) & _vocabulary()):
            continue
        typed = ways[count % 5].format(title=title.replace(word, wrong), last=last, given=given)
        yield _judged(typed, judging.of_title(one, [*one.of_title, *fold(last)]))
        count -= 1
        if not count:
            return


# Series, numbers


def volume(count: int, chance: random.Random) -> Iterator[Judged]:
    french = ("{} {}", "{} tome {}", "{} T{}", "{} n° {}", "{} t.{}", "{} vol. {}")
    english = ("{} {}", "{} book {}", "{} #{}", "{} vol {}", "{} volume {}", "{} no. {}")
    volumes = [
        one for one in known() if one.series and one.number.isdigit() and (one.is_french or one.readers > 30_000)
    ]
    for said, ways in ((True, french), (False, english)):
        for place, one in enumerate(chance.sample([one for one in volumes if one.is_french is said], count // 2)):
            yield _judged(ways[place % len(ways)].format(one.series.lower(), one.number), judging.of_volume(one))


def series(count: int, chance: random.Random) -> Iterator[Judged]:
    firsts = [one for one in known() if one.series and one.number == "1" and (one.is_french or one.readers > 100_000)]
    for said in (True, False):
        for one in chance.sample([one for one in firsts if one.is_french is said], count // 2):
            yield _judged(one.series, judging.of_series(one))


def numbers(count: int, chance: random.Random) -> Iterator[Judged]:
    """An ISBN as it is printed, copied, scanned or said."""
    ways: Sequence[Callable[[str], str]] = (
        str,
        isbn.format,
        lambda number: isbn.to_isbn10(number),
        lambda number: isbn.format(isbn.to_isbn10(number)),
        lambda number: f"ISBN {isbn.format(number)}",
        lambda number: isbn.format(number).replace("-", " "),
        lambda number: f"isbn-13: {number}",
        lambda number: isbn.format(number).replace("-", "–"),
        lambda number: f" {number[:3]} {number[3:]} ",
        lambda number: isbn.to_isbn10(number).lower(),
    )
    for place, one in enumerate(chance.sample([one for one in known() if not one.is_french], count)):
        yield _judged(ways[place % len(ways)](one.isbn), {one.isbn: 3})


def _each(*parts: Callable[[random.Random], Iterable[Judged]]) -> Callable[[random.Random], Iterator[Judged]]:
    return lambda chance: (one for part in parts for one in part(chance))


_AZERTY, _QWERTY = (partial(mistakes.neighbour, rows=rows) for rows in (mistakes.AZERTY, mistakes.QWERTY))
KINDS: _KIND_OF = {
    "exact title": _each(
        partial(whole, 14, lambda one: one.title.lower()), partial(whole, 10, lambda one: one.title.upper())
    ),
    "without article": partial(whole, 20, without_article),
    "without accents": partial(whole, 20, without_accents),
    "apostrophes": _each(
        partial(whole, 8, lambda one: re.sub("['’]", "’", one.title.replace("'", "’")), able="'"),
        partial(whole, 6, lambda one: re.sub("['’]", "", one.title), able="['’]"),
        partial(whole, 6, lambda one: re.sub("['’]", " ", one.title), able="['’]"),
    ),
    "hyphens": _each(
        partial(whole, 8, lambda one: one.title.replace("-", " "), able=r"\w-\w"),
        partial(whole, 6, lambda one: one.title.replace("-", "\u2011"), able=r"\w-\w"),
        partial(whole, 6, lambda one: one.title.replace("-", ""), able=r"\w-\w"),
    ),
    "ligatures": _each(
        partial(whole, 8, lambda one: one.title.replace("œ", "oe").replace("Œ", "Oe"), able="œ|Œ"),
        partial(whole, 8, lambda one: one.title.upper(), able="œ|Œ"),
    ),
    "elision": partial(elided_wrongly, 24),
    "neighbouring key": _each(
        partial(with_mistake, 18, _AZERTY, french=True), partial(with_mistake, 18, _QWERTY, french=False)
    ),
    "first letter": partial(with_mistake, 10, mistakes.first_letter),
    "doubled letter": partial(with_mistake, 16, mistakes.doubled),
    "missing letter": partial(with_mistake, 20, mistakes.missing),
    "swapped letters": partial(with_mistake, 20, mistakes.swapped),
    "two typos in a word": partial(with_mistake, 16, mistakes.missing, least=9, words=-2),
    "typos in two words": partial(with_mistake, 16, mistakes.swapped, words=2),
    "as it sounds": partial(with_mistake, 30, mistakes.heard, french=True),
    "spaces": partial(joined_wrongly, 20),
    "plural and singular": partial(of_other_number, 20),
    "quoted": partial(quoted, 16),
    "partial title": partial(partial_title, 24),
    "popular": partial(popular, 20),
    "popular with a typo": partial(popular, 20, mistake=mistakes.missing),
    "ambiguous": partial(ambiguous, 16),
    "author": _each(
        partial(person, 8, "{} {}".format),
        partial(person, 8, lambda given, last: f"{last}, {given}"),
        partial(person, 8, lambda given, last: f"{last} {given}".lower()),
    ),
    "author with a typo": _each(
        partial(person, 10, "{} {}".format, mistake=mistakes.swapped),
        partial(person, 10, lambda given, last: f"{last} {given}", mistake=mistakes.heard),
    ),
    "title and author": partial(title_and_person, 30),
    "title with a typo and author": partial(title_and_person, 20, mistake=mistakes.missing),
    "series and volume": partial(volume, 30),
    "series": partial(series, 16),
    "isbn": partial(numbers, 20),
}


if __name__ == "__main__":
    main()
