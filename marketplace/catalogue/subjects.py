"""Subjects of books: Thema's two upper levels with labels of our own in two languages, and what others map into them.

Thema (EDItEUR) is the trade's international scheme; each character of a code is one level. Below the second level codes
are kept as sent; they have names where an operator has loaded the full table (`subject_files`), and are shown under
their second level otherwise. BISAC's and CLIL's codes are mapped: by what the operator loaded, else by our own tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from marketplace.catalogue.clil import CLIL_THEMES
from marketplace.catalogue.models import Subject, SubjectMapping
from marketplace.catalogue.thema import BISAC_PREFIXES, THEMA

SCHEME = "thema"
DEEPEST = 2  # levels that have labels
MOST_CODES = 20
Mappings = Mapping[str, Mapping[str, str]]
MAPPED: Mappings = {"bisac": BISAC_PREFIXES, "clil": CLIL_THEMES}
"""Schemes whose codes are mapped, with our own tables: the beginning of a code → Thema."""
_COLUMNS = ("code", "label_fr", "label_en")


def path(code: str) -> list[str]:
    """ "FBA" lies under ["F", "FB"]; a code of which only the first level is known, under that alone."""
    return [code[:length] for length in range(1, min(DEEPEST, len(code)) + 1) if code[:length] in THEMA]


def label(code: str, language: str) -> str:
    """The name of the deepest known level of a code; empty for an unknown one."""
    levels = path(code)
    return THEMA[levels[-1]][0 if language.startswith("fr") else 1] if levels else ""


def thema_codes(subjects: Iterable[Sequence[str]], loaded: Callable[[], Mappings] = dict) -> list[str]:
    """Thema codes of (scheme, code, text) triples, in their order: Thema's own first, else what the others' mean.
    `loaded` gives the operator's mappings; it is asked only where there is something to map."""
    own, mapped = [], []
    for scheme, code, _ in subjects:
        code = code.strip().upper()
        if scheme == SCHEME and code[:1] in THEMA:
            own.append(code)
        elif scheme in MAPPED:
            found = _longest(code, loaded().get(scheme, {})) or _longest(code, MAPPED[scheme])
            mapped += [found] if found else []
    return list(dict.fromkeys(own or mapped))[:MOST_CODES]


def mappings() -> Mappings:
    """What the operator loaded. One query."""
    found: dict[str, dict[str, str]] = {}
    for scheme, prefix, thema in SubjectMapping.objects.values_list("scheme", "prefix", "thema"):
        found.setdefault(scheme, {})[prefix] = thema
    return found


def _longest(code: str, prefixes: Mapping[str, str]) -> str:
    """FIC022020 is FF: the longest prefix in the table; empty for none."""
    return next((prefixes[code[:end]] for end in range(len(code), 0, -1) if code[:end] in prefixes), "")


def load() -> int:
    """Write the table into `Subject`, for labels that are shown and searched; safe to call from several processes.
    Returns the rows written; one query where nothing differs."""
    stored = {code: labels for code, *labels in Subject.objects.filter(scheme=SCHEME).values_list(*_COLUMNS)}
    differing = {code: labels for code, labels in THEMA.items() if stored.get(code) != list(labels)}
    if not differing:
        return 0
    for level in range(1, DEEPEST + 1):
        parents = dict(Subject.objects.filter(scheme=SCHEME).values_list("code", "pk"))
        rows = [
            Subject(scheme=SCHEME, code=code, parent_id=parents.get(code[:-1]), label_fr=french, label_en=english)
            for code, (french, english) in sorted(differing.items())
            if len(code) == level
        ]
        Subject.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["scheme", "code"],
            update_fields=["parent", "label_fr", "label_en"],
        )
    return len(differing)
