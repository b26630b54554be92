"""From hits to suggestions: whole titles, authors and series that what was typed is the beginning of."""

from collections.abc import Iterable, Sequence

from search import text
from search.engines.clauses import Answer
from search.engines.fields import Shown
from search.engines.matching import Typed, typos_allowed
from search.engines.query import Suggestion
from search.engines.spelling import distance

HITS_READ = 40
_MOST_OF_A_KIND = 2
_KINDS = ("title", "author", "series")


def titles(answer: Answer, limit: int) -> list[Suggestion]:
    """The hits' titles in their order, each title once."""
    found: dict[str, Suggestion] = {}
    for product_id, packed in zip(answer.ids, answer.shown, strict=True):
        title = Shown.unpacked(packed).title
        found.setdefault(text.key(title), Suggestion(kind="title", text=title, product_id=product_id))
    return list(found.values())[:limit]


def suggestions(answer: Answer, typed: Typed, *, typos: bool) -> list[Suggestion]:
    """Every title of the hits; authors and series where what was typed fits their own words."""
    found = titles(answer, len(answer.ids))
    names: dict[tuple[str, str], Suggestion] = {}
    for packed in answer.shown:
        hit = Shown.unpacked(packed)
        for name in hit.contributors:
            if fits(name, typed, typos=typos):
                names.setdefault(("author", text.name_key(name)), Suggestion(kind="author", text=spoken(name)))
        if hit.series and fits(hit.series, typed, typos=typos):
            names.setdefault(("series", text.key(hit.series)), Suggestion(kind="series", text=hit.series))
    return [*found, *names.values()]


def merge(first: Iterable[Suggestion], second: Iterable[Suggestion], limit: int) -> list[Suggestion]:
    """Titles, then authors, then series, without repeats; at most two authors and two series where titles fill."""
    by_kind: dict[str, dict[str, Suggestion]] = {kind: {} for kind in _KINDS}
    for suggestion in (*first, *second):
        same = text.name_key(suggestion.text) if suggestion.kind == "author" else text.key(suggestion.text)
        by_kind[suggestion.kind].setdefault(same, suggestion)
    authors = list(by_kind["author"].values())[:_MOST_OF_A_KIND]
    series = list(by_kind["series"].values())[:_MOST_OF_A_KIND]
    room = max(0, limit - len(authors) - len(series))
    return [*list(by_kind["title"].values())[:room], *authors, *series][:limit]


def spoken(name: str) -> str:
    """``Saint-Exupéry, Antoine de`` → ``Antoine de Saint-Exupéry``; other names stay."""
    family, comma, given = name.partition(",")
    return f"{given.strip()} {family.strip()}" if comma and given.strip() and "," not in given else name


def fits(name: str, typed: Typed, *, typos: bool) -> bool:
    """Each word typed is a word of the name, the last one the beginning of one."""
    known = text.tokens(name)
    *complete, last = typed.tokens
    return all(_near_any(word, known, typos) for word in complete) and (
        any(word.startswith(last) for word in known) or (typos and _near_beginning(last, known))
    )


def _near_any(word: str, known: Sequence[str], typos: bool) -> bool:
    return word in known or (typos and any(distance(word, other) <= typos_allowed(word) for other in known))


def _near_beginning(last: str, known: Sequence[str]) -> bool:
    allowed = min(1, typos_allowed(last))
    lengths = (len(last) - 1, len(last), len(last) + 1)
    return any(distance(last, word[:length]) <= allowed for word in known for length in lengths)
