"""Mistakes as people make them while typing. Each function gives one word with one mistake, or the word itself where
the mistake cannot be made in it; `chance` decides where."""

from __future__ import annotations

import random
import re

AZERTY = ("azertyuiop", "qsdfghjklm", "wxcvbn")
QWERTY = ("qwertyuiop", "asdfghjkl", "zxcvbnm")

# What sounds alike in French: as it is written, as it is heard.
SOUNDS = (
    ("ph", "f"), ("eau", "o"), ("au", "o"), ("th", "t"), ("qu", "k"), ("ch(?=[rl])", "k"), ("y", "i"),
    ("ç", "s"), ("c(?=[eéèi])", "s"), ("sc(?=[eéi])", "s"), ("g(?=[eéi])", "j"), ("gea", "ja"),
    ("ê|ai(?!l)|ei(?!l)", "è"), ("è|é", "e"), ("en(?=[tdc])", "an"), ("em(?=[pb])", "am"), ("am(?=[pb])", "an"),
    ("im(?=[pb])", "in"), ("oe", "e"),
    ("(?<=[aeiouy])ss", "s"), ("([bcdflmnprt])\\1", "\\1"), ("^h", ""), ("er$", "é"), ("ez$", "é"),
    ("(?<=[a-zé]{4})[stx]$", ""), ("tion$", "sion"), ("gu(?=[ei])", "g"), ("x(?=c)", "k"), ("z", "s"),
)  # fmt: skip


def neighbour(word: str, chance: random.Random, rows: tuple[str, ...]) -> str:
    """The key beside, above or below was hit; seldom for the first letter."""
    at = chance.randrange(1, len(word))
    for row, keys in enumerate(rows):
        column = keys.find(word[at])
        if column < 0:
            continue
        near = [keys[beside] for beside in (column - 1, column + 1) if 0 <= beside < len(keys)]
        near += [other[column] for other in rows[max(0, row - 1) : row + 2] if other != keys and column < len(other)]
        return word[:at] + chance.choice(near) + word[at + 1 :]
    return word


def first_letter(word: str, chance: random.Random) -> str:
    """The first key was missed, or the two first were swapped."""
    return word[1:] if chance.random() < 0.5 else word[1] + word[0] + word[2:]


def doubled(word: str, chance: random.Random) -> str:
    at = chance.randrange(1, len(word))
    return word[:at] + word[at] + word[at:]


def missing(word: str, chance: random.Random) -> str:
    at = chance.randrange(1, len(word))
    return word[:at] + word[at + 1 :]


def swapped(word: str, chance: random.Random) -> str:
    at = chance.randrange(1, len(word) - 1)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def heard(word: str, chance: random.Random) -> str:
    """Written as it sounds, in one or two places."""
    able = [pair for pair in SOUNDS if re.search(pair[0], word)]
    for written, sounding in chance.sample(able, min(len(able), 2)):
        word = re.sub(written, sounding, word, count=1)
    return word


def other_number(word: str) -> str:
    """The plural of a singular, and the other way round, by the commonest rule."""
    return word[:-1] if word.endswith(("s", "x")) else f"{word}s"
