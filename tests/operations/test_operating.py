"""docs/operating.md is executed: its commands bring a site up on a throw-away copy of a Debian machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.db import connection

ROOT = Path(__file__).resolve().parent.parent.parent
MOST_COMMANDS = 12


def block() -> list[str]:
    text = (ROOT / "docs/operating.md").read_text()
    return re.search(r"<!-- install -->\n```sh\n(.*?)```", text, re.DOTALL)[1].strip().splitlines()


def lacking() -> str:
    if os.getuid() != 0:
        return "needs root: it mounts a copy of the machine"
    if not Path("/etc/debian_version").read_text().startswith("12"):
        return "the commands are Debian 12's"
    probe = ["unshare", "--mount", "--pid", "--fork", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    if not shutil.which("unshare") or subprocess.run(probe, check=False, capture_output=True).returncode:
        return "this machine does not let us mount"
    return ""


def test_install_is_at_most_twelve_commands():
    assert len(block()) <= MOST_COMMANDS


@pytest.mark.proof  # three minutes: installing packages, and migrating without a template
@pytest.mark.skipif(connection.vendor != "sqlite", reason="It brings its own server: once is enough.")
def test_install_commands_bring_up_a_site_over_https(tmp_path):
    if reason := lacking():
        assert not os.environ.get("CI"), reason
        pytest.skip(reason)
    done = subprocess.run(
        [ROOT / "tests/operations/install_on_a_copy", tmp_path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    assert '"database": "ok"' in done.stdout, done.stdout[-3000:]
    assert "strict-transport-security: max-age=31536000" in done.stdout.lower(), done.stdout[-3000:]
    assert re.search(r"plain http: 30[18]", done.stdout), done.stdout[-500:]
    assert "settings   safe for production" in done.stdout
