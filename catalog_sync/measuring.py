"""How much memory a run has needed."""

from __future__ import annotations

import resource
import sys

_UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes


def peak_memory_mb() -> int:
    """The most that this process has held since it began, and the largest of the children it has waited for, which read
    files for it: together at most what both held at once. MiB."""
    both = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return round(sum(resource.getrusage(who).ru_maxrss for who in both) * _UNIT / 2**20)
