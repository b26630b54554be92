"""How a word sounds in French, roughly: two spellings that are heard alike have the same sound.

For readers who write as they hear: ``filosofie``, ``fedre``, ``diabolike``. Words of any language go through the same
rules, so that what is typed and what is indexed agree; only vowels that French keeps apart stay apart.
"""

import re
from functools import lru_cache

SHORTEST = 4
"""Words and sounds with fewer letters are heard like too many others."""

# In this order. Capitals are sounds that no later rule takes apart: C ch, G a hard g, A an, I in.
_RULES = [
    (re.compile(spelt), heard)
    for spelt, heard in (
        (r"([a-z])\1+", r"\1"),
        ("(?<=..)(?:[tdxp]s?|s)$", ""),  # silent
        ("sch|sh|ch(?![lnr])", "C"),
        ("ph", "f"),
        ("qu?|ck|ch|c(?![eiyk])", "k"),
        ("t(?=ion)|sc(?=[eiy])|c|z", "s"),
        ("gu(?=[eiy])|g(?![eiy])", "G"),
        ("ge(?=[ao])|g", "j"),
        ("(?<=[tGr])h|^h|h$", ""),
        ("eau|au", "o"),
        ("e[nm](?![aeiounmy])|a[nm](?![aeiounmy])", "A"),
        ("(?:ai|ei|[iy])[nm](?![aeiounmy])", "I"),
        ("ai|ei", "e"),
        ("oe(?!u)", "e"),
        ("om(?=[bp])", "on"),
        ("(?<=..)es?$", ""),
    )
]
_LETTERS = str.maketrans("yw", "iv")


@lru_cache(maxsize=1 << 16)
def sound(folded: str) -> str:
    """``phedre``, ``fedre`` → ``fedr``; empty for words too short, and for whatever is not of the letters a to z."""
    if len(folded) < SHORTEST or not (folded.isascii() and folded.isalpha()):
        return ""
    heard = folded
    for spelt, as_heard in _RULES:
        heard = spelt.sub(as_heard, heard)
    return heard.translate(_LETTERS) if len(heard) >= SHORTEST else ""
