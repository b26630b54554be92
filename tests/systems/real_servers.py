"""Servers of shop systems that are brought and filled by a script of ours, once."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from django.conf import settings


def prepared(kind: str) -> Path | str:
    """What `scripts/KIND prepare` keeps to copy, or why there is none; a failure where tests must not be skipped."""
    script = Path(settings.BASE_DIR) / "scripts" / kind
    found = subprocess.run([script, "prepare"], capture_output=True, text=True, check=False)
    if found.returncode and os.environ.get("CI"):
        raise RuntimeError(found.stderr)
    return f"no {kind.capitalize()}: {found.stderr}" if found.returncode else Path(found.stdout.strip())
