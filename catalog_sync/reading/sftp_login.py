"""An SFTP server that showed a key which nobody has confirmed, as an error of a feed."""

from __future__ import annotations

from catalog_sync.reasons import FeedError
from marketplace.foundation.logins import Login as Login
from marketplace.foundation.logins import fingerprint as fingerprint


class HostKeyError(FeedError):
    """The server's key, `shown`, is not the confirmed one; a person must look. Empty: it has none of that type."""

    shown: str = ""
