"""A shop's WebDAV folder, against a real server on the loopback."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import responses
from django.utils import timezone, translation

from catalog_sync import sync
from catalog_sync.doors import setting_up
from catalog_sync.reading.fetching import open_local
from catalog_sync.reasons import FeedError
from marketplace.foundation.folders import FolderError
from marketplace.foundation.folders.webdav import WebDavFolder, folder_url
from marketplace.foundation.logins import Login
from shops.portal.setup_forms import HttpsForm
from tests import factories
from tests.catalog_sync import memory
from tests.webdav_server import PASSWORD, USER, Server, serving

STAMP = datetime(2026, 3, 2, 9, tzinfo=UTC)
LOGIN = Login(PASSWORD, "", "", USER)


@pytest.fixture
def server(tmp_path, settings) -> Iterator[Server]:
    settings.HTTP_ALLOW_PRIVATE = True
    settings.VAR_DIR = tmp_path / "var"
    folder = tmp_path / "there"
    folder.mkdir()
    put(folder, "list.csv", b"sku;titre\na;Nana\n")
    with serving(folder) as serving_, translation.override("en"):
        yield serving_


def put(folder: Path, name: str, content: bytes, *, seconds: int = 0) -> None:
    (folder / name).write_bytes(content)
    os.utime(folder / name, (STAMP.timestamp() + seconds,) * 2)


def read(server: Server, path: str = "", login: Login = LOGIN) -> tuple[bytes, datetime | None]:
    with open_local(server.location(path), login=login) as file:
        return file.path.read_bytes(), file.stamp


def refused(server: Server, path: str = "", login: Login = LOGIN) -> tuple[str, bool]:
    with pytest.raises(FeedError) as caught:
        read(server, path, login)
    assert caught.value.reason is not None
    return caught.value.reason.code, caught.value.permanent


def test_newest_finished_file_comes_with_the_time_it_has_there(server):
    put(server.folder, "été nouveau.csv", b"sku;titre\nb;Zola\n", seconds=60)
    put(server.folder, "newer.csv.part", b"sku", seconds=120)
    (server.folder / "archive").mkdir()
    content, stamp = read(server)
    assert (content, stamp) == (b"sku;titre\nb;Zola\n", datetime(2026, 3, 2, 9, 1, tzinfo=UTC))


def test_file_of_a_folder_is_read_by_its_name(server):
    put(server.folder, "newer.csv", b"sku;titre\nb;Zola\n", seconds=60)
    assert read(server, "list.csv")[0] == b"sku;titre\na;Nana\n"


def test_unchanged_file_is_not_sent_again(server):
    assert read(server) == read(server)
    put(server.folder, "list.csv", b"sku;titre\na;Germinal\n", seconds=5)
    assert read(server)[0] == b"sku;titre\na;Germinal\n"
    got = [status for (method, _), status in zip(server.asked, server.statuses, strict=True) if method == "GET"]
    assert got == ["200", "304", "200"]


def test_copy_of_another_user_is_not_given(server):
    """What one user may read is asked for anew for another."""
    read(server)
    assert refused(server, login=Login("wrong", "", "", "other")) == ("file_not_let_in", True)


@pytest.mark.parametrize("login", [Login("", "", ""), Login("wrong", "", "", USER)], ids=["none", "wrong"])
def test_whoever_is_not_let_in_is_told(server, login):
    assert refused(server, login=login) == ("file_not_let_in", True)


def test_missing_file_and_empty_folder_are_told(server):
    assert refused(server, "gone.csv") == ("file_missing", False)
    (server.folder / "list.csv").unlink()
    assert refused(server) == ("file_missing", False)


def test_file_that_grows_meanwhile_waits(server):
    def grow(method: str, path: str) -> str:
        if method == "GET":
            put(server.folder, "list.csv", b"sku;titre\na;Nana\nb;Zola\n", seconds=9)
        return ""

    server.fault = grow
    assert refused(server) == ("file_growing", False)


def test_server_in_trouble_is_asked_later(server):
    server.fault = lambda method, path: "503" if method == "PROPFIND" else ""
    assert refused(server) == ("file_unreachable", False)


def test_private_address_is_never_called(server, settings):
    settings.HTTP_ALLOW_PRIVATE = False
    code, permanent = refused(server)
    assert (code, permanent, server.asked) == ("file_unreachable", True, [])


LISTING = """<?xml version="1.0"?>%s<D:multistatus xmlns:D="DAV:">
  <D:response><D:href>/in/</D:href><D:propstat><D:prop><D:resourcetype><D:collection/></D:resourcetype></D:prop>
  </D:propstat></D:response><D:response><D:href>/in/..%%2Fb.csv</D:href></D:response>
  <D:response><D:href>/other/c.csv</D:href></D:response>
  <D:response><D:href>http://elsewhere.example/in/d.csv</D:href></D:response></D:multistatus>"""


@responses.activate
@pytest.mark.parametrize(
    ("listing", "said"),
    [
        (LISTING % "", ["d.csv"]),  # it is asked for here, whatever host the listing names
        (LISTING % '<!DOCTYPE m [<!ENTITY x SYSTEM "file:///etc/passwd">]>', "document type"),
        ("<html>", "no XML"),
        ("", "no XML"),
    ],
    ids=["names", "entities", "page", "nothing"],
)
def test_listing_leads_nowhere_else(listing, said):
    responses.add("PROPFIND", "https://shop.example/in/", body=listing, status=207)
    folder = WebDavFolder("davs://shop.example/in/", LOGIN, seconds=5)
    if isinstance(said, list):
        assert [entry.name for entry in folder.entries()] == said
        return
    with pytest.raises(FolderError, match=said):
        folder.entries()


@responses.activate
def test_page_that_is_no_webdav_folder_is_told():
    responses.add("PROPFIND", "https://shop.example/in/", body="<html>", status=200)
    with pytest.raises(FolderError, match="no WebDAV folder"):
        WebDavFolder("davs://shop.example/in/", LOGIN, seconds=5).entries()


@pytest.mark.parametrize("location", ["davs://", "https://shop.example/in/", "davs://user:word@shop.example/in/"])
def test_address_that_is_none_is_refused(location):
    with pytest.raises(FolderError) as caught:
        folder_url(location)
    assert caught.value.permanent


@pytest.mark.django_db
def test_feed_at_a_webdav_folder_is_read_and_then_unchanged(server):
    made = memory.feed(
        factories.shop(), name="dav", kind="csv", location=server.location(), options={"user": USER}, currency="EUR"
    )
    made.keep_password(PASSWORD)
    put(server.folder, "list.csv", "sku;titre;prix;quantité\na;Nana;20,00;2\n".encode())
    states = [(run.state, run.read, run.new) for run in (sync.run(made, now=timezone.now()) for _ in range(2))]
    assert states == [("done", 1, 1), ("done", 1, 0)]
    assert server.statuses.count("304") == 1


@pytest.mark.django_db
def test_shop_sets_up_a_webdav_folder_by_itself(server):
    put(server.folder, "list.csv", "sku;titre;prix;quantité\na;Nana;20,00;2\n".encode())
    form = HttpsForm({"address": "davs://cloud.example/list/", "user": USER, "password": PASSWORD})
    assert (form.is_valid(), form.connection().location) == (True, "davs://cloud.example/list/")
    assert not HttpsForm({"address": "davs://me:word@cloud.example/list/"}).is_valid()
    given = form.connection()._replace(location=server.location())
    setup = setting_up.begin_connection(factories.shop(), given, by=factories.user(), now=timezone.now())
    assert setting_up.look_at_new_feeds(timezone.now()) == 1
    setup.refresh_from_db()
    assert (setup.kind_found, setup.trouble) == ("csv", {})
