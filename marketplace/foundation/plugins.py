"""What separate Python packages add, by entry points: `halles.adapters`, `halles.channels`, `halles.systems`."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points


def found(group: str) -> dict[str, EntryPoint]:
    """{name: entry point} of the packages that are installed. Nothing of theirs is loaded by this."""
    return {point.name: point for point in entry_points(group=group)}


def paths(group: str) -> dict[str, tuple[str, str]]:
    """{name: (name, dotted path)}, as our own tables have them."""
    return {name: (name, point.value.replace(":", ".")) for name, point in found(group).items()}
