"""A Merkle tree as RFC 6962, 2.1 has it: leaves and nodes are hashed with another prefix each, so that no node can be
passed off as a leaf. Digests are SHA-256 in hexadecimals."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal

Side = Literal["left", "right"]
EMPTY = hashlib.sha256(b"").hexdigest()


def leaf(content: bytes) -> str:
    return hashlib.sha256(b"\x00" + content).hexdigest()


def root(leaves: Sequence[str]) -> str:
    """Of the leaves in their order."""
    if not leaves:
        return EMPTY
    if len(leaves) == 1:
        return leaves[0]
    half = _split(len(leaves))
    return _node(root(leaves[:half]), root(leaves[half:]))


def path(leaves: Sequence[str], place: int) -> list[tuple[Side, str]]:
    """What the leaf at `place` is joined with, from the leaf up: on which side the other one stands, and its digest."""
    if len(leaves) <= 1:
        return []
    half = _split(len(leaves))
    if place < half:
        return [*path(leaves[:half], place), ("right", root(leaves[half:]))]
    return [*path(leaves[half:], place - half), ("left", root(leaves[:half]))]


def leads_to(digest: str, steps: Sequence[tuple[Side, str]], expected: str) -> bool:
    for side, other in steps:
        digest = _node(other, digest) if side == "left" else _node(digest, other)
    return digest == expected


def _split(number: int) -> int:
    """The largest power of two below it."""
    return 1 << (number - 1).bit_length() - 1


def _node(left: str, right: str) -> str:
    return hashlib.sha256(b"\x01" + bytes.fromhex(left) + bytes.fromhex(right)).hexdigest()
