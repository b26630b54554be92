"""A backup brings everything back, and nothing that is not a whole backup replaces anything."""

from __future__ import annotations

import io
import json
import stat
import tarfile
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from oscar.apps.partner.models import StockRecord

from marketplace.foundation import network
from marketplace.operations import backups
from marketplace.operations.invariants import violations
from shops import withholding
from shops.models import Allocation, Shop
from tests import factories

pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.fixture
def media(settings, tmp_path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.MEDIA_ROOT.mkdir()
    return settings.MEDIA_ROOT


@pytest.fixture
def archive(media, tmp_path) -> Path:
    """A backup of one shop with withheld copies and one uploaded file; everything has changed since."""
    shop = factories.shop("Librairie du Port")
    withholding.withhold(factories.stock_record(shop, units=3), 2, now=timezone.now(), by="test")
    factories.network(name="Avant")
    (media / "logo.png").write_bytes(b"before")
    path = tmp_path / "folder" / "halles.tar.gz"
    backups.write(path)
    factories.network(name="Après")
    factories.shop("Une autre")
    StockRecord.objects.update(num_in_stock=77)
    (media / "logo.png").write_bytes(b"after")
    (media / "new.png").write_bytes(b"new")
    return path


def state() -> tuple:
    network.forget()
    return (
        network.current().name,
        list(Shop.objects.values_list("name", flat=True)),
        list(StockRecord.objects.values_list("num_in_stock", "num_allocated")),
        Allocation.objects.count(),
    )


AFTER = ("Après", ["Librairie du Port", "Une autre"], [(77, 2)], 1)


def test_restore_brings_rows_and_files_back(archive, media):
    assert state() == AFTER
    backups.restore(archive)
    assert state() == ("Avant", ["Librairie du Port"], [(3, 2)], 1)
    assert {path.name: path.read_bytes() for path in media.iterdir()} == {"logo.png": b"before"}
    assert [name for name, texts in violations().items() if texts] == []


def test_restored_database_goes_on_numbering(archive):
    """Sequences come back too: the next row has a number of its own."""
    backups.restore(archive)
    factories.shop("Encore une")
    assert list(Shop.objects.values_list("name", flat=True)) == ["Encore une", "Librairie du Port"]


def test_restore_makes_the_folder_of_files_where_there_is_none(archive, media):
    for path in media.iterdir():
        path.unlink()
    media.rmdir()
    backups.restore(archive)
    assert (media / "logo.png").read_bytes() == b"before"


def test_archive_is_readable_by_its_owner_alone(archive):
    """It holds every reader's address."""
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600


def test_archive_holds_no_unfinished_part(archive):
    assert [path.name for path in archive.parent.iterdir()] == ["halles.tar.gz"]


def test_backup_that_fails_leaves_nothing_behind(tmp_path, monkeypatch, media):
    def broken(target: Path) -> None:
        raise backups.BackupError("no space")

    monkeypatch.setattr(backups, "_dump", broken)
    with pytest.raises(backups.BackupError):
        backups.write(tmp_path / "out" / "halles.tar.gz")
    assert list((tmp_path / "out").iterdir()) == []


def tar_of(path: Path, **files: bytes) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return path


def manifest(**changes: object) -> dict[str, bytes]:
    values = {"made_at": "2026-03-02T12:00:00+00:00", "vendor": connection.vendor, "format": 1} | changes
    return {backups.MANIFEST: json.dumps(values).encode()}


DATABASE = backups.DATABASE_NAMES
DAMAGED = {
    "no file": lambda path, whole: path,
    "no archive": lambda path, whole: path.write_bytes(b"hello") and path,
    "empty": lambda path, whole: path.write_bytes(b"") or path,
    "cut off": lambda path, whole: path.write_bytes(whole[: len(whole) // 2]) and path,
    "a byte flipped": lambda path, whole: (
        path.write_bytes(
            whole[: len(whole) // 2] + bytes([whole[len(whole) // 2] ^ 255]) + whole[len(whole) // 2 + 1 :]
        )
        and path
    ),
    "no manifest": lambda path, whole: tar_of(path, other=b"x"),
    "manifest of something else": lambda path, whole: tar_of(path, **{backups.MANIFEST: b"[]"}),
    "of the other database": lambda path, whole: tar_of(path, **manifest(vendor="oracle")),
    "of a later format": lambda path, whole: tar_of(path, **manifest(format=2)),
    "no database": lambda path, whole: tar_of(path, **manifest()),
    "database is no database": lambda path, whole: tar_of(
        path, **manifest(), **{DATABASE[connection.vendor]: b"not a database" * 500}
    ),
    "database is empty": lambda path, whole: tar_of(path, **manifest(), **{DATABASE[connection.vendor]: b""}),
    "leads out of its folder": lambda path, whole: tar_of(path, **manifest(), **{"../../evil": b"x"}),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_what_is_no_whole_backup_replaces_nothing(kind, archive, media, tmp_path):
    damaged = DAMAGED[kind](tmp_path / "damaged.tar.gz", archive.read_bytes())
    with pytest.raises(backups.BackupError):
        backups.restore(damaged)
    assert state() == AFTER
    assert (media / "logo.png").read_bytes() == b"after"
    assert not (tmp_path.parent / "evil").exists()


def test_commands_bring_everything_back_and_rebuild_the_index(archive, reindex, tmp_path, capsys):
    again = tmp_path / "again.tar.gz"
    call_command("backup", again, json=True)
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {"bytes": again.stat().st_size}
    call_command("restore", archive, yes=True, json=True)
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {"violations": 0}
    assert state()[0] == "Avant"


def test_restore_asks_first(archive):
    with pytest.raises(CommandError):
        call_command("restore", archive)
    assert state() == AFTER
