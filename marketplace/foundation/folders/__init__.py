"""Folders where others leave files for us and we for them: below a folder of ours, at an SFTP server, at a WebDAV
address, at an FTP server. An address says which: `davs://host/folder/`, `sftp://user@host/folder/`,
`ftps://user@host/folder/`, `ftp://…`, and a path without a scheme is one below `var/orders`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from marketplace.foundation.folders.base import Entry as Entry
from marketplace.foundation.folders.base import Folder as Folder
from marketplace.foundation.folders.base import FolderError as FolderError
from marketplace.foundation.folders.base import ShownKeyError as ShownKeyError
from marketplace.foundation.folders.local import LocalFolder
from marketplace.foundation.folders.webdav import SCHEMES as DAV
from marketplace.foundation.folders.webdav import WebDavFolder
from marketplace.foundation.logins import Login


@contextmanager
def opened(location: str, login: Login, *, seconds: float) -> Iterator[Folder]:
    """The folder at an address, for `seconds` at most where it is at a server. Raises `FolderError`."""
    scheme = urlsplit(location).scheme
    if scheme in DAV:
        yield WebDavFolder(location, login, seconds=seconds)
    elif scheme == "sftp":
        from marketplace.foundation.folders import sftp  # its library is large, and few processes need it

        with sftp.opened(location, login, seconds=seconds) as folder:
            yield folder
    elif scheme in ("ftp", "ftps"):
        from marketplace.foundation.folders import ftp

        with ftp.opened(location, login, seconds=seconds) as folder:
            yield folder
    elif scheme:
        raise FolderError(f"{scheme}: no kind of folder that we know.", permanent=True)
    else:
        yield LocalFolder(Path(settings.VAR_DIR) / "orders", location)
