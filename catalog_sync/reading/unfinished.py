"""Whether a file is still being uploaded: by its name, or because it has changed a moment ago."""

import os
from pathlib import PurePath

UNFINISHED = (".part", ".tmp", ".filepart", ".crdownload")  # endings of uploads still under way
SETTLE_SECONDS = 30


def is_unfinished(name: str) -> bool:
    """By its name: one of the endings, or hidden, as several programs name what is not complete."""
    return name.startswith(".") or PurePath(name).suffix in UNFINISHED


def is_arriving(found: os.stat_result, *, now: float, us: int) -> bool:
    """Whether somebody else's file has changed so lately that it may not be complete. Counted is when it changed here,
    which its sender cannot set. What our own account (`us`) puts there comes complete, by a rename."""
    return found.st_uid != us and now - found.st_ctime < SETTLE_SECONDS
