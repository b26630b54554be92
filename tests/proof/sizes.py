"""How large a proof is: its full size times HALLES_PROOF_SIZE (1.0 unless set). Of random sequences the first
HALLES_PROOF_FROM are left out: they were proved before, in another part."""

from __future__ import annotations

import os


def sized(full: int) -> int:
    return max(1, round(full * float(os.environ.get("HALLES_PROOF_SIZE", "1.0"))))


def begun() -> int:
    return int(os.environ.get("HALLES_PROOF_FROM", "0"))
