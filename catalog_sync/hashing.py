"""Hashes by which what a list says is compared with what it said before."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from struct import unpack

DIRTY = 0  # nothing hashes to it: a row that holds it is compared as changed
ABSENT = -1  # nor to this: a complete list of the stock lane lacks the article


def stable_hashes(texts: Sequence[str], salt: bytes = b"") -> Sequence[int]:
    """64 signed bits of each text that are the same in every process (Python's own hash of a text is not), and never
    DIRTY or ABSENT. `salt`: at most 16 bytes."""
    digests = [blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8, salt=salt).digest() for text in texts]
    hashes = unpack(f">{len(digests)}q", b"".join(digests))
    if DIRTY in hashes or ABSENT in hashes:
        return [1 if found in (DIRTY, ABSENT) else found for found in hashes]
    return hashes


def stable_hash(text: str) -> int:
    """The same of one text."""
    return stable_hashes([text])[0]
