"""How large a proof is: its full size times HALLES_PROOF_SIZE (1.0 unless set)."""

from __future__ import annotations

import os


def sized(full: int) -> int:
    return max(1, round(full * float(os.environ.get("HALLES_PROOF_SIZE", "1.0"))))
