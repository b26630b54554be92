"""A folder at an SFTP server."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import PurePosixPath

import paramiko

from marketplace.foundation import http, ssh
from marketplace.foundation.folders.base import (
    MOST_ENTRIES,
    Entry,
    Folder,
    FolderError,
    ShownKeyError,
    checked_name,
    too_full,
    too_large,
)
from marketplace.foundation.logins import Login


class SftpFolder(Folder):
    def __init__(self, client: paramiko.SFTPClient, path: str) -> None:
        self.client = client
        self.path = path

    def entries(self) -> list[Entry]:
        found = []
        with _trouble(self.path):
            for number, entry in enumerate(self.client.listdir_iter(self.path)):
                if number >= MOST_ENTRIES:
                    raise too_full(self.path)
                if stat.S_ISREG(entry.st_mode or 0):
                    at = None if entry.st_mtime is None else datetime.fromtimestamp(entry.st_mtime, UTC)
                    # Only its name: what a server calls "../x" is no file of this folder.
                    found.append(Entry(PurePosixPath(entry.filename).name, entry.st_size, at))
        return found

    def has(self, name: str) -> bool:
        try:
            with _trouble(name):
                self.client.stat(self._path(name))
        except FolderError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                return False
            raise
        return True

    def read(self, name: str, *, max_bytes: int) -> bytes:
        with _trouble(name), self.client.open(self._path(name), "rb") as file:
            content = file.read(max_bytes + 1)
        if len(content) > max_bytes:
            raise too_large(name, max_bytes)
        return content

    def put(self, name: str, content: bytes) -> None:
        with _trouble(name), self.client.open(self._path(name), "wb") as file:
            file.write(content)

    def rename(self, name: str, new_name: str) -> None:
        if self.has(new_name):  # some servers replace it
            raise FolderError(f"There is a file {new_name} already.", permanent=True)
        with _trouble(new_name, is_asked=True):
            self.client.rename(self._path(name), self._path(new_name))

    def remove(self, name: str) -> None:
        with _trouble(name):
            self.client.remove(self._path(name))

    def _path(self, name: str) -> str:
        return str(PurePosixPath(self.path) / checked_name(name))


@contextmanager
def opened(location: str, login: Login, *, seconds: float) -> Iterator[SftpFolder]:
    """Raises `FolderError`; `ShownKeyError` where the server's key is not the confirmed one."""
    with _trouble(location):
        place = ssh.place_of(location)
        with ssh.connected(place, login, seconds=seconds) as client:
            yield SftpFolder(client, place.path)


@contextmanager
def _trouble(what: str, *, is_asked: bool = False) -> Iterator[None]:
    """What the library and the network raise, as `FolderError`. `is_asked`: a connection that breaks leaves open
    whether it was done; that the server says no, does not."""
    try:
        yield
    except ssh.ShownKeyError as problem:
        raise ShownKeyError(str(problem), shown=problem.shown) from problem
    except ssh.SshError as problem:
        raise FolderError(str(problem), permanent=True) from problem
    except http.HttpError as problem:
        raise FolderError(str(problem), permanent=problem.permanent) from problem
    except FileNotFoundError as problem:
        raise FolderError(f"{what} is not there.") from problem
    except (OSError, EOFError, UnicodeError, paramiko.SSHException, paramiko.SFTPError) as problem:
        said = str(problem) or type(problem).__name__
        # "Failure" of a server and a closed connection look alike in the library: neither says that it was not done.
        unknown = is_asked and not isinstance(problem, PermissionError)
        raise FolderError(f"{what}: {said}", unknown_outcome=unknown) from problem
