"""A shop's SFTP server, against a real one on the loopback."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.utils import translation

from catalog_sync.reading import sftp
from catalog_sync.reading.fetching import open_local
from catalog_sync.reading.sftp_login import HostKeyError, Login, fingerprint
from catalog_sync.reasons import FeedError
from marketplace.foundation import http, ssh
from tests.catalog_sync.reading.sftp_server import PASSWORD, Key, Server, serving

STAMP = datetime(2026, 3, 2, 9, tzinfo=UTC)


HOST_KEY, CLIENT_KEY = Key(), Key()


@pytest.fixture
def server(tmp_path, settings) -> Iterator[Server]:
    settings.HTTP_ALLOW_PRIVATE = True
    folder = tmp_path / "there"
    folder.mkdir()
    put(folder, "list.csv", b"sku;titre\na;Nana\n")
    with serving(folder, HOST_KEY) as serving_, translation.override("en"):
        yield serving_


def put(folder: Path, name: str, content: bytes, *, seconds: int = 0) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    os.utime(folder / name, (STAMP.timestamp() + seconds,) * 2)


def login(server: Server, **changed: str) -> Login:
    return Login(**({"password": PASSWORD, "private_key": "", "host_key": server.shown()} | changed))


def refused(server: Server, how: Login, path: str = "list.csv") -> FeedError:
    with pytest.raises(FeedError) as caught, open_local(server.location(path), login=how):
        pass
    return caught.value


def code(error: FeedError) -> tuple[str, bool]:
    assert error.reason is not None
    return error.reason.code, error.permanent


def test_file_comes_whole_with_the_time_it_has_there(server):
    big = b"12345678;\xc3\x89tranger;12.90\n" * 150_000
    put(server.folder, "big.bin", big)
    with open_local(server.location("big.bin"), login=login(server)) as file:
        assert (file.path.read_bytes(), file.stamp) == (big, STAMP)
    assert not file.path.exists()
    assert server.signed_in == [("shop", "password")]


def test_newest_finished_file_of_a_folder_is_taken(server):
    for seconds, name in enumerate(("old.csv", "new.csv", "newer.csv.filepart", ".hidden.csv"), 1):
        put(server.folder, f"out/{name}", name.encode(), seconds=seconds)
    (server.folder / "out" / "folder").mkdir()
    with open_local(server.location("out/"), login=login(server)) as file:
        assert file.path.read_bytes() == b"new.csv"
    (server.folder / "empty").mkdir()
    assert code(refused(server, login(server), "empty")) == ("file_missing", False)


def test_private_key_opens_too(server):
    server.client_key = CLIENT_KEY
    with open_local(server.location("list.csv"), login=login(server, password="", private_key=CLIENT_KEY.text)):
        pass
    assert server.signed_in == [("shop", "key")]
    assert code(refused(server, login(server, private_key="no key"))) == ("sftp_key_unreadable", True)


def test_unknown_server_is_told_nothing_and_shown_to_a_person(server):
    error = refused(server, login(server, host_key=""))
    assert isinstance(error, HostKeyError)
    assert (code(error), error.shown, server.seen) == (("sftp_host_new", True), server.shown(), [])
    assert fingerprint(error.shown) == HOST_KEY.fingerprint
    assert HOST_KEY.fingerprint in str(error)


def test_server_with_another_key_is_told_nothing(server):
    other = CLIENT_KEY.shown
    error = refused(server, login(server, host_key=other))
    assert (code(error), server.seen) == (("sftp_host_changed", True), [])
    gone = refused(server, login(server, host_key="ssh-rsa AAAA"))
    assert (code(gone), server.seen) == (("sftp_host_changed", True), [])
    assert isinstance(gone, HostKeyError)
    assert gone.shown == server.shown()  # of another kind than the one that was confirmed: a person can look at it too


def test_without_the_comparison_the_password_would_be_sent(server, monkeypatch):
    """Negative control."""
    monkeypatch.setattr(ssh, "_meet", lambda transport, *_: transport.start_client(timeout=5))
    with open_local(server.location("list.csv"), login=login(server, host_key="")):
        pass
    assert PASSWORD in server.seen


def test_server_with_several_keys_is_asked_for_the_one_that_is_known(server):
    server.host_keys.append(Key("ecdsa-sha2-nistp256"))
    for number in (0, 1):
        with open_local(server.location("list.csv"), login=login(server, host_key=server.shown(number))) as file:
            assert file.path.stat().st_size


@pytest.mark.parametrize("password", ["", "wrong"])
def test_wrong_password_needs_a_person(server, password):
    assert code(refused(server, login(server, password=password))) == ("sftp_not_let_in", True)


def test_missing_file_is_looked_for_later(server):
    assert code(refused(server, login(server), "none.csv")) == ("file_missing", False)


def test_file_that_changes_while_it_is_read_waits(server):
    server.before_read = lambda: put(server.folder, "list.csv", b"sku;titre\na;Nana\nb;", seconds=1)
    assert code(refused(server, login(server))) == ("file_growing", False)


def test_large_files_and_full_folders_are_not_read(server, tmp_path, monkeypatch):
    with pytest.raises(FeedError) as caught:
        sftp.download(server.location("list.csv"), login(server), tmp_path / "x", max_bytes=10)
    assert code(caught.value) == ("file_too_large", True)
    assert not (tmp_path / "x").exists()
    monkeypatch.setattr(sftp, "MOST_ENTRIES", 0)
    put(server.folder, "out/a.csv", b"a")
    assert code(refused(server, login(server), "out")) == ("folder_too_full", True)


def test_name_that_leads_out_of_the_folder_does_not(server):
    put(server.folder, "out/a.csv", b"a")
    server.names = ["../list.csv"]
    assert code(refused(server, login(server), "out")) == ("file_missing", False)


def test_slow_server_is_given_up(server, monkeypatch):
    """The whole time is limited, whatever the server is doing then."""
    monkeypatch.setattr(http, "WHOLE_SECONDS", 0.5)
    release = threading.Event()
    server.before_read = release.wait
    try:
        assert code(refused(server, login(server))) == ("file_unreachable", False)
    finally:
        release.set()


def test_server_that_says_nothing_is_given_up(tmp_path, settings, monkeypatch):
    settings.HTTP_ALLOW_PRIVATE = True
    monkeypatch.setattr(ssh, "HELLO_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        where = f"sftp://a@127.0.0.1:{silent.getsockname()[1]}/x"
        with pytest.raises(FeedError) as caught:
            sftp.download(where, Login("x", "", ""), tmp_path / "x", max_bytes=10)
    assert code(caught.value) == ("file_unreachable", False)


def test_private_address_is_never_called(server, settings):
    settings.HTTP_ALLOW_PRIVATE = False
    error = refused(server, login(server))
    assert (code(error), "private address" in str(error), server.seen) == (("file_unreachable", True), True, [])


@pytest.mark.parametrize(
    "location",
    ["sftp://host/x", "sftp://a@/x", "sftp://a@host", "sftp://a:b@host/x", "sftp://a@host:99999/x"],
)
def test_address_that_is_none_needs_a_person(location, tmp_path):
    with pytest.raises(FeedError) as caught:
        sftp.download(location, Login("", "", ""), tmp_path / "x", max_bytes=10)
    assert code(caught.value) == ("sftp_address_wrong", True)


def test_path_is_absolute_or_begins_at_home():
    assert sftp.place_of("sftp://a%40b@host/x%20y").path == "/x y"
    assert sftp.place_of("sftp://a%40b@host:2222/~/x/") == ("a@b", "host", 2222, "x/")
