"""Where a location becomes a file."""

import os
import time
from datetime import UTC, datetime

import pytest
import responses

from catalog_sync.reading import fetching, unfinished
from catalog_sync.reading.fetching import open_local
from catalog_sync.reasons import FeedError


def test_newest_finished_file_of_a_folder_is_taken(tmp_path):
    for age, name in enumerate(("new.csv.part", "new.csv", "old.csv")):
        path = tmp_path / name
        path.write_text(name)
        os.utime(path, (1_700_000_000 - age, 1_700_000_000 - age))
    with open_local(str(tmp_path)) as file:
        assert file.path.name == "new.csv"
        assert file.stamp is not None
        assert file.stamp.timestamp() == 1_700_000_000 - 1


@responses.activate
def test_download_is_stamped_by_its_server_and_deleted_afterwards():
    url = "https://shop.example/feed.csv"
    responses.get(url, body=b"SKU;Titre\nA;T\n", headers={"Last-Modified": "Tue, 05 Mar 2024 08:00:00 GMT"})
    with open_local(url) as file:
        assert file.path.read_bytes() == b"SKU;Titre\nA;T\n"
        assert file.stamp == datetime(2024, 3, 5, 8, 0, tzinfo=UTC)
    assert not file.path.exists()


@responses.activate
def test_download_without_a_stamp_has_none():
    responses.get("https://shop.example/feed.csv", body=b"x")
    with open_local("https://shop.example/feed.csv") as file:
        assert file.stamp is None


@responses.activate
def test_page_that_is_gone_needs_a_person():
    responses.get("https://shop.example/feed.csv", status=404)
    with pytest.raises(FeedError) as caught, open_local("https://shop.example/feed.csv"):
        pass
    assert (caught.value.permanent, caught.value.reason and caught.value.reason.code) == (True, "file_unreachable")


def test_empty_folder_is_a_missing_file(tmp_path):
    with pytest.raises(FeedError) as caught, open_local(str(tmp_path)):
        pass
    assert caught.value.reason is not None
    assert caught.value.reason.code == "file_missing"


def test_file_that_somebody_else_still_writes_waits(tmp_path, monkeypatch):
    """Its sender may set its time as he likes; when it changed here he cannot."""
    path = tmp_path / "list.csv"
    path.write_text("sku;titre")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    with open_local(str(path)):
        pass  # ours: it came whole
    monkeypatch.setattr(fetching.os, "geteuid", lambda: path.stat().st_uid + 1)
    for location in (path, tmp_path):
        with pytest.raises(FeedError) as caught, open_local(str(location)):
            pass
        assert caught.value.reason is not None
        assert (caught.value.reason.code, caught.value.permanent) == ("file_growing", False)
    later = time.time() + unfinished.SETTLE_SECONDS + 1
    monkeypatch.setattr(fetching.time, "time", lambda: later)
    with open_local(str(tmp_path)) as file:
        assert file.stamp == datetime.fromtimestamp(1_700_000_000, UTC)


def test_names_of_unfinished_files_are_known():
    names = (".list.csv", "list.csv.part", "list.tmp", "list.csv.filepart", "list.csv.crdownload", "list.csv", "a.b")
    assert [name for name in names if not unfinished.is_unfinished(name)] == ["list.csv", "a.b"]
