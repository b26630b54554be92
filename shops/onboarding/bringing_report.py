"""The report of one file that an owner brings in: written before its first row, and with each batch of rows in the
batch's own transaction. Whoever dies in between leaves it unfinished; the same file again goes on from there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from marketplace.models import User
from shops.models import Bringing, Shop
from shops.onboarding import brought_files
from shops.onboarding.brought_files import MOST_PROBLEMS, Problem, Read

# In `Bringing.counts` until the end: which file it is, and how many rows of each kind are done.
_UNFINISHED = "unfinished"
COUNTS = ("new", "changed", "same", "here", "ended", "refused")
"""What became of rows: new; newer than what was known; known as they are; the shop's own of this network; customers who
took it back here; refused."""


def begin(shop: Shop, found: Read, digest: str, *, by: User, now: datetime) -> Bringing:
    """A new one, or that of the same file which nobody finished. Within the shop's lock."""
    for row in Bringing.objects.filter(shop=shop):
        if not is_finished(row) and row.counts[_UNFINISHED]["file"] == digest:
            row.at, row.by = now, by.email
            row.save(update_fields=["at", "by"])
            return row
    counts = {name: {"refused": count} for name in brought_files.ROWS if (count := found.refused[name])}
    return Bringing.objects.create(
        shop=shop,
        at=now,
        by=by.email,
        network=found.networks[0].name,
        until=brought_files.made_at(found),
        counts=counts | {_UNFINISHED: {"file": digest, "done": {}}},
        problems=[list(problem) for problem in found.problems],
        more=sum(found.refused.values()) - len(found.problems),
    )


def forget_unfinished(shop: Shop) -> None:
    """What was brought was taken out again: nothing of a file goes on where it stopped."""
    for row in Bringing.objects.filter(shop=shop):
        if not is_finished(row):
            row.delete()


def is_finished(row: Bringing) -> bool:
    return _UNFINISHED not in row.counts


def is_done(row: Bringing, name: str, upto: int) -> bool:
    """Whether the first `upto` rows of a kind are in, be it by somebody else with the same file meanwhile."""
    return is_finished(row) or row.counts[_UNFINISHED]["done"].get(name, 0) >= upto


def add(row: Bringing, name: str, found: Mapping[str, int], upto: int) -> None:
    """Of another batch of rows."""
    both = Counter(row.counts.get(name, {})) + Counter(found)
    row.counts[name] = {key: both[key] for key in COUNTS if both[key]}
    row.counts[_UNFINISHED]["done"][name] = upto
    row.save(update_fields=["counts", "problems", "more"])


def note(row: Bringing, file: str, place: int, code: str, values: dict[str, Any]) -> None:
    if len(row.problems) < MOST_PROBLEMS:
        row.problems.append(list(Problem(file, place, code, values)))
    else:
        row.more += 1


def finish(row: Bringing) -> None:
    row.counts = {name: row.counts.get(name, {}) for name in brought_files.ROWS}
    row.save(update_fields=["counts", "problems", "more"])
