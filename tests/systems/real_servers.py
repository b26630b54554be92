"""Servers of shop systems that are brought and filled by a script of ours, once."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Collection, Mapping
from contextlib import closing
from pathlib import Path

from django.conf import settings


def prepared(kind: str) -> Path | str:
    """What `scripts/KIND prepare` keeps to copy, or why there is none; a failure where tests must not be skipped."""
    script = Path(settings.BASE_DIR) / "scripts" / kind
    found = subprocess.run([script, "prepare"], capture_output=True, text=True, check=False)
    if found.returncode and os.environ.get("CI"):
        raise RuntimeError(found.stderr)
    return f"no {kind.capitalize()}: {found.stderr}" if found.returncode else Path(found.stdout.strip())


def multiply(at: Path, tables: Mapping[str, tuple[Collection[str], Collection[str]]], *, rows: int, times: int) -> None:
    """So many times the articles of a system's SQLite database. `tables`: the columns of each that are keys of its
    articles, of which it has `rows`, and those that are numbers or words of one alone."""
    with closing(sqlite3.connect(at)) as live:
        for table, (keys, words) in tables.items():
            names = [name for _, name, *_ in live.execute(f"PRAGMA table_info({table})")]
            values = [
                f'"{name}" + {rows} * n'
                if name in keys
                else f"\"{name}\" || '-' || n"
                if name in words
                else "NULL"
                if name == "id"  # to which nothing refers
                else f'"{name}"'
                for name in names
            ]
            live.execute(
                f"WITH RECURSIVE times(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM times WHERE n < ?) "
                f"INSERT INTO {table} SELECT {', '.join(values)} FROM {table}, times",
                [times - 1],
            )
        live.commit()
