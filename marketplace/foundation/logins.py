"""What is needed to sign in where files are fetched or left, and how an SFTP server's key is shown; without the library
that speaks to it."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Login:
    """How we sign in, and the SFTP server's key that was confirmed ("type base64", empty: none yet). `user`: at an
    https address; an SFTP or FTP address names its own."""

    password: str = field(repr=False)
    private_key: str = field(repr=False)
    host_key: str
    user: str = ""


def fingerprint(host_key: str) -> str:
    """ "SHA256:…" of "type base64", as `ssh-keygen -l` prints it."""
    digest = hashlib.sha256(base64.b64decode(host_key.partition(" ")[2])).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")
