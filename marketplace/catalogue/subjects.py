"""Subjects of books: Thema's two upper levels with labels of our own in two languages, and what others map into them.

Thema (EDItEUR) is the trade's international scheme; each character of a code is one level. Below the second level codes
are kept as sent, but shown under their second.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from marketplace.catalogue.models import Subject
from marketplace.catalogue.thema import BISAC_PREFIXES, THEMA

SCHEME = "thema"
DEEPEST = 2  # levels that have labels
MOST_CODES = 20


def path(code: str) -> list[str]:
    """ "FBA" lies under ["F", "FB"]; a code of which only the first level is known, under that alone."""
    return [code[:length] for length in range(1, min(DEEPEST, len(code)) + 1) if code[:length] in THEMA]


def label(code: str, language: str) -> str:
    """The name of the deepest known level of a code; empty for an unknown one."""
    levels = path(code)
    return THEMA[levels[-1]][0 if language.startswith("fr") else 1] if levels else ""


def thema_codes(subjects: Iterable[Sequence[str]]) -> list[str]:
    """Thema codes of (scheme, code, text) triples, in their order: Thema's own first, else what BISAC's mean."""
    own, mapped = [], []
    for scheme, code, _ in subjects:
        code = code.strip().upper()
        if scheme == SCHEME and code[:1] in THEMA:
            own.append(code)
        elif scheme == "bisac":
            found = bisac_to_thema(code)
            mapped += [found] if found else []
    return list(dict.fromkeys(own or mapped))[:MOST_CODES]


def bisac_to_thema(code: str) -> str:
    """FIC022020 is FF: the longest prefix in the table; empty for none."""
    for length in range(len(code), 2, -1):
        if code[:length] in BISAC_PREFIXES:
            return BISAC_PREFIXES[code[:length]]
    return ""


def load() -> int:
    """Write the table into `Subject`, for labels that are shown and searched. Returns the rows written."""
    stored = {row.code: row for row in Subject.objects.filter(scheme=SCHEME)}
    written = 0
    for code in sorted(THEMA, key=len):
        french, english = THEMA[code]
        parent = stored.get(code[:-1])
        row = stored.get(code)
        if row is None:
            stored[code] = Subject.objects.create(
                scheme=SCHEME, code=code, parent=parent, label_fr=french, label_en=english
            )
            written += 1
        elif (row.label_fr, row.label_en) != (french, english):
            row.label_fr, row.label_en = french, english
            row.save(update_fields=["label_fr", "label_en"])
            written += 1
    return written
