"""Folders, each against a real one: what they can do is the same wherever they are."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from marketplace.foundation import folders
from marketplace.foundation.folders import Folder, FolderError, ShownKeyError, ftp
from marketplace.foundation.logins import Login
from tests import ftp_server, webdav_server
from tests.catalog_sync.reading import sftp_server
from tests.catalog_sync.reading.test_sftp import HOST_KEY

STAMP = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _var(settings, tmp_path):
    settings.HTTP_ALLOW_PRIVATE = True
    settings.VAR_DIR = tmp_path / "var"


class Conformance:
    """A subclass says where the folder is: its address, how to sign in, and its path here."""

    def place(self, there: Path) -> AbstractContextManager[tuple[str, Login]]:
        raise NotImplementedError

    @pytest.fixture
    def there(self, tmp_path) -> Path:
        path = tmp_path / "var" / "orders" / "in"
        path.mkdir(parents=True)
        return path

    @pytest.fixture
    def folder(self, there: Path) -> Iterator[Folder]:
        with self.place(there) as (location, login), folders.opened(location, login, seconds=5) as folder:
            yield folder

    def test_what_is_put_is_listed_and_read(self, folder: Folder, there: Path) -> None:
        (there / "sub").mkdir()
        folder.put("commande é 1.txt", b"A0001\r\n")
        os.utime(there / "commande é 1.txt", (STAMP.timestamp(),) * 2)
        entries = [(entry.name, entry.size, entry.changed_at) for entry in folder.entries()]
        assert entries == [("commande é 1.txt", 7, STAMP)]
        assert folder.read("commande é 1.txt", max_bytes=7) == b"A0001\r\n"
        assert (folder.has("commande é 1.txt"), folder.has("other")) == (True, False)

    def test_put_replaces_and_rename_never_does(self, folder: Folder, there: Path) -> None:
        folder.put("a.part", b"first")
        folder.put("a.part", b"one")
        folder.rename("a.part", "a")
        folder.put("b.part", b"two")
        with pytest.raises(FolderError):
            folder.rename("b.part", "a")
        assert {path.name: path.read_bytes() for path in there.iterdir()} == {"a": b"one", "b.part": b"two"}

    def test_removed_is_gone(self, folder: Folder, there: Path) -> None:
        folder.put("a", b"one")
        folder.remove("a")
        assert list(there.iterdir()) == []

    def test_large_file_is_not_read(self, folder: Folder) -> None:
        folder.put("a", b"123456789")
        with pytest.raises(FolderError, match="larger") as caught:
            folder.read("a", max_bytes=8)
        assert caught.value.permanent

    def test_missing_file_is_a_folder_error(self, folder: Folder) -> None:
        with pytest.raises(FolderError):
            folder.read("a", max_bytes=8)

    @pytest.mark.parametrize("name", ["../a", "/etc/passwd", "", "..", "a/b", "a\r\nDELE b"])
    def test_names_lead_nowhere_else(self, folder: Folder, name: str) -> None:
        for deed in (folder.has, folder.remove, lambda given: folder.put(given, b"")):
            with pytest.raises(FolderError, match="no name of a file"):
                deed(name)


class TestLocal(Conformance):
    @contextmanager
    def place(self, there: Path) -> Iterator[tuple[str, Login]]:
        yield "in", Login("", "", "")


class TestWebDav(Conformance):
    @contextmanager
    def place(self, there: Path) -> Iterator[tuple[str, Login]]:
        with webdav_server.serving(there.parent) as server:
            yield server.location("in"), Login(webdav_server.PASSWORD, "", "", webdav_server.USER)


class TestSftp(Conformance):
    @contextmanager
    def place(self, there: Path) -> Iterator[tuple[str, Login]]:
        with sftp_server.serving(there.parent, HOST_KEY) as server:
            yield server.location("in"), Login(sftp_server.PASSWORD, "", server.shown())


class TestFtp(Conformance):
    @contextmanager
    def place(self, there: Path) -> Iterator[tuple[str, Login]]:
        with ftp_server.serving(there.parent) as server:
            yield server.location("in/"), Login(ftp_server.PASSWORD, "", "")


def problem(location: str, login: Login) -> FolderError:
    with pytest.raises(FolderError) as caught, folders.opened(location, login, seconds=5) as folder:
        folder.entries()
    return caught.value


SERVERS: dict[str, Callable[[Path], Any]] = {
    "webdav": webdav_server.serving,
    "sftp": lambda path: sftp_server.serving(path, HOST_KEY),
    "ftp": ftp_server.serving,
}


@pytest.mark.parametrize("kind", SERVERS)
def test_wrong_password_is_permanent_and_private_addresses_are_never_called(kind, tmp_path, settings):
    with SERVERS[kind](tmp_path) as server:
        key = server.shown() if kind == "sftp" else ""
        assert problem(server.location(""), Login("wrong", "", key, "shop")).permanent
        settings.HTTP_ALLOW_PRIVATE = False
        error = problem(server.location(""), Login("word", "", key, "shop"))
        assert (error.permanent, "private address" in str(error)) == (True, True)


def test_sftp_server_that_nobody_confirmed_is_told_nothing(tmp_path):
    with sftp_server.serving(tmp_path, HOST_KEY) as server:
        error = problem(server.location(""), Login("word", "", ""))
        assert isinstance(error, ShownKeyError)
        assert (error.shown, server.seen) == (server.shown(), [])


def test_ftp_server_that_knows_no_mlsd_is_listed_by_names(tmp_path):
    (tmp_path / "a.xml").write_bytes(b"1")
    with ftp_server.serving(tmp_path) as server:
        server.knows_mlsd = False
        with folders.opened(server.location(), Login("word", "", ""), seconds=5) as folder:
            assert [entry.name for entry in folder.entries()] == ["a.xml"]


@pytest.mark.parametrize("kind", SERVERS)
def test_lost_answer_to_a_rename_leaves_open_whether_it_was_done(kind, tmp_path):
    with SERVERS[kind](tmp_path) as server:
        login = Login("word", "", server.shown() if kind == "sftp" else "", "shop")
        with folders.opened(server.location(""), login, seconds=5) as folder:
            folder.put("a.part", b"one")
            server.fault = lambda *asked: "lost" if asked[0] in ("MOVE", "rename", "RNTO") else ""
            with pytest.raises(FolderError) as caught:
                folder.rename("a.part", "a")
        assert (caught.value.permanent, caught.value.unknown_outcome) == (False, True)
        assert [path.name for path in tmp_path.iterdir() if path.name != "var"] == ["a"]


@pytest.mark.parametrize("location", ["../out", "gopher://host/", "ftp://host/", "ftp://u:p@host/", "sftp://host/x"])
def test_address_that_is_none_is_refused(location):
    assert problem(location, Login("", "", "")).permanent


def test_ftps_server_whose_certificate_nobody_vouches_for_gets_no_password(tmp_path):
    with ftp_server.serving(tmp_path) as server:
        server.certificate = own_certificate(tmp_path / "own.pem")
        location = server.location().replace("ftp://", "ftps://")
        assert "CERTIFICATE_VERIFY_FAILED" in str(problem(location, Login("word", "", "")))
        assert server.asked == ["AUTH"]


def own_certificate(path: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    day = timedelta(days=1)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - day)
        .not_valid_after(datetime.now(UTC) + day)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(secret + made.public_bytes(pem))
    return path


def test_ftp_server_that_lists_without_end_is_not_listened_to(tmp_path, monkeypatch):
    monkeypatch.setattr(ftp, "MOST_ENTRIES", 10)
    for knows in (True, False):
        with ftp_server.serving(tmp_path) as server:
            server.knows_mlsd = knows
            line = b"type=file;size=1; %d\r\n" * 1000
            server.endless = (line % tuple(range(1000)) for _block in range(1000))
            opened = folders.opened(server.location(), Login("word", "", ""), seconds=20)
            with pytest.raises(FolderError, match="holds more than"), opened as folder:
                folder.entries()
            assert (server.ended.wait(20), server.was_cut) == (True, True)


def test_ftp_server_that_drips_is_given_up(tmp_path):
    def drops() -> Iterator[bytes]:
        for _drop in range(40):
            time.sleep(0.05)
            yield b"x"

    for what in (lambda folder: folder.read("a", max_bytes=99), lambda folder: folder.entries()):
        (tmp_path / "a").write_bytes(b"")
        with ftp_server.serving(tmp_path) as server:
            server.endless = drops()
            opened = folders.opened(server.location(), Login("word", "", ""), seconds=0.5)
            with pytest.raises(FolderError), opened as folder:
                what(folder)
            assert (server.ended.wait(20), server.was_cut) == (True, True)  # it was not listened to until the end


def test_slow_ftp_server_is_given_up(tmp_path):
    with ftp_server.serving(tmp_path) as server:
        hung = threading.Event()
        server.fault = lambda command: "" if command != "CWD" and command != "NLST" else str(hung.wait(5) or "")
        with (
            pytest.raises(FolderError),
            folders.opened(server.location(), Login("word", "", ""), seconds=0.3) as folder,
        ):
            folder.has("a")
        hung.set()


def test_name_that_is_no_utf8_is_a_folder_error(tmp_path):
    with ftp_server.serving(tmp_path) as server:
        (tmp_path / os.fsdecode(b"caf\xe9.xml")).write_bytes(b"1")
        assert not problem(server.location(), Login("word", "", "")).permanent
